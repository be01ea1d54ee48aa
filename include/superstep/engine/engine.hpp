// SPDX-License-Identifier: BSD-3-Clause
// The engine: work goes in supersteps (rule 2). Every rank maps its blocks to partial results, an
// exact sum combines them in one allreduce, every rank applies the same update. The engine owns
// threads, memory, reading ahead, progress and failures; estimators hold only mathematics (rule 7).
// A superstep is a wish: trainings that run side by side stop there until all of them wish for one,
// and what can be seen in one pass over the blocks is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/counters.hpp>
#include <superstep/core/events.hpp>
#include <superstep/data/table.hpp>
#include <superstep/engine/block_states.hpp>
#include <superstep/engine/exact_sum.hpp>
#include <superstep/engine/ledger.hpp>
#include <superstep/engine/memory.hpp>
#include <superstep/engine/placement.hpp>
#include <superstep/engine/workspace.hpp>

namespace superstep {

class Journal;

struct EngineOptions {
  /// Bytes a rank may use; else the allocation's or node's share.
  std::optional<std::size_t> memory{};
  int threads = 1;
  std::uint64_t seed = 0;
  std::string memory_from = "--memory";  ///< who asked for it
  /// Bytes of these that are taken already, by the process itself.
  std::size_t taken = 0;
};

/// What an estimator will need beside the blocks, told before the work starts.
struct Footprint {
  Index sums = 0;         ///< most doubles in a block's partial result
  Index row_doubles = 0;  ///< most doubles of scratch per row of a block and thread
  Index replicated = 0;   ///< doubles every rank holds: state, matrices being solved
  Index entries = 0;  ///< of the sums, those that are added up: fewer where triangles are; 0: all
  Index solving = 0;  ///< doubles more between passes, beside sums that are finished
  Index thread_doubles = 0;  ///< scratch of each thread, however many rows a block has
  /// Sparse rows are written out as doubles, a whole block at a time.
  bool writes_out = false;
  Index row_bytes = 0;  ///< kept of each row on the rank that has it (BlockStates)
  /// The larger of both, entry by entry: for steps that run one after the other.
  Footprint operator|(const Footprint& other) const;
  /// Both: for steps that share passes. Threads look at blocks for one after the other.
  Footprint operator+(const Footprint& other) const;
  bool operator==(const Footprint&) const = default;
  /// With so many threads, beside their scratch.
  std::size_t bytes(std::size_t threads) const;
  /// How many may solve at once in that; one at the least.
  Index solvers(std::size_t threads) const;
};

/// What a few blocks, the same for every run, tell about the columns: where to put the exact grid
/// and a provisional centre. Never trusted: a bound that is broken is noticed and mended.
struct Sketch {
  /// Of one target of several, or the only one.
  struct OfTarget {
    double shift = 0.0;
    int exponent = 1;
    int spread_exponent = 1;
  };
  std::vector<int> exponents;  ///< |x_j| < 2^e in the sampled rows
  std::vector<double> shift;   ///< mean of the sampled rows; the value itself if they are all equal
  std::vector<int> spread_exponents;  ///< |x_j - shift_j| < 2^e in the sampled rows
  int weight_exponent = 1;
  std::vector<OfTarget> targets;
  int rows_exponent = 0;  ///< rows of any block < 2^e

  OfTarget target(Index t = 0) const {
    return t < std::ssize(targets) ? targets[static_cast<std::size_t>(t)] : OfTarget{};
  }
};

/// What a superstep does when a block's partial exceeds its declared bound.
enum class Overflow {
  repeat,  ///< measure, raise the bounds and do the superstep again
  report,  ///< Totals::holds tells; for trial steps that may go astray
};

class Engine {
 public:
  using SumMap = std::function<void(const Block&, Partial&, Workspace&)>;
  using MaxMap = std::function<void(const Block&, std::span<double>, Workspace&)>;
  using RowsMap = std::function<void(const Block&, double* out, Workspace&)>;
  using RowsSink = std::function<void(Index first_row, Index rows, const double* values)>;
  using LookMap = std::function<void(const Block&, Workspace&)>;
  /// What a map keeps of the blocks on its rank, beside what is added up.
  class Keeper {
   public:
    virtual ~Keeper() = default;
    /// A pass begins: blocks that were seen may be seen again, on other ranks.
    virtual void forget() = 0;
    /// All blocks were seen: puts together what the ranks have kept, the same bytes on all of them.
    /// **Collective.**
    virtual std::vector<std::byte> exchange(const Communicator& comm) = 0;
  };

  /// What integers are made of: each worker adds to entries of its own, which begin at zero.
  class TallyMap {
   public:
    virtual ~TallyMap() = default;
    virtual void look(int worker, const Block& block, std::span<std::int64_t> sums,
                      Workspace& workspace) = 0;
    /// A worker that has looked at blocks has seen its last one.
    virtual void finish(int worker, std::span<std::int64_t> sums) = 0;
  };

  /// Its events go on to `beyond`, else to the communicator's. **Collective.**
  Engine(const Communicator& comm, const EngineOptions& options, Events* beyond = nullptr);
  ~Engine();
  const Communicator& comm() const { return comm_; }
  const EngineOptions& options() const { return options_; }
  /// The same on every rank.
  const MemoryBudget& budget() const { return budget_; }
  /// Of any rank: for decisions that all have to take alike.
  int fewest_threads() const { return fewest_threads_; }
  /// What happens in passes over blocks and around them, and in those of its teams.
  Events& events() { return events_; }
  /// What was counted of it on this rank.
  const Counters& counters() const { return counting_.counted; }
  Ledger& ledger() { return ledger_; }
  /// What the coming passes are for, and how many there will be as a rule; 0: not known.
  void set_task(std::string task, Index passes = 0);
  /// How many models of the task are trained together, and how many of them are done: told to those
  /// who watch.
  void set_models(Index done, Index of);

  /// Makes room: decides which blocks stay in memory beside `need`. Blocks stay as they are when
  /// there is room already. MemoryError on every rank, with the smallest budget that would do,
  /// before anything is read. `what_for` begins that message: "refining ". **Collective.**
  void reserve(const Table& table, const Footprint& need, const std::string& what_for = "");
  /// The least budget with which reserve() would succeed on every rank. **Collective.**
  std::size_t least_memory(const Table& table, const Footprint& need) const;
  /// `ample`, or `least` where with that alone all blocks stay in memory: reading them again is
  /// dearer than a pass more. The same on every rank. **Collective.**
  Footprint beside_blocks(const Table& table, const Footprint& least, const Footprint& ample) const;
  /// Room for work that can be cut to measure. Where what is reserved for these blocks covers
  /// `least`, that; else reserves as much between `least` and `wanted` as the budget has. Returns
  /// what there is, the same on every rank. **Collective.**
  Footprint make_room(const Table& table, const Footprint& least, const Footprint& wanted);

  /// Whether what is reserved for these blocks covers `need` beside what is done side by side. The
  /// same on every rank.
  bool has_room(const Table& table, const Footprint& need) const;

  /// Reads the blocks of `wanted`, the shares that this rank will work on, into memory that the
  /// ranks of a node share; tables of these data are served from there from then on, and so are
  /// those of engines that borrow them. False, with nothing done, where the budget, beside `need`,
  /// or the nodes' shared memory have no room. **Collective.**
  bool share_blocks(const Table& table, const Footprint& need, std::span<const Share> wanted);
  /// Takes part in what another engine shares: of the same ranks, or of more.
  void borrow_blocks(const Engine& other);
  /// What is held from now on that no footprint tells: it is taken off the budget. The same on
  /// every rank.
  void hold(std::size_t bytes) { budget_.taken += bytes; }
  /// Teams of its ranks have worked side by side, by engines whose events go on to this one: where
  /// one of them did more, that counts. **Collective.**
  void count_teams();

  /// Asked before each pass whether blocks are to lie on other ranks from then on; has to say the
  /// same on every rank.
  using Mover = std::function<void(Placement&)>;
  void set_mover(Mover mover);

  /// What is to be done, and what it needs at most beside the blocks.
  struct Work {
    Footprint need;
    std::function<void()> run;
  };
  /// What a work takes because others are done beside it: the part of its stack that is used.
  static constexpr Footprint of_a_stack() { return {.replicated = Index{1} << 14}; }
  /// Does several works side by side, by turns on the calling thread: each goes on until it wants a
  /// pass, and the passes that are wanted over one dataset are made as one. A failure that leaves a
  /// work ends all of them. No answer tells whether others were asked for in the same pass.
  /// **Collective.**
  void side_by_side(std::vector<Work> works);
  /// Likewise, as many at a time as what is reserved has room for; one at a time at the least.
  /// **Collective.**
  void side_by_side_where_there_is_room(std::vector<Work> works);

  /// What trainings are told from now on is taken from this journal as long as it has answers, then
  /// noted in it; null: nothing is. Must outlive the trainings.
  void set_journal(Journal* journal);
  /// That of the training that is running; null: none. Loops keep their state there
  /// (engine/kept.hpp).
  Journal* journal() const;

  // Work for which no rows are needed.

  /// A thread's way to do a task: its number in, the bytes of its result out.
  using DoTask = std::function<std::vector<std::byte>(Index)>;
  /// Task 0, 1, ... of `count`, on every rank: each is done once, by a thread of one of the ranks,
  /// neighbours in order by the same, as a rule, and `worker` makes what a thread does them by.
  /// A task sees what is the same on every rank and does not communicate; somebody answers the
  /// watch meanwhile. An exception there ends the work on every rank. See engine/tasks.hpp.
  /// **Collective.**
  std::vector<std::vector<std::byte>> tasks(Index count, const std::function<DoTask()>& worker);
  /// What every rank does for itself, with the same outcome, while it answers the watch.
  void replicated(const std::function<void()>& work);
  /// Likewise in pieces, 0, 1, ... of `count`, by all threads of the rank: for work so short that
  /// sharing it among ranks would take longer.
  void on_threads(Index count, const std::function<void(Index)>& piece);

  // What a training may ask for. Nothing else tells it of the rows.

  /// **Collective.**
  Sketch sketch(const Table& table);

  /// One superstep that sums: `map` fills the partial of each block. The shape's exponents are
  /// raised when a bound was broken, so later supersteps of the same kind begin with what was
  /// learnt. **Collective.**
  Totals superstep(const Table& table, SumShape& shape, const SumMap& map,
                   Overflow overflow = Overflow::repeat);
  /// Likewise, with what the map keeps beside the sums. **Collective.**
  std::pair<Totals, std::vector<std::byte>> superstep(const Table& table, SumShape& shape,
                                                      const SumMap& map, Keeper& keeper);

  /// One superstep that takes maxima: `map` raises the entries, which begin at minus infinity. A
  /// maximum is exact by itself. **Collective.**
  std::vector<double> maximum(const Table& table, Index entries, const MaxMap& map);

  /// One superstep that adds up integers, which have to stay below 2^63, beside what `states` keep
  /// of the blocks. **Collective.**
  std::vector<std::int64_t> tally(const Table& table, Index entries, TallyMap& map,
                                  BlockStates& states);

  /// Shows every block to `map`; gives what it has kept. **Collective.**
  std::vector<std::byte> look(const Table& table, const LookMap& map, Keeper& keeper);

  /// Computes `width` doubles for every row and hands them to `sink` on the calling thread, block
  /// by block in no particular order. `first_row` is the place of the block's first row among the
  /// selected ones, so of use for a table of all rows only. Not a superstep: nothing is combined,
  /// but failures are agreed on. **Collective.**
  void rows(const Table& table, Index width, const RowsMap& map, const RowsSink& sink);

 private:
  Totals add_up(const Table& table, SumShape& shape, const SumMap& map, Overflow overflow,
                Keeper* keeper = nullptr);
  void raise_bounds(const Table& table, SumShape& shape, const SumMap& map);

  class Impl;

  const Communicator& comm_;
  EngineOptions options_;
  MemoryBudget budget_;
  int fewest_threads_ = 1;
  Events events_;
  Counting counting_;
  Listening counts_{events_, counting_};
  Ledger ledger_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
