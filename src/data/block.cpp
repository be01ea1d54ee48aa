// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/block.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace superstep {

const double* Widened::of(const float* values, Index count) {
  if (from_ == values) return doubles_.data();
  doubles_.grow(count);
  std::copy_n(values, count, doubles_.data());
  from_ = values;
  return doubles_.data();
}

const double* Widened::of(const SparseRows& rows, Index count, Index columns) {
  if (rows.bytes != nullptr) throw std::logic_error("texts are asked for as numbers");
  if (from_ == rows.begin) return doubles_.data();
  doubles_.grow(count * columns);
  std::fill_n(doubles_.data(), count * columns, 0.0);
  for (Index i = 0; i < count; ++i) {
    double* to = doubles_.data() + i * columns;
    for (Index k = rows.begin[i]; k < rows.end[i]; ++k) to[rows.columns[k]] = rows.value(k);
  }
  from_ = rows.begin;
  return doubles_.data();
}

void SparseRowsOut::begin(Index columns) {
  columns_ = columns;
  ends_.assign(1, 0);
  columns_of_values_.clear();
  values_.clear();
}

const SparseRows& SparseRowsOut::rows() {
  const auto most = std::min<std::size_t>(values_.size(), static_cast<std::size_t>(columns_));
  touched_.resize(most + 1);
  const Index touched = distinct_columns(columns_of_values_, columns_, seen_, touched_.data());
  rows_ = {.begin = ends_.data(),
           .end = ends_.data() + 1,
           .columns = columns_of_values_.data(),
           .doubles = values_.data(),
           .touched = {touched_.data(), static_cast<std::size_t>(touched)}};
  return rows_;
}

Index distinct_columns(std::span<const std::int32_t> columns, Index all,
                       std::vector<std::uint64_t>& seen, std::int32_t* to) {
  seen.assign(static_cast<std::size_t>(all) / 64 + 1, 0);
  for (const std::int32_t c : columns) {
    seen[static_cast<std::size_t>(c) / 64] |= std::uint64_t{1} << (c % 64);
  }
  Index count = 0;
  for (std::size_t word = 0; word < seen.size(); ++word) {
    for (std::uint64_t bits = seen[word]; bits != 0; bits &= bits - 1) {
      to[count++] = static_cast<std::int32_t>(64 * word) + std::countr_zero(bits);
    }
  }
  to[count] = static_cast<std::int32_t>(all);
  return count;
}

BlockPlan::BlockPlan(Index rows, Index columns) : total_rows_(rows), selected_rows_(rows) {
  // Tall enough that adding a block's sums up exactly costs little beside computing them, and no
  // more than 32 MiB, so that wide rows leave several blocks within any sensible memory budget.
  constexpr std::size_t most_values = std::size_t{1} << 22;
  const auto width = static_cast<std::size_t>(std::max<Index>(columns, 1));
  const std::size_t fitting = std::bit_floor(std::max<std::size_t>(most_values / width, 1));
  rows_per_block_ = static_cast<Index>(std::clamp<std::size_t>(fitting, 64, 4096));
  n_blocks_ = (rows + rows_per_block_ - 1) / rows_per_block_;
}

BlockPlan BlockPlan::of_sparse(Index rows, Index values) {
  constexpr std::size_t fewest_blocks = 32;
  // A value and its column take up to one and a half times as much as a double.
  const Index width = 3 * values / (2 * std::max<Index>(rows, 1)) + 1;
  BlockPlan plan(rows, width);
  const auto short_enough = std::bit_floor(static_cast<std::size_t>(rows) / fewest_blocks);
  plan.shorten(std::max<Index>(static_cast<Index>(short_enough), 64));
  return plan;
}

BlockPlan BlockPlan::in_pieces() const {
  constexpr std::size_t fewest_pieces = 2048;
  BlockPlan plan = *this;
  const auto short_enough = std::bit_floor(static_cast<std::size_t>(total_rows_) / fewest_pieces);
  plan.shorten(std::max<Index>(static_cast<Index>(short_enough), 1));
  return plan;
}

void BlockPlan::shorten(Index rows_per_block) {
  rows_per_block_ = std::min(rows_per_block_, rows_per_block);
  n_blocks_ = (total_rows_ + rows_per_block_ - 1) / rows_per_block_;
}

BlockPlan::BlockPlan(const BlockPlan& all, std::vector<Index> chosen)
    : total_rows_(all.total_rows_),
      rows_per_block_(all.rows_per_block_),
      n_blocks_(all.n_blocks_),
      is_subset_(true),
      chosen_(std::move(chosen)) {
  selected_rows_ = 0;
  for (Index i = 0; i < size(); ++i) selected_rows_ += rows_of(i);
}

Index BlockPlan::rows_of(Index i) const {
  return std::min(rows_per_block_, total_rows_ - first_row(i));
}

Share share_of(Index n, int part, int parts) {
  const Index each = n / parts;
  const Index rest = n % parts;
  const Index begin = part * each + std::min<Index>(part, rest);
  return {begin, begin + each + (part < rest ? 1 : 0)};
}

}  // namespace superstep
