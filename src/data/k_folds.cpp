// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/k_folds.hpp>

#include <algorithm>
#include <numeric>

#include "data/class_runs.hpp"
#include "data/partitions.hpp"
#include "data/split_rules.hpp"

namespace superstep {

namespace {

ParamTable<KFoldParams> table_of(const char* name, const char* summary) {
  return ParamTable<KFoldParams>(name, summary)
      .add("n_splits", &KFoldParams::n_splits, stated(">= 2"), "number of folds")
      .add("shuffle", &KFoldParams::shuffle, anything(),
           "draw the order of the rows instead of taking that of the file")
      .add("random_state", &KFoldParams::random_state, at_least(0),
           "seed of the order; None takes --seed")
      .positional(1);
}

/// How many of the numbers 0, ..., n-1 leave the remainder i when divided by k.
Index count_remainder(Index n, Index i, Index k) { return (n - i + k - 1) / k; }

/// Rows of each class in each fold, a row of n_splits numbers a class: as if the rows, sorted by
/// class in the order of their first appearance, were dealt out one by one.
std::vector<Index> deal_out(const ClassCensus& census, Index n_splits) {
  std::vector<std::size_t> by_appearance(census.counts.size());
  std::iota(by_appearance.begin(), by_appearance.end(), std::size_t{0});
  std::ranges::sort(by_appearance, {}, [&](std::size_t c) { return census.first[c]; });
  std::vector<Index> allocation(census.counts.size() * static_cast<std::size_t>(n_splits));
  Index dealt = 0;
  for (const std::size_t c : by_appearance) {
    const Index end = dealt + census.counts[c];
    for (Index i = 0; i < n_splits; ++i) {
      allocation[c * static_cast<std::size_t>(n_splits) + static_cast<std::size_t>(i)] =
          count_remainder(end, i, n_splits) - count_remainder(dealt, i, n_splits);
    }
    dealt = end;
  }
  return allocation;
}

/// Where the rows that count go, and how many each fold has.
struct Dealt {
  ClassRuns runs;
  std::vector<Index> lengths;
};

Dealt dealt(const KFolding& how, const ClassCensus& census, const SplitPtr& within) {
  const auto k = static_cast<std::size_t>(how.n_splits);
  const std::vector<Index> allocation = how.by_class
                                            ? deal_out(census, how.n_splits)
                                            : run_lengths(census.counts.front(), how.n_splits);
  Dealt d{{how.n_splits, {}, {}, census.counts, within}, std::vector<Index>(k, 0)};
  for (std::size_t c = 0; c < census.counts.size(); ++c) {
    Index before = 0;
    for (std::size_t i = 0; i < k; ++i) {
      if (i > 0) d.runs.ranks.push_back(before);
      before += allocation[c * k + i];
      d.lengths[i] += allocation[c * k + i];
    }
  }
  return d;
}

/// All rows, whatever their class: nothing has to be looked at.
Folds of_places(const Dataset& data, const KFolding& how,
                std::vector<std::optional<Permutation>> orders) {
  check_enough_rows(data, how.n_splits, data.rows());
  const std::vector<Index> lengths = run_lengths(data.rows(), how.n_splits);
  Folds folds;
  for (auto& order : orders) {
    const auto partition = std::make_shared<RunPartition>(run_starts(lengths), std::move(order));
    std::ranges::copy(test_each_cell(partition, lengths), std::back_inserter(folds.splits));
  }
  return folds;
}

std::vector<std::optional<Permutation>> orders_of(const Dataset& data, const KFolding& how) {
  if (!how.seed) return {std::nullopt};
  std::vector<std::optional<Permutation>> orders;
  for (Index r = 0; r < how.repeats; ++r) {
    orders.emplace_back(Permutation(data.rows(), *how.seed, static_cast<std::uint64_t>(r)));
  }
  return orders;
}

}  // namespace

const ParamTable<KFoldParams>& k_fold_table() {
  static const auto table = table_of("KFold", "Runs of rows, each tested once.");
  return table;
}

const ParamTable<KFoldParams>& stratified_k_fold_table() {
  static const auto table =
      table_of("StratifiedKFold", "Every fold has its share of each class; each tested once.");
  return table;
}

void check_k_fold(const KFoldParams& params) {
  check_fold_count(params.n_splits);
  check_order_is_drawn(params.shuffle, params.random_state);
}

std::vector<Folds> k_folds_within(const Communicator& comm, const std::shared_ptr<Dataset>& data,
                                  const KFolding& how, std::span<const SplitPtr> within) {
  const std::vector<std::optional<Permutation>> orders = orders_of(*data, how);
  const bool takes_all =
      std::ranges::none_of(within, [](const SplitPtr& s) { return s != nullptr; });
  if (takes_all && !how.by_class) {
    return std::vector<Folds>(within.size(), of_places(*data, how, orders));
  }
  if (how.by_class) check_enough_rows(*data, how.n_splits, data->rows());
  const std::vector<ClassCensus> censuses = class_censuses(comm, *data, within, how.by_class);
  std::vector<Folds> all(within.size());
  std::vector<ClassRuns> requests;
  std::vector<std::vector<Index>> lengths;
  for (std::size_t s = 0; s < within.size(); ++s) {
    const std::vector<Index>& counts = censuses[s].counts;
    check_enough_rows(*data, how.n_splits, std::accumulate(counts.begin(), counts.end(), Index{0}));
    if (how.by_class) all[s].warnings = check_class_sizes(*data, censuses[s], how.n_splits);
    Dealt d = dealt(how, censuses[s], within[s]);
    for (const auto& order : orders) {
      requests.push_back(d.runs);
      requests.back().order = order;
      lengths.push_back(d.lengths);
    }
  }
  const auto partitions = partition_classes(comm, data, requests, how.by_class);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    std::ranges::copy(test_each_cell(partitions[i], lengths[i]),
                      std::back_inserter(all[i / orders.size()].splits));
  }
  return all;
}

Folds k_folds(const Communicator& comm, const std::shared_ptr<Dataset>& data, const KFolding& how) {
  const SplitPtr all_rows;
  return std::move(k_folds_within(comm, data, how, {&all_rows, 1}).front());
}

}  // namespace superstep
