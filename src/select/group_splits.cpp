// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/group_splits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "select/argsort.hpp"
#include "select/partitions.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

std::string where_groups(const Dataset& data) { return data.path() + ":" + data.options().groups; }

/// Whole numbers beyond 2^53 are read as doubles that may be equal where they are not.
void check_distinct(const Dataset& data, const Labels& groups) {
  if (groups.is_text()) return;
  constexpr double limit = 9007199254740992.0;
  if (std::ranges::none_of(groups.numbers(), [](double v) { return std::fabs(v) >= limit; }))
    return;
  refuse_data(fmt::format(
      "{} holds numbers of 2^53 or more, which cannot be told apart for certain; number "
      "the groups anew, or write them as text",
      where_groups(data)));
}

/// Rows of each group, by code. **Collective.**
std::vector<Index> group_sizes(const Communicator& comm, Dataset& data) {
  const Labels& groups = data.groups(comm);
  check_distinct(data, groups);
  std::vector<Index> sizes(static_cast<std::size_t>(groups.size()), 0);
  const BlockPlan& blocks = data.blocks();
  Index bad = 0;
  Index first_bad = data.rows_in_file();
  collectively(comm, [&] {
    const Share share = share_of(blocks.size(), comm.rank(), comm.size());
    std::vector<double> codes(static_cast<std::size_t>(blocks.rows_per_block()));
    for (Index i = share.begin; i < share.end; ++i) {
      data.read_groups(i, codes.data());
      for (Index r = 0; r < blocks.rows_of(i); ++r) {
        const double code = codes[static_cast<std::size_t>(r)];
        if (code >= 0.0 && std::isfinite(code)) {
          ++sizes[static_cast<std::size_t>(code)];
        } else if (bad++ == 0) {
          first_bad = blocks.first_row(i) + r;
        }
      }
      comm.answer();
    }
    data.require_unchanged();
  });
  first_bad = comm.min(first_bad);
  bad = comm.sum(bad);
  if (bad > 0) {
    refuse_data(fmt::format("{} holds {} group{} that {} NaN or infinite, the first at row {}",
                            where_groups(data), bad, bad == 1 ? "" : "s", bad == 1 ? "is" : "are",
                            first_bad));
  }
  comm.sum(sizes);
  return sizes;
}

/// Each group is a cell of its own. **Collective.**
std::shared_ptr<const Partition> cell_for_each(const Communicator& comm,
                                               const std::shared_ptr<Dataset>& data,
                                               std::size_t groups) {
  collectively(comm, [&] { check_split_count(static_cast<Index>(groups)); });
  std::vector<std::int32_t> cells(groups);
  for (std::size_t g = 0; g < groups; ++g) cells[g] = static_cast<std::int32_t>(g);
  return std::make_shared<GroupPartition>(data, static_cast<Index>(groups), std::move(cells));
}

}  // namespace

const ParamTable<GroupKFoldParams>& GroupKFold::param_table() const {
  static const auto table =
      ParamTable<GroupKFoldParams>(
          "GroupKFold", "Folds of nearly equal size that part no group; groups from --groups.")
          .add("n_splits", &GroupKFoldParams::n_splits, stated(">= 2"), "number of folds")
          .positional(1);
  return table;
}

void GroupKFold::check_params() const {
  SplitterOf::check_params();
  check_fold_count(params().n_splits);
}

Folds GroupKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const Index n_splits = params().n_splits;
  check_enough_rows(*data, n_splits);
  const std::vector<Index> sizes = group_sizes(engine.comm(), *data);
  if (n_splits > std::ssize(sizes)) {
    refuse_data(
        fmt::format("Cannot have number of splits n_splits={} greater than the number of groups: "
                    "{}. Use fewer splits, or other groups than {}",
                    n_splits, sizes.size(), where_groups(*data)));
  }
  // The fold that has the fewest rows, the first of equals, takes the next group.
  using Load = std::pair<Index, std::int32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> lightest;
  for (Index f = 0; f < n_splits; ++f) lightest.emplace(0, static_cast<std::int32_t>(f));
  std::vector<std::int32_t> fold_of_group(sizes.size());
  std::vector<Index> fold_rows(static_cast<std::size_t>(n_splits), 0);
  const std::vector<Index> ascending = argsort(sizes);
  for (auto group = ascending.rbegin(); group != ascending.rend(); ++group) {
    const auto [rows, fold] = lightest.top();
    lightest.pop();
    const Index load = rows + sizes[static_cast<std::size_t>(*group)];
    lightest.emplace(load, fold);
    fold_of_group[static_cast<std::size_t>(*group)] = fold;
    fold_rows[static_cast<std::size_t>(fold)] = load;
  }
  const auto partition = std::make_shared<GroupPartition>(data, n_splits, std::move(fold_of_group));
  return {test_each_cell(partition, fold_rows), {}};
}

const ParamTable<LeaveOneGroupOutParams>& LeaveOneGroupOut::param_table() const {
  static const ParamTable<LeaveOneGroupOutParams> table(
      "LeaveOneGroupOut", "Each group of --groups is tested once, in ascending order.");
  return table;
}

Folds LeaveOneGroupOut::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const std::vector<Index> sizes = group_sizes(engine.comm(), *data);
  if (sizes.size() < 2) {
    refuse_data(fmt::format(
        "The groups parameter contains fewer than 2 unique groups ({}). LeaveOneGroupOut expects "
        "at least 2.",
        where_groups(*data)));
  }
  return {test_each_cell(cell_for_each(engine.comm(), data, sizes.size()), sizes), {}};
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
  const std::vector<Index> sizes = group_sizes(engine.comm(), *data);
  const Labels& labels = data->groups(engine.comm());
  if (!labels.is_integer()) {
    refuse_data(
        fmt::format("{} must hold the numbers of folds, whole and -1 for rows that always "
                    "train; it holds {}",
                    where_groups(*data), labels.is_text() ? "text" : "fractions"));
  }
  std::vector<SplitPtr> splits =
      test_each_cell(cell_for_each(engine.comm(), data, sizes.size()), sizes);
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
