// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_groups.hpp"

#include <algorithm>

namespace superstep {

namespace {

/// Integers of the workspace: what is known of the groups, then the cells of each partition.
constexpr std::size_t any_slot = 0, sampled_slot = 1, first_cells = 2;

}  // namespace

std::int32_t GlmGroups::add(const GlmObjective& model, std::size_t level) {
  const Vector& class_weight = model.task().class_weight;
  const bool is_new = groups_.empty() || groups_.back().rows != &model.rows() ||
                      groups_.back().class_weight.size() != class_weight.size() ||
                      groups_.back().class_weight != class_weight;
  if (is_new) {
    Group group{&model.rows(), class_weight, &model.rows().levels[level].sample};
    if (const Split* split = group.rows->split.get()) {
      const Partition* partition = split->partition.get();
      const auto found = std::ranges::find(partitions_, partition);
      group.partition = static_cast<std::size_t>(found - partitions_.begin());
      if (found == partitions_.end()) partitions_.push_back(partition);
    }
    groups_.push_back(std::move(group));
  }
  return static_cast<std::int32_t>(groups_.size()) - 1;
}

void GlmGroups::begin(const Block& block, Workspace& workspace) const {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    partitions_[i]->assign(block, workspace.integers(first_cells + i, block.rows));
  }
}

PanelWeights GlmGroups::weights(const Block& block, Index panel, Index first, Index rows,
                                std::size_t slot, Workspace& workspace) const {
  PanelWeights out;
  out.groups = static_cast<Index>(groups_.size());
  std::int32_t* any = workspace.integers(any_slot, out.groups);
  std::int32_t* sampled = workspace.integers(sampled_slot, out.groups);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    any[g] = 1;
    sampled[g] = groups_[g].sample->takes(block, panel) ? 1 : 0;
  }
  out.any = any;
  out.sampled = sampled;
  const double* weight = block.weight == nullptr ? nullptr : block.weight + first;
  const Group& only = groups_.front();
  if (out.groups == 1 && !only.rows->split && only.class_weight.size() == 0) {
    out.values = weight;
    return out;
  }
  double* values = workspace.doubles(slot, rows * out.groups);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const Split* split = group.rows->split.get();
    const std::int32_t* cell =
        split == nullptr ? nullptr
                         : workspace.integers(first_cells + group.partition, block.rows) + first;
    double* to = values + g;
    double largest = 0.0;
    for (Index i = 0; i < rows; ++i, to += out.groups) {
      double v = weight == nullptr ? 1.0 : weight[i];
      if (split != nullptr && split->role_of(cell[i]) != Role::train) v = 0.0;
      if (group.class_weight.size() != 0) {
        v *= group.class_weight[static_cast<Index>(block.y[first + i])];
      }
      *to = v;
      largest = std::max(largest, v);
    }
    any[g] = largest > 0.0 ? 1 : 0;
  }
  out.values = values;
  return out;
}

}  // namespace superstep
