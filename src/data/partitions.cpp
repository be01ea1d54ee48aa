// SPDX-License-Identifier: BSD-3-Clause
#include "data/partitions.hpp"

#include <algorithm>
#include <numeric>

namespace superstep {

namespace {

/// Rows of the whole block up to the last one here.
Index rows_up_to_last(const Block& block) {
  return block.taken == nullptr || block.rows == 0 ? block.rows : block.taken[block.rows - 1] + 1;
}

/// One value a row here, from those of the whole block.
template <class T>
void keep_taken(const Block& block, std::vector<T>& values) {
  if (block.taken == nullptr) return;
  for (Index i = 0; i < block.rows; ++i) {
    values[static_cast<std::size_t>(i)] = values[static_cast<std::size_t>(block.taken[i])];
  }
}

/// The position of each row of the block in an order; its place when there is none.
std::vector<Index> positions_of(const Block& block, const std::optional<Permutation>& order) {
  std::vector<Index> positions(static_cast<std::size_t>(rows_up_to_last(block)));
  if (order) {
    order->positions(block.first_place, std::ssize(positions), positions.data());
  } else {
    std::iota(positions.begin(), positions.end(), block.first_place);
  }
  keep_taken(block, positions);
  return positions;
}

/// The codes of the block's rows as the engine read them, or read here when it did not: a table may
/// want other targets, or none.
template <class Read>
const double* codes_of(const Dataset& data, const Block& block, const double* given, Read&& read,
                       std::vector<double>& memory) {
  if (given != nullptr) return given;
  memory.resize(static_cast<std::size_t>(data.blocks().rows_of(block.position)));
  read(block.position, memory.data());
  keep_taken(block, memory);
  return memory.data();
}

/// How many of the ascending starts are at or before the position.
std::int32_t cell_at(const Index* starts, Index count, Index position) {
  constexpr Index few = 12;  // a search would guess wrong as often as it compares
  if (count <= few) {
    std::int32_t cell = 0;
    for (Index s = 0; s < count; ++s) cell += starts[s] <= position ? 1 : 0;
    return cell;
  }
  return static_cast<std::int32_t>(std::upper_bound(starts, starts + count, position) - starts);
}

}  // namespace

RunPartition::RunPartition(std::vector<Index> starts, std::optional<Permutation> order)
    : starts_(std::move(starts)), order_(std::move(order)) {}

void RunPartition::assign(const Block& block, std::int32_t* cell) const {
  const std::vector<Index> positions = positions_of(block, order_);
  for (Index i = 0; i < block.rows; ++i) {
    cell[i] = cell_at(starts_.data(), std::ssize(starts_), positions[static_cast<std::size_t>(i)]);
  }
}

ClassPartition::ClassPartition(std::shared_ptr<const Dataset> data, Index cells,
                               std::vector<Index> starts, std::optional<Permutation> order)
    : data_(std::move(data)), cells_(cells), starts_(std::move(starts)), order_(std::move(order)) {}

void ClassPartition::assign(const Block& block, std::int32_t* cell) const {
  std::vector<double> memory;
  const double* codes = codes_of(
      *data_, block, block.code, [&](Index i, double* out) { data_->read_classes(i, out); },
      memory);
  const std::vector<Index> positions = positions_of(block, order_);
  const Index width = cells_ - 1;
  for (Index i = 0; i < block.rows; ++i) {
    // A target that is no number is reported by whoever reads the block.
    const Index code = codes[i] >= 0.0 ? static_cast<Index>(codes[i]) : 0;
    cell[i] = cell_at(starts_.data() + code * width, width, positions[static_cast<std::size_t>(i)]);
  }
}

GroupPartition::GroupPartition(std::shared_ptr<const Dataset> data, Index cells,
                               std::vector<std::int32_t> cell_of_group)
    : data_(std::move(data)), cells_(cells), cell_of_group_(std::move(cell_of_group)) {}

void GroupPartition::assign(const Block& block, std::int32_t* cell) const {
  std::vector<double> memory;
  const double* codes = codes_of(
      *data_, block, block.group, [&](Index i, double* out) { data_->read_groups(i, out); },
      memory);
  for (Index i = 0; i < block.rows; ++i) {
    cell[i] = cell_of_group_[static_cast<std::size_t>(codes[i])];
  }
}

WithinSplit::WithinSplit(SplitPtr split, std::shared_ptr<const Partition> cells)
    : split_(std::move(split)),
      cells_(std::move(cells)),
      has_unused_(std::ranges::find(split_->roles, Role::unused) != split_->roles.end()) {}

void WithinSplit::assign(const Block& block, std::int32_t* cell) const {
  cells_->assign(block, cell);
  std::vector<std::int32_t> of_split(static_cast<std::size_t>(block.rows));
  split_->partition->assign(block, of_split.data());
  const auto tested = static_cast<std::int32_t>(cells_->cells());
  for (Index i = 0; i < block.rows; ++i) {
    const Role role = split_->role_of(of_split[static_cast<std::size_t>(i)]);
    if (role != Role::train) cell[i] = role == Role::test ? tested : tested + 1;
  }
}

std::vector<SplitPtr> test_each_cell(const std::shared_ptr<const Partition>& partition,
                                     const std::vector<Index>& cell_rows) {
  const Index all = std::accumulate(cell_rows.begin(), cell_rows.end(), Index{0});
  std::vector<SplitPtr> splits;
  for (std::size_t tested = 0; tested < cell_rows.size(); ++tested) {
    auto split = std::make_shared<Split>();
    split->partition = partition;
    split->roles.assign(static_cast<std::size_t>(partition->cells()), Role::unused);
    std::fill_n(split->roles.begin(), cell_rows.size(), Role::train);
    split->roles[tested] = Role::test;
    split->test_rows = cell_rows[tested];
    split->train_rows = all - cell_rows[tested];
    splits.push_back(std::move(split));
  }
  return splits;
}

std::vector<Index> run_lengths(Index n, Index k) {
  std::vector<Index> lengths(static_cast<std::size_t>(k), n / k);
  for (Index i = 0; i < n % k; ++i) ++lengths[static_cast<std::size_t>(i)];
  return lengths;
}

std::vector<Index> run_starts(const std::vector<Index>& lengths) {
  std::vector<Index> starts(lengths.size() - 1);
  std::partial_sum(lengths.begin(), lengths.end() - 1, starts.begin());
  return starts;
}

}  // namespace superstep
