// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/gram.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include <superstep/core/error.hpp>
#include <superstep/math/products.hpp>

#include "learn/cells.hpp"
#include "learn/extremes.hpp"
#include "learn/features.hpp"

namespace superstep {

namespace {

using Rows = Cells::Rows;

/// The sums over the rows of [u | y - y_shift | 1], and how many rows counted.
struct RawSums {
  Matrix products;
  Index rows = 0;
};

/// Adds [u | y - y_shift | 1]' diag(w) [...] over some rows of a block to the upper triangle.
using BlockProducts = std::function<void(const Block&, const Rows&, double* products, Workspace&)>;

/// RawSums for each cell.
class CellSums {
 public:
  CellSums(Engine& engine, const Table& table, const Cells& cells, std::span<const int> exponents,
           int extra, const BlockProducts& add)
      : width_(static_cast<Index>(exponents.size())),
        totals_(run(engine, table, cells, exponents, extra, add)) {}

  /// Of some cells together, at least one.
  RawSums of(std::span<const Index> cells) const {
    std::vector<Index> products;
    for (const Index cell : cells) products.push_back(2 * cell);
    const std::vector<double> sums = totals_.combined(products);
    return {MatrixView(sums.data(), width_, width_), rows_of(cells)};
  }
  /// With a weight above zero.
  Index rows_of(std::span<const Index> cells) const {
    std::vector<Index> counted;
    for (const Index cell : cells) counted.push_back(2 * cell + 1);
    return static_cast<Index>(totals_.combined(counted)[0]);
  }

 private:
  static Totals run(Engine& engine, const Table& table, const Cells& cells,
                    std::span<const int> exponents, int extra, const BlockProducts& add) {
    SumShape shape;
    const auto tall = static_cast<std::size_t>(table.data->blocks().rows_per_block());
    for (Index cell = 0; cell < cells.size(); ++cell) {
      shape.add_symmetric(exponents, extra);
      shape.add(1, std::bit_width(tall));
    }
    return engine.superstep(
        table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
          cells.each(block, workspace, [&](Index cell, const Rows& rows) {
            if (!cells.is_used(cell)) return;
            add(block, rows, sum[2 * cell].data(), workspace);
            double& counted = sum[2 * cell + 1][0];
            for_rows(block, rows, [&](Index i) { counted += block.weight_of(i) > 0 ? 1.0 : 0.0; });
          });
        });
  }

  Index width_;
  Totals totals_;
};

/// The extra columns of some rows of a block: the targets, the constant 1. Takes the doubles 1 of
/// the workspace.
std::vector<math::ExtraColumn> extra_columns(const Block& block, Index first_row, Index rows,
                                             const MomentsRequest& request, const Vector& y_shift,
                                             Workspace& workspace) {
  std::vector<math::ExtraColumn> extra;
  const Index targets = request.targets();
  const double* values = block.y + (targets > 0 ? first_row * block.targets : 0);
  if (request.classes > 0) {
    double* signs = workspace.doubles(1, rows * targets);
    for (Index i = 0; i < rows; ++i) {
      for (Index t = 0; t < targets; ++t) {
        signs[i * targets + t] = sign_of_class(static_cast<Index>(values[i]), t, targets);
      }
    }
    values = signs;
  }
  for (Index t = 0; t < targets; ++t) extra.push_back({values + t, targets, y_shift[t]});
  extra.push_back({});
  return extra;
}

/// Rounding errors of a sum over a block are random signs rather than a conspiracy: sqrt(rows) of
/// them remain (Higham and Mary 2019), here with a factor 4 for safety. Equal summands, as of
/// columns of zeros and ones, drift the same way while the sum is between two powers of two.
double rounding_noise(const Table& table, Index rows) {
  const auto n = static_cast<double>(
      std::min(table.data->blocks().rows_per_block(), std::max<Index>(rows, 1)));
  return 0x1p-53 * std::max(4.0 * std::sqrt(n), n / 8.0);
}

/// What columns are summed around, and below what they stay.
struct Bounds {
  Vector shift;
  Vector y_shift;
  std::vector<int> exponents;  ///< of the columns, the targets, the constant
  int extra = 0;               ///< of a block's rows
};

/// The squares of each column that were added up, beside what the grid of the sums does not tell.
Vector noise_scales(const Table& table, const Matrix& products, const Bounds& bounds,
                    double noise) {
  const auto blocks = static_cast<double>(table.data->blocks().size());
  Vector scales = products.diagonal();
  for (Index c = 0; c < scales.size(); ++c) {
    const int e = 2 * bounds.exponents[static_cast<std::size_t>(c)] + bounds.extra;
    scales[c] += std::ldexp(std::sqrt(blocks) / noise, e - 81);
  }
  return scales;
}

/// Takes the means out of sums around a provisional centre:
/// sum w (a - m)(b - m') = sum w a b - (sum w a)(sum w b) / sum w.
void take_out_means(Matrix& products) {
  const Index n = products.rows() - 1;
  const double weight = products(n, n);
  const Vector sums = products.col(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = i; j < n; ++j) {
      products(i, j) = std::fma(-sums[i], sums[j] / weight, products(i, j));
      products(j, i) = products(i, j);
    }
    products(i, i) = std::max(products(i, i), 0.0);
  }
}

/// Takes over what the extremes tell: constant columns (around zero: columns of zeros).
void set_constants(Moments& m, const Extremes& extremes, bool centred) {
  for (Index c = 0; c < m.mean.size(); ++c) {
    if (!extremes.is_constant(c) || (!centred && extremes.low[c] != 0.0)) continue;
    if (centred) m.mean[c] = extremes.low[c];
    m.gram.row(c).setZero();
    m.gram.col(c).setZero();
    m.xy.row(c).setZero();
    m.noise_scale[c] = 0.0;
  }
}

[[noreturn]] void throw_no_rows(const Table& table, bool is_fold) {
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} has no {}row with a weight above zero; check {}", table.data->path(),
                  is_fold ? "training " : "", table.data->options().weight));
}

/// `rows`: among which those with a weight are.
Moments finish(const Table& table, Index rows, const MomentsRequest& request, RawSums raw,
               const Bounds& bounds) {
  Matrix& products = raw.products;
  const Index last = products.rows() - 1;
  const Index targets = request.targets();
  const Index columns = last - targets;
  Moments m;
  m.rows = raw.rows;
  m.weight = products(last, last);
  m.noise = rounding_noise(table, rows);
  const Vector scales = noise_scales(table, products, bounds, m.noise);
  m.noise_scale = scales.head(columns);
  m.mean = bounds.shift;
  m.y_mean = bounds.y_shift;
  if (request.centred) {
    m.mean += products.col(last).head(columns) / m.weight;
    m.y_mean += products.col(last).segment(columns, targets) / m.weight;
    take_out_means(products);
  }
  m.gram = products.topLeftCorner(columns, columns);
  m.xy = products.block(0, columns, columns, targets);
  m.yy = products.diagonal().segment(columns, targets);
  // What is 1 or -1 loses nothing, however rare a class is.
  m.y_noise_scale = request.classes > 0 ? m.yy : Vector(scales.segment(columns, targets));
  return m;
}

/// Squares that underflow would make a column look constant.
void check_squares(const Table& table, const Sketch& sketch, Index column) {
  const int e = sketch.spread_exponents[static_cast<std::size_t>(column)];
  if (e >= -480 || e <= exponent_above(0.0)) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("the values of {} of {} differ by less than {:.0e}, too little for "
                  "their squares in double precision; multiply the column by a large number",
                  table.maps.empty() ? table.data->column_name(column)
                                     : fmt::format("transformed column {}", column),
                  table.data->x_name(), std::ldexp(1.0, e)));
}

/// u R = x - centre for every row of a panel. Row i of R is used for all rows before the next is
/// read.
void substitute(const Matrix& R, const Vector& centre, math::ConstPanel x, double* u) {
  const Index d = R.cols();
  for (Index row = 0; row < x.rows; ++row) {
    for (Index j = 0; j < d; ++j) u[row * d + j] = x.row(row)[j] - centre[j];
  }
  for (Index i = 0; i < d; ++i) {
    const double* r = R.data() + i * d;
    for (Index row = 0; row < x.rows; ++row) {
      double* to = u + row * d;
      const double solved = to[i] / r[i];
      to[i] = solved;
      for (Index j = i + 1; j < d; ++j) to[j] = std::fma(-solved, r[j], to[j]);
    }
  }
}

}  // namespace

double Moments::amplification(double ridge) const {
  double most = 1.0;
  for (Index k = 0; k < noise_scale.size(); ++k) {
    if (noise_scale[k] == 0.0) continue;
    most = std::max(most, noise_scale[k] / std::max(gram(k, k) + ridge, 0.0));
  }
  return most;
}

bool Moments::is_lost(double bearable) const {
  return amplification() > bearable || (y_noise_scale.array() > bearable * yy.array()).any();
}

// ---- splits ------------------------------------------------------------------------------------

namespace {

/// As the sketch tells them.
Bounds sketched_bounds(const Table& table, const MomentsRequest& request, const Sketch& sketch) {
  Bounds b;
  b.shift = Vector::Zero(table.columns());
  b.exponents = request.centred ? sketch.spread_exponents : sketch.exponents;
  if (request.centred) b.shift = VectorView(sketch.shift.data(), table.columns());
  b.y_shift = Vector::Zero(request.targets());
  const bool is_number = request.target && request.classes == 0;
  for (Index t = 0; t < request.targets(); ++t) {
    const Sketch::OfTarget y = sketch.target(t);
    if (request.centred && is_number) b.y_shift[t] = y.shift;
    const int of_number = request.centred ? y.spread_exponent : y.exponent;
    b.exponents.push_back(is_number ? of_number : 1);
  }
  b.exponents.push_back(1);
  b.extra = sketch.rows_exponent + sketch.weight_exponent;
  return b;
}

/// As these rows themselves tell them, of which the first moments are known roughly.
Bounds measured_bounds(const MomentsRequest& request, const Moments& first,
                       const Extremes& extremes, const Bounds& sketched) {
  Bounds b = sketched;
  for (Index c = 0; c < b.shift.size(); ++c) {
    const double low = extremes.low[c], high = extremes.high[c];
    if (request.centred) b.shift[c] = std::clamp(first.mean[c], low, high);
    b.exponents[static_cast<std::size_t>(c)] =
        exponent_above(std::max(high - b.shift[c], b.shift[c] - low));
  }
  if (request.centred && request.classes == 0) b.y_shift = first.y_mean;
  return b;
}

}  // namespace

/// One superstep's sums, and around what they were taken.
struct MomentSums::Sums {
  Table table;
  MomentsRequest request;
  Cells cells;
  Bounds bounds;
  std::optional<CellSums> sums{};
  /// Of the splits that train on a column that seems to be constant.
  std::vector<SplitPtr> looked_at{};
  std::vector<Extremes> extremes{};

  Sums(Engine& engine, const Table& table_, const MomentsRequest& request_,
       std::span<const SplitPtr> splits, const Bounds* given = nullptr)
      : table(table_), request(request_), cells(splits) {
    const Sketch sketch = engine.sketch(table_);
    for (Index c = 0; c < table.columns(); ++c) check_squares(table, sketch, c);
    bounds = given != nullptr ? *given : sketched_bounds(table, request, sketch);
    sums.emplace(engine, table, cells, bounds.exponents, bounds.extra,
                 [&](const Block& block, const Rows& rows, double* products, Workspace& workspace) {
                   const auto extra =
                       extra_columns(block, 0, block.rows, request, bounds.y_shift, workspace);
                   with_features(block, [&](auto x) {
                     math::gram_add({x, block.weight, bounds.shift.data(), extra, rows}, products);
                   });
                 });
    if (given == nullptr) look_at_extremes(engine, splits);
  }

  void look_at_extremes(Engine& engine, std::span<const SplitPtr> splits) {
    std::vector<SplitPtr> seeming;
    for (const SplitPtr& split : splits) {
      if (std::ranges::find(seeming, split) != seeming.end()) continue;
      const std::optional<Moments> m = of(split, Role::train, request.centred);
      if (m && m->amplification() > Moments::most_amplification) seeming.push_back(split);
    }
    if (seeming.empty()) return;
    extremes = extremes_of(engine, table, seeming);
    looked_at = std::move(seeming);
  }

  const Extremes* extremes_in(const SplitPtr& split) const {
    const auto found = std::ranges::find(looked_at, split);
    if (found == looked_at.end()) return nullptr;
    return &extremes[static_cast<std::size_t>(found - looked_at.begin())];
  }

  std::optional<Moments> of(const SplitPtr& split, Role role, bool centred) const {
    const std::vector<Index> its_cells = cells.with_role(split, role);
    if (its_cells.empty()) return std::nullopt;
    RawSums raw = sums->of(its_cells);
    const Index last = raw.products.rows() - 1;
    if (!(raw.products(last, last) > 0.0)) return std::nullopt;
    const Index rows = split ? split->rows(role) : table.rows();
    MomentsRequest asked = request;
    asked.centred = centred;
    Moments m = finish(table, rows, asked, std::move(raw), bounds);
    const Extremes* known = role == Role::train ? extremes_in(split) : nullptr;
    if (known != nullptr) set_constants(m, *known, centred);
    return m;
  }
};

MomentSums::MomentSums(Engine& engine, const Table& table, const MomentsRequest& request,
                       std::span<const SplitPtr> splits)
    : sums_(std::make_unique<Sums>(engine, table, request, splits)) {}
MomentSums::~MomentSums() = default;
MomentSums::MomentSums(MomentSums&&) noexcept = default;
Index MomentSums::cells() const { return sums_->cells.size(); }

Moments MomentSums::training(const SplitPtr& split) const {
  std::optional<Moments> m = sums_->of(split, Role::train, sums_->request.centred);
  if (!m) throw_no_rows(sums_->table, split != nullptr);
  return std::move(*m);
}

bool MomentSums::has_rows(const SplitPtr& split) const {
  const std::vector<Index> cells = sums_->cells.with_role(split, Role::train);
  return !cells.empty() && sums_->sums->rows_of(cells) > 0;
}

std::optional<Moments> MomentSums::testing(const SplitPtr& split) const {
  return sums_->of(split, Role::test, true);
}

std::shared_ptr<const StageState> gather_moments(Engine& engine, const Table& table,
                                                 const MomentsRequest& request,
                                                 std::span<const SplitPtr> splits) {
  auto gathered = std::make_shared<GatheredMoments>();
  gathered->request = request;
  gathered->sums = std::make_shared<const MomentSums>(engine, table, request, splits);
  return gathered;
}

std::shared_ptr<const MomentSums> sums_for(Engine& engine, const Table& table,
                                           const MomentsRequest& request,
                                           std::span<const SplitPtr> splits,
                                           const std::shared_ptr<const StageState>& gathered) {
  const auto* known = dynamic_cast<const GatheredMoments*>(gathered.get());
  if (known != nullptr && known->request == request) return known->sums;
  return std::make_shared<const MomentSums>(engine, table, request, splits);
}

Moments moments(Engine& engine, const Table& table, const MomentsRequest& request) {
  const SplitPtr all_rows;
  const MomentSums sums(engine, table, request, {&all_rows, 1});
  return sums.exactly(engine, all_rows);
}

Moments MomentSums::exactly(Engine& engine, const SplitPtr& split, double bearable) const {
  Moments m = training(split);
  if (!m.is_lost(bearable)) return m;
  const Table its_rows = split ? sums_->table.only(split, Role::train) : sums_->table;
  const SplitPtr all_rows;
  const Extremes* known = sums_->extremes_in(split);
  const Extremes extremes =
      known != nullptr ? *known : extremes_of(engine, its_rows, {&all_rows, 1}).front();
  const Bounds bounds = measured_bounds(sums_->request, m, extremes, sums_->bounds);
  const Sums again(engine, its_rows, sums_->request, {&all_rows, 1}, &bounds);
  m = again.of(all_rows, Role::train, sums_->request.centred).value();
  set_constants(m, extremes, sums_->request.centred);
  return m;
}

// ---- maps --------------------------------------------------------------------------------------

Moments moments_behind(const AffineMap& map, const Moments& m) {
  Moments seen;
  seen.rows = m.rows;
  seen.weight = m.weight;
  seen.noise = m.noise;
  seen.y_noise_scale = m.y_noise_scale;
  seen.y_mean = m.y_mean;
  seen.yy = m.yy;
  seen.mean = map.offset() + map.transposed_times(m.mean - map.centre()).col(0);
  seen.gram = map.sandwich(m.gram);
  seen.xy = map.transposed_times(m.xy);
  if (!map.is_diagonal()) {
    seen.gram = (0.5 * (seen.gram + seen.gram.transpose())).eval();
    // Errors of the entries are independent: their squares add up.
    const Matrix W = map.times(Matrix::Identity(map.columns_out(), map.columns_out()));
    seen.noise_scale = (W.cwiseAbs2().transpose() * m.noise_scale).cwiseMax(seen.gram.diagonal());
  } else {
    seen.noise_scale = map.factor().cwiseAbs2().cwiseProduct(m.noise_scale);
  }
  return seen;
}

bool has_means_of_zero(const AffineMap& map, const Moments& behind) {
  // The centre is a sum that was rounded, and so is each mean.
  const Vector centre = 0x1p-51 * map.centre().cwiseAbs();
  const Vector rounding = map.is_diagonal() ? Vector(map.factor().cwiseAbs().cwiseProduct(centre))
                                            : Vector(map.weights().cwiseAbs().transpose() * centre);
  const Vector noise = behind.noise * (behind.noise_scale / behind.weight).cwiseSqrt();
  return (behind.mean.cwiseAbs().array() <= (rounding + noise).array()).all();
}

Moments around_zero(const Moments& m) {
  Moments moved = m;
  moved.noise_scale += m.weight * m.mean.cwiseAbs2();
  moved.gram += m.weight * m.mean * m.mean.transpose();
  const Vector y_squares = m.weight * m.y_mean.cwiseAbs2();
  moved.xy += m.weight * m.mean * m.y_mean.transpose();
  moved.yy += y_squares;
  moved.y_noise_scale += y_squares;
  moved.mean.setZero();
  moved.y_mean.setZero();
  return moved;
}

// ---- a second look -----------------------------------------------------------------------------

Moments moments_through(Engine& engine, const Table& table, const MomentsRequest& request,
                        const Moments& first, const Matrix& R) {
  // |sum w a b| <= sqrt(sum w a^2) sqrt(sum w b^2), over a block as over everything: the bounds are
  // known.
  const auto root_exponent = [](double square) { return (exponent_above(square) + 2) / 2; };
  std::vector<int> exponents(static_cast<std::size_t>(R.cols()), root_exponent(first.weight));
  for (const double square : first.yy) exponents.push_back(root_exponent(square));
  exponents.push_back(root_exponent(first.weight));
  const SplitPtr all_rows;
  const Cells one({&all_rows, 1});
  const CellSums sums(
      engine, table, one, exponents, 2,
      [&](const Block& block, const Rows&, double* products, Workspace& workspace) {
        constexpr Index panel_rows = 256;
        for (Index row = 0; row < block.rows; row += panel_rows) {
          const Index rows = std::min(panel_rows, block.rows - row);
          double* u = workspace.doubles(0, rows * block.columns);
          substitute(R, first.mean, {block.x.doubles() + row * block.columns, rows, block.columns},
                     u);
          const auto extra = extra_columns(block, row, rows, request, first.y_mean, workspace);
          const double* weight = block.weight == nullptr ? nullptr : block.weight + row;
          math::gram_add({{u, rows, block.columns}, weight, nullptr, extra}, products);
        }
      });
  const Index cell = 0;
  Moments m = finish(table, table.rows(), request, sums.of({&cell, 1}),
                     {Vector::Zero(R.cols()), first.y_mean, exponents, 2});
  for (Index c = 0; c < R.cols(); ++c) {
    // What is left of a direction without variance is rounding.
    if (m.gram(c, c) > m.noise * m.noise_scale[c]) continue;
    m.gram.row(c).setZero();
    m.gram.col(c).setZero();
    m.xy.row(c).setZero();
    m.noise_scale[c] = 0.0;
  }
  return m;
}

Footprint moments_footprint(Index columns, Index cells, Index targets) {
  const Index width = columns + targets + 1;
  // Sums of a split, what they are rounded to, the moments made of that.
  return {.sums = cells * (width * width + 1),
          .row_doubles = scratch_for_cells(cells, columns) + (targets > 1 ? targets : 0),
          .replicated = 0,
          .entries = cells * (width * (width + 1) / 2 + 1),
          .solving = 3 * width * width,
          .thread_doubles = gram_scratch(width)};
}

Index gram_scratch(Index columns) {
  const Index padded = columns + 16;
  return columns * padded + 2 * std::max<Index>(32768, 32 * padded) + padded;
}

TrainingCost moments_cost(Index columns) {
  const double width = static_cast<double>(columns + 2);
  return {1, 1, width * (width + 1.0)};
}

}  // namespace superstep
