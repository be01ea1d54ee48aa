// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_selection/univariate_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <superstep/core/error.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/math/column_stats.hpp>

#include "learn/feature_selection/target_moments.hpp"
#include "learn/features.hpp"
#include "learn/naive_bayes/class_statistics.hpp"
#include "learn/naive_bayes/class_sums.hpp"

namespace superstep {

namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using namespace boost::math::policies;
/// The best that is found, without exceptions.
using Quiet = policy<domain_error<ignore_error>, pole_error<ignore_error>,
                     overflow_error<ignore_error>, evaluation_error<ignore_error>>;

/// That F of so many degrees of freedom is at least f.
double f_tail(double between, double within, double f) {
  if (std::isnan(f) || !(between > 0.0) || !(within > 0.0)) return nan;
  if (!(f > 0.0)) return 1.0;
  if (f == infinity) return 0.0;
  return boost::math::ibeta(within / 2, between / 2, within / (within + between * f), Quiet());
}

double chi2_tail(double degrees, double x) {
  if (std::isnan(x) || !(degrees > 0.0)) return nan;
  if (!(x > 0.0)) return 1.0;
  if (x == infinity) return 0.0;
  return boost::math::gamma_q(degrees / 2, x / 2, Quiet());
}

// f_classif.

/// What is less than a unit in the last place of the numbers it is a difference of is none.
double without_rounding(double difference, double of) {
  return std::fabs(difference) <= eps * std::fabs(of) ? 0.0 : difference;
}

/// Weighted squares between the classes' means and within the classes, of one column.
double f_of_column(const ClassStatistics& s, Index c, double classes) {
  Index first = 0;
  while (!(s.weight[first] > 0.0)) ++first;
  const double total = s.weight.sum();
  double offset = 0.0;  // of the mean from that of the first class, exact where all are equal
  for (Index k = first; k < s.weight.size(); ++k) {
    if (s.weight[k] > 0.0) offset += s.weight[k] * (s.mean(k, c) - s.mean(first, c)) / total;
  }
  const double mean = s.mean(first, c) + offset;
  double between = 0.0, within = 0.0;
  for (Index k = first; k < s.weight.size(); ++k) {
    if (!(s.weight[k] > 0.0)) continue;
    const double apart = without_rounding(s.mean(k, c) - s.mean(first, c) - offset, mean);
    const double spread = without_rounding(std::sqrt(s.variance(k, c)), s.mean(k, c));
    between += s.weight[k] * apart * apart;
    within += s.weight[k] * (spread == 0.0 ? 0.0 : s.variance(k, c));
  }
  return (between / (classes - 1.0)) / (within / (total - classes));
}

std::vector<UnivariateScores> f_classif(Engine& engine, const Table& table,
                                        std::span<const SplitPtr> splits) {
  const Index n = table.data->classes(engine.comm()).size();
  std::vector<UnivariateScores> all;
  for (const ClassStatistics& s : class_statistics(engine, table, n, splits)) {
    const double classes = static_cast<double>((s.weight.array() > 0.0).count());
    UnivariateScores one{Vector(s.mean.cols()), Vector(s.mean.cols())};
    for (Index c = 0; c < s.mean.cols(); ++c) {
      one.scores[c] = f_of_column(s, c, classes);
      one.pvalues[c] = f_tail(classes - 1.0, s.weight.sum() - classes, one.scores[c]);
    }
    all.push_back(std::move(one));
  }
  return all;
}

// f_regression and r_regression.

/// Pearson's correlations with the target; 0 for what is constant.
Vector correlations(const TargetMoments& m) {
  Vector r = Vector::Zero(m.variance.size());
  for (Index c = 0; c < r.size(); ++c) {
    if (!(m.variance[c] > 0.0) || !(m.target_variance > 0.0)) continue;
    r[c] = m.covariance[c] / (std::sqrt(m.variance[c]) * std::sqrt(m.target_variance));
  }
  return r;
}

UnivariateScores f_of(const Vector& r, double degrees) {
  UnivariateScores one{Vector(r.size()), Vector(r.size())};
  for (Index c = 0; c < r.size(); ++c) {
    const double square = r[c] * r[c];
    double f = square / (1.0 - square) * degrees;
    one.pvalues[c] = f_tail(1.0, degrees, f);
    if (square >= 1.0) f = std::numeric_limits<double>::max(), one.pvalues[c] = 0.0;
    if (std::isnan(f)) f = 0.0, one.pvalues[c] = 1.0;
    one.scores[c] = f;
  }
  return one;
}

std::vector<UnivariateScores> by_correlation(Engine& engine, const Table& table, bool is_f,
                                             std::span<const SplitPtr> splits) {
  std::vector<UnivariateScores> all;
  for (const TargetMoments& m : target_moments(engine, table, splits)) {
    Vector r = correlations(m);
    if (is_f) {
      all.push_back(f_of(r, m.weight - 2.0));
    } else {
      all.push_back({std::move(r), {}});
    }
  }
  return all;
}

// chi2.

UnivariateScores chi2_of(const ClassSums& s) {
  const Index columns = s.sums.cols();
  const double total = s.weight.sum();
  const double classes = static_cast<double>((s.weight.array() > 0.0).count());
  UnivariateScores one{Vector::Zero(columns), Vector(columns)};
  for (Index c = 0; c < columns; ++c) {
    const double whole = s.sums.col(c).sum();
    for (Index k = 0; k < s.weight.size(); ++k) {
      if (!(s.weight[k] > 0.0)) continue;
      const double expected = s.weight[k] / total * whole;
      const double off = s.sums(k, c) - expected;
      one.scores[c] += off * off / expected;
    }
    if (classes < 2.0) one.scores[c] = nan;
    one.pvalues[c] = chi2_tail(classes - 1.0, one.scores[c]);
  }
  return one;
}

void check_not_negative(const Table& table, const ClassSums& s) {
  for (Index c = 0; c < s.outside.size(); ++c) {
    if (s.outside[c] == 0.0) continue;
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("chi2: Input X must be non-negative; its column {} is below zero in {:.0f} "
                    "rows of {}; put MinMaxScaler() before it, or take f_classif",
                    c, s.outside[c], table.data->x_name()));
  }
}

std::vector<UnivariateScores> chi2(Engine& engine, const Table& table,
                                   std::span<const SplitPtr> splits) {
  const Index n = table.data->classes(engine.comm()).size();
  Summands summands;
  summands.width = table.columns();
  summands.least = 0.0;
  summands.add = [](const Block& block, const double* group, math::Panel sums, Workspace&) {
    with_features(block, [&](auto x) { math::class_sums_add(x, group, block.weight, sums); });
  };
  const SumsByClass sums(engine, table, n, splits, summands);
  std::vector<UnivariateScores> all;
  for (const SplitPtr& split : splits) {
    const ClassSums s = sums.of(split);
    check_not_negative(table, s);
    all.push_back(chi2_of(s));
  }
  return all;
}

}  // namespace

const std::vector<std::string>& univariate_functions() {
  static const std::vector<std::string> all = {"f_classif", "f_regression", "r_regression", "chi2"};
  return all;
}

Target target_of_scores(const std::string& function) {
  return function.ends_with("regression") ? Target::numbers : Target::classes;
}

std::vector<UnivariateScores> univariate_scores(Engine& engine, const Table& table,
                                                const std::string& function,
                                                std::span<const SplitPtr> splits) {
  if (function == "f_classif") return f_classif(engine, table, splits);
  if (function == "chi2") return chi2(engine, table, splits);
  return by_correlation(engine, table, function == "f_regression", splits);
}

Footprint scores_footprint(const std::string& function, Index columns, Index classes,
                           std::span<const Candidate> batch) {
  const Index cells = cells_of(batch);
  const Index scores = 2 * columns * std::ssize(batch);
  if (target_of_scores(function) == Target::numbers) {
    Footprint need = target_moments_footprint(columns, batch);
    need.replicated += scores;
    return need;
  }
  if (function == "chi2") {
    Footprint need = SumsByClass::footprint(columns, classes, columns, batch);
    need.replicated += scores;
    return need;
  }
  const Index group = 2 * classes * (2 * columns + 1);
  return {cells * group, columns + 1 + 2 * scratch_for_cells(cells, 0),
          3 * (cells + std::ssize(batch)) * group + scores};
}

TrainingCost scores_cost(const std::string& function, Index columns) {
  return {1, function == "chi2" ? 1 : 2, 6.0 * static_cast<double>(columns)};
}

}  // namespace superstep
