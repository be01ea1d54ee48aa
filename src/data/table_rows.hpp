// SPDX-License-Identifier: BSD-3-Clause
// The rows of a table as they are written into another one: numbers and categories from its blocks,
// free text, which blocks do not hold, from the file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/row_reader.hpp>

namespace superstep {

/// Any number of threads may ask at once.
class TableRows {
 public:
  /// Looks at the file again. **Collective.**
  TableRows(const Communicator& comm, const Dataset& data);

  /// What the columns are, texts with no bytes yet.
  const std::vector<TableColumn>& columns() const { return columns_; }
  Index texts() const { return std::ssize(texts_); }
  /// Those of a block's rows, one behind the other: `into`, one a text column.
  void read_texts(Index block, std::span<const std::int32_t> rows,
                  std::vector<TextRows>& into) const;
  /// A row of a block that was read: its numbers and categories become row `to` of `out`.
  void put(const StoredBlock& from, Index row, Index to, std::span<const ColumnSpan> out) const;

 private:
  struct Text {
    RowReader values;
    std::optional<RowReader> ends{};
  };
  void read_text(const Text& text, Index block, std::span<const std::int32_t> rows,
                 TextRows& into) const;

  BlockPlan blocks_;
  std::vector<TableColumn> columns_;
  std::vector<Text> texts_;  ///< in the order of the columns
};

}  // namespace superstep
