// SPDX-License-Identifier: BSD-3-Clause
// A whole table as trees want it that are grown by one thread each: on every rank, column by
// column, each value a code that ascends with it. Of few rows the codes are exact, the places of
// the values among those of their column; of many they are bins. What is missing has a code of its
// own behind the others. Rows without a weight are left out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep::trees {

struct CodedColumn {
  /// Up to `cuts[c]` lie the values with codes up to c: the values themselves, or edges of bins.
  std::vector<double> cuts;
  /// Of each code the least and the greatest value; empty where they are the cuts.
  std::vector<double> least, most;
  Index codes = 0;  ///< without that of what is missing, which has this number

  double least_of(Index code) const { return at(least.empty() ? cuts : least, code); }
  double most_of(Index code) const { return at(most.empty() ? cuts : most, code); }
  /// The greatest code whose values lie up to there; -1: none.
  Index code_up_to(double threshold) const;

 private:
  static double at(const std::vector<double>& values, Index i) {
    return values[static_cast<std::size_t>(i)];
  }
};

/// The codes of a row of few columns.
struct PackedRow {
  static constexpr Index most_columns = 32;
  using Codes = std::uint8_t __attribute__((vector_size(most_columns)));
  Codes codes;
};

struct CodedTable {
  Index rows = 0;
  bool is_exact = false;
  std::vector<CodedColumn> columns;
  std::vector<double> targets;  ///< class codes or numbers
  std::vector<double> weights;  ///< empty: all 1
  /// Of each split a byte for each row: whether it trains.
  std::vector<std::vector<std::uint8_t>> trains;
  std::vector<std::uint8_t> bytes;   ///< the codes, where no column has more than these tell
  std::vector<std::uint16_t> words;  ///< else
  std::vector<PackedRow> packed;     ///< the same row by row, where there are few columns of bytes

  bool is_narrow() const { return words.empty(); }
  template <class Code>
  const Code* column(Index c) const {
    if constexpr (sizeof(Code) == 1) return bytes.data() + c * rows;
    if constexpr (sizeof(Code) == 2) return words.data() + c * rows;
  }
  void pack();
  double weight_of(std::size_t row) const { return weights.empty() ? 1.0 : weights[row]; }
};

/// Whether the codes of so many rows and columns are exact.
bool is_coded_exactly(Index rows, Index columns);

/// What a rank holds of it, at most, while it is made and afterwards.
Index doubles_for_coded_table(Index rows, Index columns, Index splits);

/// `splits`: whose training rows are to be told, without null. `with_range`: whether the least and
/// the greatest value of every code are wanted. One pass, or two. **Collective.**
CodedTable code_table(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
                      bool with_range);

}  // namespace superstep::trees
