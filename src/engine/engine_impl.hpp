// SPDX-License-Identifier: BSD-3-Clause
// The inside of the engine: room for blocks and for what is made of them (room.cpp), passes over
// the blocks of this rank (pass.cpp), and trainings that run side by side (side_by_side.hpp).
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/block_store.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/engine/thread_pool.hpp>
#include "engine/block_view.hpp"
#include "engine/side_by_side.hpp"
#include "engine/wish.hpp"

namespace superstep {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Engine::Impl {
 public:
  Impl(Engine& engine, int threads)
      : engine_(engine),
        pool_(threads),
        workers_(static_cast<std::size_t>(threads)),
        trainings_([this](std::span<const Wanted> wanted) { grant(wanted); }) {}

  // Room.
  void reserve(const Table& table, const Footprint& need, const std::string& what_for);
  std::size_t least_memory(const Table& table, const Footprint& need) const;
  Footprint beside_blocks(const Table& table, const Footprint& least, const Footprint& ample) const;
  Footprint make_room(const Table& table, const Footprint& least, const Footprint& wanted);
  /// Whether the blocks of the table are those that are kept.
  bool serves(const Table& table) const;
  /// Whether what is reserved covers `need` beside what other trainings need at the same time.
  bool has_room(const Footprint& need) const;
  bool share_blocks(const Table& table, const Footprint& need, std::span<const Share> wanted);
  void borrow_blocks(const Impl& other);

  // Passes.
  /// Has the wish granted, at once or together with those of other trainings, and throws what kept
  /// it from being granted.
  void ask(Wish& wish);
  std::vector<double> maximum(const Table& table, Index entries, const MaximumWish::Map& map);
  void on_threads(Index count, const std::function<void(Index)>& piece);
  Index workers() const { return static_cast<Index>(workers_.size()); }

  void set_mover(Mover mover) { mover_ = std::move(mover); }

  SideBySide& trainings() { return trainings_; }
  Task& task() { return trainings_.task(); }
  /// This rank's share of the tasks, on as many threads as there is memory for.
  void do_tasks_on_threads(const Share& share, const std::function<DoTask()>& worker,
                           std::vector<std::byte>* results);
  void set_task(std::string name, Index passes) {
    task() = {std::move(name), passes};
    tell_task();
  }

 private:
  /// What one worker keeps from block to block and from pass to pass.
  struct Worker {
    BlockView view;
    Workspace workspace;
    double waited_s = 0.0;
  };

  /// One pass over the blocks of a dataset for all that want it; who fails is told why.
  void grant(std::span<const Wanted> wanted);
  /// Makes the store ready for the table; reserves without a footprint if nobody has.
  void prepare(const Table& table);
  void pass(const Table& table, std::span<const Wanted> wanted);
  /// Whether anybody has to see what is in a block.
  static bool is_read(std::span<const Wanted> wanted, Index block);
  void look_at_blocks(std::span<const Wanted> wanted, const Stretch& stretch);
  void exchange(std::span<const Wanted> wanted);
  void tell_task() { engine_.events_.publish({.kind = Event::Kind::task, .name = task().name}); }
  [[noreturn]] void report_bad_values();
  /// Something goes on: told now and then, not for each block.
  void tick(const Stretch& stretch, double fraction = 0.0);
  /// What the rank has done with these blocks.
  Event of_blocks(double waited_s, std::span<const Index> blocks) const;

  std::size_t bytes_beside(const Table& table, const Footprint& need) const;
  std::size_t bytes_of_rows(const Table& table, const Footprint& need) const;
  std::size_t least_blocks(const Table& table) const;
  /// The numbers of the blocks that this rank looks at.
  std::vector<Index> blocks_here(const Table& table) const;
  /// Lets whoever has been asked to move blocks to other ranks do so.
  void move_blocks(const Table& table);
  bool are_shared(const Table& table) const;

  Engine& engine_;
  ThreadPool pool_;
  std::vector<Worker> workers_;
  std::shared_ptr<const NodeBlocks> shared_;
  std::unique_ptr<BlockStore> store_;
  Footprint reserved_;                     ///< beside the store
  std::shared_ptr<const Dataset> placed_;  ///< whose blocks are not where they are as a rule
  Placement placement_;
  Mover mover_;
  SideBySide trainings_;
  Clock::time_point last_tick_ = Clock::now();
};

}  // namespace superstep
