// SPDX-License-Identifier: BSD-3-Clause
// Reads the features of a dataset as rows of numbers, whether they are kept as a matrix or as one
// dataset a column.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <superstep/data/schema.hpp>
#include <superstep/io/frame_layout.hpp>
#include <superstep/io/row_reader.hpp>
#include "data/sparse_reader.hpp"
#include "data/text_reader.hpp"

namespace superstep {

/// Any number of threads may read at once.
class FeatureReader {
 public:
  /// How caches of decoded chunks are made: by the layout and how tall a block is.
  struct Use {
    int readers = 1;
  };
  FeatureReader(const DatasetLayout& matrix, std::vector<std::string> names, Use use);
  FeatureReader(const FrameLayout& frame, Use use);
  FeatureReader(const SparseLayout& sparse, std::vector<std::string> names, Use use);

  /// "train.h5:/X".
  const std::string& where() const { return where_; }
  /// "float64"; "table" of several.
  std::string type() const;
  std::string storage() const;
  Index rows() const { return rows_; }
  Index columns() const { return schema_.size(); }
  /// One dataset a column.
  bool is_table() const { return is_table_; }
  /// Where sparse rows are kept; null: rows are dense.
  const SparseReader* sparse() const { return sparse_ ? &*sparse_ : nullptr; }
  /// Where the only column holds texts; else null.
  const TextReader* texts() const { return texts_ ? &*texts_ : nullptr; }
  /// All rows in canonical blocks.
  BlockPlan plan(Index rows) const;
  const Schema& schema() const { return schema_; }
  /// Whether all values are exact in single precision.
  bool is_float32() const { return is_float32_; }

  /// Levels of categories are the positions in these lists from now on, one a column; what is in
  /// none is their size.
  void set_levels(const Schema& schema);

  void read_rows(Index first, Index count, double* out) const { read(first, count, out); }
  void read_rows(Index first, Index count, float* out) const { read(first, count, out); }

  std::size_t cache_bytes() const;
  /// `values`: most that a block of sparse rows holds.
  std::size_t scratch_bytes_per_thread(Index values) const;
  std::size_t bytes_read() const;
  void require_unchanged() const;

 private:
  struct Part {
    RowReader values;
    std::optional<RowReader> mask{};
    std::vector<double> level_of_code{};  ///< of a category
    bool is_date = false;
    bool is_text = false;
  };
  template <class T>
  void read(Index first, Index count, T* out) const;
  template <class T>
  void read_column(std::size_t c, Index first, Index count, std::vector<double>& values,
                   T* out) const;
  void to_levels(std::size_t c, Index first, std::vector<double>& values) const;
  void number_codes(Part& part, const Column& column);

  std::string where_;
  Index rows_ = 0;
  bool is_table_ = false;
  bool is_float32_ = false;
  Schema schema_;
  std::vector<Part> parts_;  ///< one a column; of a matrix, one; of sparse rows, none
  std::optional<SparseReader> sparse_{};
  std::optional<TextReader> texts_{};
};

}  // namespace superstep
