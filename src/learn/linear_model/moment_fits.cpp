// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/moment_fits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/core/error.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "learn/share_out.hpp"
#include "learn/views.hpp"

namespace superstep {

MomentFit MomentFit::of(Matrix coef, const Vector& mean, const Vector& y_mean) {
  MomentFit fit;
  fit.intercept = y_mean - coef.transpose() * mean;
  fit.coef = std::move(coef);
  return fit;
}

// ---- held-out rows -----------------------------------------------------------------------------

namespace {

/// Of target t.
std::optional<MetricStatistics> squared_errors_of(const Moments& m, const AffineMap* map, Index t,
                                                  const Vector& coef, double intercept) {
  const double y_mean = m.y_mean[t], yy = m.yy[t], y_noise_scale = m.y_noise_scale[t];
  constexpr double bearable = 1e-7;
  constexpr double rounding = 0x1p-50;
  // Of the columns themselves: prediction = (x - centre) b + start.
  const Vector b = map == nullptr ? coef : Vector(map->times(coef).col(0));
  const double start = intercept + (map == nullptr ? 0.0 : map->offset().dot(coef));
  const Vector from_centre = map == nullptr ? m.mean : Vector(m.mean - map->centre());
  const double mean_error = y_mean - (from_centre.dot(b) + start);
  const double mean_noise =
      rounding * (std::fabs(y_mean) + from_centre.cwiseAbs().dot(b.cwiseAbs()) + std::fabs(start)) +
      m.noise * std::sqrt((y_noise_scale + b.cwiseAbs2().dot(m.noise_scale)) / m.weight);
  const double around_mean = yy + b.dot(m.gram * b - 2.0 * m.xy.col(t));
  const double squared = around_mean + m.weight * mean_error * mean_error;
  // Errors of the moments are independent, so squares of what they contribute add up.
  const double spread_noise =
      (m.noise + rounding) * (y_noise_scale + b.cwiseAbs2().dot(m.noise_scale));
  const double noise =
      spread_noise + m.weight * mean_noise * (2.0 * std::fabs(mean_error) + mean_noise);
  if (!(yy > 0.0) || !(around_mean > 0.0) || !(noise <= bearable * squared)) return std::nullopt;
  if (!(spread_noise <= bearable * around_mean)) return std::nullopt;
  if (!(m.noise * y_noise_scale <= bearable * yy)) return std::nullopt;
  MetricStatistics s;
  s.rows = static_cast<double>(m.rows);
  s.weight = m.weight;
  s.error = m.weight * mean_error;
  s.squared_error = squared;
  s.target_square = yy;
  s.error_square = around_mean;
  return s;
}

}  // namespace

std::shared_ptr<const MetricStatistics> squared_errors(const Moments& m, const AffineMap* map,
                                                       const Matrix& coef,
                                                       const Vector& intercept) {
  std::shared_ptr<MetricStatistics> all;
  for (Index t = 0; t < coef.cols(); ++t) {
    std::optional<MetricStatistics> one = squared_errors_of(m, map, t, coef.col(t), intercept[t]);
    if (!one) return nullptr;
    if (t == 0) {
      all = std::make_shared<MetricStatistics>(std::move(*one));
    } else {
      all->other_targets.push_back(std::move(*one));
    }
  }
  return all;
}

// ---- batches -----------------------------------------------------------------------------------

namespace {

// A fit on its way between ranks. What was held out is six numbers for each target, or nothing.

void put(std::vector<double>& values, const MetricStatistics& s) {
  values.insert(values.end(),
                {s.rows, s.weight, s.error, s.squared_error, s.target_square, s.error_square});
  for (const MetricStatistics& other : s.other_targets) put(values, other);
}

MetricStatistics taken(const double*& at) {
  MetricStatistics s;
  for (double* value :
       {&s.rows, &s.weight, &s.error, &s.squared_error, &s.target_square, &s.error_square}) {
    *value = *at++;
  }
  return s;
}

std::vector<double> packed(const MomentFit& fit) {
  if (!fit.is_resolved) return {};
  std::vector<double> values = {static_cast<double>(fit.coef.cols()),
                                static_cast<double>(fit.n_iter), fit.converged ? 1.0 : 0.0,
                                static_cast<double>(fit.coef.rows()), fit.held_out ? 1.0 : 0.0};
  if (fit.held_out) put(values, *fit.held_out);
  values.insert(values.end(), fit.intercept.begin(), fit.intercept.end());
  values.insert(values.end(), fit.coef.data(), fit.coef.data() + fit.coef.size());
  values.insert(values.end(), fit.others.begin(), fit.others.end());
  return values;
}

MomentFit unpacked(const std::vector<double>& values) {
  MomentFit fit;
  fit.is_resolved = !values.empty();
  if (!fit.is_resolved) return fit;
  const auto targets = static_cast<Index>(values[0]);
  fit.n_iter = static_cast<Index>(values[1]);
  fit.converged = values[2] != 0.0;
  const auto columns = static_cast<Index>(values[3]);
  const double* at = values.data() + 5;
  if (values[4] != 0.0) {
    auto s = std::make_shared<MetricStatistics>(taken(at));
    for (Index t = 1; t < targets; ++t) s->other_targets.push_back(taken(at));
    fit.held_out = std::move(s);
  }
  fit.intercept = VectorView(at, targets);
  at += targets;
  fit.coef = MatrixView(at, columns, targets);
  at += columns * targets;
  fit.others = VectorView(at, values.data() + values.size() - at);
  return fit;
}

/// For what is done where the sums of the common pass do not resolve a fit.
Footprint refining_footprint(const Table& table, Index cells, Index targets) {
  const Index width = table.columns() + targets + 1;
  const Index matrix = width * width;
  const bool is_tall = table.data->rows() > table.columns();
  return {.sums = matrix + 1,
          .row_doubles = (table.columns() + targets) / 16 + 1,  // 256 rows of a block at a time
          // The sums of the common pass, the first moments, preconditioner, moments through it.
          .replicated = (cells + 3) * matrix,
          .entries = is_tall ? matrix / 2 + table.columns() + 2 : 0,
          .solving = 11 * matrix,  // a singular value decomposition with both sides
          .thread_doubles = gram_scratch(width)};
}

const MomentLearner& learner(const Candidate& c) {
  return dynamic_cast<const MomentLearner&>(*c.estimator);
}

/// The candidates that one pass serves.
class Batch {
 public:
  Batch(Engine& engine, const Table& table, std::span<const Candidate> candidates,
        std::vector<ViewGroup> groups, const MomentsRequest& request)
      : engine_(engine),
        table_(table),
        candidates_(candidates),
        groups_(std::move(groups)),
        request_(request),
        sums_(sums_for(engine, table, request, splits_of(groups_), gathered_for(candidates))) {}

  void fit(std::vector<MomentFit>& fits) {
    fit_shared(fits);
    for (const ViewGroup& group : groups_) {
      ViewGroup open{group.view};
      for (const std::size_t i : group.members) {
        if (!fits[i].is_resolved) open.members.push_back(i);
      }
      if (!open.members.empty()) look_again(open, fits);
    }
  }

 private:
  /// Around the means also without an intercept, where they are zero.
  static bool takes_means_out(const View& view, const Moments& behind) {
    return view.centred || (view.features && has_means_of_zero(*view.features, behind));
  }

  static Moments seen(const View& view, Moments m) {
    if (!view.features) return m;
    Moments behind = moments_behind(*view.features, m);
    return takes_means_out(view, behind) ? behind : around_zero(behind);
  }

  MomentFit solved(std::size_t i, const View& view, const Moments& m,
                   const std::optional<Moments>& tested) const {
    MomentFit fit = learner(candidates_[i]).solve(m);
    if (fit.is_resolved) complete(fit, i, view, tested);
    return fit;
  }

  void complete(MomentFit& fit, std::size_t i, const View& view,
                const std::optional<Moments>& tested) const {
    if (!view.centred) fit.intercept.setZero();
    if (!tested || learner(candidates_[i]).tells() == 0) return;
    fit.held_out = squared_errors(*tested, view.features.get(), fit.coef, fit.intercept);
  }

  /// Every candidate from the moments of the common pass; each on one rank.
  void fit_shared(std::vector<MomentFit>& fits) const {
    std::vector<std::pair<const ViewGroup*, std::size_t>> tasks;
    for (const ViewGroup& g : groups_) {
      for (const std::size_t i : g.members) tasks.emplace_back(&g, i);
    }
    const ViewGroup* current = nullptr;
    Moments m;
    bool is_lost = false;
    std::optional<Moments> tested;
    const auto task = [&](Index k) {
      const auto [group, i] = tasks[static_cast<std::size_t>(k)];
      const View& view = group->view;
      if (group != current) {
        m = sums_->training(view.split);
        is_lost = m.is_lost();
        if (!is_lost) m = seen(view, std::move(m));
        if (current == nullptr || current->view.split != view.split) {
          tested = sums_->testing(view.split);
        }
        current = group;
      }
      return packed(is_lost ? MomentFit{.is_resolved = false} : solved(i, view, m, tested));
    };
    const auto results = share_out(engine_.comm(), std::ssize(tasks), task);
    for (std::size_t k = 0; k < tasks.size(); ++k) fits[tasks[k].second] = unpacked(results[k]);
  }

  /// As an estimator would that sees only these rows, through this map.
  void look_again(const ViewGroup& group, std::vector<MomentFit>& fits) const {
    const View& view = group.view;
    const Table its_rows = seen_by(view, table_);
    engine_.reserve(its_rows, refining_footprint(its_rows, sums_->cells(), request_.targets()),
                    "some columns follow from others, or nearly: to look at the rows again, ");
    const bool is_new = view.features != nullptr || sums_->training(view.split).is_lost();
    MomentsRequest request = request_;
    Moments first =
        view.features ? moments(engine_, its_rows, request) : sums_->exactly(engine_, view.split);
    request.centred = takes_means_out(view, first);
    if (view.features && !request.centred) first = around_zero(first);
    const std::optional<Moments> tested = sums_->testing(view.split);
    std::optional<Spectrum> spectrum;
    for (const std::size_t i : group.members) {
      if (is_new) fits[i] = solved(i, view, first, tested);
      if (fits[i].is_resolved) continue;
      if (!spectrum) spectrum = refined_spectrum(engine_, its_rows, request, first);
      fits[i] = learner(candidates_[i]).refine(first, *spectrum);
      complete(fits[i], i, view, tested);
    }
  }

  Engine& engine_;
  const Table& table_;
  std::span<const Candidate> candidates_;
  std::vector<ViewGroup> groups_;
  MomentsRequest request_;
  std::shared_ptr<const MomentSums> sums_;
};

}  // namespace

namespace {

MomentsRequest request_for(const Engine& engine, const Table& table) {
  const bool has_classes = table.target == Target::classes;
  return {.classes = has_classes ? table.data->classes(engine.comm()).size() : 0,
          .numbers = table.data->targets()};
}

}  // namespace

std::vector<MomentFit> fit_from_moments(Engine& engine, const Table& table,
                                        std::span<const Candidate> candidates) {
  std::vector<View> views;
  for (const Candidate& c : candidates) {
    views.push_back({c.split, c.features, learner(c).fits_intercept()});
  }
  std::vector<MomentFit> fits(views.size());
  std::vector<ViewGroup> around_means, around_zero;
  for (ViewGroup& g : grouped(views)) {
    // Behind a map, moments around zero come from those around the means.
    const bool takes_centred = g.view.centred || g.view.features;
    (takes_centred ? around_means : around_zero).push_back(std::move(g));
  }
  MomentsRequest request = request_for(engine, table);
  for (const bool centred : {true, false}) {
    std::vector<ViewGroup>& groups = centred ? around_means : around_zero;
    if (groups.empty()) continue;
    request.centred = centred;
    Batch(engine, table, candidates, std::move(groups), request).fit(fits);
  }
  return fits;
}

// ---- the estimator -----------------------------------------------------------------------------

Footprint MomentLearner::footprint(Index columns, Index classes,
                                   std::span<const Candidate> batch) const {
  const Index targets = kind() == Kind::classifier ? MomentsRequest{.classes = classes}.targets()
                                                   : std::max<Index>(classes, 1);
  const Index cells = cells_of(batch);
  const Index matrix = (columns + targets + 1) * (columns + targets + 1);
  Footprint f = moments_footprint(columns, cells, targets);
  // Moments of the rows that train and of those that test.
  const Index held = cells > 1 ? 2 : 1;
  f.solving = (held + std::max<Index>(matrices_to_solve(), 3)) * matrix;
  // The fits, on their way too.
  f.replicated = 4 * std::ssize(batch) * ((targets + 1) * columns + 16);
  return f;
}

TrainingCost MomentLearner::cost(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_cost(columns);
}

std::shared_ptr<const StageState> MomentLearner::gather(Engine& engine, const Table& table,
                                                        std::span<const SplitPtr> splits) const {
  return gather_moments(engine, table, request_for(engine, table), splits);
}

MomentFit MomentLearner::refine(const Moments&, const Spectrum&) const {
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: the rows do not keep enough digits of their squares; scale "
                                "the columns (make_pipeline(StandardScaler(), ...))",
                                name()));
}

std::vector<Trained> MomentLearner::train_batch(Engine& engine, const Table& table,
                                                std::span<const Candidate> candidates) const {
  std::vector<MomentFit> fits = fit_from_moments(engine, table, candidates);
  std::vector<Trained> all;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    Trained trained;
    trained.held_out = fits[i].held_out;
    if (fits[i].held_out) trained.told = static_cast<unsigned>(Statistic::squared_errors);
    trained.model = learner(candidates[i]).model_of(engine, table, fits[i]);
    all.push_back(std::move(trained));
  }
  return all;
}

unsigned MomentRegressor::tells() const { return static_cast<unsigned>(Statistic::squared_errors); }

std::shared_ptr<Model> MomentRegressor::model_of(const Engine&, const Table&,
                                                 MomentFit& fit) const {
  FittedAttributes attributes = conclude(fit);
  return std::make_shared<LinearModel>(LinearFunction(fit.coef.transpose(), fit.intercept),
                                       std::move(attributes),
                                       FitReport{fit.n_iter, fit.converged, fit.warnings});
}

std::shared_ptr<Model> MomentRegressor::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, attributes(), takes_targets());
  return std::make_shared<LinearModel>(saved.function(), std::move(saved.others), FitReport{});
}

}  // namespace superstep
