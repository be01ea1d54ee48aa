// SPDX-License-Identifier: BSD-3-Clause
// Where a class's rows lie: what stratified splitters need to know, found in a few passes over the
// targets alone and kept in a few numbers for each class.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>

#include "data/permutation.hpp"

namespace superstep {

/// The classes of the selected rows, by code.
struct ClassCensus {
  std::vector<Index> counts;
  std::vector<Index> first;  ///< place of the first row of each
};

/// AgreedError in scikit-learn's words when the targets are not classes. **Collective.**
ClassCensus class_census(const Communicator& comm, Dataset& data);
/// The same of the rows that train in each of some splits (null: all), in one pass. Without
/// `by_class` all rows are of one class, and no targets are read. **Collective.**
std::vector<ClassCensus> class_censuses(const Communicator& comm, Dataset& data,
                                        std::span<const SplitPtr> within, bool by_class);

/// AgreedError when no class has a row for each fold; a warning when some class that has rows has
/// not.
std::vector<std::string> check_class_sizes(const Dataset& data, const ClassCensus& census,
                                           Index n_splits);

/// How the rows of each class go into cells.
struct ClassRuns {
  Index cells = 0;
  /// The order in which the rows of a class are counted; none: that of the file.
  std::optional<Permutation> order{};
  /// For each class, how many of its rows come before its cells 1, 2, ...: rows of cells - 1.
  std::vector<Index> ranks;
  std::vector<Index> counts;  ///< rows of each class
  /// Only the rows that train in it count, and only they lie in these cells: the rows that it tests
  /// have a cell behind them, and its unused ones another. Null: all rows.
  SplitPtr within{};
};

/// One partition for each of the requests. All are found in the same passes, of which 16 million
/// rows of a few classes take two. **Collective.**
std::vector<std::shared_ptr<const Partition>> partition_classes(
    const Communicator& comm, const std::shared_ptr<Dataset>& data,
    const std::vector<ClassRuns>& requests, bool by_class = true);

}  // namespace superstep
