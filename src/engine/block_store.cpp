// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/block_store.hpp>

#include <algorithm>
#include <chrono>
#include <system_error>

#include <superstep/core/error.hpp>

namespace superstep {

BlockStore::BlockStore(std::shared_ptr<Dataset> data, std::vector<Index> blocks, Target target,
                       const Options& options)
    : data_(std::move(data)), blocks_(std::move(blocks)), target_(target), options_(options) {
  const auto block = static_cast<Index>(std::max<std::size_t>(data_->block_bytes(target), 1));
  const auto capacity = static_cast<Index>(options.capacity);
  if (options_.shared || size() * block <= capacity) {
    n_resident_ = size();
  } else {
    // Two blocks ahead of everybody at work keeps the readers busy; the rest of the budget keeps
    // blocks.
    const Index least = options.workers + options.readers;
    const Index affordable = std::max(capacity / block, least);
    const Index slots = std::min<Index>(least + 2, affordable);
    n_resident_ = std::clamp<Index>(affordable - slots, 0, size());
    slots_.resize(static_cast<std::size_t>(slots));
  }
  bytes_ = static_cast<std::size_t>(block) *
           (options_.shared ? 0 : static_cast<std::size_t>(n_resident_) + slots_.size());
  is_loaded_ = options_.shared != nullptr;
  if (!is_loaded_) residents_.resize(static_cast<std::size_t>(n_resident_));
  checked_.assign(static_cast<std::size_t>(size()), unchecked);
}

BlockStore::~BlockStore() {
  cancel();
  end_pass();
}

std::size_t BlockStore::least_capacity(const Dataset& data, Index blocks, Target target,
                                       int workers, int readers) {
  return data.block_bytes(target) *
         static_cast<std::size_t>(std::min<Index>(blocks, workers + readers));
}

// Resident blocks are spread evenly over the rank's blocks, so that while they are computed the
// readers fetch the ones between.
Index BlockStore::resident_before(Index k) const {
  return size() == 0 ? 0 : k * n_resident_ / size();
}

bool BlockStore::is_resident(Index k) const { return resident_before(k + 1) > resident_before(k); }

bool BlockStore::load(ThreadPool& pool, const std::function<void()>& meanwhile) {
  if (is_loaded_) return false;
  is_loaded_ = true;
  std::vector<Index> blocks;
  for (Index k = 0; k < size(); ++k) {
    if (is_resident(k)) blocks.push_back(k);
  }
  std::atomic<std::size_t> next = 0;
  std::mutex failure_mutex;
  pool.run(
      [&](int worker) {
        for (std::size_t i = next++; i < blocks.size(); i = next++) {
          try {
            data_->read(global(blocks[i]), target_, residents_[i]);
            bytes_read_ += data_->block_bytes(target_);
          } catch (...) {
            const std::lock_guard lock(failure_mutex);
            if (!load_failure_) load_failure_ = std::current_exception();
            return;
          }
          if (worker == 0) meanwhile();
        }
      },
      meanwhile);
  if (load_failure_ || blocks.empty()) return true;
  try {
    data_->require_unchanged();
  } catch (...) {
    load_failure_ = std::current_exception();
  }
  return true;
}

Index BlockStore::place_in_pass(Index k) const {
  return std::ranges::lower_bound(streamed_, k) - streamed_.begin();
}

void BlockStore::begin_pass(const Table& table, const std::function<bool(Index)>& is_read) {
  if (table.may_miss != may_miss_) {
    may_miss_ = table.may_miss;
    checked_.assign(checked_.size(), unchecked);
    bad_values_ = {};
  }
  cancelled_ = false;
  next_to_read_ = 0;
  in_pass_.clear();
  streamed_.clear();
  for (Index k = 0; k < size(); ++k) {
    if (global(k) % table.block_stride != 0) continue;
    in_pass_.push_back(k);
    if (!is_resident(k) && is_read(global(k))) streamed_.push_back(k);
  }
  if (streamed_.empty()) return;
  for (Slot& slot : slots_) {
    slot.holds = -1;
    slot.is_free = true;
    slot.failure = nullptr;
  }
  start_readers();
}

// Fewer than wished for do, if slower.
void BlockStore::start_readers() {
  try {
    for (int i = 0; i < options_.readers; ++i) readers_.emplace_back([this] { read_ahead(); });
  } catch (const std::system_error& e) {
    if (!readers_.empty()) return;
    throw Error(ExitCode::failure,
                "no thread could be started to read blocks (" + e.code().message() +
                    "); give fewer --threads, or raise the limit of processes (ulimit -u)");
  }
}

// Streamed block number s goes to slot s mod slots, so slots are taken and freed in the order of
// the pass and the block that is needed first never waits for a later one.
void BlockStore::read_ahead() {
  const auto n_slots = static_cast<Index>(slots_.size());
  std::unique_lock lock(mutex_);
  for (;;) {
    const Index s = next_to_read_++;
    if (s >= static_cast<Index>(streamed_.size())) return;
    Slot& slot = slots_[static_cast<std::size_t>(s % n_slots)];
    // The slot of block s is given to it only when block s - slots has been there and is gone.
    changed_.wait(lock, [&] {
      return cancelled_ ||
             (slot.is_free && (s < n_slots ? slot.holds == -1 : slot.holds == s - n_slots));
    });
    if (cancelled_) return;
    slot.is_free = false;
    lock.unlock();
    std::exception_ptr failure;
    try {
      data_->read(global(streamed_[static_cast<std::size_t>(s)]), target_, slot.block);
      bytes_read_ += data_->block_bytes(target_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    slot.failure = failure;
    slot.holds = s;
    changed_.notify_all();
  }
}

const StoredBlock* BlockStore::acquire(Index k, double& waited_s) {
  if (is_resident(k)) {
    if (load_failure_) std::rethrow_exception(load_failure_);
    const StoredBlock& block = options_.shared
                                   ? options_.shared->block(global(k))
                                   : residents_[static_cast<std::size_t>(resident_before(k))];
    return check(k, block) ? &block : nullptr;
  }
  const Index s = place_in_pass(k);
  Slot& slot = slots_[static_cast<std::size_t>(s % static_cast<Index>(slots_.size()))];
  const auto start = std::chrono::steady_clock::now();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || (slot.holds == s && !slot.is_free); });
    if (cancelled_) return nullptr;
    if (slot.failure) std::rethrow_exception(slot.failure);
  }
  waited_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return check(k, slot.block) ? &slot.block : nullptr;
}

void BlockStore::release(Index k) {
  if (is_resident(k)) return;
  const Index s = place_in_pass(k);
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<std::size_t>(s % static_cast<Index>(slots_.size()))];
  if (slot.holds == s) slot.is_free = true;
  changed_.notify_all();
}

void BlockStore::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

void BlockStore::end_pass() {
  for (std::thread& reader : readers_) reader.join();
  readers_.clear();
}

bool BlockStore::check(Index k, const StoredBlock& block) {
  std::uint8_t& state = checked_[static_cast<std::size_t>(k)];
  if (state == unchecked) {
    const BadValues found = data_->check(global(k), block, may_miss_);
    state = found.any() ? bad : good;
    if (found.any()) {
      const std::lock_guard lock(bad_mutex_);
      bad_values_.add(found);
    }
  }
  return state == good;
}

BadValues BlockStore::bad_values() const {
  const std::lock_guard lock(bad_mutex_);
  return bad_values_;
}

}  // namespace superstep
