// SPDX-License-Identifier: BSD-3-Clause
// Room: what a rank's memory is used for, and which blocks stay in it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <superstep/core/text.hpp>
#include "engine/engine_impl.hpp"

namespace superstep {

namespace {

std::vector<Index> numbers_of(const Share& share) {
  std::vector<Index> numbers(static_cast<std::size_t>(share.size()));
  std::iota(numbers.begin(), numbers.end(), share.begin);
  return numbers;
}

}  // namespace

// That of a rank that has most, as blocks lie as a rule: where they were moved, too.
std::size_t Engine::Impl::bytes_of_rows(const Table& table, const Footprint& need) const {
  const BlockPlan& plan = table.data->blocks();
  const Index blocks = std::max(share_of(plan.size(), 0, engine_.comm_.size()).size(),
                                std::ssize(blocks_here(table)));
  return static_cast<std::size_t>(blocks * plan.rows_per_block()) *
         static_cast<std::size_t>(need.row_bytes);
}

std::size_t Engine::Impl::bytes_beside(const Table& table, const Footprint& need) const {
  const Dataset& data = *table.data;
  const auto threads = workers_.size();
  const auto rows = static_cast<std::size_t>(data.blocks().rows_per_block());
  // Doubles of what is kept in another form, and at most two views behind maps. Views of sparse
  // rows that stay sparse are of the order of the rows.
  const bool widens = data.is_sparse() ? need.writes_out : data.is_float32();
  const std::size_t views = data.is_float32() ? std::min<std::size_t>(2, table.maps.size()) : 2;
  std::size_t widest = 0, sparse_views = 0, written_out = 0;
  Index seen = data.columns();
  bool is_sparse = data.is_sparse();
  for (const auto& map : table.maps) {
    if (is_sparse && !map->keeps_sparse()) {
      is_sparse = false;
      written_out = sizeof(double) * static_cast<std::size_t>(map->sparse_scratch());
    }
    seen = map->columns_out();
    if (is_sparse) {
      sparse_views = 4 * data.feature_bytes(data.blocks().rows_per_block());
    } else {
      widest = std::max(widest, static_cast<std::size_t>(seen));
    }
  }
  const std::size_t widened =
      widens ? static_cast<std::size_t>(is_sparse ? seen : data.columns()) : 0;
  const std::size_t per_thread =
      rows * 8 * (static_cast<std::size_t>(need.row_doubles) + widened + views * widest) +
      sparse_views + written_out;
  return threads * per_thread + need.bytes(threads) + data.reader_bytes(static_cast<int>(threads)) +
         bytes_of_rows(table, need);
}

std::vector<Index> Engine::Impl::blocks_here(const Table& table) const {
  if (placed_ == table.data) return placement_.of(engine_.comm_.rank());
  const Share share =
      share_of(table.data->blocks().size(), engine_.comm_.rank(), engine_.comm_.size());
  return numbers_of(share);
}

bool Engine::Impl::are_shared(const Table& table) const {
  return shared_ && shared_->serve(*table.data, table.target, blocks_here(table));
}

/// With fewer bytes for blocks this rank could not even stream them; what is shared is all there.
std::size_t Engine::Impl::least_blocks(const Table& table) const {
  if (are_shared(table)) return shared_->bytes_per_rank();
  const int threads = static_cast<int>(workers_.size());
  return BlockStore::least_capacity(*table.data, std::ssize(blocks_here(table)), table.target,
                                    threads, threads);
}

std::size_t Engine::Impl::least_memory(const Table& table, const Footprint& need) const {
  return engine_.budget_.taken + static_cast<std::size_t>(engine_.comm_.max(static_cast<Index>(
                                     bytes_beside(table, need) + least_blocks(table))));
}

void Engine::Impl::reserve(const Table& table, const Footprint& own, const std::string& what_for) {
  const Footprint need = own + trainings_.others();
  const int threads = static_cast<int>(workers_.size());
  const std::size_t beside = bytes_beside(table, need);
  const std::size_t blocks = least_blocks(table);
  const std::size_t budget = engine_.budget_.for_work();
  const auto smallest = static_cast<Index>(least_memory(table, need));
  const bool fits = engine_.comm_.min(Index{budget >= beside + blocks ? 1 : 0}) == 1;
  if (!fits) {
    const Index mib = Index{1} << 20;
    throw AgreedError(
        ExitCode::memory,
        fmt::format(
            "{}{} needs at least {} of memory per rank for {} ({} thread{}), the budget is {} "
            "({}); give --memory {}M or more, fewer threads, or fewer columns",
            what_for, trainings_.task().name.empty() ? "this" : trainings_.task().name,
            format_bytes(smallest), table.data->path(), threads, threads == 1 ? "" : "s",
            format_bytes(static_cast<Index>(engine_.budget_.bytes)), engine_.budget_.source,
            (smallest + static_cast<Index>(engine_.budget_.varies) + mib - 1) / mib));
  }
  if (serves(table) && (reserved_ | need) == reserved_) return;
  const Footprint both = reserved_ | need;
  const bool has_room = serves(table) && bytes_beside(table, both) + store_->bytes() <= budget;
  if (engine_.comm_.min(Index{has_room ? 1 : 0}) == 1) {  // what was read stays
    reserved_ = both;
    return;
  }
  if (store_) {
    store_.reset();
    return_free_pages();
  }
  store_ = std::make_unique<BlockStore>(table.data, blocks_here(table), table.target,
                                        BlockStore::Options{budget - beside, threads, threads,
                                                            are_shared(table) ? shared_ : nullptr});
  reserved_ = need;
}

bool Engine::Impl::has_room(const Footprint& need) const {
  return (reserved_ | (need + trainings_.others())) == reserved_;
}

bool Engine::Impl::share_blocks(const Table& table, const Footprint& need,
                                std::span<const Share> wanted) {
  const Communicator& comm = engine_.comm_;
  const bool are_there = shared_ && std::ranges::all_of(wanted, [&](const Share& share) {
                           return shared_->serve(*table.data, table.target, numbers_of(share));
                         });
  if (comm.min(Index{are_there ? 1 : 0}) == 1) return true;
  NodeBlocks::Need blocks = NodeBlocks::need_of(comm, *table.data, table.target, wanted);
  const std::size_t bytes = bytes_beside(table, need) + blocks.bytes_per_rank;
  const bool fits = blocks.has_room && bytes <= engine_.budget_.for_work();
  if (comm.min(Index{fits ? 1 : 0}) == 0) return false;
  store_.reset();
  shared_.reset();
  const Stretch sharing(engine_.events_, {.kind = Event::Kind::share});
  shared_ = std::make_shared<NodeBlocks>(comm, table.data, table.target, std::move(blocks), pool_,
                                         [&] { tick(sharing); });
  sharing.end({.wait_s = sharing.seconds()});
  return true;
}

void Engine::Impl::borrow_blocks(const Impl& other) {
  store_.reset();
  shared_ = other.shared_;
}

Footprint Engine::Impl::beside_blocks(const Table& table, const Footprint& least,
                                      const Footprint& ample) const {
  if (ample == least) return least;
  const std::size_t all = are_shared(table)
                              ? shared_->bytes_per_rank()
                              : table.data->block_bytes(table.target) * blocks_here(table).size();
  const auto stay = [&](const Footprint& need) {
    return bytes_beside(table, need) + all <= engine_.budget_.for_work();
  };
  const bool is_free = stay(ample) || !stay(least);
  return engine_.comm_.min(Index{is_free ? 1 : 0}) == 1 ? ample : least;
}

Footprint Engine::Impl::make_room(const Table& table, const Footprint& least,
                                  const Footprint& wanted) {
  if (serves(table) && has_room(least)) return reserved_;
  // Bytes grow evenly from `least` to `wanted`.
  constexpr Index whole = Index{1} << 20;
  const auto bytes = [&](const Footprint& need) {
    return static_cast<double>(bytes_beside(table, need) + least_blocks(table));
  };
  const double surplus = static_cast<double>(engine_.budget_.for_work()) - bytes(least);
  const double wish = bytes(least | wanted) - bytes(least);
  const double share = surplus >= wish ? 1.0 : std::max(0.0, surplus / wish);
  const Index agreed = engine_.comm_.min(static_cast<Index>(share * static_cast<double>(whole)));
  const auto between = [&](Index low, Index high) {
    return high <= low ? low
                       : low + static_cast<Index>(static_cast<double>(high - low) *
                                                  (static_cast<double>(agreed) / whole));
  };
  const Footprint low = least | Footprint{}, high = wanted | Footprint{};
  const Footprint need{between(low.sums, high.sums),
                       between(low.row_doubles, high.row_doubles),
                       between(low.replicated, high.replicated),
                       between(low.entries, high.entries),
                       between(low.solving, high.solving),
                       between(low.thread_doubles, high.thread_doubles),
                       low.writes_out || high.writes_out,
                       between(low.row_bytes, high.row_bytes)};
  reserve(table, need, "");
  return need;
}

// What is held beside the blocks stays; blocks are read by who has them now.
void Engine::Impl::move_blocks(const Table& table) {
  if (!mover_) return;
  Placement next = placed_ == table.data
                       ? placement_
                       : Placement(table.data->blocks().size(), engine_.comm_.size());
  const Placement before = next;
  mover_(next);
  if (next == before) return;
  placed_ = table.data;
  placement_ = std::move(next);
  store_.reset();
  const Footprint held = reserved_;
  reserve(table, held, "");
}

bool Engine::Impl::serves(const Table& table) const {
  return store_ && &store_->data() == table.data.get() &&
         (store_->target() == table.target || table.target == Target::none);
}

void Engine::reserve(const Table& table, const Footprint& need, const std::string& what_for) {
  impl_->reserve(table, need, what_for);
}

std::size_t Engine::least_memory(const Table& table, const Footprint& need) const {
  return impl_->least_memory(table, need);
}

Footprint Engine::beside_blocks(const Table& table, const Footprint& least,
                                const Footprint& ample) const {
  return impl_->beside_blocks(table, least, ample);
}

Footprint Engine::make_room(const Table& table, const Footprint& least, const Footprint& wanted) {
  return impl_->make_room(table, least, wanted);
}

bool Engine::has_room(const Table& table, const Footprint& need) const {
  return impl_->serves(table) && impl_->has_room(need);
}

bool Engine::share_blocks(const Table& table, const Footprint& need,
                          std::span<const Share> wanted) {
  return impl_->share_blocks(table, need, wanted);
}

void Engine::borrow_blocks(const Engine& other) { impl_->borrow_blocks(*other.impl_); }

}  // namespace superstep
