// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/distinct.hpp"

#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

#include "learn/cells.hpp"

namespace superstep {

namespace {

constexpr std::size_t most_values = 1'000'000;

using Counts = std::unordered_map<double, Index>;

/// What a rank has counted, by cell and column. Integers, so nobody can see who counted what.
class DistinctCounts final : public Engine::Keeper {
 public:
  DistinctCounts(Index cells, std::size_t columns, const Schema& schema,
                 const std::string& what_for)
      : columns_(columns),
        counts_(static_cast<std::size_t>(cells) * columns),
        missing_(counts_.size(), 0),
        schema_(schema),
        what_for_(what_for) {}

  void add(Index cell, std::size_t column, const Counts& counts, Index missing) {
    const std::lock_guard lock(mutex_);
    const std::size_t at = static_cast<std::size_t>(cell) * columns_ + column;
    Counts& all = counts_[at];
    for (const auto& [value, count] : counts) all[value] += count;
    missing_[at] += missing;
    if (all.size() > most_values) refuse(column);
  }
  void forget() override {
    for (Counts& c : counts_) c.clear();
    std::ranges::fill(missing_, 0);
  }
  std::vector<std::byte> exchange(const Communicator& comm) override;
  [[noreturn]] void refuse(std::size_t column) const {
    throw DataError(
        fmt::format("{}: column '{}' has more than {} different values; is it a category?",
                    what_for_, schema_.name_of(static_cast<Index>(column)),
                    format_count(static_cast<Index>(most_values))));
  }

 private:
  std::mutex mutex_;
  std::size_t columns_;
  std::vector<Counts> counts_;
  std::vector<Index> missing_;
  const Schema& schema_;
  const std::string& what_for_;
};

std::vector<std::byte> DistinctCounts::exchange(const Communicator& comm) {
  ByteWriter out;
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    const std::map<double, Index> sorted(counts_[c].begin(), counts_[c].end());
    out.put(missing_[c]).put(std::uint64_t{sorted.size()});
    for (const auto& [value, count] : sorted) out.put(value).put(count);
  }
  std::vector<std::map<double, Index>> all(counts_.size());
  std::vector<Index> missing(counts_.size(), 0);
  for (const auto& bytes : comm.gather_all(out.take())) {
    ByteReader in(bytes);
    for (std::size_t c = 0; c < all.size(); ++c) {
      missing[c] += in.get<Index>();
      for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
        const auto value = in.get<double>();
        all[c][value] += in.get<Index>();
      }
    }
  }
  collectively(comm, [&] {
    for (std::size_t c = 0; c < all.size(); ++c) {
      if (all[c].size() > most_values) refuse(c % columns_);
    }
  });
  ByteWriter whole;
  for (std::size_t c = 0; c < all.size(); ++c) {
    whole.put(missing[c]).put(std::uint64_t{all[c].size()});
    for (const auto& [value, count] : all[c]) whole.put(value).put(count);
  }
  return whole.take();
}

/// Of a category: codes are few and small.
void count_codes(const Block& block, const Cells::Rows& rows, std::size_t column,
                 std::size_t levels, Counts& counts, Index& missing) {
  const double* x = block.x.doubles() + column;
  std::vector<Index> found(levels + 1, 0);
  for_rows(block, rows, [&](Index i) {
    const double code = x[i * block.columns];
    if (std::isnan(code)) {
      ++missing;
    } else {
      ++found[static_cast<std::size_t>(code)];
    }
  });
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (found[k] > 0) counts.emplace(static_cast<double>(k), found[k]);
  }
}

void count_numbers(const Block& block, const Cells::Rows& rows, std::size_t column, Counts& counts,
                   Index& missing) {
  const double* x = block.x.doubles() + column;
  for_rows(block, rows, [&](Index i) {
    const double value = x[i * block.columns] + 0.0;  // -0.0 and 0.0 are one
    if (std::isnan(value)) {
      ++missing;
    } else {
      ++counts[value];
    }
  });
}

/// Those of several cells are those of the rows that lie in any of them.
class Union {
 public:
  void add(const DistinctValues& one) {
    missing_ += one.missing;
    for (std::size_t i = 0; i < one.values.size(); ++i) counts_[one.values[i]] += one.counts[i];
  }
  std::size_t size() const { return counts_.size(); }
  DistinctValues take() const {
    DistinctValues all;
    all.missing = missing_;
    for (const auto& [value, count] : counts_) {
      all.values.push_back(value);
      all.counts.push_back(count);
    }
    return all;
  }

 private:
  std::map<double, Index> counts_;
  Index missing_ = 0;
};

/// By cell and column.
std::vector<DistinctValues> values_by_cell(Engine& engine, const Table& table, const Cells& cells,
                                           const Schema& columns, DistinctCounts& keeper) {
  const auto n = static_cast<std::size_t>(table.columns());
  const std::vector<std::byte> bytes = engine.look(
      table,
      [&](const Block& block, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
          if (!cells.is_used(cell)) return;
          for (std::size_t c = 0; c < n; ++c) {
            Counts counts;
            Index missing = 0;
            const Column& column = columns[static_cast<Index>(c)];
            if (column.levels) {
              count_codes(block, rows, c, column.levels->size(), counts, missing);
            } else {
              count_numbers(block, rows, c, counts, missing);
            }
            keeper.add(cell, c, counts, missing);
          }
        });
      },
      keeper);
  ByteReader in(bytes);
  std::vector<DistinctValues> found(n * static_cast<std::size_t>(cells.size()));
  for (DistinctValues& one : found) {
    one.missing = in.get<Index>();
    for (auto k = in.get<std::uint64_t>(); k > 0; --k) {
      one.values.push_back(in.get<double>());
      one.counts.push_back(in.get<Index>());
    }
  }
  return found;
}

}  // namespace

Index DistinctValues::rows() const {
  return std::accumulate(counts.begin(), counts.end(), missing);
}

std::vector<DistinctValues> distinct_values(Engine& engine, const Table& table,
                                            const Schema& columns, const std::string& what_for) {
  const SplitPtr all;
  const Cells one({&all, 1});
  DistinctCounts keeper(1, static_cast<std::size_t>(table.columns()), columns, what_for);
  return values_by_cell(engine, table, one, columns, keeper);
}

DistinctBySplit::DistinctBySplit(Engine& engine, const Table& table, std::vector<SplitPtr> splits,
                                 const Schema& columns, const std::string& what_for)
    : splits_(std::move(splits)) {
  const Cells cells(splits_);
  const auto n = static_cast<std::size_t>(table.columns());
  DistinctCounts keeper(cells.size(), n, columns, what_for);
  const std::vector<DistinctValues> by_cell = values_by_cell(engine, table, cells, columns, keeper);
  collectively(engine.comm(), [&] {
    for (const SplitPtr& split : splits_) {
      std::vector<DistinctValues>& found = found_.emplace_back();
      for (std::size_t c = 0; c < n; ++c) {
        Union all;
        for (const Index cell : cells.with_role(split, Role::train)) {
          all.add(by_cell[static_cast<std::size_t>(cell) * n + c]);
        }
        if (all.size() > most_values) keeper.refuse(c);
        found.push_back(all.take());
      }
    }
  });
}

const std::vector<DistinctValues>& DistinctBySplit::of(const SplitPtr& split) const {
  return found_[static_cast<std::size_t>(std::ranges::find(splits_, split) - splits_.begin())];
}

Index doubles_for_distinct(const Schema& columns) {
  constexpr Index usual = 1000;  // of a column of numbers
  Index sum = 0;
  for (const Column& c : columns.columns()) {
    sum += 8 * (c.levels ? static_cast<Index>(c.levels->size()) + 1 : usual);
  }
  return sum;
}

}  // namespace superstep
