// SPDX-License-Identifier: BSD-3-Clause
#include "select/group_census.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/comm/collectively.hpp>

#include "data/partitions.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

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

/// The groups, which from now on take of what the budget has, and so does a cell for each. Where
/// they are counted and put in order, two numbers for each come and go.
const Labels& groups_within_budget(Engine& engine, Dataset& data) {
  const bool is_new = data.group_bytes() == 0;
  const MemoryBudget& budget = engine.budget();
  const Labels& groups = data.groups(engine.comm(), {budget.for_work(), budget.taken});
  if (is_new) {
    engine.hold(data.group_bytes() +
                static_cast<std::size_t>(groups.size()) * sizeof(std::int32_t));
  }
  return groups;
}

/// Hands the group codes of this rank's blocks to `f`, block by block. A code that is none is
/// counted instead. **Collective.**
template <class F>
void for_each_block(const Communicator& comm, const Dataset& data, F&& f) {
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
        if (code >= 0.0 && std::isfinite(code)) continue;
        if (bad++ == 0) first_bad = blocks.first_row(i) + r;
      }
      if (bad == 0) f(i, codes);
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
}

}  // namespace

std::string where_groups(const Dataset& data) { return data.path() + ":" + data.options().groups; }

std::vector<Index> group_sizes(Engine& engine, Dataset& data) {
  const Communicator& comm = engine.comm();
  const Labels& groups = groups_within_budget(engine, data);
  check_distinct(data, groups);
  std::vector<Index> sizes(static_cast<std::size_t>(groups.size()), 0);
  for_each_block(comm, data, [&](Index i, const std::vector<double>& codes) {
    for (Index r = 0; r < data.blocks().rows_of(i); ++r) {
      ++sizes[static_cast<std::size_t>(codes[static_cast<std::size_t>(r)])];
    }
  });
  comm.sum(sizes);
  return sizes;
}

std::vector<Index> class_counts_of_groups(Engine& engine, Dataset& data, Index n_classes) {
  const Communicator& comm = engine.comm();
  const Labels& groups = groups_within_budget(engine, data);
  check_distinct(data, groups);
  constexpr Index most_counters = Index{1} << 26;  // 512 MiB on every rank
  if (groups.size() > most_counters / n_classes) {
    refuse_data(fmt::format(
        "{} groups ({}) of {} classes are more than StratifiedGroupKFold can count; use GroupKFold",
        groups.size(), where_groups(data), n_classes));
  }
  std::vector<Index> counts(static_cast<std::size_t>(groups.size() * n_classes), 0);
  std::vector<double> classes(static_cast<std::size_t>(data.blocks().rows_per_block()));
  for_each_block(comm, data, [&](Index i, const std::vector<double>& codes) {
    data.read_classes(i, classes.data());
    for (Index r = 0; r < data.blocks().rows_of(i); ++r) {
      const auto group = static_cast<Index>(codes[static_cast<std::size_t>(r)]);
      const auto c = static_cast<Index>(classes[static_cast<std::size_t>(r)]);
      ++counts[static_cast<std::size_t>(group * n_classes + c)];
    }
  });
  comm.sum(counts);
  return counts;
}

std::shared_ptr<const Partition> cell_for_each_group(const Communicator& comm,
                                                     const std::shared_ptr<Dataset>& data,
                                                     std::size_t groups) {
  // Every split has a role for every cell.
  collectively(comm, [&] { check_split_count(static_cast<Index>(groups)); });
  std::vector<std::int32_t> cells(groups);
  for (std::size_t g = 0; g < groups; ++g) cells[g] = static_cast<std::int32_t>(g);
  return std::make_shared<GroupPartition>(data, static_cast<Index>(groups), std::move(cells));
}

Folds test_each_fold(const std::shared_ptr<const Dataset>& data, Index n_splits,
                     std::vector<std::int32_t> fold_of_group, const std::vector<Index>& sizes) {
  std::vector<Index> fold_rows(static_cast<std::size_t>(n_splits), 0);
  for (std::size_t g = 0; g < sizes.size(); ++g) {
    fold_rows[static_cast<std::size_t>(fold_of_group[g])] += sizes[g];
  }
  const auto partition = std::make_shared<GroupPartition>(data, n_splits, std::move(fold_of_group));
  return {test_each_cell(partition, fold_rows), {}};
}

}  // namespace superstep
