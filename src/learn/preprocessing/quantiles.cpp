// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "learn/preprocessing/order_values.hpp"

namespace superstep {

namespace {

/// Between which of the values in ascending order a quantile lies, and how far behind the first.
struct Place {
  Index at;
  Index next;
  double t;
};

/// One of the two values beside a place, which is exact where it is a number of one.
Place at_boundary(double index, bool is_first) {
  const double at = std::max(is_first ? std::floor(index) : std::floor(index) + 1.0, 0.0);
  return {static_cast<Index>(at), static_cast<Index>(at), 0.0};
}

/// NumPy's place of a fraction: Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996).
double index_of(const std::string& method, double n, double q) {
  const auto by = [&](double alpha, double beta) {
    return n * q + (alpha + q * (1.0 - alpha - beta)) - 1.0;
  };
  if (method == "linear") return (n - 1.0) * q;
  if (method == "interpolated_inverted_cdf") return by(0.0, 1.0);
  if (method == "hazen") return by(0.5, 0.5);
  if (method == "weibull") return by(0.0, 0.0);
  if (method == "median_unbiased") return by(1.0 / 3.0, 1.0 / 3.0);
  if (method == "normal_unbiased") return by(3.0 / 8.0, 3.0 / 8.0);
  if (method == "closest_observation") return n * q - 1.0 - 0.5;
  if (method == "inverted_cdf" || method == "averaged_inverted_cdf") return n * q - 1.0;
  throw std::logic_error("no method of quantiles: " + method);
}

Place place_of(const std::string& method, Index n, double q) {
  const double index = index_of(method, static_cast<double>(n), q);
  const double first = std::floor(index);
  if (method == "inverted_cdf") return at_boundary(index, index == first);
  if (method == "closest_observation") {
    return at_boundary(index, index == first && std::fabs(std::fmod(first, 2.0)) == 1.0);
  }
  if (index >= static_cast<double>(n - 1)) return {n - 1, n - 1, 0.0};
  if (index < 0.0) return {0, 0, 0.0};
  const auto at = static_cast<Index>(first);
  if (method == "averaged_inverted_cdf") return {at, at + 1, index == first ? 0.5 : 1.0};
  return {at, at + 1, index - first};
}

/// From the nearer end, as NumPy does it.
double between(double a, double b, double t) {
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1.0 - t);
}

}  // namespace

std::vector<double> evenly_spaced(double low, double high, Index count) {
  std::vector<double> values;
  const double step = (high - low) / static_cast<double>(count - 1);
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<double>(i) * step + low);
  if (count > 1) values.back() = high;
  if (count == 1) values.front() = low;
  return values;
}

std::vector<std::vector<double>> quantiles_by(Engine& engine, const Table& table,
                                              const std::string& method,
                                              const WantedFractions& wanted) {
  std::vector<std::vector<Place>> places(static_cast<std::size_t>(table.columns()));
  const auto found = order_values(engine, table, Weighing::none, [&](Index column, double rows) {
    std::vector<WantedValue> values;
    const auto n = static_cast<Index>(rows);
    for (const double q : wanted(column)) {
      Place place = place_of(method, n, q);
      place.at = std::min(place.at, n - 1);
      place.next = std::min(place.next, n - 1);
      places[static_cast<std::size_t>(column)].push_back(place);
      values.push_back({static_cast<double>(place.at), true});
      values.push_back({static_cast<double>(place.next), true});
    }
    return values;
  });
  std::vector<std::vector<double>> all(found.size());
  for (std::size_t c = 0; c < found.size(); ++c) {
    for (std::size_t k = 0; k < places[c].size(); ++k) {
      all[c].push_back(between(found[c].values[2 * k], found[c].values[2 * k + 1], places[c][k].t));
    }
  }
  return all;
}

std::vector<std::vector<double>> weighted_quantiles_by(Engine& engine, const Table& table,
                                                       const std::string& method,
                                                       const WantedFractions& wanted) {
  const bool is_averaged = method == "averaged_inverted_cdf";
  const auto found =
      order_values(engine, table, Weighing::by_row, [&](Index column, double weight) {
        std::vector<WantedValue> values;
        for (const double q : wanted(column)) {
          const double target = q * weight;
          values.push_back({target, target == 0.0});
          // Where the target is reached exactly, scikit-learn's tolerance included, the next value.
          values.push_back({target + std::numeric_limits<double>::epsilon(), true});
        }
        return values;
      });
  std::vector<std::vector<double>> all(found.size());
  for (std::size_t c = 0; c < found.size(); ++c) {
    for (std::size_t k = 0; k + 1 < found[c].values.size(); k += 2) {
      const double first = found[c].values[k];
      all[c].push_back(is_averaged ? (first + found[c].values[k + 1]) / 2.0 : first);
    }
  }
  return all;
}

}  // namespace superstep
