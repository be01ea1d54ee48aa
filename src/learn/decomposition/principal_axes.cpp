// SPDX-License-Identifier: BSD-3-Clause
#include "learn/decomposition/principal_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/engine/tasks.hpp>
#include <superstep/learn/decomposition/axes_transformer.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/math/products.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/decomposition/wide_svd.hpp"
#include "learn/decompositions.hpp"
#include "learn/seen_moments.hpp"

namespace superstep {

namespace {

/// sum w x x' from the sums around the mean.
Matrix squares_around_zero(const Moments& m) {
  return m.gram + m.weight * m.mean * m.mean.transpose();
}

/// v' S v for every row v of a matrix.
Vector quadratic_forms(const Matrix& rows, const Matrix& S) {
  return (rows * S).cwiseProduct(rows).rowwise().sum();
}

/// The rows in the axes of the first pass, each axis scaled to a sum of squares of 1.
class Rotation final : public RowMap {
 public:
  Rotation(Vector centre, Matrix weights)
      : centre_(std::move(centre)), weights_(std::move(weights)) {}
  Index columns_in() const override { return weights_.rows(); }
  Index columns_out() const override { return weights_.cols(); }
  void apply(const double* in, Index rows, double* out) const override {
    project({in, rows, columns_in()}, centre_, weights_, {out, rows, columns_out()});
  }

 private:
  Vector centre_;
  Matrix weights_;
};

}  // namespace

PrincipalAxesOf::PrincipalAxesOf(Engine& engine, Table seen, bool centred, Moments moments,
                                 PrincipalAxes rough, Index held)
    : engine_(engine),
      table_(std::move(seen)),
      centred_(centred),
      moments_(std::move(moments)),
      rough_(std::move(rough)),
      held_(held) {}

const PrincipalAxes& PrincipalAxesOf::exact_down_to(double least) {
  // The error of an eigenvalue is that of the Gram matrix; a millionth of the least is bearable.
  const double greatest =
      std::max(rough_.singular[0] * rough_.singular[0], moments_.noise_scale.maxCoeff());
  const double error = moments_.noise * greatest;
  if (1e6 * error <= least) return rough_;
  if (!refined_) refined_ = look_again();
  return *refined_;
}

namespace {

/// For a second look: the axes of the first, the rotation, moments behind it, and a singular value
/// decomposition with both sides.
Footprint refining_footprint(Index columns, Index held) {
  const Index matrix = columns * columns;
  Footprint need = moments_footprint(columns);
  need.replicated += held + 3 * matrix;
  need.solving += 4 * matrix;
  return need;
}

}  // namespace

// With X - centre = Y D V' (V, D: axes and singular values of the first pass), the Gram matrix H of
// Y is close to the identity, so its root loses nothing: H = R'R, and R D V' has the singular
// values and right vectors of X.
PrincipalAxes PrincipalAxesOf::look_again() const {
  const Matrix V = rough_.axes.transpose();
  // Below half of the digits a singular value of the first pass is an error; the rows will tell the
  // true one.
  const Vector D = rough_.singular.cwiseMax(0x1p-26 * rough_.singular[0]);
  const Vector centre = centred_ ? moments_.mean : Vector();
  const Table seen =
      table_.through(std::make_shared<Rotation>(centre, V * D.cwiseInverse().asDiagonal()));
  engine_.reserve(seen, refining_footprint(V.rows(), held_),
                  "some components are small beside the largest: to look at the rows again, ");
  const Moments rotated = superstep::moments(engine_, seen, {.centred = true, .target = false});
  const Eigenpairs H = eigenpairs_of(centred_ ? rotated.gram : squares_around_zero(rotated));
  const Eigen::MatrixXd R = H.values.cwiseSqrt().asDiagonal() * H.vectors.transpose();
  // Of a matrix whose values are far apart, an error as small as the rounding of the greatest would
  // turn a small axis towards what does not vary in these rows, and may do so in others.
  const bool is_graded = D.minCoeff() < 0x1p-8 * D[0];
  const Eigen::MatrixXd scaled = R * D.asDiagonal();
  const ThinSvd svd = is_graded ? graded_svd(scaled) : thin_svd(scaled);
  const Matrix W = svd.V.transpose();
  PrincipalAxes found;
  found.singular = svd.values;
  found.axes = W * V.transpose();
  fix_signs(found.axes);
  found.spread = centred_ ? Vector(found.singular.cwiseAbs2())
                          : quadratic_forms(W * D.asDiagonal(), rotated.gram);
  return found;
}

Index PrincipalAxesOf::rank(const PrincipalAxes& found, Index rows) {
  const Vector& s = found.singular;
  const double larger = static_cast<double>(std::max(rows, s.size()));
  const double least = larger * std::numeric_limits<double>::epsilon() * s[0];
  return std::count_if(s.begin(), s.end(), [&](double value) { return value > least; });
}

namespace {

/// Of each view its moments, its axes and those on their way between ranks.
Index held_by(Index views, Index columns) { return 3 * views * columns * columns; }

}  // namespace

// ---- batches -----------------------------------------------------------------------------------

namespace {

PrincipalAxes rough_axes(const Moments& m, bool centred) {
  const Eigenpairs found = eigenpairs_of(centred ? m.gram : squares_around_zero(m));
  PrincipalAxes rough;
  rough.singular = found.values.cwiseSqrt();
  rough.axes = found.vectors.transpose();
  fix_signs(rough.axes);
  rough.spread = centred ? found.values : quadratic_forms(rough.axes, m.gram);
  return rough;
}

constexpr MomentsRequest request{.centred = true, .target = false};

}  // namespace

std::vector<std::shared_ptr<PrincipalAxesOf>> principal_axes(
    Engine& engine, const Table& table, std::span<const View> views,
    const std::shared_ptr<const StageState>& gathered) {
  const std::vector<ViewGroup> groups = grouped(views);
  const auto sums = sums_for(engine, table, request, splits_of(groups), gathered);
  std::vector<View> distinct;
  for (const ViewGroup& group : groups) distinct.push_back(group.view);
  std::vector<Moments> moments = seen_moments(engine, table, *sums, request, distinct);
  const auto decompose = [&](Index g) {
    const auto at = static_cast<std::size_t>(g);
    return rough_axes(moments[at], groups[at].view.centred);
  };
  std::vector<PrincipalAxes> found = tasks(engine, std::ssize(groups), [&] { return decompose; });
  std::vector<std::shared_ptr<PrincipalAxesOf>> axes(views.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const View& view = groups[g].view;
    const Index columns = moments[g].mean.size();
    const auto its_axes = std::make_shared<PrincipalAxesOf>(
        engine, seen_by(view, table), view.centred, std::move(moments[g]), std::move(found[g]),
        held_by(std::ssize(groups), columns));
    for (const std::size_t i : groups[g].members) axes[i] = its_axes;
  }
  return axes;
}

std::string rank_warning(const PrincipalAxes& found, Index count, Index rows) {
  const Index rank = PrincipalAxesOf::rank(found, rows);
  if (rank >= count) return "";
  return fmt::format(
      "{} of the {} components hold rounding errors only, because some columns follow "
      "from others or do not vary; n_components={} keeps all there is",
      count - rank, count, std::max<Index>(rank, 1));
}

void project(math::ConstPanel x, const Vector& centre, const Matrix& weights, math::Panel out) {
  if (centre.size() == 0) return math::multiply(x, weights, out);
  // Few enough rows that their differences from the mean stay in the cache.
  const Index tall = std::clamp<Index>(32768 / std::max<Index>(1, x.columns), 32, 256);
  const Vector ones = Vector::Ones(x.columns);
  Matrix centred(std::min(tall, x.rows), x.columns);
  for (Index row = 0; row < x.rows; row += tall) {
    const Index rows = std::min(tall, x.rows - row);
    const math::Panel part = math::Panel(centred).middle_rows(0, rows);
    math::centre_and_scale(x.middle_rows(row, rows), centre.data(), ones.data(), part);
    math::multiply(part, weights, out.middle_rows(row, rows));
  }
}

void fix_signs(Matrix& axes) {
  for (Index k = 0; k < axes.rows(); ++k) {
    Index largest = 0;
    for (Index c = 1; c < axes.cols(); ++c) {
      if (std::fabs(axes(k, c)) > std::fabs(axes(k, largest))) largest = c;
    }
    if (axes(k, largest) < 0.0) axes.row(k) = -axes.row(k);
  }
}

// ---- the transformer ---------------------------------------------------------------------------

namespace {

const AxesTransformer& transformer_of(const Candidate& c) {
  return dynamic_cast<const AxesTransformer&>(*c.estimator);
}

}  // namespace

bool AxesTransformer::reads_sparse(Index columns) const { return takes_wide() && is_wide(columns); }

WideTask AxesTransformer::wide_task() const {
  throw std::logic_error(name() + " is asked for a way with many columns that it does not have");
}

std::shared_ptr<Model> AxesTransformer::model_of(const WideSVD&) const {
  throw std::logic_error(name() + " is asked for a way with many columns that it does not have");
}

Footprint AxesTransformer::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  if (is_wide(columns) && takes_wide()) {
    std::vector<Index> components;
    for (const Candidate& c : batch) components.push_back(transformer_of(c).wide_task().components);
    return wide_svd_footprint(columns, components);
  }
  std::vector<View> views;
  for (const Candidate& c : batch) views.push_back({c.split, c.features});
  Footprint need = moments_footprint(columns, cells_of(batch));
  const Index matrix = columns * columns;
  const Index seen = std::ssize(grouped(views));
  need.solving = std::max(need.solving, held_by(seen, columns) + (std::ssize(batch) + 1) * matrix);
  return need;
}

TrainingCost AxesTransformer::cost(Index columns, Index, std::span<const Candidate> batch) const {
  if (is_wide(columns) && takes_wide()) {
    TrainingCost cost;
    for (const Candidate& c : batch) {
      const WideTask task = transformer_of(c).wide_task();
      cost.passes = std::max(cost.passes, task.iterations + 3);
      cost.flops_per_row += 4.0 * static_cast<double>(columns * task.components);
    }
    cost.most_passes = cost.passes + 2;
    return cost;
  }
  return moments_cost(columns);
}

std::shared_ptr<const StageState> AxesTransformer::gather(Engine& engine, const Table& table,
                                                          std::span<const SplitPtr> splits) const {
  if (is_wide(table.columns()) && takes_wide()) return nullptr;
  return gather_moments(engine, table, request, splits);
}

std::vector<Trained> AxesTransformer::train_batch(Engine& engine, const Table& table,
                                                  std::span<const Candidate> candidates) const {
  if (is_wide(table.columns()) && takes_wide()) return train_wide(engine, table, candidates);
  std::vector<View> views;
  for (const Candidate& c : candidates) {
    views.push_back({c.split, c.features, transformer_of(c).centres()});
  }
  const auto axes = principal_axes(engine, table, views, gathered_for(candidates));
  std::vector<Trained> all;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    all.push_back(attempt([&] { return transformer_of(candidates[i]).model_of(table, *axes[i]); }));
  }
  return all;
}

// Behind a projection there are fewer columns: that is another table.
std::vector<Trained> AxesTransformer::train_wide(Engine& engine, const Table& table,
                                                 std::span<const Candidate> candidates) const {
  std::vector<Trained> all(candidates.size());
  std::vector<WideTask> tasks;
  std::vector<std::size_t> of_task;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    if (c.features && !c.features->is_diagonal()) {
      Candidate behind = c;
      behind.features = nullptr;
      behind.gathered = nullptr;
      all[i] = train_batch(engine, table.through(c.features), {&behind, 1}).front();
      continue;
    }
    WideTask& task = tasks.emplace_back(transformer_of(c).wide_task());
    task.split = c.split;
    task.features = c.features;
    of_task.push_back(i);
  }
  if (tasks.empty()) return all;
  const std::vector<WideSVD> found = wide_svd(engine, table, tasks);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const std::size_t i = of_task[k];
    all[i] = attempt([&] { return transformer_of(candidates[i]).model_of(found[k]); });
  }
  return all;
}

}  // namespace superstep
