// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/power_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

constexpr Index most_trials = 6;       ///< powers of a column that are tried in a pass
constexpr Index most_rounds = 100;     ///< passes
constexpr double most_exponent = 300;  ///< of e, in what powers make
constexpr double tolerance = 1e-9;

/// (e^u - 1) / u times l: the integral of e^(p s) over s from 0 to l, where u = p l.
double grown(double p, double l) { return p == 0.0 ? l : std::expm1(p * l) / p; }

/// Its derivative by p: l^2 times the sum of u^k (k + 1) / (k + 2)!.
double growth_of_grown(double p, double l) {
  const double u = p * l;
  if (std::fabs(u) > 0.5) return l * l * ((std::exp(u) * u - std::expm1(u)) / (u * u));
  double sum = 0.0, factor = 0.5;  // u^k / (k + 2)!
  for (int k = 0; k < 16; ++k) {
    sum += factor * (k + 1);
    factor *= u / (k + 3);
  }
  return l * l * sum;
}

/// A value as the powers see it: y = sign grown(p, l), where p is lambda, or 2 - lambda below zero.
struct Seen {
  double sign;
  double l;
  double p(double lambda) const { return sign > 0.0 ? lambda : 2.0 - lambda; }
  double y(double lambda) const { return sign * grown(p(lambda), l); }
  double slope(double lambda) const { return growth_of_grown(p(lambda), l); }
};

Seen seen(PowerMethod method, double x) {
  if (method == PowerMethod::box_cox) return {1.0, math::log(x)};
  return x >= 0.0 ? Seen{1.0, math::log1p(x)} : Seen{-1.0, math::log1p(-x)};
}

/// Deviations of what a power makes from what it makes of the centre, and their derivatives by
/// lambda. Where all values have one sign the likelihood does not change if both are divided by
/// e^(p l) of the centre: what is left neither overflows nor cancels.
class Deviations {
 public:
  Deviations(const Seen& centre, bool is_one_sign, double lambda)
      : centre_(centre),
        is_one_sign_(is_one_sign),
        lambda_(lambda),
        scale_(is_one_sign ? 1.0 : std::exp(centre.p(lambda) * centre.l)),
        y_(centre.y(lambda)),
        slope_(centre.slope(lambda)) {}

  struct Pair {
    double y, slope;
  };
  Pair of(const Seen& value) const {
    if (value.sign != centre_.sign) return {value.y(lambda_) - y_, value.slope(lambda_) - slope_};
    const double p = centre_.p(lambda_), l = value.l - centre_.l;
    const double y = centre_.sign * scale_ * grown(p, l);
    const double slope = scale_ * growth_of_grown(p, l);
    return {y, is_one_sign_ ? slope : slope + centre_.sign * centre_.l * y};
  }
  /// The share of a value in the logarithm of the Jacobian.
  double jacobian(const Seen& value) const {
    return value.sign * (is_one_sign_ ? value.l - centre_.l : value.l);
  }

 private:
  Seen centre_;
  bool is_one_sign_;
  double lambda_;
  double scale_, y_, slope_;
};

/// Of a column.
struct ColumnOfPowers {
  Index column;
  Seen centre;
  Seen low, high;
  bool is_one_sign;
  /// Between these nothing overflows.
  double least, most;
};

ColumnOfPowers column_of(PowerMethod method, Index column, double centre, double low, double high) {
  const double inside = std::clamp(centre, low, high);
  ColumnOfPowers c{column, seen(method, inside), seen(method, low), seen(method, high), true, 0, 0};
  c.is_one_sign = c.low.sign == c.high.sign;
  double reach = 0.0;
  for (const Seen& end : {c.low, c.high}) {
    reach = std::max(reach, std::fabs(c.is_one_sign ? end.l - c.centre.l : end.l));
  }
  const double most = std::min(most_exponent / std::max(reach, 1e-3), 1e6);
  const bool is_below = c.is_one_sign && c.centre.sign < 0.0;
  c.least = is_below ? 2.0 - most : -most;
  c.most = is_below ? 2.0 + most : most;
  if (!c.is_one_sign) c.least = std::max(c.least, 2.0 - most);
  // Nor does what the powers make, or its square: p l stays below an exponent.
  for (const Seen& end : {c.low, c.high}) {
    if (end.l == 0.0) continue;
    const double p = most_exponent / end.l;
    const double lambda = end.sign > 0.0 ? p : 2.0 - p;
    double& bound = (p > 0.0) == (end.sign > 0.0) ? c.most : c.least;
    bound = (p > 0.0) == (end.sign > 0.0) ? std::min(bound, lambda) : std::max(bound, lambda);
  }
  return c;
}

/// A power tried, and the likelihood there.
struct Trial {
  std::size_t which;  ///< number of its column
  double lambda;
  double slope = 0.0;  ///< of the log likelihood
  double likelihood = 0.0;
};

/// Finds the power at which the likelihood no longer grows: brackets it, then Chandrupatla's method
/// (Advances in Engineering Software 28, 1997).
class Ascent {
 public:
  explicit Ascent(const ColumnOfPowers& column) : column_(column) {}

  /// What is to be tried next; nothing when the power is found.
  std::vector<double> next() const {
    if (found_) return {};
    if (tried_.empty()) return inside({-2.0, -0.5, 0.5, 1.0, 2.0, 4.0});
    if (!bracket_) {
      const double low = tried_.front().lambda, high = tried_.back().lambda;
      const double step = high - low;
      return tried_.front().slope > 0.0 ? inside({high + step, high + 4.0 * step})
                                        : inside({low - step, low - 4.0 * step});
    }
    return {bracket_->lambda()};
  }

  void told(std::vector<Trial> trials) {
    if (bracket_) {
      if (bracket_->told(trials.front())) found_ = bracket_->best();
      return;
    }
    for (Trial& t : trials) tried_.push_back(t);
    std::ranges::sort(tried_, {}, &Trial::lambda);
    const Trial* best = nullptr;  // the trial before the best maximum
    for (std::size_t i = 0; i + 1 < tried_.size(); ++i) {
      if (!(tried_[i].slope >= 0.0 && tried_[i + 1].slope < 0.0)) continue;
      if (best == nullptr || tried_[i].likelihood > best->likelihood) best = &tried_[i];
    }
    if (best != nullptr) {
      bracket_ = Bracket(best[0], best[1]);
      return;
    }
    const Trial& end = tried_.front().slope > 0.0 ? tried_.back() : tried_.front();
    if (end.lambda == column_.least || end.lambda == column_.most || !std::isfinite(end.slope)) {
      found_ = end.lambda;
    }
  }
  double lambda() const { return found_ ? *found_ : tried_.back().lambda; }

 private:
  class Bracket {
   public:
    Bracket(const Trial& a, const Trial& b) : a_(b), b_(a), c_(b) {}
    double lambda() const { return a_.lambda + t_ * (b_.lambda - a_.lambda); }
    double best() const {
      return std::fabs(a_.slope) < std::fabs(b_.slope) ? a_.lambda : b_.lambda;
    }
    /// Whether the power is known well enough.
    bool told(const Trial& at) {
      if (std::signbit(at.slope) == std::signbit(a_.slope)) {
        c_ = a_;
      } else {
        c_ = b_;
        b_ = a_;
      }
      a_ = at;
      const double width = std::fabs(b_.lambda - a_.lambda);
      const double enough = tolerance * (1.0 + std::fabs(best())) / 2.0;
      if (a_.slope == 0.0 || width <= enough) return true;
      t_ = 0.5;
      const double xi = (a_.lambda - b_.lambda) / (c_.lambda - b_.lambda);
      const double phi = (a_.slope - b_.slope) / (c_.slope - b_.slope);
      if (phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi) {
        t_ = a_.slope / (b_.slope - a_.slope) * c_.slope / (b_.slope - c_.slope) +
             (c_.lambda - a_.lambda) / (b_.lambda - a_.lambda) * a_.slope / (c_.slope - a_.slope) *
                 b_.slope / (c_.slope - b_.slope);
      }
      const double nearest = std::min(0.5, 0.5 * enough / width);
      t_ = std::isfinite(t_) ? std::clamp(t_, nearest, 1.0 - nearest) : 0.5;
      return false;
    }

   private:
    Trial a_, b_, c_;
    double t_ = 0.5;
  };

  /// Each once, where nothing overflows.
  std::vector<double> inside(std::vector<double> lambdas) const {
    for (double& l : lambdas) l = std::clamp(l, column_.least, column_.most);
    std::ranges::sort(lambdas);
    lambdas.erase(std::unique(lambdas.begin(), lambdas.end()), lambdas.end());
    return lambdas;
  }

  const ColumnOfPowers& column_;
  std::vector<Trial> tried_;
  std::optional<Bracket> bracket_;
  std::optional<double> found_;
};

/// A pass: the likelihood of all trials.
class Likelihoods {
 public:
  Likelihoods(Engine& engine, const Table& table, PowerMethod method,
              const std::vector<ColumnOfPowers>& columns)
      : engine_(engine), table_(table), method_(method), columns_(columns) {
    rows_exponent_ = engine.sketch(table).rows_exponent;
  }

  void find(std::vector<Trial>& trials) const {
    std::vector<Deviations> deviations;
    std::vector<int> exponents;
    for (const Trial& t : trials) {
      const ColumnOfPowers& c = columns_[t.which];
      deviations.emplace_back(c.centre, c.is_one_sign, t.lambda);
      const std::vector<int> its = exponents_of(c, deviations.back());
      exponents.insert(exponents.end(), its.begin(), its.end());
    }
    SumShape shape;
    shape.add(exponents);
    const Totals totals =
        engine_.superstep(table_, shape, [&](const Block& block, Partial& sum, Workspace&) {
          for (std::size_t i = 0; i < trials.size(); ++i) {
            add(block, columns_[trials[i].which].column, deviations[i],
                sum[0].data() + sums_of_a_trial * static_cast<Index>(i));
          }
        });
    for (std::size_t i = 0; i < trials.size(); ++i) {
      conclude(totals[0].subspan(i * sums_of_a_trial, sums_of_a_trial), trials[i]);
    }
  }

 private:
  enum Sum : Index { count, jacobian, first, second, slope, mixed, sums_of_a_trial };

  /// Both grow from the centre, or from zero, to the ends.
  std::vector<int> exponents_of(const ColumnOfPowers& c, const Deviations& deviations) const {
    double y = 0.0, s = 0.0, j = 0.0;
    std::vector<Seen> ends = {c.low, c.high, c.centre};
    if (!c.is_one_sign) ends.push_back({1.0, 0.0});
    for (const Seen& end : ends) {
      const Deviations::Pair d = deviations.of(end);
      y = std::max(y, std::fabs(d.y));
      s = std::max(s, std::fabs(d.slope));
      j = std::max(j, std::fabs(deviations.jacobian(end)));
    }
    const int of_y = exponent_above(y) + 1, of_s = exponent_above(s) + 1;
    std::vector<int> all = {0, exponent_above(j) + 1, of_y, 2 * of_y, of_s, of_y + of_s};
    for (int& e : all) e += rows_exponent_;
    return all;
  }

  void add(const Block& block, Index column, const Deviations& deviations, double* sums) const {
    const double* x = block.x.doubles() + column;
    for (Index i = 0; i < block.rows; ++i, x += block.columns) {
      if (std::isnan(*x)) continue;
      const Seen value = seen(method_, *x);
      const Deviations::Pair d = deviations.of(value);
      sums[count] += 1.0;
      sums[jacobian] += deviations.jacobian(value);
      sums[first] += d.y;
      sums[second] += d.y * d.y;
      sums[slope] += d.slope;
      sums[mixed] += d.y * d.slope;
    }
  }

  static void conclude(std::span<const double> sums, Trial& trial) {
    const double n = sums[count];
    const double variance = sums[second] - sums[first] * sums[first] / n;
    const double covariance = sums[mixed] - sums[first] * sums[slope] / n;
    trial.slope = sums[jacobian] - n * covariance / variance;
    // But for a constant; the scale of the centre of values of one sign cancels.
    trial.likelihood = trial.lambda * sums[jacobian] - 0.5 * n * std::log(variance);
  }

  Engine& engine_;
  const Table& table_;
  PowerMethod method_;
  const std::vector<ColumnOfPowers>& columns_;
  int rows_exponent_ = 0;
};

}  // namespace

double power_of(PowerMethod method, double x, double lambda) {
  return std::isnan(x) ? x : seen(method, x).y(lambda);
}

Vector likeliest_powers(Engine& engine, const Table& table, PowerMethod method,
                        const Vector& centre, const Extremes& extremes,
                        const std::vector<char>& is_constant) {
  std::vector<ColumnOfPowers> columns;
  for (Index c = 0; c < table.columns(); ++c) {
    if (is_constant[static_cast<std::size_t>(c)] != 0) continue;
    columns.push_back(column_of(method, c, centre[c], extremes.low[c], extremes.high[c]));
  }
  std::vector<Ascent> ascents;
  for (const ColumnOfPowers& c : columns) ascents.emplace_back(c);
  const Likelihoods likelihoods(engine, table, method, columns);
  for (Index round = 0; round < most_rounds; ++round) {
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < ascents.size(); ++i) {
      for (const double lambda : ascents[i].next()) trials.push_back({i, lambda});
    }
    if (trials.empty()) break;
    likelihoods.find(trials);
    for (auto at = trials.begin(); at != trials.end();) {
      const auto end =
          std::find_if(at, trials.end(), [&](const Trial& t) { return t.which != at->which; });
      ascents[at->which].told({at, end});
      at = end;
    }
  }
  Vector powers = Vector::Ones(table.columns());
  for (std::size_t i = 0; i < columns.size(); ++i) powers[columns[i].column] = ascents[i].lambda();
  return powers;
}

Footprint likeliest_powers_footprint(Index columns) {
  return {.sums = 6 * most_trials * columns, .replicated = 64 * columns};
}

}  // namespace superstep
