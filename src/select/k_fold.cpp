// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/k_fold.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <superstep/core/error.hpp>

#include "select/class_runs.hpp"
#include "select/partitions.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

ParamTable<KFoldParams> k_fold_table(const char* name, const char* summary) {
  return ParamTable<KFoldParams>(name, summary)
      .add("n_splits", &KFoldParams::n_splits, stated(">= 2"), "number of folds")
      .add("shuffle", &KFoldParams::shuffle, anything(),
           "draw the order of the rows instead of taking that of the file")
      .add("random_state", &KFoldParams::random_state, at_least(0),
           "seed of the order; None takes --seed")
      .positional(1);
}

ParamTable<RepeatedKFoldParams> repeated_table(const char* name, const char* summary) {
  return ParamTable<RepeatedKFoldParams>(name, summary)
      .add("n_splits", &RepeatedKFoldParams::n_splits, stated(">= 2"), "number of folds")
      .add("n_repeats", &RepeatedKFoldParams::n_repeats, stated("> 0"),
           "number of orders that are drawn")
      .add("random_state", &RepeatedKFoldParams::random_state, at_least(0),
           "seed of the orders; None takes --seed");
}

void check_k_fold(const KFoldParams& p) {
  check_fold_count(p.n_splits);
  check_order_is_drawn(p.shuffle, p.random_state);
}

void check_repeated(const RepeatedKFoldParams& p) {
  check_fold_count(p.n_splits);
  if (p.n_repeats <= 0) {
    throw UsageError(
        fmt::format("Number of repetitions must be greater than 0, got n_repeats={}", p.n_repeats));
  }
  // One by one: their product might not be a number.
  check_split_count(p.n_splits);
  check_split_count(p.n_repeats);
}

using Orders = std::vector<std::optional<Permutation>>;

/// Drawn orders of the rows, one for each repeat.
Orders drawn_orders(Index rows, Index repeats, std::uint64_t seed) {
  Orders orders;
  for (Index r = 0; r < repeats; ++r) {
    orders.emplace_back(Permutation(rows, seed, static_cast<std::uint64_t>(r)));
  }
  return orders;
}

/// The one order of KFold and StratifiedKFold.
Orders order_of(const Engine& engine, const Dataset& data, const KFoldParams& p) {
  if (!p.shuffle) return {std::nullopt};
  return drawn_orders(data.rows(), 1, seed_of(engine, p.random_state));
}

/// The same number of folds in each of the orders.
Folds k_folds(const Dataset& data, Index n_splits, Orders orders) {
  check_enough_rows(data, n_splits);
  const std::vector<Index> lengths = run_lengths(data.rows(), n_splits);
  Folds folds;
  for (auto& order : orders) {
    const auto partition = std::make_shared<RunPartition>(run_starts(lengths), std::move(order));
    std::ranges::copy(test_each_cell(partition, lengths), std::back_inserter(folds.splits));
  }
  return folds;
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

/// The same number of stratified folds in each of the orders.
Folds stratified_folds(const Communicator& comm, const std::shared_ptr<Dataset>& data,
                       Index n_splits, Orders orders) {
  check_enough_rows(*data, n_splits);
  const ClassCensus census = class_census(comm, *data);
  Folds folds;
  folds.warnings = check_class_sizes(*data, census, n_splits);
  const std::vector<Index> allocation = deal_out(census, n_splits);
  const auto k = static_cast<std::size_t>(n_splits);
  std::vector<Index> lengths(k, 0);
  ClassRuns runs{n_splits, {}, {}};
  for (std::size_t c = 0; c < census.counts.size(); ++c) {
    Index before = 0;
    for (std::size_t i = 0; i < k; ++i) {
      if (i > 0) runs.ranks.push_back(before);
      before += allocation[c * k + i];
      lengths[i] += allocation[c * k + i];
    }
  }
  std::vector<ClassRuns> requests;
  for (auto& order : orders) {
    requests.push_back(runs);
    requests.back().order = std::move(order);
  }
  for (const auto& partition : partition_classes(comm, data, census, requests)) {
    std::ranges::copy(test_each_cell(partition, lengths), std::back_inserter(folds.splits));
  }
  return folds;
}

}  // namespace

const ParamTable<KFoldParams>& KFold::param_table() const {
  static const auto table = k_fold_table("KFold", "Runs of rows, each tested once.");
  return table;
}

void KFold::check_params() const {
  SplitterOf::check_params();
  check_k_fold(params());
}

Folds KFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return k_folds(*data, params().n_splits, order_of(engine, *data, params()));
}

const ParamTable<KFoldParams>& StratifiedKFold::param_table() const {
  static const auto table =
      k_fold_table("StratifiedKFold", "Every fold has its share of each class; each tested once.");
  return table;
}

void StratifiedKFold::check_params() const {
  SplitterOf::check_params();
  check_k_fold(params());
}

Folds StratifiedKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return stratified_folds(engine.comm(), data, params().n_splits,
                          order_of(engine, *data, params()));
}

const ParamTable<RepeatedKFoldParams>& RepeatedKFold::param_table() const {
  static const auto table =
      repeated_table("RepeatedKFold", "KFold several times, each in another drawn order.");
  return table;
}

void RepeatedKFold::check_params() const {
  SplitterOf::check_params();
  check_repeated(params());
}

Folds RepeatedKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const auto& p = params();
  return k_folds(*data, p.n_splits,
                 drawn_orders(data->rows(), p.n_repeats, seed_of(engine, p.random_state)));
}

const ParamTable<RepeatedKFoldParams>& RepeatedStratifiedKFold::param_table() const {
  static const auto table = repeated_table(
      "RepeatedStratifiedKFold", "StratifiedKFold several times, each in another drawn order.");
  return table;
}

void RepeatedStratifiedKFold::check_params() const {
  SplitterOf::check_params();
  check_repeated(params());
}

Folds RepeatedStratifiedKFold::make_folds(Engine& engine,
                                          const std::shared_ptr<Dataset>& data) const {
  const auto& p = params();
  return stratified_folds(engine.comm(), data, p.n_splits,
                          drawn_orders(data->rows(), p.n_repeats, seed_of(engine, p.random_state)));
}

}  // namespace superstep
