// SPDX-License-Identifier: BSD-3-Clause
// Passes over the blocks of this rank: every block is read once, shown to everybody who wants it,
// and given back.
#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>

#include "engine/engine_impl.hpp"

namespace superstep {

namespace {

/// For the person who watches: one text for all tasks, each name once.
std::string names_of(std::span<const Wanted> wanted) {
  std::vector<std::string> names;
  for (const Wanted& w : wanted) {
    if (std::ranges::find(names, w.task->name) == names.end()) names.push_back(w.task->name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " + ") + name;
  return text;
}

/// What all ranks begin.
Event beginning(const Table& table, std::span<const Wanted> wanted, const std::string& names) {
  const Dataset& data = *table.data;
  Event event{.kind = Event::Kind::pass, .name = names, .is_sample = table.block_stride != 1};
  event.rows = data.rows() / table.block_stride;
  event.bytes = static_cast<Index>(data.feature_bytes(event.rows));
  for (const Wanted& w : wanted) {
    event.number = std::max(event.number, w.task->passes);
    event.expected = std::max(event.expected, w.task->expected_passes);
    event.models += w.task->models;
    event.models_done += w.task->models_done;
  }
  return event;
}

}  // namespace

bool Engine::Impl::is_read(std::span<const Wanted> wanted, Index block) {
  return std::ranges::any_of(wanted, [&](const Wanted& w) { return w.wish->reads(block); });
}

void Engine::Impl::ask(Wish& wish) {
  trainings_.ask(wish);
  tell_task();  // who shared the pass has gone on before
  if (wish.failure) std::rethrow_exception(wish.failure);
}

// What all ranks know to be wrong with the pass itself is everybody's failure.
void Engine::Impl::grant(std::span<const Wanted> wanted) {
  Table table = wanted.front().wish->table();
  for (const Wanted& w : wanted) {
    if (table.target == Target::none) table.target = w.wish->table().target;
  }
  try {
    prepare(table);
    pass(table, wanted);
    exchange(wanted);
  } catch (const AgreedError&) {
    for (const Wanted& w : wanted) w.wish->failure = std::current_exception();
  }
}

void Engine::Impl::prepare(const Table& table) {
  move_blocks(table);
  if (!serves(table)) reserve(table, {}, "");
  const Stretch loading(engine_.events_, {.kind = Event::Kind::load});
  if (!store_->load(pool_, [&] { tick(loading); })) return;
  std::vector<Index> all(static_cast<std::size_t>(store_->size()));
  std::iota(all.begin(), all.end(), Index{0});
  loading.end(of_blocks(loading.seconds(), all));
}

void Engine::Impl::pass(const Table& table, std::span<const Wanted> wanted) {
  for (const Wanted& w : wanted) ++w.task->passes;
  const Stretch passing(engine_.events_, beginning(table, wanted, names_of(wanted)));
  const std::size_t read_before = store_->data().bytes_read();
  const auto everybody_fails = [&] {
    for (const Wanted& w : wanted) w.wish->fail();
  };
  try {
    std::vector<Index> here;
    for (Index k = 0; k < store_->size(); ++k) here.push_back(store_->global(k));
    for (const Wanted& w : wanted) w.wish->begin(here);
    store_->begin_pass(table, [&](Index block) { return is_read(wanted, block); });
  } catch (...) {
    everybody_fails();
  }
  look_at_blocks(wanted, passing);
  store_->end_pass();
  if (store_->data().bytes_read() != read_before) {
    try {
      store_->data().require_unchanged();
    } catch (...) {
      everybody_fails();
    }
  }
  double waited_s = 0.0;
  for (Worker& w : workers_) {
    waited_s += std::exchange(w.waited_s, 0.0) / static_cast<double>(workers_.size());
  }
  Event ended = of_blocks(waited_s, store_->in_pass());
  ended.blocks_streamed = store_->streamed_in_pass();
  ended.is_sample = table.block_stride != 1;
  passing.end(ended);
}

// The calling thread writes and tells between its blocks and while it waits for others, who may
// have to wait for it before they take their next block: nobody waits holding one.
void Engine::Impl::look_at_blocks(std::span<const Wanted> wanted, const Stretch& stretch) {
  const std::vector<Index>& blocks = store_->in_pass();
  const std::size_t n = blocks.size();
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> done = 0;
  const auto is_over = [&] {
    return std::ranges::all_of(wanted, [](const Wanted& w) { return w.wish->has_failed(); });
  };
  const auto fraction = [&] {
    return n == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(n);
  };
  const auto each = [&](auto&& f) {
    for (const Wanted& w : wanted) {
      if (w.wish->has_failed()) continue;
      try {
        f(*w.wish);
      } catch (...) {
        w.wish->fail();
      }
    }
    if (is_over()) store_->cancel();
  };
  const auto between = [&] { each([](Wish& wish) { wish.between(); }); };
  pool_.run(
      [&](int number) {
        Worker& mine = workers_[static_cast<std::size_t>(number)];
        for (;;) {
          if (number != 0) {
            for (const Wanted& w : wanted) w.wish->hold();
          }
          const std::size_t i = next++;
          if (i >= n || is_over()) {
            each([number](Wish& wish) { wish.finish(number); });
            return;
          }
          const Index k = blocks[i];
          try {
            const Index position = store_->global(k);
            const bool reads = is_read(wanted, position);
            const StoredBlock* stored = reads ? store_->acquire(k, mine.waited_s) : nullptr;
            if (!reads || stored != nullptr) {
              mine.view.next_block();
              each([&](Wish& wish) {
                const Block block = reads ? mine.view.of(wish.table(), position, *stored)
                                          : bare_block(store_->data().blocks(), position);
                if (block.rows > 0) wish.look(number, block, mine.workspace);
              });
            }
            if (reads) store_->release(k);
          } catch (...) {
            for (const Wanted& w : wanted) w.wish->fail();
            store_->cancel();
          }
          ++done;
          if (number != 0) continue;
          between();
          tick(stretch, fraction());
        }
      },
      [&] {
        tick(stretch, fraction());
        between();
      });
}

void Engine::Impl::exchange(std::span<const Wanted> wanted) {
  const Stretch exchanging(engine_.events_, {.kind = Event::Kind::exchange});
  const bool is_bad_here = store_->bad_values().any();
  std::vector<Wish::Ending> anywhere;
  for (const Wanted& w : wanted) {
    anywhere.push_back(w.wish->exchange(engine_.comm_, {w.wish->has_failed(), is_bad_here}));
  }
  exchanging.end({});
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    try {
      if (anywhere[i].has_failed) agree(engine_.comm_, wanted[i].wish->status());
    } catch (const AgreedError&) {
      wanted[i].wish->failure = std::current_exception();
    }
  }
  // The same blocks for all, so bad for all.
  if (std::ranges::any_of(anywhere, &Wish::Ending::met_bad_values)) {
    try {
      report_bad_values();
    } catch (const BadValuesError&) {
      for (const Wanted& w : wanted) {
        if (!w.wish->failure) w.wish->failure = std::current_exception();
      }
    }
  }
}

void Engine::Impl::tick(const Stretch& stretch, double fraction) {
  if (seconds_since(last_tick_) < 0.1) return;
  last_tick_ = Clock::now();
  stretch.goes_on(fraction);
}

Event Engine::Impl::of_blocks(double waited_s, std::span<const Index> blocks) const {
  const Dataset& data = store_->data();
  Index rows = 0;
  for (const Index k : blocks) rows += data.blocks().rows_of(store_->global(k));
  return {.bytes = static_cast<Index>(data.feature_bytes(rows)),
          .blocks = std::ssize(blocks),
          .rows = rows,
          .wait_s = waited_s};
}

void Engine::Impl::report_bad_values() {
  // Every block has been looked at; put the findings of all ranks together.
  const Communicator& comm = engine_.comm_;
  const BadValues mine = store_->bad_values();
  const std::int64_t none = std::numeric_limits<std::int64_t>::max();
  BadValues all;
  const auto merge = [&](Index count, Index first, Index& all_count, Index& all_first) {
    all_count = comm.sum(count);
    const Index least = comm.min(count > 0 ? first : Index{none});
    all_first = all_count > 0 ? least : -1;
  };
  merge(mine.x_count, mine.x_first, all.x_count, all.x_first);
  merge(mine.y_count, mine.y_first, all.y_count, all.y_first);
  merge(mine.weight_count, mine.weight_first, all.weight_count, all.weight_first);
  const bool is_nan_here = mine.x_count > 0 && mine.x_first == all.x_first && mine.x_first_is_nan;
  all.x_first_is_nan = comm.max(Index{is_nan_here ? 1 : 0}) == 1;
  throw_bad_values(store_->data(), all);
}

}  // namespace superstep
