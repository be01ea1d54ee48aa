// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/bin_edges.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include <superstep/core/bytes.hpp>
#include <superstep/core/philox.hpp>
#include "core/number_keys.hpp"
#include "learn/trees/purposes.hpp"

namespace superstep::trees {

namespace {

/// Rows that decide where there are more: fewer of wide tables, so that they fit into memory.
constexpr Index most_rows = 200'000;
constexpr Index least_rows = 32'768;
constexpr Index most_values = Index{1} << 25;

Index rows_that_decide(Index columns) {
  return std::clamp(most_values / std::max<Index>(columns, 1), least_rows, most_rows);
}

/// A value of a row and what the row weighs.
struct Weighed {
  double value;
  double weight;
};

/// By digits of 11 bits, from the last one; digits that are the same in all values, as most are of
/// floats, are left out.
template <class Number>
void sort_by(std::vector<Weighed>& values, const Number& number) {
  constexpr int digit_bits = 11;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  std::vector<Weighed> other(values.size());
  for (int shift = 0; shift < 64; shift += digit_bits) {
    std::size_t begin[digits] = {};
    const auto digit = [&](const Weighed& w) {
      return (key_of_number(number(w)) >> shift) & (digits - 1);
    };
    for (const Weighed& w : values) ++begin[digit(w)];
    if (begin[digit(values.front())] == values.size()) continue;
    std::size_t sum = 0;
    for (std::size_t& count : begin) sum += std::exchange(count, sum);
    for (const Weighed& w : values) other[begin[digit(w)]++] = w;
    values.swap(other);
  }
}

/// Equal values by their weights, so that sums of these do not tell in which order rows came.
void sort_by_value(std::vector<Weighed>& values) {
  const double first = values.front().weight;
  if (std::ranges::any_of(values, [&](const Weighed& w) { return w.weight != first; })) {
    sort_by(values, [](const Weighed& w) { return w.weight; });
  }
  sort_by(values, [](const Weighed& w) { return w.value; });
}

/// Where the sum would be infinite, too.
double middle_of(double a, double b) {
  const double sum = a + b;
  return std::isfinite(sum) ? sum * 0.5 : a * 0.5 + b * 0.5;
}

/// Between each two neighbours.
std::vector<double> middles(const std::vector<Weighed>& sorted, Index max_bins) {
  std::vector<double> edges;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const double a = sorted[i - 1].value, b = sorted[i].value;
    if (a == b) continue;
    if (std::ssize(edges) + 1 == max_bins) return {};
    edges.push_back(middle_of(a, b));
  }
  return edges;
}

/// numpy.percentile's and scikit-learn's averaged_inverted_cdf: the value up to which lies that
/// part of the weight, or the mean with the next one where it is exactly that.
std::vector<double> quantiles(const std::vector<Weighed>& sorted, Index max_bins) {
  double all = 0.0;
  for (const Weighed& w : sorted) all += w.weight;
  std::vector<double> edges;
  double below = 0.0;
  std::size_t at = 0;
  for (Index k = 1; k < max_bins; ++k) {
    const double percent = static_cast<double>(k) * (100.0 / static_cast<double>(max_bins));
    const double wanted = all * (percent / 100.0);  // rounded as NumPy rounds it
    while (at + 1 < sorted.size() && below + sorted[at].weight < wanted) {
      below += sorted[at++].weight;
    }
    double edge = sorted[at].value;
    if (below + sorted[at].weight == wanted && at + 1 < sorted.size()) {
      edge = middle_of(edge, sorted[at + 1].value);
    }
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

std::vector<double> edges_of(std::vector<Weighed> values, Index max_bins) {
  if (values.empty()) return {};
  sort_by_value(values);
  if (values.front().value == values.back().value) return {};
  std::vector<double> edges = middles(values, max_bins);
  return edges.empty() ? quantiles(values, max_bins) : edges;
}

/// The values of the rows that decide, until each column's come to one rank.
class DecidingRows final : public Engine::Keeper {
 public:
  DecidingRows(Engine& engine, const Table& table, Index max_bins)
      : engine_(engine),
        columns_(table.columns()),
        max_bins_(max_bins),
        part_(static_cast<double>(rows_that_decide(columns_)) /
              static_cast<double>(std::max<Index>(table.rows(), 1))) {}

  void look(const Block& block) {
    std::vector<Index> rows;
    for (Index i = 0; i < block.rows; ++i) {
      if (block.weight_of(i) > 0.0 && decides(block.place(i))) rows.push_back(i);
    }
    if (rows.empty()) return;
    const double* x = block.x.doubles();
    const std::lock_guard lock(mutex_);
    for (const Index i : rows) {
      values_.insert(values_.end(), x + i * columns_, x + (i + 1) * columns_);
      weights_.push_back(block.weight_of(i));
    }
  }

  void forget() override {
    values_.clear();
    weights_.clear();
  }

  std::vector<std::byte> exchange(const Communicator& comm) override {
    const std::vector<std::vector<std::byte>> received = comm.exchange(by_owner(comm.size()));
    forget();
    std::vector<Index> mine;
    for (Index c = comm.rank(); c < columns_; c += comm.size()) mine.push_back(c);
    std::vector<std::vector<double>> edges(mine.size());
    engine_.on_threads(std::ssize(mine), [&](Index i) {
      edges[static_cast<std::size_t>(i)] = edges_of(values_of(received, i), max_bins_);
    });
    ByteWriter out;
    for (std::size_t i = 0; i < mine.size(); ++i) out.put(mine[i]).put(edges[i]);
    ByteWriter all;
    for (const std::vector<std::byte>& bytes : comm.gather_all(out.take())) all.put(bytes);
    return all.take();
  }

 private:
  bool decides(Index place) const {
    if (part_ >= 1.0) return true;
    const auto word = Philox(0, deciding_rows_purpose).at(static_cast<std::uint64_t>(place), 0)[0];
    return static_cast<double>(word) < part_ * 0x1p32;
  }

  /// For each rank the weights of the rows here, then their values in its columns, column by
  /// column.
  std::vector<std::vector<std::byte>> by_owner(int ranks) const {
    std::vector<std::vector<std::byte>> all;
    const Index rows = std::ssize(weights_);
    for (int r = 0; r < ranks; ++r) {
      ByteWriter out;
      out.put(weights_);
      std::vector<double> column(static_cast<std::size_t>(rows));
      for (Index c = r; c < columns_; c += ranks) {
        for (Index i = 0; i < rows; ++i) {
          column[static_cast<std::size_t>(i)] = values_[static_cast<std::size_t>(i * columns_ + c)];
        }
        out.append(column.data(), rows);
      }
      all.push_back(out.take());
    }
    return all;
  }

  /// Of the i-th of so many columns of this rank, those that are there.
  static std::vector<Weighed> values_of(const std::vector<std::vector<std::byte>>& received,
                                        Index i) {
    std::vector<Weighed> found;
    for (const std::vector<std::byte>& bytes : received) {
      ByteReader in(bytes);
      const auto weights = in.values<double>();
      std::vector<double> column(weights.size());
      const std::size_t all_before =
          (weights.size() * static_cast<std::size_t>(i + 1) + 1) * sizeof(double);
      ByteReader(std::span(bytes).subspan(all_before)).copy(column.data(), std::ssize(column));
      for (std::size_t k = 0; k < column.size(); ++k) {
        if (!std::isnan(column[k])) found.push_back({column[k], weights[k]});
      }
    }
    return found;
  }

  Engine& engine_;
  Index columns_;
  Index max_bins_;
  double part_;
  std::mutex mutex_;
  std::vector<double> values_;  ///< row by row
  std::vector<double> weights_;
};

}  // namespace

BinEdges find_bin_edges(Engine& engine, const Table& table, Index max_bins) {
  DecidingRows rows(engine, table, max_bins);
  const std::vector<std::byte> bytes = engine.look(
      table, [&](const Block& block, Workspace&) { rows.look(block); }, rows);
  BinEdges found{std::vector<std::vector<double>>(static_cast<std::size_t>(table.columns()))};
  for (ByteReader all(bytes); !all.at_end();) {
    const auto of_rank = all.values<std::byte>();
    for (ByteReader in(of_rank); !in.at_end();) {
      const auto column = static_cast<std::size_t>(in.get<Index>());
      found.of_column.at(column) = in.values<double>();
    }
  }
  return found;
}

Index doubles_for_bin_edges(Index columns) {
  // The values as they are kept (a vector grows by doubling), as they are sent, and as they come.
  return 4 * rows_that_decide(columns) * (columns + 1);
}

}  // namespace superstep::trees
