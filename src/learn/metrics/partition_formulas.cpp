// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/partition_formulas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <superstep/core/error.hpp>

#include "learn/metrics/pair_counter.hpp"

namespace superstep::formulas {

namespace {

/// The pairs with their margins, in numbers that hold squares of counts to the last bit.
struct Margins {
  explicit Margins(const MetricStatistics& s);
  const std::vector<PairCount>& pairs;
  std::map<Index, double> truth;
  std::map<Index, double> answer;
  double rows = 0.0;
};

Margins::Margins(const MetricStatistics& s) : pairs(s.pairs.pairs) {
  if (s.pairs.is_too_large) {
    throw DataError(
        fmt::format("there are more than {} different pairs of a class and an answer, too many to "
                    "be kept",
                    PairCounter::most_pairs));
  }
  for (const PairCount& p : pairs) {
    truth[p.truth] += p.rows;
    answer[p.answer] += p.rows;
    rows += p.rows;
  }
}

long double square(double x) { return static_cast<long double>(x) * x; }

/// Ordered pairs of rows that are together: in both partitions, in the first, in the second.
struct PairsOfRows {
  explicit PairsOfRows(const Margins& m) : all(square(m.rows) - m.rows) {
    for (const PairCount& p : m.pairs) both += square(p.rows);
    for (const auto& [code, n] : m.truth) in_truth += square(n);
    for (const auto& [code, n] : m.answer) in_answer += square(n);
    both -= m.rows;
    in_truth -= m.rows;
    in_answer -= m.rows;
  }
  long double both = 0.0L;
  long double in_truth = 0.0L;
  long double in_answer = 0.0L;
  long double all;
  long double in_truth_alone() const { return in_truth - both; }
  long double in_answer_alone() const { return in_answer - both; }
  long double in_neither() const { return all - in_truth - in_answer + both; }
};

double entropy(const std::map<Index, double>& sizes, double rows) {
  if (sizes.size() <= 1) return 0.0;
  double sum = 0.0;
  for (const auto& [code, n] : sizes) sum -= n / rows * std::log(n / rows);
  return sum;
}

double mutual_information(const Margins& m) {
  if (m.truth.size() <= 1 || m.answer.size() <= 1) return 0.0;
  double sum = 0.0;
  for (const PairCount& p : m.pairs) {
    // One logarithm of a ratio near one where the two are independent.
    const double ratio = p.rows / m.truth.at(p.truth) * (m.rows / m.answer.at(p.answer));
    const double part = p.rows / m.rows * std::log(ratio);
    if (std::fabs(part) >= std::numeric_limits<double>::epsilon()) sum += part;
  }
  return std::max(0.0, sum);
}

/// Of rows in common of a class of `a` and a cluster of `b` among `rows`, drawn without regard to
/// each other: the expected share in the mutual information. The probabilities (hypergeometric) are
/// found from their neighbours, outwards from the most likely, as far as they count.
double expected_part(double a, double b, double rows) {
  const double least = std::max(1.0, a + b - rows);
  const double most = std::min(a, b);
  const double middle = std::clamp(std::floor((a + 1.0) * (b + 1.0) / (rows + 2.0)),
                                   std::max(0.0, a + b - rows), most);
  double weights = 0.0;
  double sum = 0.0;
  const auto take = [&](double n, double p) {
    weights += p;
    if (n >= least) sum += p * (n / rows * std::log(n / a * (rows / b)));
  };
  const auto ratio_up = [&](double n) {  // of the probability of n + 1 to that of n
    return (a - n) * (b - n) / ((n + 1.0) * (rows - a - b + n + 1.0));
  };
  constexpr double negligible = 1e-24;
  take(middle, 1.0);
  double p = 1.0;
  for (double n = middle; n < most && p > negligible; n += 1.0) {
    p *= ratio_up(n);
    take(n + 1.0, p);
  }
  p = 1.0;
  for (double n = middle; n > std::max(0.0, a + b - rows) && p > negligible; n -= 1.0) {
    p /= ratio_up(n - 1.0);
    take(n - 1.0, p);
  }
  return sum / weights;
}

/// Classes of one size are alike.
std::map<double, double> by_size(const std::map<Index, double>& sizes) {
  std::map<double, double> times;
  for (const auto& [code, n] : sizes) times[n] += 1.0;
  return times;
}

double expected_mutual_information(const Margins& m) {
  const auto answers = by_size(m.answer);
  double sum = 0.0;
  for (const auto& [a, times_a] : by_size(m.truth)) {
    for (const auto& [b, times_b] : answers) sum += times_a * times_b * expected_part(a, b, m.rows);
  }
  return sum;
}

double away_from_zero(double x) {
  constexpr double least = std::numeric_limits<double>::epsilon();
  return x < 0.0 ? std::min(x, -least) : std::max(x, least);
}

bool are_trivial(const Margins& m) { return m.truth.size() <= 1 && m.answer.size() <= 1; }

double share_of_entropy(double information, double entropy) {
  return entropy == 0.0 ? 1.0 : information / entropy;
}

}  // namespace

double rand_score(const MetricStatistics& s) {
  const PairsOfRows n{Margins(s)};
  const long double agreeing = n.both + n.in_neither();
  return n.all == 0.0L ? 1.0 : static_cast<double>(agreeing / n.all);
}

double adjusted_rand_score(const MetricStatistics& s) {
  const PairsOfRows n{Margins(s)};
  const long double fn = n.in_truth_alone();
  const long double fp = n.in_answer_alone();
  if (fn == 0.0L && fp == 0.0L) return 1.0;
  const long double tn = n.in_neither();
  return static_cast<double>(2.0L * (n.both * tn - fn * fp) /
                             (n.in_truth * (fn + tn) + n.in_answer * (fp + tn)));
}

double fowlkes_mallows_score(const MetricStatistics& s) {
  const PairsOfRows n{Margins(s)};
  if (n.both == 0.0L) return 0.0;
  return static_cast<double>(std::sqrt(n.both / n.in_answer) * std::sqrt(n.both / n.in_truth));
}

double mutual_info_score(const MetricStatistics& s) { return mutual_information(Margins(s)); }

double adjusted_mutual_info_score(const MetricStatistics& s) {
  const Margins m(s);
  if (are_trivial(m)) return 1.0;
  if (m.truth.size() == 1 || m.answer.size() == 1) return 0.0;
  const double expected = expected_mutual_information(m);
  const double mean = 0.5 * (entropy(m.truth, m.rows) + entropy(m.answer, m.rows));
  return away_from_zero(mutual_information(m) - expected) / away_from_zero(mean - expected);
}

double normalized_mutual_info_score(const MetricStatistics& s) {
  const Margins m(s);
  if (are_trivial(m)) return 1.0;
  const double information = mutual_information(m);
  if (information == 0.0) return 0.0;
  return information / (0.5 * (entropy(m.truth, m.rows) + entropy(m.answer, m.rows)));
}

double homogeneity_score(const MetricStatistics& s) {
  const Margins m(s);
  return share_of_entropy(mutual_information(m), entropy(m.truth, m.rows));
}

double completeness_score(const MetricStatistics& s) {
  const Margins m(s);
  return share_of_entropy(mutual_information(m), entropy(m.answer, m.rows));
}

double v_measure_score(const MetricStatistics& s) {
  const double h = homogeneity_score(s);
  const double c = completeness_score(s);
  return h + c == 0.0 ? 0.0 : 2.0 * h * c / (h + c);
}

}  // namespace superstep::formulas
