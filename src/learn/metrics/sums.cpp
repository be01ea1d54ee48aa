// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/sums.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

/// Probabilities are kept this far from 0 and 1, as scikit-learn does.
constexpr double clip = std::numeric_limits<double>::epsilon();

/// So few that counting them one after the other is quick.
constexpr Index few_classes = 8;

/// x log(x / y), 0 where x is.
double x_log_ratio(double x, double y) { return x == 0.0 ? 0.0 : x * std::log(x / y); }

}  // namespace

MetricSums::MetricSums(const MetricPlan& plan, const Sketch& sketch, int output_exponent,
                       SumShape& shape, Index target)
    : plan_(&plan),
      target_shift_(sketch.target(target).shift),
      positive_shift_(target_shift_ > 0.0 ? target_shift_ : 1.0) {
  const int weight = sketch.rows_exponent + sketch.weight_exponent;
  rows_ = shape.add(1, sketch.rows_exponent);
  weight_ = shape.add(1, weight);
  if (plan.kind() == Kind::classifier) {
    hits_ = shape.add(plan.classes(), weight);
    truth_ = shape.add(plan.classes(), weight);
    predicted_ = shape.add(plan.classes(), weight);
    unknown_ = shape.add(1, weight);
  }
  if (plan.needs(Statistic::log_loss)) {
    // No row loses more than -log(clip / classes).
    const int classes = std::bit_width(static_cast<std::size_t>(plan.classes()));
    log_loss_ = two_grids(shape, 6 + std::bit_width(static_cast<unsigned>(classes)) + weight);
  }
  if (plan.kind() == Kind::regressor) {
    // Rows that the sketch has not seen may well be eight times larger.
    const int value = std::max(sketch.target(target).exponent, output_exponent) + 1 + 3;
    const int spread = std::max(sketch.target(target).spread_exponent, -200) + 3;
    error_ = two_grids(shape, value + weight);
    squared_ = two_grids(shape, 2 * value + weight);
    absolute_ = two_grids(shape, value + weight);
    target_ = two_grids(shape, spread + weight);
    target_square_ = two_grids(shape, 2 * spread + weight);
    if (plan.needs(Statistic::poisson)) {
      not_poisson_ = shape.add(1, sketch.rows_exponent);
      const int log_range = 10;
      deviance_ = two_grids(shape, value + log_range + weight);
      deviance_of_shift_ = two_grids(shape, value + log_range + weight);
      target_sum_ = two_grids(shape, value + weight);
    }
  }
  declare_more(shape, weight, sketch.rows_exponent);
  if (plan.needs(Statistic::inertia)) {
    inertia_ = two_grids(shape, 2 * (output_exponent + 3) + weight);
  }
}

/// Of the rarer metrics. Bounds that a row with a tiny target or prediction breaks are raised.
void MetricSums::declare_more(SumShape& shape, int weight, int rows) {
  if (plan_->needs(Statistic::brier)) brier_ = two_grids(shape, 1 + weight);
  if (plan_->needs(Statistic::best_two)) best_two_ = shape.add(1, weight);
  if (plan_->needs(Statistic::squared_log_errors)) {
    not_log_ = shape.add(1, rows);
    squared_log_ = two_grids(shape, 21 + weight);
  }
  if (plan_->needs(Statistic::percentage_errors)) percentage_ = two_grids(shape, 30 + weight);
  if (plan_->needs(Statistic::gamma)) {
    not_gamma_ = shape.add(1, rows);
    for (TwoGrids* grids : {&gamma_, &gamma_of_shift_, &gamma_target_}) {
      *grids = two_grids(shape, 20 + weight);
    }
  }
}

MetricSums::TwoGrids MetricSums::two_grids(SumShape& shape, int exponent) {
  constexpr int finer = 30;
  reals_.push_back({shape.add(1, exponent), shape.add(1, exponent - finer)});
  return reals_.back();
}

void MetricSums::put(Partial& sums, TwoGrids grids, double value) {
  sums[grids.coarse][0] += value;
  sums[grids.fine][0] += value;
}

double MetricSums::get(const Totals& totals, TwoGrids grids) {
  return totals.value(totals.holds(grids.fine) ? grids.fine : grids.coarse);
}

bool MetricSums::hold(const Totals& totals) const {
  const auto holds = [&](Index run) { return run < 0 || totals.holds(run); };
  return holds(rows_) && holds(weight_) && holds(hits_) && holds(truth_) && holds(predicted_) &&
         holds(unknown_) && holds(not_poisson_) && holds(not_gamma_) && holds(not_log_) &&
         holds(best_two_) &&
         std::ranges::all_of(reals_, [&](TwoGrids g) { return totals.holds(g.coarse); });
}

// Blocks.

void MetricSums::add(const OutputRows& rows, Partial& sums) const {
  auto count = static_cast<double>(rows.outputs.rows);
  double weight = count;
  if (rows.weight != nullptr) {
    count = weight = 0.0;
    for (Index i = 0; i < rows.outputs.rows; ++i) {
      count += rows.weight[i] > 0.0 ? 1.0 : 0.0;
      weight += rows.weight[i];
    }
  }
  sums[rows_][0] += count;
  sums[weight_][0] += weight;
  if (plan_->kind() == Kind::classifier) {
    const bool is_quick = rows.weight == nullptr && plan_->classes() <= few_classes;
    is_quick ? count_classes(rows, sums) : add_classes(rows, sums);
  }
  if (plan_->needs(Statistic::log_loss)) add_log_loss(rows, sums);
  if (plan_->needs(Statistic::brier)) add_brier(rows, sums);
  if (plan_->needs(Statistic::best_two)) add_best_two(rows, sums);
  if (plan_->needs(Statistic::squared_log_errors)) add_logs(rows, sums);
  if (plan_->needs(Statistic::percentage_errors)) add_percentages(rows, sums);
  if (plan_->needs(Statistic::gamma)) add_gamma(rows, sums);
  if (plan_->kind() == Kind::regressor) add_errors(rows, sums);
  if (plan_->needs(Statistic::poisson)) add_poisson(rows, sums);
  if (plan_->needs(Statistic::inertia)) add_inertia(rows, sums);
}

void MetricSums::add_classes(const OutputRows& rows, Partial& sums) const {
  const std::span<double> hits = sums[hits_];
  const std::span<double> truth = sums[truth_];
  const std::span<double> predicted = sums[predicted_];
  const bool counts = plan_->needs(Statistic::counts);
  const Index column = counts ? plan_->column_of(Method::predict) : 0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    const double code = rows.y[i];
    if (code < 0.0) {
      sums[unknown_][0] += w;
    } else {
      truth[static_cast<std::size_t>(code)] += w;
    }
    if (!counts) continue;
    const double answer = rows.outputs.row(i)[column];
    predicted[static_cast<std::size_t>(answer)] += w;
    if (answer == code) hits[static_cast<std::size_t>(code)] += w;
  }
}

// The same without weights: whole numbers, so that several rows are counted at once.
void MetricSums::count_classes(const OutputRows& rows, Partial& sums) const {
  const Index n = rows.outputs.rows;
  const bool counts = plan_->needs(Statistic::counts);
  const Index column = counts ? plan_->column_of(Method::predict) : 0;
  double known = 0.0;
  for (Index c = 0; c < plan_->classes(); ++c) {
    const auto code = static_cast<double>(c);
    Index truth = 0, predicted = 0, hits = 0;
    for (Index i = 0; i < n; ++i) truth += rows.y[i] == code ? 1 : 0;
    if (counts) {
      const double* answer = rows.outputs.data + column;
      for (Index i = 0; i < n; ++i, answer += rows.outputs.stride) {
        const bool is_answer = *answer == code;
        predicted += is_answer ? 1 : 0;
        hits += is_answer && rows.y[i] == code ? 1 : 0;
      }
    }
    const auto at = static_cast<std::size_t>(c);
    sums[truth_][at] += static_cast<double>(truth);
    sums[predicted_][at] += static_cast<double>(predicted);
    sums[hits_][at] += static_cast<double>(hits);
    known += static_cast<double>(truth);
  }
  sums[unknown_][0] += static_cast<double>(n) - known;
}

namespace {

/// What a model says of a row's own class, as scikit-learn makes it fit for the logarithm.
double clipped_share(const double* p, Index classes, Index code) {
  if (classes == 2) {
    const double positive = std::clamp(p[1], clip, 1.0 - clip);
    const double of_truth = code == 1 ? positive : 1.0 - positive;
    return of_truth / ((1.0 - positive) + positive);
  }
  double sum = 0.0;
  for (Index c = 0; c < classes; ++c) sum += std::clamp(p[c], clip, 1.0 - clip);
  return std::clamp(p[code], clip, 1.0 - clip) / sum;
}

}  // namespace

void MetricSums::add_log_loss(const OutputRows& rows, Partial& sums) const {
  const Index first = plan_->column_of(Method::predict_proba);
  const Index k = plan_->classes();
  double total = 0.0;
  constexpr Index tall = 256;
  std::array<double, tall> logs;
  for (Index row = 0; row < rows.outputs.rows; row += tall) {
    const Index n = std::min(tall, rows.outputs.rows - row);
    for (Index i = 0; i < n; ++i) {
      const bool is_known = rows.y[row + i] >= 0.0;
      logs[static_cast<std::size_t>(i)] = is_known
                                              ? clipped_share(rows.outputs.row(row + i) + first, k,
                                                              static_cast<Index>(rows.y[row + i]))
                                              : 1.0;
    }
    const std::span<double> some(logs.data(), static_cast<std::size_t>(n));
    math::log(some, some);
    for (Index i = 0; i < n; ++i) {
      total -= rows.weight_of(row + i) * logs[static_cast<std::size_t>(i)];
    }
  }
  put(sums, log_loss_, total);
}

void MetricSums::add_errors(const OutputRows& rows, Partial& sums) const {
  const Index column = plan_->column_of(Method::predict);
  double error = 0.0, squared = 0.0, absolute = 0.0, target = 0.0, target_square = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    if (w == 0.0) continue;
    const double e = rows.y[i] - rows.outputs.row(i)[column];
    const double t = rows.y[i] - target_shift_;
    error += w * e;
    squared += w * (e * e);
    absolute += w * std::fabs(e);
    target += w * t;
    target_square += w * (t * t);
  }
  put(sums, error_, error);
  put(sums, squared_, squared);
  put(sums, absolute_, absolute);
  put(sums, target_, target);
  put(sums, target_square_, target_square);
}

void MetricSums::add_poisson(const OutputRows& rows, Partial& sums) const {
  const Index column = plan_->column_of(Method::predict);
  double deviance = 0.0, of_shift = 0.0, target = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    const double y = rows.y[i];
    const double p = rows.outputs.row(i)[column];
    if (w == 0.0) continue;
    if (!(y >= 0.0 && p > 0.0)) {
      sums[not_poisson_][0] += 1.0;
      continue;
    }
    deviance += w * (x_log_ratio(y, p) - y + p);
    of_shift += w * (x_log_ratio(y, positive_shift_) - y + positive_shift_);
    target += w * y;
  }
  put(sums, deviance_, deviance);
  put(sums, deviance_of_shift_, of_shift);
  put(sums, target_sum_, target);
}

void MetricSums::add_inertia(const OutputRows& rows, Partial& sums) const {
  const Index first = plan_->column_of(Method::transform);
  double total = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double* distances = rows.outputs.row(i) + first;
    const double nearest = *std::min_element(distances, rows.outputs.row(i) + plan_->width());
    total += rows.weight_of(i) * (nearest * nearest);
  }
  put(sums, inertia_, total);
}

double largest_error(const MetricPlan& plan, const OutputRows& rows) {
  const Index column = plan.column_of(Method::predict);
  double largest = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    if (rows.weight_of(i) == 0.0) continue;
    largest = std::max(largest, std::fabs(rows.y[i] - rows.outputs.row(i)[column]));
  }
  return largest;
}

// Totals.

MetricStatistics MetricSums::statistics(const Totals& totals) const {
  MetricStatistics s;
  s.positive = plan_->positive();
  s.positive_of_ratios = plan_->positive_of_ratios();
  s.rows = totals.value(rows_);
  s.weight = totals.value(weight_);
  if (plan_->kind() == Kind::classifier) {
    const auto list = [&](Index run) {
      return std::vector<double>(totals[run].begin(), totals[run].end());
    };
    s.hits = list(hits_);
    s.truth = list(truth_);
    s.predicted = list(predicted_);
    // Added up like the hits, so that where all are hits the two are equal to the last bit.
    s.weight = 0.0;
    for (const double w : s.truth) s.weight += w;
    s.weight += totals.value(unknown_);
  }
  if (plan_->needs(Statistic::log_loss)) s.log_loss = get(totals, log_loss_);
  if (plan_->kind() == Kind::regressor) {
    s.error = get(totals, error_);
    s.squared_error = get(totals, squared_);
    s.absolute_error = get(totals, absolute_);
    const double shift = get(totals, target_);
    const double of_mean = s.weight == 0.0 ? 0.0 : shift * (shift / s.weight);
    const double around_shift = get(totals, target_square_);
    s.target_mean = target_shift_ + (s.weight == 0.0 ? 0.0 : shift / s.weight);
    s.target_square = std::max(0.0, around_shift - of_mean);
    const double of_error = s.weight == 0.0 ? 0.0 : s.error * (s.error / s.weight);
    s.error_square = std::max(0.0, s.squared_error - of_error);
    // Sums have some 50 bits; 30 of them are enough.
    s.has_lost_spread =
        s.target_square < 0x1p-20 * around_shift || s.error_square < 0x1p-20 * s.squared_error;
  }
  if (plan_->needs(Statistic::poisson)) {
    s.not_poisson = totals.value(not_poisson_);
    const double mean = get(totals, target_sum_) / s.weight;
    const double shift = positive_shift_;
    s.poisson_deviance = 2.0 * get(totals, deviance_);
    // A mean divergence is least from the mean, and exceeds that by the mean's own divergence.
    s.poisson_deviance_of_mean = 2.0 * (get(totals, deviance_of_shift_) -
                                        s.weight * (x_log_ratio(mean, shift) - mean + shift));
  }
  if (plan_->needs(Statistic::inertia)) s.inertia = get(totals, inertia_);
  if (plan_->needs(Statistic::brier)) s.brier = get(totals, brier_);
  if (plan_->needs(Statistic::best_two)) s.among_best_two = totals.value(best_two_);
  if (plan_->needs(Statistic::squared_log_errors)) {
    s.not_log = totals.value(not_log_);
    s.squared_log_error = get(totals, squared_log_);
  }
  if (plan_->needs(Statistic::percentage_errors)) s.percentage_error = get(totals, percentage_);
  if (plan_->needs(Statistic::gamma)) {
    s.not_gamma = totals.value(not_gamma_);
    s.gamma_deviance = 2.0 * get(totals, gamma_);
    // As with the counts; targets were added up in units of the shift.
    const double mean = get(totals, gamma_target_) / s.weight;
    s.gamma_deviance_of_mean =
        2.0 * (get(totals, gamma_of_shift_) - s.weight * (mean - 1.0 - std::log(mean)));
  }
  return s;
}

}  // namespace superstep
