// SPDX-License-Identifier: BSD-3-Clause
// A block: a fixed run of consecutive rows, the unit of work. Where blocks begin depends on the
// shape of the dataset alone, never on ranks, threads, memory or chunking (rule 1).
#pragma once

#include <cstdint>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/data/buffer.hpp>

namespace superstep {

/// Doubles made of features that are kept in another form: once for all who ask. A worker's own.
class Widened {
 public:
  const double* of(const float* values, Index count);
  /// What comes next is something else, even if it lies in the same place.
  void forget() { from_ = nullptr; }

 private:
  const float* from_ = nullptr;
  Buffer<double> doubles_;
};

/// The features of a block, rows x columns, row-major, in the form in which they are kept. A kernel
/// that knows the form reads it as it lies; everybody else asks for doubles.
class Features {
 public:
  Features() = default;
  Features(const double* values) : doubles_(values) {}
  /// `widened` is to outlive this.
  Features(const float* values, Index count, Widened& widened)
      : floats_(values), count_(count), widened_(&widened) {}

  /// Null where they are kept in another form.
  const float* floats() const { return floats_; }
  const double* doubles() const {
    return floats_ == nullptr ? doubles_ : widened_->of(floats_, count_);
  }

 private:
  const double* doubles_ = nullptr;
  const float* floats_ = nullptr;
  Index count_ = 0;
  Widened* widened_ = nullptr;
};

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
  /// The same rows in blocks so short, of one row at least, that there are some thousand of them:
  /// what samples are drawn from.
  static BlockPlan in_pieces(Index rows, Index columns);
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
