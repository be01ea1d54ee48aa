// SPDX-License-Identifier: BSD-3-Clause
// Reads sparse rows into blocks: columns ascending, each once.
#pragma once

#include <optional>
#include <string>

#include <superstep/data/dataset.hpp>
#include <superstep/io/row_reader.hpp>
#include <superstep/io/sparse_layout.hpp>

namespace superstep {

/// Any number of threads may read at once.
class SparseReader {
 public:
  /// `readers` threads will read blocks of `tall` rows.
  SparseReader(const SparseLayout& layout, int readers, Index tall);

  const SparseLayout& layout() const { return layout_; }
  Index values() const { return layout_.values.rows(); }
  bool is_float32() const { return layout_.values.type.is_exact_in_float(); }
  /// The most values that any of these blocks holds. FileError where rows do not lie one behind the
  /// other.
  Index most_values(const BlockPlan& plan) const;
  /// Rows [first, first + count).
  void read(Index first, Index count, StoredBlock& into) const;

  std::size_t cache_bytes() const;
  /// For blocks of so many values.
  std::size_t scratch_bytes_per_thread(Index values) const;
  std::size_t bytes_read() const;
  void require_unchanged() const { begins_.require_unchanged(); }

 private:
  Index begin_of(Index row) const;
  void read_columns(Index first, Index count, std::int32_t* to) const;
  template <class T>
  Index order_rows(Index rows, Index* begin, std::int32_t* columns, T* values) const;
  [[noreturn]] void throw_damaged(const std::string& what) const;

  SparseLayout layout_;
  RowReader begins_;
  std::optional<RowReader> columns_, values_;  ///< nothing where no value is stored
};

}  // namespace superstep
