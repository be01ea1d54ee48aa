// SPDX-License-Identifier: BSD-3-Clause
// The blocks of one rank: kept in memory as far as the budget reaches, the others read again in
// every pass by threads that run ahead of the computation. Which is which cannot be seen in any
// result.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <superstep/data/table.hpp>
#include <superstep/engine/node_blocks.hpp>
#include <superstep/engine/thread_pool.hpp>

namespace superstep {

class BlockStore {
 public:
  struct Options {
    std::size_t capacity = 0;  ///< bytes for resident blocks and read-ahead together
    int workers = 1;
    int readers = 1;
    /// Holds every block of the share in memory: nothing is read. Null: they are read.
    std::shared_ptr<const NodeBlocks> shared{};
  };

  /// `blocks`: those of this rank by their numbers in the dataset's plan, ascending.
  BlockStore(std::shared_ptr<Dataset> data, std::vector<Index> blocks, Target target,
             const Options& options);
  ~BlockStore();

  /// The least capacity with which so many workers and readers can go on.
  static std::size_t least_capacity(const Dataset& data, Index blocks, Target target, int workers,
                                    int readers);

  const Dataset& data() const { return *data_; }
  Target target() const { return target_; }
  Index size() const { return std::ssize(blocks_); }
  Index streamed() const { return size() - n_resident_; }
  Index streamed_in_pass() const { return static_cast<Index>(streamed_.size()); }
  /// Number in the dataset's plan of the k-th block here.
  Index global(Index k) const { return blocks_[static_cast<std::size_t>(k)]; }
  /// What blocks take, or will when they are read; nothing of what is shared.
  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_read() const { return bytes_read_.load(); }

  /// Reads the resident blocks; the first failure is kept for the next pass. Any later call does
  /// nothing and returns false.
  bool load(ThreadPool& pool, const std::function<void()>& meanwhile);

  /// Begins a pass over the blocks of a table: the readers start. Those that `is_read` (by their
  /// numbers in the plan) must be asked for in ascending order, and all of them.
  void begin_pass(const Table& table, const std::function<bool(Index)>& is_read);
  /// The blocks here that the running pass looks at, by their numbers here, ascending.
  const std::vector<Index>& in_pass() const { return in_pass_; }
  /// The k-th block, read and checked; null when it holds bad values or the pass was cancelled.
  /// Throws what the reader threw. Waiting time is added to `waited_s`.
  const StoredBlock* acquire(Index k, double& waited_s);
  /// Gives the k-th block back; every acquire needs it, also one that returned null.
  void release(Index k);
  /// Wakes everybody who waits; acquire returns null from now on.
  void cancel();
  void end_pass();

  /// What the checks have found so far in all blocks.
  BadValues bad_values() const;

 private:
  struct Slot {
    StoredBlock block;
    Index holds = -1;  ///< number of the streamed block that is ready here
    bool is_free = true;
    std::exception_ptr failure;
  };
  static constexpr std::uint8_t unchecked = 0, good = 1, bad = 2;

  bool is_resident(Index k) const;
  Index resident_before(Index k) const;
  /// Of the streamed blocks of the running pass, the number of block k.
  Index place_in_pass(Index k) const;
  void start_readers();
  void read_ahead();
  bool check(Index k, const StoredBlock& block);

  std::shared_ptr<Dataset> data_;
  std::vector<Index> blocks_;
  Target target_;
  Options options_;
  Index n_resident_ = 0;
  std::size_t bytes_ = 0;
  bool is_loaded_ = false;
  std::vector<StoredBlock> residents_;
  std::exception_ptr load_failure_;

  std::vector<std::uint8_t> checked_;
  MayMiss may_miss_{};
  BadValues bad_values_;
  mutable std::mutex bad_mutex_;

  std::vector<Slot> slots_;
  std::vector<Index> in_pass_;
  std::vector<Index> streamed_;  ///< local numbers of the streamed blocks of the running pass
  Index next_to_read_ = 0;
  bool cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> readers_;
  std::atomic<std::size_t> bytes_read_ = 0;
};

}  // namespace superstep
