// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/group_splits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

#include "data/partitions.hpp"
#include "select/group_census.hpp"
#include "select/rules.hpp"

namespace superstep {

const ParamTable<GroupKFoldParams>& GroupKFold::param_table() const {
  static const auto table =
      ParamTable<GroupKFoldParams>(
          "GroupKFold", "Folds of nearly equal size that part no group; groups from --groups.")
          .add("n_splits", &GroupKFoldParams::n_splits, stated(">= 2"), "number of folds")
          .add("shuffle", &GroupKFoldParams::shuffle, anything(),
               "deal out the groups in a drawn order, the same number to each fold")
          .add("random_state", &GroupKFoldParams::random_state, at_least(0),
               "seed of the order; None takes --seed")
          .positional(1);
  return table;
}

void GroupKFold::check_params() const {
  SplitterOf::check_params();
  check_fold_count(params().n_splits);
  check_order_is_drawn(params().shuffle, params().random_state);
}

namespace {

/// The fold of each group: the largest group first, of equal ones the last, each to the fold that
/// has the fewest rows, the first of equals.
std::vector<std::int32_t> balanced(const std::vector<Index>& sizes, Index n_splits) {
  using Load = std::pair<Index, std::int32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> lightest;
  for (Index f = 0; f < n_splits; ++f) lightest.emplace(0, static_cast<std::int32_t>(f));
  std::vector<std::int32_t> fold_of_group(sizes.size());
  std::vector<Index> ascending(sizes.size());
  std::iota(ascending.begin(), ascending.end(), Index{0});
  std::ranges::stable_sort(ascending, {},
                           [&](Index group) { return sizes[static_cast<std::size_t>(group)]; });
  for (auto group = ascending.rbegin(); group != ascending.rend(); ++group) {
    const auto [rows, fold] = lightest.top();
    lightest.pop();
    lightest.emplace(rows + sizes[static_cast<std::size_t>(*group)], fold);
    fold_of_group[static_cast<std::size_t>(*group)] = fold;
  }
  return fold_of_group;
}

/// The fold of each group: runs of nearly equal numbers of groups in a drawn order.
std::vector<std::int32_t> drawn(Index groups, Index n_splits, std::uint64_t seed) {
  std::vector<Index> positions(static_cast<std::size_t>(groups));
  Permutation(groups, seed, 0).positions(0, groups, positions.data());
  const std::vector<Index> starts = run_starts(run_lengths(groups, n_splits));
  std::vector<std::int32_t> fold_of_group;
  for (const Index position : positions) {
    const auto fold = std::ranges::upper_bound(starts, position) - starts.begin();
    fold_of_group.push_back(static_cast<std::int32_t>(fold));
  }
  return fold_of_group;
}

}  // namespace

Folds GroupKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const Index n_splits = params().n_splits;
  check_enough_rows(*data, n_splits, data->rows());
  const std::vector<Index> sizes = group_sizes(engine, *data);
  check_enough_groups(*data, n_splits, std::ssize(sizes));
  std::vector<std::int32_t> fold_of_group =
      params().shuffle ? drawn(std::ssize(sizes), n_splits, seed_of(engine, params().random_state))
                       : balanced(sizes, n_splits);
  return test_each_fold(data, n_splits, std::move(fold_of_group), sizes);
}

const ParamTable<PredefinedSplitParams>& PredefinedSplit::param_table() const {
  static const auto table =
      ParamTable<PredefinedSplitParams>(
          "PredefinedSplit",
          "The dataset of --groups says for each row which fold tests it; -1: none, it always "
          "trains.")
          .refuse("test_fold", {nullptr}, "it is the dataset that --groups names");
  return table;
}

Folds PredefinedSplit::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const std::vector<Index> sizes = group_sizes(engine, *data);
  const Labels& labels = data->groups(engine.comm());
  if (!labels.is_integer()) {
    refuse_data(
        fmt::format("{} must hold the numbers of folds, whole and -1 for rows that always "
                    "train; it holds {}",
                    where_groups(*data), labels.is_text() ? "text" : "fractions"));
  }
  std::vector<SplitPtr> splits =
      test_each_cell(cell_for_each_group(engine.comm(), data, sizes.size()), sizes);
  const Index always_trains = labels.find(-1.0);
  if (always_trains >= 0) splits.erase(splits.begin() + always_trains);
  if (splits.empty() || splits.front()->train_rows == 0) {
    refuse_data(
        fmt::format("{} holds no value but {}: {}", where_groups(*data), labels.text(0),
                    splits.empty() ? "no row is ever tested" : "no row is left to train on"));
  }
  return {std::move(splits), {}};
}

}  // namespace superstep
