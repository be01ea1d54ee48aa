// SPDX-License-Identifier: BSD-3-Clause
// Folds: a partition puts every row into one cell; a split says what each cell is for. The five
// splits of KFold(5) share one partition of five cells, so one pass that keeps the cells apart
// serves all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <superstep/data/block.hpp>

namespace superstep {

/// Which cell each row lies in: a function of the row's place among the selected rows, its class
/// code and its group, never of ranks. Immutable, used by many threads.
class Partition {
 public:
  virtual ~Partition() = default;
  virtual Index cells() const = 0;
  /// cell[i]: of the block's i-th row. The block may be one of a table's selected rows.
  virtual void assign(const Block& block, std::int32_t* cell) const = 0;
};

/// What a split does with the rows of a cell.
enum class Role : std::uint8_t { unused, train, test };

struct Split {
  std::shared_ptr<const Partition> partition;
  std::vector<Role> roles;  ///< one a cell
  Index train_rows = 0;
  Index test_rows = 0;
  std::string name{};  ///< which split this is, in the names of stages; empty: has none

  Role role_of(std::int32_t cell) const { return roles[static_cast<std::size_t>(cell)]; }
  Index rows(Role role) const { return role == Role::train ? train_rows : test_rows; }
};
using SplitPtr = std::shared_ptr<const Split>;

/// What became of a splitter and a dataset.
struct Folds {
  std::vector<SplitPtr> splits;  ///< in scikit-learn's order; they share partitions
  std::vector<std::string> warnings;
};

/// What a partition wants to know of a block: its place alone, it reads targets and groups itself.
Block bare_block(const BlockPlan& blocks, Index i);

/// The rows of a block with some role in a split, in order. `cells` is scratch for the block's
/// rows; `rows` gets their numbers within the block. Returns how many.
Index rows_with_role(const Split& split, Role role, const Block& block, std::int32_t* cells,
                     std::int32_t* rows);

}  // namespace superstep
