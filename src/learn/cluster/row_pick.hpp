// SPDX-License-Identifier: BSD-3-Clause
// The rows with the smallest keys, of all rows of all ranks: random draws (a key that is a function
// of the row) and the rows farthest from their centres. Nobody can see who offered a row, or how
// often.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep {

class RowPick {
 public:
  struct Row {
    double key;
    Index row;
    std::vector<double> values;
  };

  /// Picks at most `most` rows, each with `width` values.
  RowPick(Index most, Index width);

  /// A row with a key above this will not be picked. Never rises.
  double limit() const { return limit_.load(std::memory_order_relaxed); }
  /// Thread-safe. The key must be a function of the row: offering a row again changes nothing.
  void offer(double key, Index row, std::span<const double> values);
  /// Nothing is offered yet.
  void forget();
  /// The picked rows by (key, row), the same on every rank; then they are forgotten.
  /// **Collective.**
  std::vector<Row> gather(const Communicator& comm);

 private:
  using Key = std::pair<double, Index>;
  std::vector<Key> local_keys(const Communicator& comm) const;

  std::size_t most_;
  std::size_t width_;
  std::atomic<double> limit_;
  std::mutex mutex_;
  std::map<Key, std::vector<double>> picked_;
};

/// Several that are offered rows in the same pass.
class RowPicks final : public Engine::Keeper {
 public:
  void add(RowPick& pick) { picks_.push_back(&pick); }
  void forget() override;
  std::vector<std::byte> exchange(const Communicator& comm) override;
  /// The rows that each of them picked, as they were added.
  static std::vector<std::vector<RowPick::Row>> rows(std::span<const std::byte> exchanged);

 private:
  std::vector<RowPick*> picks_;
};

}  // namespace superstep
