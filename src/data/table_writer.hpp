// SPDX-License-Identifier: BSD-3-Clause
// The columns of a table on their way into a file, in the layout of AnnData's data frame: /table
// has a dataset or a group for each column, /table_text those of free text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/buffer.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/parallel_file.hpp>
#include "data/text_column_writer.hpp"

namespace superstep {

/// Under which names HDF5 can hold columns of these, all different: without "/", not ".", and not
/// the name of the row numbers.
std::vector<std::string> stored_names(const std::vector<TableColumn>& columns);

class TableWriter {
 public:
  TableWriter(const std::string& path, const RowFormat& format);

  /// What a row takes while it is written.
  static std::size_t bytes_per_row(const RowFormat& format);
  bool has_texts() const { return !texts_.empty(); }
  /// Groups and datasets. **Collective.**
  void create_in(ParallelFile& file, const DatasetOptions& options);
  /// Attributes and categories; the same call on every rank.
  void describe_in(ParallelFile& file) const;
  /// Categories that are numbers, by the root.
  void put_number_levels(ParallelFile& file) const;

  /// Room for a portion of so many rows, filled by so many tasks.
  void begin(Index rows, Index tasks);
  /// Where the rows from `begin` on are put, by task `task`.
  std::vector<ColumnSpan> rows_at(Index begin, Index task);
  /// Rows [begin, end) of a portion that begins at row `first` become float32 if they are to.
  void narrow(Index first, Index begin, Index end);
  /// All but the texts.
  void put(ParallelFile& file, Index first, Index count);
  /// **Collective.**
  void put_texts(const Communicator& comm, ParallelFile& file, Index first, Index count);

 private:
  using Values = std::variant<Buffer<double>, Buffer<std::int64_t>, Buffer<std::uint64_t>,
                              Buffer<std::int8_t>, Buffer<std::int32_t>>;
  struct Column {
    const TableColumn* what;
    std::string path;  ///< of its dataset or group
    Values values;
    Buffer<float> floats{};
    ParallelFile::Dataset dataset{};
    std::vector<double> number_levels{};  ///< where categories are numbers
    ParallelFile::Dataset levels{};       ///< likewise
    TextColumnWriter* text = nullptr;
  };
  ElementType type_of(const Column& column) const;
  void describe(ParallelFile& file, const Column& column) const;
  void put_codes(ParallelFile& file, const Column& column, Index first, Index count) const;

  const std::string& path_;
  const RowFormat& format_;
  std::vector<std::string> stored_;
  std::vector<TextColumnWriter> texts_;
  std::vector<Column> columns_;
  ParallelFile::Dataset index_{};
};

}  // namespace superstep
