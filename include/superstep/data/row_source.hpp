// SPDX-License-Identifier: BSD-3-Clause
// What a dataset file is written from: rows that any thread may ask for in any order. A generator
// and every format that can be imported is one.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// How the values of /y, or of another column, are written.
struct TargetFormat {
  enum class Kind { none, real, integer, names };
  Kind kind = Kind::none;
  std::vector<std::string> names{};  ///< sorted; a value is a position in this list
  bool as_text = false;              ///< names are written out, not as an enumeration
  Index columns = 1;                 ///< of numbers: so many in each row
};

/// A column beside /X, /y and /weight.
struct OtherColumn {
  std::string path;  ///< "/groups"
  TargetFormat format;
};

/// What a column of a table holds.
enum class StoredKind {
  number,    ///< float64 or float32, NaN where it is missing
  int64,     ///< no value is missing
  uint64,    ///< likewise
  boolean,   ///< likewise
  date,      ///< whole numbers of its unit, `missing_date` where it is missing
  category,  ///< a position in its levels, -1 where it is missing
  text,      ///< bytes; empty where it is missing
};
inline constexpr std::int64_t missing_date = std::numeric_limits<std::int64_t>::min();
/// "float64", "int64", "bool", "date", "category", "text".
std::string stored_kind_name(StoredKind kind, bool is_float32);

struct TableColumn {
  std::string name;
  StoredKind kind = StoredKind::number;
  std::vector<std::string> levels{};  ///< of a category: sorted by bytes, or numbers sorted as such
  Index text_bytes = 0;               ///< of a text: in all rows together
  std::string unit = "microseconds since 1970-01-01";  ///< of a date
};

/// Sparse rows: how many values lie before some of them, by which they are written in portions.
struct SparseShape {
  std::vector<Index> rows = {0};    ///< numbers of rows, ascending from 0 to that of all
  std::vector<Index> values = {0};  ///< that the rows before each of them hold
  /// Each portion is looked for in all there is: few and large ones are the fastest.
  bool wants_large_portions = false;

  Index all() const { return values.back(); }
  void add(Index more_rows, Index more_values) {
    rows.push_back(rows.back() + more_rows);
    values.push_back(values.back() + more_values);
  }
  /// The most values that rows [first, last) can hold, as far as is known.
  Index most_in(Index first, Index last) const;
};

/// What the standard layout needs to know of the rows.
struct RowFormat {
  Index rows = 0;
  Index columns = 0;
  bool is_float32 = false;  ///< /X is written in single precision
  bool has_weight = false;
  TargetFormat target;
  std::vector<std::string> feature_names;  ///< may be empty
  std::vector<OtherColumn> others{};
  std::vector<TableColumn> table{};  ///< if any: /table holds them, and there is no /X

  std::optional<SparseShape> sparse{};  ///< if any: /X is a group of sparse rows

  bool is_table() const { return !table.empty(); }
};

/// Texts of some rows, one behind the other.
struct TextRows {
  std::string bytes;
  std::vector<Index> sizes;  ///< of each row's text
};

/// Values of some sparse rows, one behind the other.
struct SparsePart {
  std::vector<Index> sizes;           ///< of each row
  std::vector<std::int32_t> columns;  ///< of its values, ascending, each once
  std::vector<double> values;
};

/// Where the values of a table's column are put, one a row: the pointer that suits its kind.
struct ColumnSpan {
  double* numbers = nullptr;
  std::int64_t* integers = nullptr;  ///< int64, dates
  std::uint64_t* naturals = nullptr;
  std::int8_t* flags = nullptr;
  std::int32_t* codes = nullptr;
  TextRows* texts = nullptr;  ///< rows are added at its end
};

/// Where rows are put. `y` and `weight` are not touched by a source that has none.
struct RowSpan {
  double* x = nullptr;  ///< rows x columns, row-major, unless they are a table or sparse
  double* y = nullptr;  ///< rows x target.columns, row-major
  double* weight = nullptr;
  std::vector<double*> others{};    ///< as RowFormat::others
  std::vector<ColumnSpan> table{};  ///< as RowFormat::table
  SparsePart* sparse = nullptr;     ///< rows are added at its end
};

/// Runs task(i) for every i in [0, n) on the threads of this rank and returns when all are done;
/// throws what the failing task with the lowest i threw.
using ParallelFor = std::function<void(Index n, const std::function<void(Index)>& task)>;

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// The same on every rank.
  virtual const RowFormat& format() const = 0;
  /// Asked before rows of [first, first + count) are read: what is better found for all of them at
  /// once. The rows found before are forgotten. Errors on this rank alone.
  virtual void prepare(Index /*first*/, Index /*count*/,
                       const ParallelFor& /*parallel_for*/) const {}
  /// Fills rows [first, first + count). Any thread, no communication; Errors on this rank alone.
  virtual void read(Index first, Index count, const RowSpan& out) const = 0;
  /// FileError when what the rows come from changed since it was opened. Asked behind the last row.
  virtual void require_unchanged() const {}
};

}  // namespace superstep
