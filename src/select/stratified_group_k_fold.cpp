// SPDX-License-Identifier: BSD-3-Clause
// Groups are dealt out one by one, those with the most uneven classes first, each to the fold that
// leaves the shares of the classes most alike over the folds. Which fold that is may hang on the
// last bit, so sums are rounded as NumPy rounds them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <superstep/select/group_splits.hpp>

#include "data/class_runs.hpp"
#include "select/group_census.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

/// numpy.sum of a contiguous array: eight running sums, halves above 128 numbers.
double numpy_sum(const double* v, std::size_t n) {
  if (n < 8) return std::accumulate(v, v + n, 0.0);
  if (n > 128) {
    const std::size_t half = n / 2 - (n / 2) % 8;
    return numpy_sum(v, half) + numpy_sum(v + half, n - half);
  }
  std::array<double, 8> r{};
  std::copy_n(v, 8, r.begin());
  std::size_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) r[k] += v[i + k];
  }
  double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < n; ++i) sum += v[i];
  return sum;
}

/// numpy.std of the class counts of one group.
double spread(const Index* counts, std::size_t n) {
  std::vector<double> v(counts, counts + n);
  const double mean = numpy_sum(v.data(), n) / static_cast<double>(n);
  for (double& x : v) x = (x - mean) * (x - mean);
  return std::sqrt(numpy_sum(v.data(), n) / static_cast<double>(n));
}

/// numpy.isclose with its default tolerances.
bool is_close(double a, double b) { return std::fabs(a - b) <= 1e-8 + 1e-5 * std::fabs(b); }

/// The folds while groups are dealt out.
class Deal {
 public:
  Deal(Index n_splits, std::vector<Index> class_sizes)
      : n_splits_(static_cast<std::size_t>(n_splits)),
        class_sizes_(std::move(class_sizes)),
        counts_(n_splits_ * class_sizes_.size(), 0) {}

  /// The fold that a group with these class counts goes into.
  std::int32_t take(const Index* group) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    Index fewest = std::numeric_limits<Index>::max();
    for (std::size_t f = 0; f < n_splits_; ++f) {
      const Index rows = std::accumulate(of(f), of(f) + classes(), Index{0});
      add(f, group, 1);
      const double unevenness = mean_spread();
      add(f, group, -1);
      if (unevenness < least || (is_close(unevenness, least) && rows < fewest)) {
        least = unevenness;
        fewest = rows;
        best = f;
      }
    }
    add(best, group, 1);
    return static_cast<std::int32_t>(best);
  }

 private:
  std::size_t classes() const { return class_sizes_.size(); }
  Index* of(std::size_t fold) { return counts_.data() + fold * classes(); }
  void add(std::size_t fold, const Index* group, Index sign) {
    for (std::size_t c = 0; c < classes(); ++c) of(fold)[c] += sign * group[c];
  }

  /// Over the classes, of the standard deviation of their shares over the folds.
  double mean_spread() {
    std::vector<double> spreads(classes());
    const auto n = static_cast<double>(n_splits_);
    std::vector<double> share(n_splits_);
    for (std::size_t c = 0; c < classes(); ++c) {
      double sum = 0.0;
      for (std::size_t f = 0; f < n_splits_; ++f) {
        share[f] = static_cast<double>(of(f)[c]) / static_cast<double>(class_sizes_[c]);
        sum += share[f];
      }
      const double mean = sum / n;
      double squares = 0.0;
      for (const double s : share) squares += (s - mean) * (s - mean);
      spreads[c] = std::sqrt(squares / n);
    }
    return numpy_sum(spreads.data(), spreads.size()) / static_cast<double>(classes());
  }

  std::size_t n_splits_;
  std::vector<Index> class_sizes_;
  std::vector<Index> counts_;  ///< folds x classes
};

}  // namespace

const ParamTable<GroupKFoldParams>& StratifiedGroupKFold::param_table() const {
  static const auto table =
      ParamTable<GroupKFoldParams>(
          "StratifiedGroupKFold",
          "Folds that part no group of --groups and have nearly their share of each class.")
          .add("n_splits", &GroupKFoldParams::n_splits, stated(">= 2"), "number of folds")
          .add("shuffle", &GroupKFoldParams::shuffle, anything(),
               "draw which of equally uneven groups comes first")
          .add("random_state", &GroupKFoldParams::random_state, at_least(0),
               "seed of the order; None takes --seed")
          .positional(1);
  return table;
}

void StratifiedGroupKFold::check_params() const {
  SplitterOf::check_params();
  check_fold_count(params().n_splits);
  check_order_is_drawn(params().shuffle, params().random_state);
}

Folds StratifiedGroupKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const Index n_splits = params().n_splits;
  const ClassCensus census = class_census(engine.comm(), *data);
  Folds folds;
  std::vector<std::string> warnings = check_class_sizes(*data, census, n_splits);
  const std::size_t classes = census.counts.size();
  const std::vector<Index> counts =
      class_counts_of_groups(engine, *data, static_cast<Index>(classes));
  const auto groups = static_cast<Index>(counts.size() / classes);
  check_enough_groups(*data, n_splits, groups);

  std::vector<Index> order(static_cast<std::size_t>(groups));
  std::iota(order.begin(), order.end(), Index{0});
  if (params().shuffle) {
    Permutation(groups, seed_of(engine, params().random_state), 0)
        .positions(0, groups, order.data());
  }
  std::vector<double> unevenness;
  std::vector<Index> sizes;
  for (Index g = 0; g < groups; ++g) {
    const Index* of_group = counts.data() + static_cast<std::size_t>(g) * classes;
    unevenness.push_back(spread(of_group, classes));
    sizes.push_back(std::accumulate(of_group, of_group + classes, Index{0}));
  }
  std::ranges::stable_sort(order, std::greater{},
                           [&](Index g) { return unevenness[static_cast<std::size_t>(g)]; });

  Deal deal(n_splits, census.counts);
  std::vector<std::int32_t> fold_of_group(static_cast<std::size_t>(groups));
  for (const Index g : order) {
    fold_of_group[static_cast<std::size_t>(g)] =
        deal.take(counts.data() + static_cast<std::size_t>(g) * classes);
  }
  folds = test_each_fold(data, n_splits, std::move(fold_of_group), sizes);
  folds.warnings = std::move(warnings);
  return folds;
}

}  // namespace superstep
