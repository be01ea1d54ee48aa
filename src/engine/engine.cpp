// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/engine.hpp>

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/trace.hpp>
#include <superstep/core/text.hpp>
#include <superstep/engine/block_store.hpp>
#include <superstep/engine/thread_pool.hpp>

#include "engine/block_view.hpp"
#include "engine/outbox.hpp"

namespace superstep {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

/// What one worker keeps from block to block and from pass to pass.
struct Engine::Worker {
  BlockView view;
  Workspace workspace;
  double waited_s = 0.0;
};

class Engine::Impl {
 public:
  Impl(Engine& engine, int threads)
      : engine_(engine), pool_(threads), workers_(static_cast<std::size_t>(threads)) {}

  void reserve(const Table& table, const Footprint& need, const std::string& what_for);
  std::size_t least_memory(const Table& table, const Footprint& need) const;
  Footprint make_room(const Table& table, const Footprint& least, const Footprint& wanted);
  bool share_blocks(const Table& table, const Footprint& need, std::span<const Share> wanted);
  void borrow_blocks(const Impl& other);
  /// Makes the store ready for the table; reserves without a footprint if nobody has.
  void prepare(const Table& table);
  /// Runs `f` on every block of this rank; failures end up in the status, bad values in the store.
  /// The calling thread calls `between` between its blocks and while it waits for others; the
  /// others call `hold` before they take their next block, where they may wait: nobody waits
  /// holding one.
  template <class F>
  LocalStatus pass(
      const Table& table, F&& f, const std::function<void()>& between = [] {},
      const std::function<void()>& hold = [] {});
  /// Engine::maximum with a map that is told which worker calls it.
  std::vector<double> maximum(const Table& table, Index entries,
                              const std::function<void(int, const Block&, std::span<double>)>& map);
  [[noreturn]] void report_bad_values();

  Index workers() const { return static_cast<Index>(workers_.size()); }
  Worker& worker(int i) { return workers_[static_cast<std::size_t>(i)]; }
  BlockStore& store() { return *store_; }
  const std::string& task() const { return task_; }
  void set_task(std::string task, Index passes) {
    task_ = std::move(task);
    expected_passes_ = passes;
    pass_of_task_ = models_ = models_done_ = 0;
    engine_.comm_.trace().set_phase(task_);
  }
  void set_models(Index done, Index of) {
    models_done_ = done;
    models_ = of;
  }

 private:
  std::size_t bytes_beside(const Table& table, const Footprint& need) const;
  std::size_t least_blocks(const Table& table) const;
  Share share(const Table& table) const;
  bool are_shared(const Table& table) const;
  bool serves(const Table& table) const;
  void tick(double fraction);
  /// Something that the rank did with its blocks has ended.
  void close_event(const char* what, double waited_s, const Table& table);

  Engine& engine_;
  ThreadPool pool_;
  std::vector<Worker> workers_;
  std::shared_ptr<const NodeBlocks> shared_;
  std::unique_ptr<BlockStore> store_;
  Footprint reserved_;  ///< beside the store
  std::string task_;
  Index pass_of_task_ = 0;
  Index expected_passes_ = 0;
  Index models_ = 0, models_done_ = 0;
  Clock::time_point last_tick_ = Clock::now();
};

Engine::Engine(const Communicator& comm, const EngineOptions& options)
    : comm_(comm),
      options_(options),
      budget_(memory_budget(comm, options.memory, options.memory_from, options.taken)),
      fewest_threads_(static_cast<int>(comm.min(Index{options.threads}))) {
  collectively(comm, [&] { impl_ = std::make_unique<Impl>(*this, options.threads); });
  // Eigen cuts its products by the size of the caches it finds: the same everywhere, so that ranks
  // on different processors compute the same bits of what is replicated.
  Eigen::setCpuCacheSizes(std::ptrdiff_t{32} << 10, std::ptrdiff_t{512} << 10,
                          std::ptrdiff_t{4} << 20);
}

Engine::~Engine() = default;

void Engine::set_task(std::string task, Index passes) { impl_->set_task(std::move(task), passes); }
void Engine::set_models(Index done, Index of) { impl_->set_models(done, of); }

// Memory.

std::size_t Engine::Impl::bytes_beside(const Table& table, const Footprint& need) const {
  const Dataset& data = *table.data;
  const auto threads = workers_.size();
  const auto rows = static_cast<std::size_t>(data.blocks().rows_per_block());
  std::size_t widest = data.is_float32() ? static_cast<std::size_t>(data.columns()) : 0;
  for (const auto& map : table.maps) {
    widest = std::max(widest, static_cast<std::size_t>(map->columns_out()));
  }
  // At most two views of a block.
  const std::size_t per_thread =
      rows * 8 *
      (static_cast<std::size_t>(need.row_doubles) + widest * (table.maps.empty() ? 1 : 2));
  return threads * per_thread + need.bytes(threads) + data.reader_bytes(static_cast<int>(threads));
}

Share Engine::Impl::share(const Table& table) const {
  return share_of(table.data->blocks().size(), engine_.comm_.rank(), engine_.comm_.size());
}

bool Engine::Impl::are_shared(const Table& table) const {
  return shared_ && shared_->serve(*table.data, table.target, share(table));
}

/// With fewer bytes for blocks this rank could not even stream them; what is shared is all there.
std::size_t Engine::Impl::least_blocks(const Table& table) const {
  if (are_shared(table)) return shared_->bytes_per_rank();
  const int threads = static_cast<int>(workers_.size());
  return BlockStore::least_capacity(*table.data, share(table), table.target, threads, threads);
}

std::size_t Engine::Impl::least_memory(const Table& table, const Footprint& need) const {
  return engine_.budget_.taken + static_cast<std::size_t>(engine_.comm_.max(static_cast<Index>(
                                     bytes_beside(table, need) + least_blocks(table))));
}

void Engine::Impl::reserve(const Table& table, const Footprint& need, const std::string& what_for) {
  const int threads = static_cast<int>(workers_.size());
  const std::size_t beside = bytes_beside(table, need);
  const std::size_t blocks = least_blocks(table);
  const std::size_t budget = engine_.budget_.for_work();
  const auto smallest = static_cast<Index>(least_memory(table, need));
  // The process does not take the same at every start.
  const Index a_little = engine_.budget_.taken > 0 ? Index{1} << 19 : 0;
  const bool fits = engine_.comm_.min(Index{budget >= beside + blocks ? 1 : 0}) == 1;
  if (!fits) {
    const Index mib = Index{1} << 20;
    throw AgreedError(
        ExitCode::memory,
        fmt::format(
            "{}{} needs at least {} of memory per rank for {} ({} thread{}), the budget is {} "
            "({}); give --memory {}M or more, fewer threads, or fewer columns",
            what_for, task_.empty() ? "this" : task_, format_bytes(smallest), table.data->path(),
            threads, threads == 1 ? "" : "s",
            format_bytes(static_cast<Index>(engine_.budget_.bytes)), engine_.budget_.source,
            (smallest + a_little + mib - 1) / mib));
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
  store_ = std::make_unique<BlockStore>(table.data, share(table), table.target,
                                        BlockStore::Options{budget - beside, threads, threads,
                                                            are_shared(table) ? shared_ : nullptr});
  reserved_ = need;
}

bool Engine::Impl::share_blocks(const Table& table, const Footprint& need,
                                std::span<const Share> wanted) {
  const Communicator& comm = engine_.comm_;
  const bool are_there = shared_ && std::ranges::all_of(wanted, [&](const Share& share) {
                           return shared_->serve(*table.data, table.target, share);
                         });
  if (comm.min(Index{are_there ? 1 : 0}) == 1) return true;
  NodeBlocks::Need blocks = NodeBlocks::need_of(comm, *table.data, table.target, wanted);
  const std::size_t bytes = bytes_beside(table, need) + blocks.bytes_per_rank;
  const bool fits = blocks.has_room && bytes <= engine_.budget_.for_work();
  if (comm.min(Index{fits ? 1 : 0}) == 0) return false;
  store_.reset();
  shared_.reset();
  const auto start = Clock::now();
  shared_ = std::make_shared<NodeBlocks>(comm, table.data, table.target, std::move(blocks), pool_,
                                         [this] { tick(0.0); });
  engine_.counters_.seconds_read += seconds_since(start);
  return true;
}

void Engine::Impl::borrow_blocks(const Impl& other) {
  store_.reset();
  shared_ = other.shared_;
}

Footprint Engine::Impl::make_room(const Table& table, const Footprint& least,
                                  const Footprint& wanted) {
  if (serves(table) && (reserved_ | least) == reserved_) return reserved_;
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
                       between(low.thread_doubles, high.thread_doubles)};
  reserve(table, need, "");
  return need;
}

bool Engine::Impl::serves(const Table& table) const {
  return store_ && &store_->data() == table.data.get() &&
         (store_->target() == table.target || table.target == Target::none);
}

void Engine::Impl::prepare(const Table& table) {
  if (!serves(table)) reserve(table, {}, "");
  const auto start = Clock::now();
  engine_.comm_.trace().open();
  if (!store_->load(pool_, [this] { tick(0.0); })) return;
  const double read_s = seconds_since(start);
  engine_.counters_.seconds_read += read_s;
  close_event("load", read_s, {});
}

void Engine::Impl::close_event(const char* what, double waited_s, const Table& table) {
  Trace& trace = engine_.comm_.trace();
  if (!trace.is_on()) return;
  Index rows = 0;
  for (Index i = 0; i < store_->taken(table); ++i) {
    rows += store_->data().blocks().rows_of(store_->global(store_->taken(table, i)));
  }
  const Index row_bytes = store_->data().columns() * (store_->data().is_float32() ? 4 : 8);
  trace.close({.what = what,
               .bytes = rows * row_bytes,
               .blocks = store_->taken(table),
               .rows = rows,
               .wait_s = waited_s});
}

void Engine::reserve(const Table& table, const Footprint& need, const std::string& what_for) {
  impl_->reserve(table, need, what_for);
}

std::size_t Engine::least_memory(const Table& table, const Footprint& need) const {
  return impl_->least_memory(table, need);
}

Footprint Engine::make_room(const Table& table, const Footprint& least, const Footprint& wanted) {
  return impl_->make_room(table, least, wanted);
}

bool Engine::share_blocks(const Table& table, const Footprint& need,
                          std::span<const Share> wanted) {
  return impl_->share_blocks(table, need, wanted);
}

void Engine::borrow_blocks(const Engine& other) { impl_->borrow_blocks(*other.impl_); }

void Engine::count(const EngineCounters& others) {
  counters_.passes += others.passes;
  counters_.sample_passes += others.sample_passes;
  counters_.supersteps += others.supersteps;
  counters_.repeated += others.repeated;
  counters_.blocks += others.blocks;
  counters_.blocks_streamed += others.blocks_streamed;
  counters_.seconds_read += others.seconds_read;
  counters_.seconds_map += others.seconds_map;
  counters_.seconds_reduce += others.seconds_reduce;
}

// Passes.

void Engine::Impl::tick(double fraction) {
  if (seconds_since(last_tick_) < 0.1) return;
  last_tick_ = Clock::now();
  engine_.comm_.answer();
  if (engine_.progress_ != nullptr && engine_.comm_.is_root()) {
    engine_.progress_->update(fraction);
  }
}

template <class F>
LocalStatus Engine::Impl::pass(const Table& table, F&& f, const std::function<void()>& between,
                               const std::function<void()>& hold) {
  const auto start = Clock::now();
  engine_.comm_.trace().open();
  ++(table.block_stride == 1 ? engine_.counters_.passes : engine_.counters_.sample_passes);
  ++pass_of_task_;
  const std::size_t read_before = store_->data().bytes_read();
  LocalStatus status;
  try {
    store_->begin_pass(table);
  } catch (...) {
    status = status_of_current_exception();
  }
  const Index n = store_->taken(table);
  if (engine_.progress_ != nullptr && engine_.comm_.is_root()) {
    const Dataset& data = *table.data;
    engine_.progress_->begin(
        {task_, pass_of_task_, data.rows() / table.block_stride,
         static_cast<std::size_t>(data.rows() / table.block_stride * data.columns()) *
             (data.is_float32() ? 4 : 8),
         models_, models_done_, expected_passes_});
  }
  std::atomic<Index> next = 0;
  std::atomic<Index> done = 0;
  std::atomic<bool> stop = status.failed;
  std::mutex mutex;
  const auto fraction = [&] {
    return n == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(n);
  };
  pool_.run(
      [&](int number) {
        Worker& mine = worker(number);
        for (;;) {
          if (number != 0) hold();
          const Index i = next++;
          if (i >= n || stop) return;
          const Index k = store_->taken(table, i);
          try {
            const StoredBlock* stored = store_->acquire(k, mine.waited_s);
            if (stored != nullptr) {
              const Block block = mine.view.of(table, store_->global(k), *stored);
              if (block.rows > 0) f(number, block);
            }
            store_->release(k);
            if (number == 0) between();
          } catch (...) {
            const std::lock_guard lock(mutex);
            if (!status.failed) status = status_of_current_exception();
            stop = true;
            store_->cancel();
          }
          ++done;
          if (number == 0) tick(fraction());
        }
      },
      [&] {
        tick(fraction());
        try {
          between();
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!status.failed) status = status_of_current_exception();
        }
      });
  store_->end_pass();
  if (!status.failed && store_->data().bytes_read() != read_before) {
    try {
      store_->data().require_unchanged();
    } catch (...) {
      status = status_of_current_exception();
    }
  }
  if (engine_.progress_ != nullptr && engine_.comm_.is_root()) engine_.progress_->end();
  engine_.counters_.blocks += n;
  engine_.counters_.blocks_streamed += store_->streamed_in_pass();
  double waited_s = 0.0;
  for (Worker& w : workers_) {
    waited_s += w.waited_s / static_cast<double>(workers_.size());
    w.waited_s = 0.0;
  }
  engine_.counters_.seconds_read += waited_s;
  engine_.counters_.seconds_map += seconds_since(start);
  close_event("pass", waited_s, table);
  return status;
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

// Supersteps.

Totals Engine::superstep(const Table& table, SumShape& shape, const SumMap& map,
                         Overflow overflow) {
  impl_->prepare(table);
  for (;;) {
    std::optional<Totals> totals = try_superstep(table, shape, map, overflow);
    if (totals) return std::move(*totals);
    ++counters_.repeated;
    raise_bounds(table, shape, map);
  }
}

/// Nothing where a bound was broken that is to be kept.
std::optional<Totals> Engine::try_superstep(const Table& table, const SumShape& shape,
                                            const SumMap& map, Overflow overflow) {
  const int window = ExactSum::window(table.data->blocks().size());
  enum Extra : Index { failures, bad_blocks, n_extra };
  ++counters_.supersteps;
  std::vector<double> scales = ExactSum::scales(shape, window);
  std::vector<ExactSum> sums;
  std::vector<Buffer<double>> partials;
  for (Index w = 0; w < impl_->workers(); ++w) {
    sums.emplace_back(shape, window, n_extra);
    partials.emplace_back(shape.partial_size());
  }
  const LocalStatus status = impl_->pass(table, [&](int worker, const Block& block) {
    const auto w = static_cast<std::size_t>(worker);
    double* values = partials[w].data();
    std::fill_n(values, shape.partial_size(), 0.0);
    Partial partial(shape, values);
    map(block, partial, impl_->worker(worker).workspace);
    sums[w].deposit(shape, values, scales.data());
  });
  const auto start = Clock::now();
  ExactSum& total = sums.front();
  for (std::size_t w = 1; w < sums.size(); ++w) total.add(sums[w]);
  // MPI takes room of its own for messages.
  sums.erase(sums.begin() + 1, sums.end());
  partials.clear();
  scales = {};
  total.extra()[failures] = status.failed ? 1 : 0;
  total.extra()[bad_blocks] = impl_->store().bad_values().any() ? 1 : 0;
  comm_.sum(total.words());
  counters_.seconds_reduce += seconds_since(start);
  if (total.extra()[failures] > 0) agree(comm_, status);
  if (total.extra()[bad_blocks] > 0) impl_->report_bad_values();
  bool all_hold = true;
  for (Index r = 0; r < shape.runs(); ++r) all_hold = all_hold && total.violations(r) == 0;
  if (!all_hold && overflow == Overflow::repeat) return std::nullopt;
  return Totals(shape, std::move(total));
}

// Finds the largest partial of every entry and raises the bounds that were too low. Maxima do not
// depend on who found them, and bounds that held stay as they are, so neither ranks nor batch mates
// can be seen.
void Engine::raise_bounds(const Table& table, SumShape& shape, const SumMap& map) {
  std::vector<Buffer<double>> partials;
  for (Index w = 0; w < impl_->workers(); ++w) partials.emplace_back(shape.partial_size());
  const std::vector<double> largest = impl_->maximum(
      table, shape.partial_size(), [&](int worker, const Block& block, std::span<double> out) {
        double* values = partials[static_cast<std::size_t>(worker)].data();
        std::fill_n(values, shape.partial_size(), 0.0);
        Partial partial(shape, values);
        map(block, partial, impl_->worker(worker).workspace);
        for (std::size_t i = 0; i < out.size(); ++i) {
          const double v = std::fabs(values[i]);
          out[i] = std::max(out[i], std::isnan(v) ? HUGE_VAL : v);
        }
      });
  const auto raise = [&](Index entry, double value) {
    if (value >= 0x1p1000) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{} overflows double precision on {}; scale the columns first "
                                    "(make_pipeline(StandardScaler(), ...))",
                                    impl_->task(), table.data->path()));
    }
    std::int16_t& e = shape.exponents()[static_cast<std::size_t>(entry)];
    if (value >= std::ldexp(1.0, e)) e = static_cast<std::int16_t>(exponent_above(value) + 2);
  };
  for (Index r = 0; r < shape.runs(); ++r) {
    const SumShape::Run& run = shape.run(r);
    const double* values = largest.data() + run.partial_begin;
    Index entry = run.entry_begin;
    const Index rows = run.dimension == 0 ? 1 : run.dimension;
    const Index columns = run.dimension == 0 ? run.count : run.dimension;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = run.dimension == 0 ? 0 : i; j < columns; ++j) {
        raise(entry++, values[i * columns + j]);
      }
    }
  }
}

std::vector<double> Engine::maximum(const Table& table, Index entries, const MaxMap& map) {
  return impl_->maximum(table, entries, [&](int worker, const Block& block, std::span<double> out) {
    map(block, out, impl_->worker(worker).workspace);
  });
}

std::vector<double> Engine::Impl::maximum(
    const Table& table, Index entries,
    const std::function<void(int, const Block&, std::span<double>)>& map) {
  prepare(table);
  ++engine_.counters_.supersteps;
  // Two more entries carry whether a rank failed or met bad values.
  const auto n = static_cast<std::size_t>(entries) + 2;
  std::vector<std::vector<double>> maxima(workers_.size());
  for (std::vector<double>& mine : maxima) mine.assign(n, -HUGE_VAL);
  const LocalStatus status = pass(table, [&](int worker, const Block& block) {
    map(worker, block, std::span(maxima[static_cast<std::size_t>(worker)]).first(n - 2));
  });
  std::vector<double>& total = maxima.front();
  for (const std::vector<double>& other : maxima) {
    for (std::size_t i = 0; i < n; ++i) total[i] = std::max(total[i], other[i]);
  }
  maxima.resize(1);
  total[n - 2] = status.failed ? 1.0 : 0.0;
  total[n - 1] = store_->bad_values().any() ? 1.0 : 0.0;
  engine_.comm_.max(std::span<double>(total));
  if (total[n - 2] > 0.0) agree(engine_.comm_, status);
  if (total[n - 1] > 0.0) report_bad_values();
  total.resize(n - 2);
  return std::move(total);
}

void Engine::rows(const Table& table, Index width, const RowsMap& map, const RowsSink& sink) {
  impl_->prepare(table);
  const Index tall = table.data->blocks().rows_per_block();
  Outbox outbox(options_.threads);
  LocalStatus status = impl_->pass(
      table,
      [&](int worker, const Block& block) {
        Buffer<double> out = outbox.take_buffer(std::max<Index>(block.rows * width, 1));
        map(block, out.data(), impl_->worker(worker).workspace);
        outbox.put(block.position * tall, block.rows, std::move(out));
      },
      [&] { outbox.drain(sink); }, [&] { outbox.wait_for_room(); });
  try {
    outbox.drain(sink);
  } catch (...) {
    if (!status.failed) status = status_of_current_exception();
  }
  agree(comm_, status);
  if (comm_.max(Index{impl_->store().bad_values().any() ? 1 : 0}) > 0) impl_->report_bad_values();
}

}  // namespace superstep
