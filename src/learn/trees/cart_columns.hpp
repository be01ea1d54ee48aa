// SPDX-License-Identifier: BSD-3-Clause
// The codes of the rows of a node, where a tree that grows finds them: in the columns of the table,
// in copies of these, or with the rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "learn/trees/cart_kinds.hpp"

namespace superstep::trees {

/// The columns of the whole table.
template <class Code>
class TableColumns {
 public:
  using Id = std::int32_t;
  explicit TableColumns(const CodedTable& table) : table_(table) {}
  void gather(Index column, const Id* ids, Index n, Code* to) {
    const Code* const from = table_.column<Code>(column);
    for (Index j = 0; j < n; ++j) to[j] = from[ids[j]];
  }

 private:
  const CodedTable& table_;
};

/// Those of some rows, copied when most of these want them.
template <class Code>
class CopiedColumns {
 public:
  using Id = std::uint16_t;
  explicit CopiedColumns(const CodedTable& table)
      : table_(table), is_copied_(table.columns.size()), copies_(table.columns.size()) {}
  void begin(const std::int32_t* rows, Index n) {
    rows_.assign(rows, rows + n);
    std::ranges::fill(is_copied_, false);
  }
  void gather(Index column, const Id* ids, Index n, Code* to) {
    const auto c = static_cast<std::size_t>(column);
    if (!is_copied_[c]) {
      const Code* const from = table_.column<Code>(column);
      if (n * 4 < std::ssize(rows_)) {
        for (Index j = 0; j < n; ++j) to[j] = from[rows_[ids[j]]];
        return;
      }
      copies_[c].resize(rows_.size());
      for (std::size_t i = 0; i < rows_.size(); ++i) copies_[c][i] = from[rows_[i]];
      is_copied_[c] = true;
    }
    const Code* const from = copies_[c].data();
    for (Index j = 0; j < n; ++j) to[j] = from[ids[j]];
  }

 private:
  const CodedTable& table_;
  std::vector<std::int32_t> rows_;
  std::vector<char> is_copied_;
  std::vector<std::vector<Code>> copies_;
};

/// Rows of few columns, which lie side by side: the codes of a row are its id, and are dealt out
/// with it. The ranges of all columns are found together.
class PackedColumns {
 public:
  static constexpr Index most_columns = PackedRow::most_columns;
  using Vector = PackedRow::Codes;
  using Id = PackedRow;
  explicit PackedColumns(const CodedTable& table) : table_(table) {}

  void pack(const std::int32_t* rows, Index n, Id* ids) const {
    for (Index j = 0; j < n; ++j) ids[j] = table_.packed[static_cast<std::size_t>(rows[j])];
  }
  void gather(Index column, const Id* ids, Index n, std::uint8_t* to) {
    for (Index j = 0; j < n; ++j) to[j] = ids[j].codes[column];
  }
  void find_ranges(const Id* ids, Index n) {
    Vector least = ids[0].codes, most = least;
    for (Index j = 1; j < n; ++j) {
      const Vector codes = ids[j].codes;
      least = codes < least ? codes : least;
      most = codes > most ? codes : most;
    }
    std::memcpy(least_, &least, sizeof least);
    std::memcpy(most_, &most, sizeof most);
  }
  /// Of each column the sums of the rows whose codes lie up to the one that is given.
  void add_up_to(const TwoClasses& kind, const Id* ids, const TwoClasses::Row* rows, Index n,
                 const std::uint8_t (&last)[most_columns], TwoClasses::Sum (&sums)[most_columns]) {
    Vector up_to;
    std::memcpy(&up_to, last, sizeof up_to);
    std::memset(sums, 0, sizeof sums);
    // As many rows at a time as may be counted in bytes.
    for (Index first = 0; first < n; first += kind.rows_in_byte()) {
      const Index end = std::min(n, first + kind.rows_in_byte());
      Vector a{}, b{}, counts{};
      for (Index j = first; j < end; ++j) {
        const auto is_in = reinterpret_cast<Vector>(ids[j].codes <= up_to);
        a += is_in & kind.byte_of(rows[j], 0);
        b += is_in & kind.byte_of(rows[j], 1);
        counts -= is_in;
      }
      for (int c = 0; c < most_columns; ++c) sums[c] += kind.sum(a[c], b[c], counts[c]);
    }
  }
  void add_up_to(const Numbers&, const Id* ids, const Numbers::Row* rows, Index n,
                 const std::uint8_t (&last)[most_columns], Numbers::Sum (&sums)[most_columns]) {
    using Eight = double __attribute__((vector_size(64)));
    using Masks = std::int64_t __attribute__((vector_size(64)));
    using Bytes = std::int8_t __attribute__((vector_size(8)));
    constexpr int groups = most_columns / 8;
    Vector up_to;
    std::memcpy(&up_to, last, sizeof up_to);
    Eight y[groups] = {}, weight[groups] = {}, count[groups] = {};
    const Eight one = Eight{} + 1.0;
    for (Index j = 0; j < n; ++j) {
      const auto is_in = ids[j].codes <= up_to;
      Bytes parts[groups];
      std::memcpy(parts, &is_in, sizeof parts);
      const Eight w = Eight{} + rows[j].weight, wy = Eight{} + rows[j].weight * rows[j].y;
      for (int g = 0; g < groups; ++g) {
        const Masks mask = __builtin_convertvector(parts[g], Masks);
        y[g] += reinterpret_cast<Eight>(mask & reinterpret_cast<Masks>(wy));
        weight[g] += reinterpret_cast<Eight>(mask & reinterpret_cast<Masks>(w));
        count[g] += reinterpret_cast<Eight>(mask & reinterpret_cast<Masks>(one));
      }
    }
    for (int c = 0; c < most_columns; ++c) {
      sums[c] = {y[c / 8][c % 8], weight[c / 8][c % 8], count[c / 8][c % 8]};
    }
  }
  std::uint8_t least(Index column) const { return least_[column]; }
  std::uint8_t most(Index column) const { return most_[column]; }

 private:
  const CodedTable& table_;
  std::uint8_t least_[most_columns] = {};
  std::uint8_t most_[most_columns] = {};
};

}  // namespace superstep::trees
