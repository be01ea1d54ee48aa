// SPDX-License-Identifier: BSD-3-Clause
#include "learn/cells.hpp"

namespace superstep {

Cells::Cells(std::span<const SplitPtr> splits) {
  for (const SplitPtr& split : splits) {
    const Partition* partition = split ? split->partition.get() : nullptr;
    const auto is_its = [&](const Part& p) { return p.partition == partition; };
    if (std::ranges::none_of(parts_, is_its)) {
      parts_.push_back({partition, size_, partition == nullptr ? 1 : partition->cells()});
      size_ += parts_.back().cells;
      used_.resize(static_cast<std::size_t>(size_));
    }
    for (const Role role : {Role::train, Role::test}) {
      for (const Index cell : with_role(split, role)) used_[static_cast<std::size_t>(cell)] = true;
    }
  }
}

const Cells::Part& Cells::part_of(const SplitPtr& split) const {
  const Partition* partition = split ? split->partition.get() : nullptr;
  return *std::ranges::find(parts_, partition, &Part::partition);
}

std::vector<Index> Cells::with_role(const SplitPtr& split, Role role) const {
  const Part& part = part_of(split);
  std::vector<Index> cells;
  for (Index c = 0; c < part.cells; ++c) {
    const Role its_role = split ? split->role_of(static_cast<std::int32_t>(c)) : Role::train;
    if (its_role == role) cells.push_back(part.first + c);
  }
  return cells;
}

std::vector<Index> Cells::of_partition(const SplitPtr& split) const {
  const Part& part = part_of(split);
  std::vector<Index> cells;
  for (Index c = 0; c < part.cells; ++c) cells.push_back(part.first + c);
  return cells;
}

std::vector<std::vector<std::size_t>> by_partition(std::span<const SplitPtr> splits) {
  const auto partition = [](const SplitPtr& s) { return s ? s->partition.get() : nullptr; };
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const auto same = [&](const std::vector<std::size_t>& group) {
      return partition(splits[group.front()]) == partition(splits[i]);
    };
    auto found = std::ranges::find_if(groups, same);
    if (found == groups.end()) found = groups.insert(groups.end(), std::vector<std::size_t>{});
    found->push_back(i);
  }
  return groups;
}

}  // namespace superstep
