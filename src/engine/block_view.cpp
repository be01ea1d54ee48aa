// SPDX-License-Identifier: BSD-3-Clause
#include "engine/block_view.hpp"

#include <algorithm>

namespace superstep {

Block BlockView::of(const Table& table, Index position, const StoredBlock& stored) {
  const Dataset& data = *table.data;
  const BlockPlan& plan = data.blocks();
  Block block = bare_block(plan, position);
  block.columns = data.columns();
  if (!data.is_float32() && !data.is_sparse()) block.x = stored.x64.data();
  if (table.target != Target::none) block.y = stored.y.data();
  if (table.target == Target::numbers) block.targets = data.targets();
  if (stored.target == Target::classes) block.code = stored.y.data();
  if (data.has_weight()) block.weight = stored.weight.data();
  if (data.has_groups()) block.group = stored.group.data();
  next_ = 0;
  if (table.split) choose_rows(table, block);
  if (table.class_weight) weigh_classes(*table.class_weight, block);
  if (data.is_sparse()) {
    keep_sparse(stored, plan.rows_of(position), block);
  } else if (block.taken != nullptr) {
    block.x = data.is_float32() ? copy_chosen(stored.x32.data(), plan, block)
                                : copy_chosen(stored.x64.data(), plan, block);
  } else if (data.is_float32()) {
    block.x = {stored.x32.data(), block.rows * block.columns, widened_};
  }
  for (const auto& map : table.maps) {
    if (const auto* function = dynamic_cast<const TargetFunction*>(map.get())) {
      change_targets(*function, block);
      continue;
    }
    apply(*map, plan, block);
  }
  return block;
}

void BlockView::apply(const RowMap& map, const BlockPlan& plan, Block& block) {
  const SparseRows* sparse = block.x.sparse();
  const Index columns = map.columns_out();
  if (sparse != nullptr && map.keeps_sparse()) {
    SparseRowsOut& out = sparse_out_[next_];
    next_ = 1 - next_;
    out.begin(columns);
    map.apply_sparse(*sparse, block.rows, out);
    widened_view_.forget();
    block.x = {out.rows(), block.rows, columns, widened_view_};
  } else {
    double* to = next_scratch(plan, columns);
    if (const auto* placed = dynamic_cast<const PlacedMap*>(&map)) {
      placed->apply_in(block, block.x.doubles(), to);
    } else if (sparse != nullptr) {
      map.apply_to_sparse(*sparse, block.rows, to);
    } else {
      map.apply(block.x.doubles(), block.rows, to);
    }
    block.x = to;
  }
  block.columns = columns;
}

// The chosen rows are told by where they begin and end: none is copied.
void BlockView::keep_sparse(const StoredBlock& stored, Index rows, Block& block) {
  const Index* const begin = stored.begin.data();
  sparse_ = {.begin = begin,
             .end = begin + 1,
             .columns = stored.columns.data(),
             .floats = stored.x32.data(),
             .doubles = stored.x64.data(),
             .bytes = stored.bytes.data(),
             .touched = {stored.touched.data(), static_cast<std::size_t>(begin[rows + 1])}};
  Widened* widened = &widened_;
  if (block.taken != nullptr) {
    begin_.grow(rows);
    end_.grow(rows);
    for (Index i = 0; i < block.rows; ++i) {
      begin_.data()[i] = begin[block.taken[i]];
      end_.data()[i] = begin[block.taken[i] + 1];
    }
    sparse_.begin = begin_.data();
    sparse_.end = end_.data();
    widened = &widened_view_;
    widened->forget();
  }
  block.x = {sparse_, block.rows, block.columns, *widened};
}

// Room for all rows of a block, so that it is taken once: what grew a little from block to block
// would leave holes behind.
double* BlockView::next_scratch(const BlockPlan& plan, Index columns) {
  Buffer<double>& buffer = scratch_[next_];
  next_ = 1 - next_;
  buffer.grow(std::min(plan.rows_per_block(), plan.rows()) * columns);
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
const double* BlockView::copy_chosen(const T* from, const BlockPlan& plan, const Block& block) {
  double* const begin = next_scratch(plan, block.columns);
  double* to = begin;
  for (Index i = 0; i < block.rows; ++i) {
    to = std::copy_n(from + Index{block.taken[i]} * block.columns, block.columns, to);
  }
  return begin;
}

}  // namespace superstep
