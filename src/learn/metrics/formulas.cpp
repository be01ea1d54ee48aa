// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/formulas.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace superstep::formulas {

namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double ratio_or_zero(double a, double b) { return b == 0.0 ? 0.0 : a / b; }

double mean(double total, const MetricStatistics& s) {
  if (s.weight == 0.0) throw DataError("no row has a positive weight");
  return total / s.weight;
}

void require_two_rows(const MetricStatistics& s) {
  if (s.rows < 2.0) throw Undefined("it is not defined for fewer than two rows");
}

/// scikit-learn's: no error is 1, an error where the targets do not vary is 0.
double explained(double unexplained, double total) {
  if (unexplained == 0.0) return 1.0;
  return total == 0.0 ? 0.0 : 1.0 - unexplained / total;
}

}  // namespace

double accuracy(const MetricStatistics& s) { return mean(sum(s.hits), s); }

double balanced_accuracy(const MetricStatistics& s) {
  double recalls = 0.0;
  auto classes = static_cast<double>(s.unknown_labels);  // none of them was recognised
  for (std::size_t c = 0; c < s.truth.size(); ++c) {
    if (s.truth[c] == 0.0) continue;
    recalls += s.hits[c] / s.truth[c];
    classes += 1.0;
  }
  return recalls / classes;
}

double precision(double hits, double, double predicted) { return ratio_or_zero(hits, predicted); }

double recall(double hits, double truth, double) { return ratio_or_zero(hits, truth); }

double f1(double hits, double truth, double predicted) {
  const double p = precision(hits, truth, predicted);
  const double r = recall(hits, truth, predicted);
  return ratio_or_zero(2.0 * p * r, p + r);
}

double jaccard(double hits, double truth, double predicted) {
  return ratio_or_zero(hits, truth + predicted - hits);
}

namespace {

std::size_t last_unless(Index chosen, const MetricStatistics& s) {
  return chosen < 0 ? s.truth.size() - 1 : static_cast<std::size_t>(chosen);
}

std::size_t positive_of(const MetricStatistics& s) { return last_unless(s.positive, s); }

}  // namespace

double averaged(const MetricStatistics& s, ClassScore of_class, Average average) {
  if (average == Average::binary) {
    const std::size_t c = positive_of(s);
    return of_class(s.hits[c], s.truth[c], s.predicted[c]);
  }
  if (average == Average::micro) return of_class(sum(s.hits), s.weight, sum(s.predicted));
  double total = 0.0;
  double weight = average == Average::macro ? static_cast<double>(s.unknown_labels) : s.weight;
  for (std::size_t c = 0; c < s.truth.size(); ++c) {
    const double score = of_class(s.hits[c], s.truth[c], s.predicted[c]);
    if (average == Average::weighted) {
      total += s.truth[c] * score;
    } else if (s.truth[c] > 0.0 || s.predicted[c] > 0.0) {
      total += score;
      weight += 1.0;
    }
  }
  return ratio_or_zero(total, weight);
}

double matthews_corrcoef(const MetricStatistics& s) {
  const auto product = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const double all = s.weight * s.weight;
  const double covariance = sum(s.hits) * s.weight - product(s.truth, s.predicted);
  const double spread =
      (all - product(s.predicted, s.predicted)) * (all - product(s.truth, s.truth));
  return spread == 0.0 ? 0.0 : covariance / std::sqrt(spread);
}

namespace {

/// Rows of the positive and of the negative class, and those of each that were called positive.
struct Called {
  double positive, negative, true_positive, false_positive;
};

/// What scikit-learn's scorers give where a ratio would be divided by zero: a call tells nothing.
constexpr double worst_ratio = 1.0;

Undefined no_positive() {
  return Undefined("No samples of the positive class are present in y_true");
}

/// DataError where there is one class in truth and answers together: scikit-learn finds no table.
Called called(const MetricStatistics& s) {
  const std::size_t c = last_unless(s.positive_of_ratios, s);
  if (s.truth[c] == 0.0 && s.predicted[c] == 0.0) {
    throw DataError("all rows are of the negative class and called so");
  }
  if (s.truth[c] == s.weight && s.predicted[c] == s.weight) {
    throw DataError("all rows are of the positive class and called so");
  }
  return {s.truth[c], s.weight - s.truth[c], s.hits[c], s.predicted[c] - s.hits[c]};
}

}  // namespace

double positive_likelihood_ratio(const MetricStatistics& s) {
  const Called n = called(s);
  if (n.positive == 0.0) throw no_positive();
  if (n.false_positive == 0.0) return worst_ratio;
  return n.true_positive * n.negative / (n.false_positive * n.positive);
}

double negative_likelihood_ratio(const MetricStatistics& s) {
  const Called n = called(s);
  const double true_negative = n.negative - n.false_positive;
  if (true_negative == 0.0) return worst_ratio;
  if (n.positive == 0.0) throw no_positive();
  return (n.positive - n.true_positive) * n.negative / (true_negative * n.positive);
}

double top_k_accuracy(const MetricStatistics& s) { return mean(s.among_best_two, s); }

double log_loss(const MetricStatistics& s) { return mean(s.log_loss, s); }

double brier_score(const MetricStatistics& s) {
  return mean(s.brier, s) * (s.truth.size() <= 2 ? 0.5 : 1.0);
}

double d2_log_loss(const MetricStatistics& s) {
  require_two_rows(s);
  constexpr double clip = std::numeric_limits<double>::epsilon();
  if (std::ranges::count_if(s.truth, [](double w) { return w > 0.0; }) < 2) {
    throw DataError("d2_log_loss_score is not defined for one class");
  }
  double of_shares = 0.0;  // of a model that knows the classes' shares alone
  for (const double w : s.truth) {
    if (w > 0.0) of_shares -= w * std::log(std::clamp(w / s.weight, clip, 1.0 - clip));
  }
  return 1.0 - s.log_loss / of_shares;
}

double d2_brier(const MetricStatistics& s) {
  require_two_rows(s);
  double of_shares = s.weight;
  for (const double w : s.truth) of_shares -= w * (w / s.weight);
  if (of_shares <= 0.0) {
    const std::string message = "d2_brier_score is not defined for one class";
    if (s.truth.size() > 2) throw DataError(message);
    throw Undefined(message, s.brier > 0.0 ? -HUGE_VAL : std::numeric_limits<double>::quiet_NaN());
  }
  return 1.0 - s.brier / of_shares;
}

namespace {

/// DataError unless there is an order of the scores.
const Ranking& checked(const Ranking& ranking) {
  if (!ranking.is_undefined) return ranking;
  throw DataError("the model's scores are NaN or infinite for some rows, which cannot be ranked");
}

double defined(double auc) {
  if (std::isnan(auc)) {
    throw Undefined("Only one class present in y_true. ROC AUC score is not defined in that case");
  }
  return auc;
}

void require_all_classes(const Ranking& ranking) {
  for (const double w : ranking.weight) {
    if (w > 0.0) continue;
    throw DataError(
        "Number of classes in y_true not equal to the number of columns in 'y_score': the data "
        "lack "
        "a class of the model");
  }
}

double binary_auc(const Ranking& ranking) {
  if (ranking.classes < 2) return defined(std::numeric_limits<double>::quiet_NaN());
  // Known in the row of the positive class.
  return defined(std::isnan(ranking.pair(1, 0)) ? ranking.pair(0, 1) : ranking.pair(1, 0));
}

}  // namespace

double roc_auc(const MetricStatistics& s) { return binary_auc(checked(s.by_score)); }

double roc_auc_ovr(const MetricStatistics& s, bool weighted) {
  const Ranking& ranking = checked(s.by_probability);
  if (ranking.classes <= 2) return binary_auc(ranking);
  require_all_classes(ranking);
  double total = 0.0;
  double total_weight = 0.0;
  for (Index c = 0; c < ranking.classes; ++c) {
    double wins = 0.0;
    double pairs = 0.0;
    for (Index rest = 0; rest < ranking.classes; ++rest) {
      if (rest == c) continue;
      const double w = ranking.weight[static_cast<std::size_t>(rest)];
      wins += w * ranking.pair(c, rest);
      pairs += w;
    }
    const double weight = weighted ? ranking.weight[static_cast<std::size_t>(c)] : 1.0;
    total += weight * (wins / pairs);
    total_weight += weight;
  }
  return total / total_weight;
}

double roc_auc_ovo(const MetricStatistics& s, bool weighted) {
  const Ranking& ranking = checked(s.by_probability);
  if (ranking.classes <= 2) return binary_auc(ranking);
  require_all_classes(ranking);
  double total = 0.0;
  double total_weight = 0.0;
  for (Index a = 0; a < ranking.classes; ++a) {
    for (Index b = a + 1; b < ranking.classes; ++b) {
      const double weight = weighted ? ranking.weight[static_cast<std::size_t>(a)] +
                                           ranking.weight[static_cast<std::size_t>(b)]
                                     : 1.0;
      total += weight * (0.5 * (ranking.pair(a, b) + ranking.pair(b, a)));
      total_weight += weight;
    }
  }
  return total / total_weight;
}

double average_precision(const MetricStatistics& s) {
  const Ranking& ranking = checked(s.by_score);
  if (ranking.classes <= 2) return ranking.average_precision[positive_of(s)];
  require_all_classes(ranking);
  return sum(ranking.average_precision) / static_cast<double>(ranking.classes);
}

double r2(const MetricStatistics& s) {
  require_two_rows(s);
  return explained(s.squared_error, s.target_square);
}

double explained_variance(const MetricStatistics& s) {
  if (s.weight == 0.0) throw DataError("no row has a positive weight");
  return explained(s.error_square, s.target_square);
}

double mean_squared_error(const MetricStatistics& s) { return mean(s.squared_error, s); }

double root_mean_squared_error(const MetricStatistics& s) {
  return std::sqrt(mean_squared_error(s));
}

double mean_absolute_error(const MetricStatistics& s) { return mean(s.absolute_error, s); }

double max_error(const MetricStatistics& s) { return s.largest_error; }

namespace {

void require_poisson(const MetricStatistics& s) {
  if (s.not_poisson == 0.0) return;
  throw DataError(
      "Mean Tweedie deviance error with power=1 can only be used on non-negative y and strictly "
      "positive y_pred");
}

}  // namespace

double mean_poisson_deviance(const MetricStatistics& s) {
  require_poisson(s);
  return mean(s.poisson_deviance, s);
}

double d2_poisson_deviance(const MetricStatistics& s) {
  require_poisson(s);
  require_two_rows(s);
  return 1.0 - s.poisson_deviance / s.poisson_deviance_of_mean;
}

namespace {

void require_gamma(const MetricStatistics& s) {
  if (s.not_gamma == 0.0) return;
  throw DataError(
      "Mean Tweedie deviance error with power=2 can only be used on strictly positive y and "
      "y_pred");
}

}  // namespace

double d2_gamma_deviance(const MetricStatistics& s) {
  require_gamma(s);
  require_two_rows(s);
  return 1.0 - s.gamma_deviance / s.gamma_deviance_of_mean;
}

double mean_gamma_deviance(const MetricStatistics& s) {
  require_gamma(s);
  return mean(s.gamma_deviance, s);
}

double mean_squared_log_error(const MetricStatistics& s) {
  if (s.not_log > 0.0) {
    throw DataError(
        "Mean Squared Logarithmic Error cannot be used when targets contain values less than or "
        "equal to -1");
  }
  return mean(s.squared_log_error, s);
}

double root_mean_squared_log_error(const MetricStatistics& s) {
  return std::sqrt(mean_squared_log_error(s));
}

double mean_absolute_percentage_error(const MetricStatistics& s) {
  return mean(s.percentage_error, s);
}

double median_absolute_error(const MetricStatistics& s) {
  if (s.weight == 0.0) throw DataError("no row has a positive weight");
  return s.median_error;
}

double d2_absolute_error(const MetricStatistics& s) {
  require_two_rows(s);
  return explained(s.absolute_error, s.absolute_error_of_median);
}

double inertia(const MetricStatistics& s) { return s.inertia; }

}  // namespace superstep::formulas
