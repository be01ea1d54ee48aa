// SPDX-License-Identifier: BSD-3-Clause
// What somebody wants to know of the rows of a table: what is made of each block, and how the ranks
// put it together. Wishes for rows of one dataset are granted in one pass over it
// (engine/pass.cpp).
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/engine/engine.hpp>
#include "engine/outbox.hpp"

namespace superstep {

class Wish {
 public:
  explicit Wish(const Table& table) : table_(table) {}
  virtual ~Wish() = default;
  Wish(const Wish&) = delete;
  Wish& operator=(const Wish&) = delete;
  const Table& table() const { return table_; }

  /// A pass begins over these blocks of the rank, by their numbers in the dataset's plan.
  virtual void begin(std::span<const Index> blocks) { static_cast<void>(blocks); }
  /// Whether a block has to be read; else nothing but its place is shown.
  virtual bool reads(Index block) const {
    static_cast<void>(block);
    return true;
  }
  /// Shows a block of the table to it, on any worker.
  virtual void look(int worker, const Block& block, Workspace& workspace) = 0;
  /// A worker has shown its last block.
  virtual void finish(int worker) { static_cast<void>(worker); }
  /// By the calling thread, between its blocks and while it waits for the other workers.
  virtual void between() {}
  /// By the other workers, before they take their next block, when they hold none.
  virtual void hold() {}

  /// What happened on one rank, or on any.
  struct Ending {
    bool has_failed = false;
    bool met_bad_values = false;
  };
  /// After the last block: puts together what the ranks have found. Returns what happened to any of
  /// them. **Collective.**
  virtual Ending exchange(const Communicator& comm, Ending here) = 0;

  /// Within a handler: what was thrown is this rank's reason why there is no answer. The first
  /// stays.
  void fail();
  bool has_failed() const { return has_failed_; }
  const LocalStatus& status() const { return status_; }
  /// Why there is no answer, the same on every rank.
  std::exception_ptr failure{};

 private:
  const Table& table_;
  std::mutex mutex_;
  LocalStatus status_;
  std::atomic<bool> has_failed_ = false;
};

/// Exact sums of what a map makes of each block.
class SumWish final : public Wish {
 public:
  SumWish(const Table& table, const SumShape& shape, const Engine::SumMap& map, Index workers);
  void look(int worker, const Block& block, Workspace& workspace) override;
  Ending exchange(const Communicator& comm, Ending here) override;
  bool all_hold() const;
  Totals totals() { return Totals(shape_, std::move(sums_.front())); }

 private:
  const SumShape& shape_;
  const Engine::SumMap& map_;
  std::vector<double> scales_;
  std::vector<ExactSum> sums_;  ///< by worker
  std::vector<Buffer<double>> partials_;
};

/// The largest of what a map makes of each block, entry by entry.
class MaximumWish final : public Wish {
 public:
  using Map = std::function<void(int worker, const Block&, std::span<double>, Workspace&)>;
  MaximumWish(const Table& table, Index entries, const Map& map, Index workers);
  void look(int worker, const Block& block, Workspace& workspace) override;
  Ending exchange(const Communicator& comm, Ending here) override;
  std::vector<double> maxima() { return std::move(maxima_.front()); }

 private:
  std::size_t entries_;
  const Map& map_;
  std::vector<std::vector<double>> maxima_;  ///< by worker
};

/// Integers, beside what is kept of the blocks.
class TallyWish final : public Wish {
 public:
  TallyWish(const Table& table, Index entries, Engine::TallyMap& map, BlockStates& states,
            Index workers);
  void begin(std::span<const Index> blocks) override { states_.keep_only(blocks); }
  bool reads(Index block) const override { return !states_.is_enough(block); }
  void look(int worker, const Block& block, Workspace& workspace) override;
  void finish(int worker) override;
  Ending exchange(const Communicator& comm, Ending here) override;
  std::vector<std::int64_t> sums() { return std::move(sums_.front()); }

 private:
  std::size_t entries_;
  Engine::TallyMap& map_;
  BlockStates& states_;
  std::vector<std::vector<std::int64_t>> sums_;  ///< by worker; none until it has seen a block
};

/// Nothing but to see the blocks: what is kept of them is the map's affair.
class LookWish final : public Wish {
 public:
  LookWish(const Table& table, const Engine::LookMap& map) : Wish(table), map_(map) {}
  void look(int, const Block& block, Workspace& workspace) override { map_(block, workspace); }
  Ending exchange(const Communicator& comm, Ending here) override;

 private:
  const Engine::LookMap& map_;
};

/// Doubles for every row, handed to the calling thread of each rank.
class RowsWish final : public Wish {
 public:
  RowsWish(const Table& table, Index width, const Engine::RowsMap& map,
           const Engine::RowsSink& sink, int workers);
  void look(int worker, const Block& block, Workspace& workspace) override;
  void between() override { outbox_.drain(sink_); }
  void hold() override { outbox_.wait_for_room(); }
  Ending exchange(const Communicator& comm, Ending here) override;

 private:
  Index width_;
  const Engine::RowsMap& map_;
  const Engine::RowsSink& sink_;
  Outbox outbox_;
};

}  // namespace superstep
