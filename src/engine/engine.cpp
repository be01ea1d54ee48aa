// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/engine.hpp>

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/engine/journal.hpp>
#include "engine/engine_impl.hpp"
#include "engine/sample.hpp"

namespace superstep {

namespace {

/// Of works side by side: each has a stack's address space, and more gain nothing by a pass less.
constexpr std::size_t most_at_once = 64;

/// An answer that consists of doubles.
template <class Ask>
std::vector<double> doubles_of(Journal& journal, Journal::Kind kind, const Ask& ask) {
  const auto bytes = journal.answer(kind, [&] { return ByteWriter().put(ask()).take(); });
  return ByteReader(bytes).values<double>();
}

}  // namespace

Engine::Engine(const Communicator& comm, const EngineOptions& options, Events* beyond)
    : comm_(comm),
      options_(options),
      budget_(memory_budget(comm, options.memory, options.memory_from, options.taken)),
      fewest_threads_(static_cast<int>(comm.min(Index{options.threads}))),
      events_(beyond != nullptr ? beyond : &comm.events()) {
  collectively(comm, [&] { impl_ = std::make_unique<Impl>(*this, options.threads); });
  // Eigen cuts its products by the size of the caches it finds: the same everywhere, so that ranks
  // on different processors compute the same bits of what is replicated.
  Eigen::setCpuCacheSizes(std::ptrdiff_t{32} << 10, std::ptrdiff_t{512} << 10,
                          std::ptrdiff_t{4} << 20);
}

Engine::~Engine() = default;

void Engine::set_task(std::string task, Index passes) { impl_->set_task(std::move(task), passes); }

void Engine::set_models(Index done, Index of) {
  Task& task = impl_->task();
  task.models_done = done;
  task.models = of;
}

void Engine::set_mover(Mover mover) { impl_->set_mover(std::move(mover)); }

void Engine::set_journal(Journal* journal) { impl_->trainings().journal() = journal; }

Journal* Engine::journal() const { return impl_->trainings().journal(); }

void Engine::side_by_side(std::vector<Work> works) {
  if (works.size() > 1) impl_->trainings().keep_apart(works);
  impl_->trainings().run(std::move(works));
}

void Engine::side_by_side_where_there_is_room(std::vector<Work> works) {
  if (works.size() == 1) return works.front().run();
  impl_->trainings().keep_apart(works);
  for (auto next = works.begin(); next != works.end();) {
    std::vector<Work> some;
    Footprint sum;
    do {
      next->need = next->need + of_a_stack();
      sum = sum + next->need;
      some.push_back(std::move(*next++));
    } while (next != works.end() && some.size() < most_at_once &&
             impl_->has_room(sum + next->need + of_a_stack()));
    impl_->trainings().run(std::move(some));
  }
}

void Engine::count_teams() {
  std::vector<double> most;
  for_each_counter(counters(), [&](const CounterInfo& info, auto value) {
    if (info.over_teams == OverTeams::most) most.push_back(static_cast<double>(value));
  });
  comm_.max(std::span(most));
  Counters more = counters();
  auto next = most.begin();
  for_each_counter(more, [&]<class T>(const CounterInfo& info, T& value) {
    value = info.over_teams == OverTeams::most ? static_cast<T>(*next++) - value : T{0};
  });
  events_.publish({.kind = Event::Kind::other_teams, .more = &more});
}

// Supersteps.

std::vector<double> Engine::Impl::maximum(const Table& table, Index entries,
                                          const MaximumWish::Map& map) {
  engine_.events_.publish({.kind = Event::Kind::superstep});
  MaximumWish wish(table, entries, map, workers());
  ask(wish);
  return wish.maxima();
}

Totals Engine::superstep(const Table& table, SumShape& shape, const SumMap& map,
                         Overflow overflow) {
  Journal* const journal = impl_->trainings().journal();
  if (journal == nullptr) return add_up(table, shape, map, overflow);
  return totals_from(journal->answer(Journal::Kind::sum,
                                     [&] { return add_up(table, shape, map, overflow).bytes(); }),
                     shape);
}

// Both are one answer: what a map has kept is gone when there is nothing but the sums.
std::pair<Totals, std::vector<std::byte>> Engine::superstep(const Table& table, SumShape& shape,
                                                            const SumMap& map, Keeper& keeper) {
  const auto ask = [&] {
    const Totals totals = add_up(table, shape, map, Overflow::repeat, &keeper);
    return ByteWriter().put(totals.bytes()).put(keeper.exchange(comm_)).take();
  };
  Journal* const journal = impl_->trainings().journal();
  const std::vector<std::byte> both =
      journal == nullptr ? ask() : journal->answer(Journal::Kind::sum, ask);
  ByteReader in(both);
  const auto sums = in.values<std::byte>();
  return {totals_from(sums, shape), in.values<std::byte>()};
}

Totals Engine::add_up(const Table& table, SumShape& shape, const SumMap& map, Overflow overflow,
                      Keeper* keeper) {
  for (;;) {
    {
      if (keeper != nullptr) keeper->forget();
      events_.publish({.kind = Event::Kind::superstep});
      SumWish wish(table, shape, map, impl_->workers());
      impl_->ask(wish);
      if (overflow == Overflow::report || wish.all_hold()) return wish.totals();
    }
    events_.publish({.kind = Event::Kind::repetition});
    raise_bounds(table, shape, map);
  }
}

namespace {

/// A value that steps made and nothing can be learnt from.
struct BadPlace {
  bool is_infinite;
  double place;  ///< row by row
};

[[noreturn]] void throw_overflow(const std::string& task, const Table& table,
                                 const std::optional<BadPlace>& bad) {
  std::string text = fmt::format(
      "{} overflows double precision on {}; scale the columns first "
      "(make_pipeline(StandardScaler(), ...))",
      task, table.data->path());
  if (bad) {
    const Index columns = table.columns();
    const auto place = static_cast<Index>(bad->place);
    text = fmt::format(
        "{} cannot take {}, which the steps before it make of row {} of {}: column "
        "{} of the {} that they give",
        task, bad->is_infinite ? "an infinite value" : "NaN", place / columns, table.data->path(),
        place % columns, columns);
  }
  throw AgreedError(ExitCode::bad_data, text);
}

/// The first infinite value behind the steps; where there is none the first NaN. **Collective.**
template <class Maximum>
std::optional<BadPlace> first_bad_value(const Table& table, const Maximum& maximum) {
  if (table.maps.empty()) return std::nullopt;  // those of the data were found when they were read
  const Index columns = table.columns();
  const auto raise = [columns](int, const Block& block, std::span<double> out, Workspace&) {
    const double* x = block.x.doubles();
    for (Index i = 0; i < block.rows * columns; ++i) {
      if (std::isfinite(x[i])) continue;
      double& last = out[std::isinf(x[i]) ? 0 : 1];
      last = std::max(last, -static_cast<double>(block.row(i / columns) * columns + i % columns));
    }
  };
  const std::vector<double> found = maximum(raise);
  if (std::isfinite(found[0])) return BadPlace{true, -found[0]};
  if (std::isfinite(found[1])) return BadPlace{false, -found[1]};
  return std::nullopt;
}

}  // namespace

// Finds the largest partial of every entry and raises the bounds that were too low. Maxima do not
// depend on who found them, and bounds that held stay as they are, so neither ranks nor batch mates
// can be seen.
void Engine::raise_bounds(const Table& table, SumShape& shape, const SumMap& map) {
  std::vector<Buffer<double>> partials;
  for (Index w = 0; w < impl_->workers(); ++w) partials.emplace_back(shape.partial_size());
  const std::vector<double> largest = impl_->maximum(
      table, shape.partial_size(),
      [&](int worker, const Block& block, std::span<double> out, Workspace& workspace) {
        double* values = partials[static_cast<std::size_t>(worker)].data();
        std::fill_n(values, shape.partial_size(), 0.0);
        Partial partial(shape, values);
        map(block, partial, workspace);
        for (std::size_t i = 0; i < out.size(); ++i) {
          const double v = std::fabs(values[i]);
          out[i] = std::max(out[i], std::isnan(v) ? HUGE_VAL : v);
        }
      });
  const auto raise = [&](Index entry, double value) {
    if (value >= 0x1p1000) {
      throw_overflow(impl_->task().name, table, first_bad_value(table, [&](const auto& look) {
                       return impl_->maximum(table, 2, look);
                     }));
    }
    std::int16_t& e = shape.exponents()[static_cast<std::size_t>(entry)];
    if (value >= std::ldexp(1.0, e)) e = static_cast<std::int16_t>(exponent_above(value) + 2);
  };
  for (Index r = 0; r < shape.runs(); ++r) {
    shape.each_entry(shape.run(r), [&](Index place, Index entry) {
      raise(entry, largest[static_cast<std::size_t>(place)]);
    });
  }
}

std::vector<double> Engine::maximum(const Table& table, Index entries, const MaxMap& map) {
  const auto ask = [&] {
    return impl_->maximum(
        table, entries, [&](int, const Block& block, std::span<double> out, Workspace& workspace) {
          map(block, out, workspace);
        });
  };
  Journal* const journal = impl_->trainings().journal();
  return journal == nullptr ? ask() : doubles_of(*journal, Journal::Kind::maximum, ask);
}

std::vector<std::int64_t> Engine::tally(const Table& table, Index entries, TallyMap& map,
                                        BlockStates& states) {
  const auto ask = [&] {
    events_.publish({.kind = Event::Kind::superstep});
    TallyWish wish(table, entries, map, states, impl_->workers());
    impl_->ask(wish);
    return wish.sums();
  };
  Journal* const journal = impl_->trainings().journal();
  if (journal == nullptr) return ask();
  const auto bytes =
      journal->answer(Journal::Kind::tally, [&] { return ByteWriter().put(ask()).take(); });
  auto sums = ByteReader(bytes).values<std::int64_t>();
  if (std::ssize(sums) != entries) refuse_journal();
  return sums;
}

Sketch Engine::sketch(const Table& table) {
  const auto ask = [&] { return look_at_sample(comm_, table); };
  Journal* const journal = impl_->trainings().journal();
  return sketch_of(table,
                   journal == nullptr ? ask() : doubles_of(*journal, Journal::Kind::sketch, ask));
}

std::vector<std::byte> Engine::look(const Table& table, const LookMap& map, Keeper& keeper) {
  const auto ask = [&] {
    keeper.forget();
    LookWish wish(table, map);
    impl_->ask(wish);
    return keeper.exchange(comm_);
  };
  Journal* const journal = impl_->trainings().journal();
  return journal == nullptr ? ask() : journal->answer(Journal::Kind::look, ask);
}

void Engine::rows(const Table& table, Index width, const RowsMap& map, const RowsSink& sink) {
  RowsWish wish(table, width, map, sink, options_.threads);
  impl_->ask(wish);
}

}  // namespace superstep
