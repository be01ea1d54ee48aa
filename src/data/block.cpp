// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/block.hpp>

#include <algorithm>
#include <bit>

namespace superstep {

const double* Widened::of(const float* values, Index count) {
  if (from_ == values) return doubles_.data();
  doubles_.grow(count);
  std::copy_n(values, count, doubles_.data());
  from_ = values;
  return doubles_.data();
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

BlockPlan BlockPlan::in_pieces(Index rows, Index columns) {
  constexpr std::size_t fewest_pieces = 2048;
  BlockPlan plan(rows, columns);
  const auto short_enough = std::bit_floor(static_cast<std::size_t>(rows) / fewest_pieces);
  plan.rows_per_block_ =
      std::clamp<Index>(static_cast<Index>(short_enough), 1, plan.rows_per_block_);
  plan.n_blocks_ = (rows + plan.rows_per_block_ - 1) / plan.rows_per_block_;
  return plan;
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
