// SPDX-License-Identifier: BSD-3-Clause
// Reads a column of texts into blocks.
#pragma once

#include <cstddef>
#include <optional>

#include <superstep/data/dataset.hpp>
#include <superstep/io/frame_layout.hpp>
#include <superstep/io/row_reader.hpp>

namespace superstep {

/// Any number of threads may read at once.
class TextReader {
 public:
  /// `readers` threads will read.
  TextReader(const FrameColumn& column, int readers);

  Index rows() const { return (ends_ ? ends_->rows() - 1 : texts_->rows()); }
  /// Of all texts; where each text is kept by itself, what a usual one takes times their number.
  Index bytes() const;
  /// The most that any of these blocks holds. Texts that are kept each by itself are read for that.
  Index most_bytes(const BlockPlan& plan) const;
  /// Rows [first, first + count).
  void read(Index first, Index count, StoredBlock& into) const;

  std::size_t cache_bytes() const;
  std::size_t scratch_bytes_per_thread() const;
  std::size_t bytes_read() const;

 private:
  std::vector<double> begins(Index first, Index count) const;
  [[noreturn]] void throw_damaged(Index first, Index count) const;

  std::optional<RowReader> texts_;  ///< nothing where all are empty
  std::optional<RowReader> ends_;   ///< of texts that lie one behind the other
};

}  // namespace superstep
