// SPDX-License-Identifier: BSD-3-Clause
#include "engine/wish.hpp"

#include <algorithm>
#include <cmath>

namespace superstep {

void Wish::fail() {
  const std::lock_guard lock(mutex_);
  if (!has_failed_) status_ = status_of_current_exception();
  has_failed_ = true;
}

// Sums.

namespace {

/// Words that travel with the sums.
enum Extra : Index { failures, bad_blocks, n_extra };

}  // namespace

SumWish::SumWish(const Table& table, const SumShape& shape, const Engine::SumMap& map,
                 Index workers)
    : Wish(table), shape_(shape), map_(map) {
  const int window = ExactSum::window(table.data->blocks().size());
  scales_ = ExactSum::scales(shape, window);
  for (Index w = 0; w < workers; ++w) {
    sums_.emplace_back(shape, window, n_extra);
    Buffer<double>& values = partials_.emplace_back(shape.partial_size());
    std::fill_n(values.data(), shape.partial_size(), 0.0);
  }
}

void SumWish::look(int worker, const Block& block, Workspace& workspace) {
  const auto w = static_cast<std::size_t>(worker);
  Partial partial(shape_, partials_[w].data());
  map_(block, partial, workspace);
  sums_[w].deposit(shape_, partial.values(), scales_.data(), partial.written());
  partial.clear();
}

Wish::Ending SumWish::exchange(const Communicator& comm, Ending here) {
  ExactSum& total = sums_.front();
  for (std::size_t w = 1; w < sums_.size(); ++w) total.add(sums_[w]);
  // MPI takes room of its own for messages.
  sums_.erase(sums_.begin() + 1, sums_.end());
  partials_.clear();
  scales_ = {};
  total.extra()[failures] = here.has_failed ? 1 : 0;
  total.extra()[bad_blocks] = here.met_bad_values ? 1 : 0;
  comm.sum(total.words());
  return {total.extra()[failures] > 0, total.extra()[bad_blocks] > 0};
}

bool SumWish::all_hold() const {
  for (Index r = 0; r < shape_.runs(); ++r) {
    if (sums_.front().violations(r) != 0) return false;
  }
  return true;
}

// Maxima. Two more entries carry what happened.

MaximumWish::MaximumWish(const Table& table, Index entries, const Map& map, Index workers)
    : Wish(table), entries_(static_cast<std::size_t>(entries)), map_(map) {
  maxima_.assign(static_cast<std::size_t>(workers), std::vector<double>(entries_ + 2, -HUGE_VAL));
}

void MaximumWish::look(int worker, const Block& block, Workspace& workspace) {
  map_(worker, block, std::span(maxima_[static_cast<std::size_t>(worker)]).first(entries_),
       workspace);
}

Wish::Ending MaximumWish::exchange(const Communicator& comm, Ending here) {
  std::vector<double>& total = maxima_.front();
  for (const std::vector<double>& other : maxima_) {
    std::ranges::transform(total, other, total.begin(),
                           [](double a, double b) { return std::max(a, b); });
  }
  maxima_.resize(1);
  total[entries_] = here.has_failed ? 1.0 : 0.0;
  total[entries_ + 1] = here.met_bad_values ? 1.0 : 0.0;
  comm.max(std::span<double>(total));
  const Ending anywhere{total[entries_] > 0.0, total[entries_ + 1] > 0.0};
  total.resize(entries_);
  return anywhere;
}

// Integers. Two more entries carry what happened.

TallyWish::TallyWish(const Table& table, Index entries, Engine::TallyMap& map, BlockStates& states,
                     Index workers)
    : Wish(table),
      entries_(static_cast<std::size_t>(entries)),
      map_(map),
      states_(states),
      sums_(static_cast<std::size_t>(workers)) {}

void TallyWish::look(int worker, const Block& block, Workspace& workspace) {
  std::vector<std::int64_t>& sums = sums_[static_cast<std::size_t>(worker)];
  sums.resize(entries_ + n_extra);
  map_.look(worker, block, std::span(sums).first(entries_), workspace);
}

void TallyWish::finish(int worker) {
  std::vector<std::int64_t>& sums = sums_[static_cast<std::size_t>(worker)];
  if (!sums.empty()) map_.finish(worker, std::span(sums).first(entries_));
}

Wish::Ending TallyWish::exchange(const Communicator& comm, Ending here) {
  std::vector<std::int64_t>& total = sums_.front();
  total.resize(entries_ + n_extra);
  for (std::size_t w = 1; w < sums_.size(); ++w) {
    for (std::size_t i = 0; i < sums_[w].size(); ++i) total[i] += sums_[w][i];
  }
  sums_.resize(1);
  total[entries_ + failures] = here.has_failed ? 1 : 0;
  total[entries_ + bad_blocks] = here.met_bad_values ? 1 : 0;
  comm.sum(total);
  const Ending anywhere{total[entries_ + failures] > 0, total[entries_ + bad_blocks] > 0};
  total.resize(entries_);
  return anywhere;
}

// Looks and rows.

namespace {

Wish::Ending on_any_rank(const Communicator& comm, Wish::Ending here) {
  std::vector<double> happened = {here.has_failed ? 1.0 : 0.0, here.met_bad_values ? 1.0 : 0.0};
  comm.max(std::span<double>(happened));
  return {happened[0] > 0.0, happened[1] > 0.0};
}

}  // namespace

Wish::Ending LookWish::exchange(const Communicator& comm, Ending here) {
  return on_any_rank(comm, here);
}

RowsWish::RowsWish(const Table& table, Index width, const Engine::RowsMap& map,
                   const Engine::RowsSink& sink, int workers)
    : Wish(table), width_(width), map_(map), sink_(sink), outbox_(workers) {}

void RowsWish::look(int, const Block& block, Workspace& workspace) {
  Buffer<double> out = outbox_.take_buffer(std::max<Index>(block.rows * width_, 1));
  map_(block, out.data(), workspace);
  outbox_.put(block.position * table().data->blocks().rows_per_block(), block.rows, std::move(out));
}

Wish::Ending RowsWish::exchange(const Communicator& comm, Ending here) {
  try {
    outbox_.drain(sink_);
  } catch (...) {
    fail();
    here.has_failed = true;
  }
  return on_any_rank(comm, here);
}

}  // namespace superstep
