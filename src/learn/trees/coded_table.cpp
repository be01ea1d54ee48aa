// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/coded_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include <superstep/core/bytes.hpp>
#include "learn/trees/bin_edges.hpp"
#include "learn/trees/ordered.hpp"

namespace superstep::trees {

namespace {

constexpr Index most_exact_rows = 65'535;
constexpr Index most_exact_values = Index{1} << 25;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a rank keeps of a block: of its rows that have a weight.
struct KeptBlock {
  Index position = 0;
  std::vector<double> targets, weights;
  std::vector<std::uint8_t> trains;  ///< split by split
  std::vector<double> values;        ///< column by column, where codes are exact
  std::vector<std::uint8_t> bins;    ///< else

  Index rows() const { return std::ssize(targets); }
};

/// The least and the greatest value of every bin of every column.
struct Ranges {
  std::vector<double> least, most;

  explicit Ranges(Index bins)
      : least(static_cast<std::size_t>(bins), infinity),
        most(static_cast<std::size_t>(bins), -infinity) {}
  void add(std::size_t bin, double value) {
    least[bin] = std::min(least[bin], value);
    most[bin] = std::max(most[bin], value);
  }
  void merge(const std::vector<double>& lower, const std::vector<double>& upper) {
    for (std::size_t i = 0; i < least.size(); ++i) {
      least[i] = std::min(least[i], lower[i]);
      most[i] = std::max(most[i], upper[i]);
    }
  }
};

std::vector<Index> rows_with_weight(const Block& block) {
  std::vector<Index> rows;
  for (Index i = 0; i < block.rows; ++i) {
    if (block.weight_of(i) > 0.0) rows.push_back(i);
  }
  return rows;
}

class Coding final : public Engine::Keeper {
 public:
  /// `edges`: null where codes are exact.
  Coding(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
         const BinEdges* edges, bool with_range)
      : engine_(engine),
        columns_(table.columns()),
        splits_(splits),
        edges_(edges),
        with_range_(with_range && edges != nullptr),
        ranges_(with_range_ ? columns_ * most_bins : 0) {}

  void look(const Block& block, Workspace& workspace) {
    const std::vector<Index> rows = rows_with_weight(block);
    KeptBlock kept;
    kept.position = block.position;
    for (const Index i : rows) {
      kept.targets.push_back(block.y[i]);
      if (block.weight != nullptr) kept.weights.push_back(block.weight[i]);
    }
    tell_training(block, rows, kept, workspace);
    const double* x = block.x.doubles();
    if (edges_ == nullptr) {
      kept.values.reserve(rows.size() * static_cast<std::size_t>(columns_));
      for (Index c = 0; c < columns_; ++c) {
        for (const Index i : rows) kept.values.push_back(x[i * columns_ + c]);
      }
    } else {
      find_bins(x, rows, kept);
    }
    const std::lock_guard lock(mutex_);
    blocks_.push_back(std::move(kept));
  }

  void forget() override {
    blocks_.clear();
    ranges_ = Ranges(with_range_ ? columns_ * most_bins : 0);
  }

  std::vector<std::byte> exchange(const Communicator& comm) override {
    std::ranges::sort(blocks_, {}, &KeptBlock::position);
    const std::vector<std::vector<std::byte>> told = comm.gather_all(rows_told());
    ByteWriter out;
    put_rows(told, out);
    if (edges_ == nullptr) {
      put_exact_columns(comm, out);
    } else {
      put_bins(comm, out);
    }
    forget();
    return out.take();
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  void tell_training(const Block& block, const std::vector<Index>& rows, KeptBlock& kept,
                     Workspace& workspace) const {
    std::int32_t* const cells = workspace.integers(0, block.rows);
    std::int32_t* const chosen = workspace.integers(1, block.rows);
    std::vector<std::uint8_t> trains(at(block.rows));
    for (const SplitPtr& split : splits_) {
      std::ranges::fill(trains, std::uint8_t{0});
      const Index n = rows_with_role(*split, Role::train, block, cells, chosen);
      for (Index k = 0; k < n; ++k) trains[at(chosen[k])] = 1;
      for (const Index i : rows) kept.trains.push_back(trains[at(i)]);
    }
  }

  void find_bins(const double* x, const std::vector<Index>& rows, KeptBlock& kept) {
    Ranges found(with_range_ ? columns_ * most_bins : 0);
    kept.bins.reserve(rows.size() * at(columns_));
    for (Index c = 0; c < columns_; ++c) {
      const std::vector<double>& edges = edges_->edges(c);
      for (const Index i : rows) {
        const double value = x[i * columns_ + c];
        if (std::isnan(value)) {
          kept.bins.push_back(static_cast<std::uint8_t>(edges_->bins(c)));
          continue;
        }
        const Index bin = count_below(edges.data(), std::ssize(edges), value);
        kept.bins.push_back(static_cast<std::uint8_t>(bin));
        if (with_range_) found.add(at(c * most_bins + bin), value);
      }
    }
    if (!with_range_) return;
    const std::lock_guard lock(mutex_);
    ranges_.merge(found.least, found.most);
  }

  std::vector<std::byte> rows_told() const {
    ByteWriter out;
    for (const KeptBlock& b : blocks_) {
      out.put(b.position).put(b.targets).put(b.weights).put(b.trains);
    }
    return out.take();
  }

  /// Where each block's rows begin, and what stands in a row beside its columns.
  void put_rows(const std::vector<std::vector<std::byte>>& told, ByteWriter& out) {
    struct Of {
      std::vector<double> targets, weights;
      std::vector<std::uint8_t> trains;
    };
    std::vector<std::pair<Index, Of>> blocks;
    for (const std::vector<std::byte>& bytes : told) {
      for (ByteReader in(bytes); !in.at_end();) {
        const auto position = in.get<Index>();
        Of of{in.values<double>(), in.values<double>(), in.values<std::uint8_t>()};
        blocks.emplace_back(position, std::move(of));
      }
    }
    std::ranges::sort(blocks, {}, &std::pair<Index, Of>::first);
    std::vector<double> targets, weights;
    std::vector<std::vector<std::uint8_t>> trains(splits_.size());
    rows_before_.clear();
    for (const auto& [position, of] : blocks) {
      rows_before_.emplace_back(position, std::ssize(targets));
      const std::size_t n = of.targets.size();
      targets.insert(targets.end(), of.targets.begin(), of.targets.end());
      weights.insert(weights.end(), of.weights.begin(), of.weights.end());
      for (std::size_t s = 0; s < trains.size(); ++s) {
        const std::uint8_t* from = of.trains.data() + s * n;
        trains[s].insert(trains[s].end(), from, from + n);
      }
    }
    rows_ = std::ssize(targets);
    out.put(targets).put(weights);
    for (const std::vector<std::uint8_t>& of_split : trains) out.put(of_split);
  }

  Index first_row_of(Index position) const {
    return std::ranges::lower_bound(rows_before_, position, {}, &std::pair<Index, Index>::first)
        ->second;
  }

  // Exact codes: each rank gets all values of some columns.

  void put_exact_columns(const Communicator& comm, ByteWriter& out) const {
    const std::vector<std::vector<std::byte>> received = comm.exchange(by_owner(comm.size()));
    std::vector<Index> mine;
    for (Index c = comm.rank(); c < columns_; c += comm.size()) mine.push_back(c);
    std::vector<std::vector<std::byte>> coded(mine.size());
    engine_.on_threads(std::ssize(mine), [&](Index i) {
      coded[at(i)] = exact_codes(values_of(received, i, std::ssize(mine)));
    });
    ByteWriter told;
    for (std::size_t i = 0; i < mine.size(); ++i) told.put(mine[i]).put(coded[i]);
    std::vector<std::vector<std::byte>> all(at(columns_));
    for (const std::vector<std::byte>& bytes : comm.gather_all(told.take())) {
      for (ByteReader in(bytes); !in.at_end();) {
        const auto column = in.get<Index>();
        all.at(at(column)) = in.values<std::byte>();
      }
    }
    for (const std::vector<std::byte>& column : all) out.append(column.data(), std::ssize(column));
  }

  std::vector<std::vector<std::byte>> by_owner(int ranks) const {
    std::vector<std::vector<std::byte>> all;
    for (int r = 0; r < ranks; ++r) {
      ByteWriter out;
      for (const KeptBlock& b : blocks_) {
        out.put(b.position).put(b.rows());
        for (Index c = r; c < columns_; c += ranks) {
          out.append(b.values.data() + c * b.rows(), b.rows());
        }
      }
      all.push_back(out.take());
    }
    return all;
  }

  /// Of the i-th of so many columns of this rank, in the order of the rows.
  std::vector<double> values_of(const std::vector<std::vector<std::byte>>& received, Index i,
                                Index columns) const {
    std::vector<double> values(at(rows_));
    for (const std::vector<std::byte>& bytes : received) {
      for (std::span<const std::byte> rest(bytes); !rest.empty();) {
        ByteReader in(rest);
        const auto position = in.get<Index>(), n = in.get<Index>();
        const std::size_t begin = 2 * sizeof(Index), column = at(n) * sizeof(double);
        ByteReader(rest.subspan(begin + at(i) * column))
            .copy(values.data() + first_row_of(position), n);
        rest = rest.subspan(begin + at(columns) * column);
      }
    }
    return values;
  }

  static std::vector<std::byte> exact_codes(const std::vector<double>& values) {
    std::vector<std::int32_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    const auto missing =
        std::ranges::partition(order, [&](std::int32_t i) { return !std::isnan(values[at(i)]); });
    const std::span<std::int32_t> there(order.data(), order.size() - missing.size());
    std::ranges::sort(there, {}, [&](std::int32_t i) { return values[at(i)]; });
    std::vector<double> distinct;
    std::vector<std::uint16_t> codes(values.size());
    for (const std::int32_t i : there) {
      if (distinct.empty() || values[at(i)] != distinct.back()) distinct.push_back(values[at(i)]);
      codes[at(i)] = static_cast<std::uint16_t>(distinct.size() - 1);
    }
    for (const std::int32_t i : missing) codes[at(i)] = static_cast<std::uint16_t>(distinct.size());
    ByteWriter out;
    out.put(distinct).put(codes);
    return out.take();
  }

  // Bins: each rank has found those of its blocks.

  void put_bins(const Communicator& comm, ByteWriter& out) const {
    ByteWriter mine;
    mine.put(ranges_.least).put(ranges_.most);
    for (const KeptBlock& b : blocks_) mine.put(b.position).put(b.rows()).put(b.bins);
    Ranges all(std::ssize(ranges_.least));
    std::vector<std::uint8_t> codes(at(rows_ * columns_));
    for (const std::vector<std::byte>& bytes : comm.gather_all(mine.take())) {
      ByteReader in(bytes);
      const auto least = in.values<double>(), most = in.values<double>();
      all.merge(least, most);
      while (!in.at_end()) {
        const auto position = in.get<Index>(), n = in.get<Index>();
        const auto bins = in.values<std::uint8_t>();
        const Index first = first_row_of(position);
        for (Index c = 0; c < columns_; ++c) {
          std::copy_n(bins.data() + c * n, n, codes.data() + c * rows_ + first);
        }
      }
    }
    out.put(all.least).put(all.most).put(codes);
  }

  Engine& engine_;
  Index columns_;
  std::span<const SplitPtr> splits_;
  const BinEdges* edges_;
  bool with_range_;
  std::mutex mutex_;
  std::vector<KeptBlock> blocks_;
  Ranges ranges_;
  Index rows_ = 0;
  std::vector<std::pair<Index, Index>> rows_before_;  ///< of each block, by position
};

void read_exact(ByteReader& in, CodedTable& table) {
  std::vector<std::uint16_t> all;
  Index most = 0;
  for (CodedColumn& column : table.columns) {
    column.cuts = in.values<double>();
    column.codes = std::ssize(column.cuts);
    most = std::max(most, column.codes);
    const auto codes = in.values<std::uint16_t>();
    all.insert(all.end(), codes.begin(), codes.end());
  }
  if (most > most_bins) {
    table.words = std::move(all);
    return;
  }
  table.bytes.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) table.bytes[i] = static_cast<std::uint8_t>(all[i]);
}

void read_bins(ByteReader& in, const BinEdges& edges, CodedTable& table) {
  const auto least = in.values<double>(), most = in.values<double>();
  table.bytes = in.values<std::uint8_t>();
  for (Index c = 0; c < edges.columns(); ++c) {
    CodedColumn& column = table.columns[static_cast<std::size_t>(c)];
    column.cuts = edges.edges(c);
    column.codes = edges.bins(c);
    if (least.empty()) continue;
    const Index first = c * most_bins;
    column.least.assign(least.begin() + first, least.begin() + first + column.codes);
    column.most.assign(most.begin() + first, most.begin() + first + column.codes);
  }
}

}  // namespace

Index CodedColumn::code_up_to(double threshold) const {
  if (std::isinf(threshold) && threshold > 0.0) return codes - 1;
  return std::ranges::upper_bound(cuts, threshold) - cuts.begin() - 1;
}

void CodedTable::pack() {
  const Index all = std::ssize(columns);
  if (!is_narrow() || all > PackedRow::most_columns) return;
  packed.resize(static_cast<std::size_t>(rows));
  constexpr Index together = 256;  // so that they stay in the cache
  for (Index first = 0; first < rows; first += together) {
    const Index end = std::min(rows, first + together);
    for (Index c = 0; c < all; ++c) {
      const std::uint8_t* const from = column<std::uint8_t>(c);
      for (Index i = first; i < end; ++i) packed[static_cast<std::size_t>(i)].codes[c] = from[i];
    }
  }
}

bool is_coded_exactly(Index rows, Index columns) {
  return rows <= most_exact_rows && rows * columns <= most_exact_values;
}

Index doubles_for_coded_table(Index rows, Index columns, Index splits) {
  // Of each row its targets, weights and roles: as they are kept, told and put together.
  const Index beside = rows * (2 + splits / 8 + 1) * 4;
  const Index values = rows * columns + (columns <= PackedRow::most_columns ? 6 * rows : 0);
  if (is_coded_exactly(rows, columns)) return beside + 4 * values + 64;
  // Bytes: as they are kept, sent, come, put together, and noted.
  return beside + values * 6 / 8 + 3 * columns * most_bins;
}

CodedTable code_table(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
                      bool with_range) {
  CodedTable coded;
  coded.is_exact = is_coded_exactly(table.rows(), table.columns());
  coded.columns.resize(static_cast<std::size_t>(table.columns()));
  BinEdges edges;
  if (!coded.is_exact) edges = find_bin_edges(engine, table, most_bins);
  Coding coding(engine, table, splits, coded.is_exact ? nullptr : &edges, with_range);
  const std::vector<std::byte> bytes = engine.look(
      table, [&](const Block& block, Workspace& workspace) { coding.look(block, workspace); },
      coding);
  ByteReader in(bytes);
  coded.targets = in.values<double>();
  coded.weights = in.values<double>();
  for (std::size_t s = 0; s < splits.size(); ++s) {
    coded.trains.push_back(in.values<std::uint8_t>());
  }
  coded.rows = std::ssize(coded.targets);
  if (coded.is_exact) {
    read_exact(in, coded);
  } else {
    read_bins(in, edges, coded);
  }
  coded.pack();
  return coded;
}

}  // namespace superstep::trees
