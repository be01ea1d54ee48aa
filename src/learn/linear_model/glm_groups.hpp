// SPDX-License-Identifier: BSD-3-Clause
// Which rows count for which models of a batch. Models that train on the same rows with the same
// class weights form a group and share a column of row weights, which is zero where they do not
// train. A group none of whose rows lie in a panel is left out of it: what it would have added are
// zeros.
#pragma once

#include <superstep/math/links.hpp>

#include "learn/linear_model/glm_objective.hpp"

namespace superstep {

/// The groups' weights on a panel of rows.
struct PanelWeights {
  const double* values = nullptr;  ///< rows x groups; null: all 1
  Index groups = 1;
  /// One a group.
  const std::int32_t* any = nullptr;      ///< whether a row counts
  const std::int32_t* sampled = nullptr;  ///< whether the panel is in the group's sample

  double of(Index row, Index group) const {
    return values == nullptr ? 1.0 : values[row * groups + group];
  }
};

class GlmGroups {
 public:
  /// Of the group of models that was added last, or a new one: models of a group come one behind
  /// the other. Returns its number.
  std::int32_t add(const GlmObjective& model, std::size_t level);

  /// Finds the cells of a block's rows. The workspace's integers are these groups' own.
  void begin(const Block& block, Workspace& workspace) const;
  /// Rows `first` .. `first` + `rows` of that block. `slot` of the workspace's doubles is kept.
  PanelWeights weights(const Block& block, Index panel, Index first, Index rows, std::size_t slot,
                       Workspace& workspace) const;

 private:
  struct Group {
    const GlmRows* rows;
    Vector class_weight;
    const RowSample* sample;
    std::size_t partition = 0;  ///< of partitions_; read where rows->split is
  };
  std::vector<Group> groups_;
  std::vector<const Partition*> partitions_;
};

}  // namespace superstep
