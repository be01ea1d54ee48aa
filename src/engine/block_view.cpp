// SPDX-License-Identifier: BSD-3-Clause
#include "engine/block_view.hpp"

#include <algorithm>

namespace superstep {

Block BlockView::of(const Table& table, Index position, const StoredBlock& stored) {
  const Dataset& data = *table.data;
  const BlockPlan& plan = data.blocks();
  Block block = bare_block(plan, position);
  block.columns = data.columns();
  if (!data.is_float32()) block.x = stored.x64.data();
  if (table.target != Target::none) block.y = stored.y.data();
  if (table.target == Target::numbers) block.targets = data.targets();
  if (stored.target == Target::classes) block.code = stored.y.data();
  if (data.has_weight()) block.weight = stored.weight.data();
  if (data.has_groups()) block.group = stored.group.data();
  next_ = 0;
  if (table.split) choose_rows(table, block);
  if (table.class_weight) weigh_classes(*table.class_weight, block);
  if (block.taken != nullptr) {
    block.x = data.is_float32() ? copy_chosen(stored.x32.data(), block)
                                : copy_chosen(stored.x64.data(), block);
  } else if (data.is_float32()) {
    block.x = {stored.x32.data(), block.rows * block.columns, widened_};
  }
  for (const auto& map : table.maps) {
    if (const auto* function = dynamic_cast<const TargetFunction*>(map.get())) {
      change_targets(*function, block);
      continue;
    }
    double* to = next_scratch(block.rows * map->columns_out());
    if (const auto* placed = dynamic_cast<const PlacedMap*>(map.get())) {
      placed->apply_in(block, block.x.doubles(), to);
    } else {
      map->apply(block.x.doubles(), block.rows, to);
    }
    block.x = to;
    block.columns = map->columns_out();
  }
  return block;
}

double* BlockView::next_scratch(Index count) {
  Buffer<double>& buffer = scratch_[next_];
  next_ = 1 - next_;
  buffer.grow(count);
  return buffer.data();
}

// Leaves the features as they are: copy_chosen() takes the chosen ones.
void BlockView::choose_rows(const Table& table, Block& block) {
  cells_.grow(block.rows);
  taken_.grow(block.rows);
  const Index n = rows_with_role(*table.split, table.role, block, cells_.data(), taken_.data());
  if (n == block.rows) return;
  const auto pick = [&](const double*& values, Buffer<double>& into) {
    if (values == nullptr) return;
    into.grow(n);
    for (Index i = 0; i < n; ++i) into.data()[i] = values[taken_.data()[i]];
    values = into.data();
  };
  const auto pick_targets = [&](const double*& values, Buffer<double>& into) {
    into.grow(n * block.targets);
    double* to = into.data();
    for (Index i = 0; i < n; ++i) {
      to = std::copy_n(values + Index{taken_.data()[i]} * block.targets, block.targets, to);
    }
    values = into.data();
  };
  const bool y_is_code = block.y == block.code;
  block.targets == 1 ? pick(block.y, y_) : pick_targets(block.y, y_);
  block.code = y_is_code ? block.y : nullptr;
  pick(block.weight, weight_);
  pick(block.group, group_);
  block.rows = n;
  block.taken = taken_.data();
}

void BlockView::weigh_classes(const std::vector<double>& factors, Block& block) {
  class_weight_.grow(block.rows);
  for (Index i = 0; i < block.rows; ++i) {
    class_weight_.data()[i] = block.weight_of(i) * factors[static_cast<std::size_t>(block.code[i])];
  }
  block.weight = class_weight_.data();
}

void BlockView::change_targets(const TargetFunction& function, Block& block) {
  const Index count = block.rows * block.targets;
  changed_y_.grow(count);
  function.apply_to_targets(block.y, count, changed_y_.data());
  block.y = changed_y_.data();
}

/// The chosen rows, one behind the other, in double precision.
template <class T>
const double* BlockView::copy_chosen(const T* from, const Block& block) {
  double* const begin = next_scratch(block.rows * block.columns);
  double* to = begin;
  for (Index i = 0; i < block.rows; ++i) {
    to = std::copy_n(from + Index{block.taken[i]} * block.columns, block.columns, to);
  }
  return begin;
}

}  // namespace superstep
