// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/leave_out.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <superstep/core/error.hpp>

#include "data/partitions.hpp"
#include "select/group_census.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

/// Choices of p of n things; more than there may be splits count as one more than that.
Index choices(Index n, Index p) {
  p = std::min(p, n - p);
  Index count = 1;
  for (Index i = 1; i <= p && count <= most_splits; ++i) count = count * (n - p + i) / i;
  return std::min(count, most_splits + 1);
}

/// Tests each choice of p cells, in the order of itertools.combinations.
std::vector<SplitPtr> test_each_choice(const std::shared_ptr<const Partition>& partition, Index p,
                                       const std::vector<Index>& cell_rows) {
  const Index n = std::ssize(cell_rows);
  const Index all = std::accumulate(cell_rows.begin(), cell_rows.end(), Index{0});
  std::vector<Index> chosen(static_cast<std::size_t>(p));
  std::iota(chosen.begin(), chosen.end(), Index{0});
  std::vector<SplitPtr> splits;
  while (true) {
    auto split = std::make_shared<Split>();
    split->partition = partition;
    split->roles.assign(cell_rows.size(), Role::train);
    for (const Index cell : chosen) {
      split->roles[static_cast<std::size_t>(cell)] = Role::test;
      split->test_rows += cell_rows[static_cast<std::size_t>(cell)];
    }
    split->train_rows = all - split->test_rows;
    splits.push_back(std::move(split));
    // The last place that can still move up does, and those behind it follow on.
    Index place = p - 1;
    while (place >= 0 && chosen[static_cast<std::size_t>(place)] == n - p + place) --place;
    if (place < 0) return splits;
    std::iota(chosen.begin() + place, chosen.end(), chosen[static_cast<std::size_t>(place)] + 1);
  }
}

/// Each choice of p rows is tested once.
Folds leave_rows_out(const Dataset& data, Index p, std::string_view splitter) {
  const Index rows = data.rows();
  if (p >= rows) {
    refuse_data(fmt::format("p={} must be strictly less than the number of samples={}", p, rows));
  }
  if (choices(rows, p) > most_splits) {
    refuse_data(
        fmt::format("{} of {} rows makes more than the {} splits that can be handled; use "
                    "KFold(10), or fewer rows (--rows)",
                    splitter, rows, most_splits));
  }
  const std::vector<Index> ones(static_cast<std::size_t>(rows), 1);
  return {test_each_choice(std::make_shared<RunPartition>(run_starts(ones)), p, ones), {}};
}

/// Each choice of p groups is tested once. **Collective.**
Folds leave_groups_out(Engine& engine, const std::shared_ptr<Dataset>& data, Index p,
                       std::string_view splitter) {
  const std::vector<Index> sizes = group_sizes(engine, *data);
  if (std::ssize(sizes) <= p) {
    refuse_data(fmt::format(
        "The groups parameter contains fewer than {} unique groups ({} in {}), which {} expects",
        p + 1, sizes.size(), where_groups(*data), splitter));
  }
  if (choices(std::ssize(sizes), p) > most_splits) {
    refuse_data(
        fmt::format("{} of {} groups ({}) makes more than the {} splits that can be handled; use "
                    "GroupKFold(10), or GroupShuffleSplit",
                    splitter, sizes.size(), where_groups(*data), most_splits));
  }
  return {test_each_choice(cell_for_each_group(engine.comm(), data, sizes.size()), p, sizes), {}};
}

void check_given(const char* name, Index value) {
  if (value >= 1) return;
  throw UsageError(fmt::format("{0} must be given and at least 1, such as {0}=2", name));
}

}  // namespace

const ParamTable<LeaveOneOutParams>& LeaveOneOut::param_table() const {
  static const ParamTable<LeaveOneOutParams> table("LeaveOneOut",
                                                   "Each row is tested once; for few rows.");
  return table;
}

Folds LeaveOneOut::make_folds(Engine&, const std::shared_ptr<Dataset>& data) const {
  return leave_rows_out(*data, 1, name());
}

const ParamTable<LeavePOutParams>& LeavePOut::param_table() const {
  static const auto table =
      ParamTable<LeavePOutParams>("LeavePOut", "Each choice of p rows is tested; for few rows.")
          .add("p", &LeavePOutParams::p, stated(">= 1"), "rows that are tested; must be given")
          .positional(1);
  return table;
}

void LeavePOut::check_params() const {
  SplitterOf::check_params();
  check_given("p", params().p);
}

Folds LeavePOut::make_folds(Engine&, const std::shared_ptr<Dataset>& data) const {
  return leave_rows_out(*data, params().p, name());
}

const ParamTable<LeaveOneGroupOutParams>& LeaveOneGroupOut::param_table() const {
  static const ParamTable<LeaveOneGroupOutParams> table(
      "LeaveOneGroupOut", "Each group of --groups is tested once, in ascending order.");
  return table;
}

Folds LeaveOneGroupOut::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return leave_groups_out(engine, data, 1, name());
}

const ParamTable<LeavePGroupsOutParams>& LeavePGroupsOut::param_table() const {
  static const auto table =
      ParamTable<LeavePGroupsOutParams>("LeavePGroupsOut",
                                        "Each choice of n_groups groups of --groups is tested.")
          .add("n_groups", &LeavePGroupsOutParams::n_groups, stated(">= 1"),
               "groups that are tested; must be given")
          .positional(1);
  return table;
}

void LeavePGroupsOut::check_params() const {
  SplitterOf::check_params();
  check_given("n_groups", params().n_groups);
}

Folds LeavePGroupsOut::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return leave_groups_out(engine, data, params().n_groups, name());
}

}  // namespace superstep
