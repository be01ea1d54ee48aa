// SPDX-License-Identifier: BSD-3-Clause
// A block: a fixed run of consecutive rows, the unit of work. Where blocks begin depends on the
// shape of the dataset alone, never on ranks, threads, memory or chunking (rule 1).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/data/buffer.hpp>

namespace superstep {

/// Rows that hold few values other than zero: row i those from begin[i] to end[i], in columns that
/// ascend.
struct SparseRows {
  const Index* begin = nullptr;
  const Index* end = nullptr;
  const std::int32_t* columns = nullptr;
  const float* floats = nullptr;    ///< the values, in one of both forms
  const double* doubles = nullptr;  ///< likewise
  /// Of a column of texts: row i holds the bytes from begin[i] to end[i], and there are no values.
  const char* bytes = nullptr;
  /// The columns in which any value stands, ascending; others may be among them. One behind the
  /// last stands the number of all columns, as if there were one more.
  std::span<const std::int32_t> touched{};

  std::string_view text(Index row) const {
    return {bytes + begin[row], static_cast<std::size_t>(end[row] - begin[row])};
  }
  double value(Index k) const { return floats != nullptr ? double{floats[k]} : doubles[k]; }
  /// With that one more.
  std::span<const std::int32_t> touched_and_one_more() const {
    return {touched.data(), touched.size() + 1};
  }
};

/// Doubles made of features that are kept in another form: once for all who ask. A worker's own.
class Widened {
 public:
  const double* of(const float* values, Index count);
  /// Written out: rows x columns.
  const double* of(const SparseRows& rows, Index count, Index columns);
  /// What comes next is something else, even if it lies in the same place.
  void forget() { from_ = nullptr; }

 private:
  const void* from_ = nullptr;
  Buffer<double> doubles_;
};

/// The features of a block, rows x columns, in the form in which they are kept: row-major doubles
/// or floats, or sparse rows. A kernel that knows the form reads it as it lies; everybody else asks
/// for doubles.
class Features {
 public:
  Features() = default;
  Features(const double* values) : doubles_(values) {}
  /// `widened` is to outlive this.
  Features(const float* values, Index count, Widened& widened)
      : floats_(values), rows_(count), columns_(1), widened_(&widened) {}
  /// Likewise the rows.
  Features(const SparseRows& sparse, Index rows, Index columns, Widened& widened)
      : sparse_(&sparse), rows_(rows), columns_(columns), widened_(&widened) {}

  /// Null where they are kept in another form.
  const float* floats() const { return floats_; }
  const SparseRows* sparse() const { return sparse_; }
  const double* doubles() const {
    if (sparse_ != nullptr) return widened_->of(*sparse_, rows_, columns_);
    return floats_ == nullptr ? doubles_ : widened_->of(floats_, rows_ * columns_);
  }

 private:
  const double* doubles_ = nullptr;
  const float* floats_ = nullptr;
  const SparseRows* sparse_ = nullptr;
  Index rows_ = 0;
  Index columns_ = 0;
  Widened* widened_ = nullptr;
};

/// Sparse rows as they are made, one after the other. A worker's own.
class SparseRowsOut {
 public:
  /// Nothing is there; rows of so many columns come.
  void begin(Index columns);
  /// Of the row that is being made, in columns that ascend.
  void put(std::int32_t column, double value) {
    columns_of_values_.push_back(column);
    values_.push_back(value);
  }
  void end_row() { ends_.push_back(std::ssize(values_)); }
  /// What was made, until the next begin().
  const SparseRows& rows();

 private:
  Index columns_ = 0;
  std::vector<Index> ends_;  ///< of each row; the first is that of the row before them
  std::vector<std::int32_t> columns_of_values_, touched_;
  std::vector<double> values_;
  std::vector<std::uint64_t> seen_;
  SparseRows rows_;
};

/// Writes the numbers in `columns`, below `all`, that are there, ascending, and `all` behind them;
/// returns how many there are. `to`: room for one more than there can be. `seen`: scratch.
Index distinct_columns(std::span<const std::int32_t> columns, Index all,
                       std::vector<std::uint64_t>& seen, std::int32_t* to);

/// What a kernel sees of a block. The memory belongs to the engine and lasts for one call.
struct Block {
  Index index = 0;        ///< number of the block in the dataset
  Index position = 0;     ///< its number among the selected blocks
  Index first_row = 0;    ///< number of its first row in the dataset
  Index first_place = 0;  ///< place of its first row among the selected rows
  Index rows = 0;
  Index columns = 0;
  Features x{};
  Index targets = 1;               ///< values of y in a row: more than 1 for numbers only
  const double* y = nullptr;       ///< targets, row-major, or class codes; null when none are read
  const double* code = nullptr;    ///< class codes, if the engine has them at hand; else null
  const double* weight = nullptr;  ///< one weight a row; null when all are one
  const double* group = nullptr;   ///< one group code a row; null if the engine has none at hand
  /// Of the rows that are here, their numbers in the whole block: a table may show a fold's rows
  /// only. Null: all of them.
  const std::int32_t* taken = nullptr;

  /// Number in the dataset of the i-th row here.
  Index row(Index i) const { return first_row + (taken == nullptr ? i : Index{taken[i]}); }
  /// Its place among the rows selected by --rows and --sample.
  Index place(Index i) const { return first_place + (taken == nullptr ? i : Index{taken[i]}); }
  double weight_of(Index row) const { return weight == nullptr ? 1.0 : weight[row]; }
};

/// The canonical blocks of a dataset.
class BlockPlan {
 public:
  BlockPlan() = default;
  /// All rows. `columns` decides how tall a block is: 4096 rows, fewer when the rows are wide.
  BlockPlan(Index rows, Index columns);
  /// Likewise for sparse rows, which hold so many values together: blocks are short where there are
  /// few rows, for a value costs as much as in a dense row of many.
  static BlockPlan of_sparse(Index rows, Index values);
  /// The same rows in blocks so short, of one row at least, that there are some thousand of them:
  /// what samples are drawn from.
  BlockPlan in_pieces() const;
  /// A subset of another plan's blocks, in ascending order.
  BlockPlan(const BlockPlan& all, std::vector<Index> chosen);

  Index size() const { return is_subset_ ? static_cast<Index>(chosen_.size()) : n_blocks_; }
  Index rows() const { return selected_rows_; }
  Index rows_per_block() const { return rows_per_block_; }
  /// First row in the file of the i-th block.
  Index first_row(Index i) const { return id(i) * rows_per_block_; }
  /// Rows of the i-th block.
  Index rows_of(Index i) const;
  /// Canonical number of the i-th block.
  Index id(Index i) const { return is_subset_ ? chosen_[static_cast<std::size_t>(i)] : i; }

 private:
  /// To so many rows a block at most.
  void shorten(Index rows_per_block);

  Index total_rows_ = 0;
  Index selected_rows_ = 0;
  Index rows_per_block_ = 1;
  Index n_blocks_ = 0;
  bool is_subset_ = false;
  std::vector<Index> chosen_;
};

/// A contiguous share of `n` things for one of `parts`: sizes differ by one at most.
struct Share {
  Index begin = 0;
  Index end = 0;
  Index size() const { return end - begin; }
};
Share share_of(Index n, int part, int parts);

}  // namespace superstep
