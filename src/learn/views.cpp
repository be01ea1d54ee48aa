// SPDX-License-Identifier: BSD-3-Clause
#include "learn/views.hpp"

#include <algorithm>

namespace superstep {

bool View::operator==(const View& other) const {
  const bool same_map =
      features == other.features || (features && other.features && *features == *other.features);
  return split == other.split && centred == other.centred && same_map;
}

std::vector<ViewGroup> grouped(std::span<const View> views) {
  std::vector<ViewGroup> groups;
  for (std::size_t i = 0; i < views.size(); ++i) {
    auto found = std::ranges::find(groups, views[i], &ViewGroup::view);
    if (found == groups.end()) found = groups.insert(groups.end(), {views[i], {}});
    found->members.push_back(i);
  }
  return groups;
}

Table seen_by(const View& view, const Table& table) {
  Table seen = view.split ? table.only(view.split, Role::train) : table;
  return view.features ? seen.through(view.features) : seen;
}

std::vector<SplitPtr> splits_of(std::span<const ViewGroup> groups) {
  std::vector<SplitPtr> splits;
  for (const ViewGroup& g : groups) splits.push_back(g.view.split);
  return splits;
}

}  // namespace superstep
