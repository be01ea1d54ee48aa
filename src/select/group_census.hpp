// SPDX-License-Identifier: BSD-3-Clause
// What splitters must know of the groups of the rows: how many rows, of which classes, each has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>
#include <superstep/engine/engine.hpp>

namespace superstep {

/// "patients.h5:/groups", for messages.
std::string where_groups(const Dataset& data);

/// Rows of each group, by code. The list of groups counts to the budget. AgreedError when a row has
/// none. **Collective.**
std::vector<Index> group_sizes(Engine& engine, Dataset& data);

/// Rows of each class in each group, a row of n_classes numbers a group; the classes must be known
/// to be in order. **Collective.**
std::vector<Index> class_counts_of_groups(Engine& engine, Dataset& data, Index n_classes);

/// Each group is a cell of its own. **Collective.**
std::shared_ptr<const Partition> cell_for_each_group(const Communicator& comm,
                                                     const std::shared_ptr<Dataset>& data,
                                                     std::size_t groups);

/// Folds of whole groups. `sizes`: rows of each group.
Folds test_each_fold(const std::shared_ptr<const Dataset>& data, Index n_splits,
                     std::vector<std::int32_t> fold_of_group, const std::vector<Index>& sizes);

}  // namespace superstep
