// SPDX-License-Identifier: BSD-3-Clause
// Values that nothing can be learnt from: found in a block, put together, and said where they are.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/dataset.hpp>

namespace superstep {

namespace {

template <class T>
bool is_bad(T value, bool nan_is_fine) {
  return nan_is_fine ? std::isinf(value) : !std::isfinite(value);
}

/// Whether a value's exponent is all ones: NaN or infinite. Written on bits so that it vectorises.
bool has_special(const double* values, Index count) {
  std::uint64_t found = 0;
  for (Index i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    found |= static_cast<std::uint64_t>((bits << 1) >= 0xFFE0000000000000ULL);
  }
  return found != 0;
}

bool has_special(const float* values, Index count) {
  std::uint32_t found = 0;
  for (Index i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    found |= static_cast<std::uint32_t>((bits << 1) >= 0xFF000000U);
  }
  return found != 0;
}

template <class T>
void count_bad(const T* values, Index count, Index offset, bool nan_is_fine, Index& n, Index& first,
               bool* first_is_nan) {
  if (!has_special(values, count)) return;
  for (Index i = 0; i < count; ++i) {
    if (!is_bad(values[i], nan_is_fine)) continue;
    if (n++ == 0) {
      first = offset + i;
      if (first_is_nan != nullptr) *first_is_nan = std::isnan(values[i]);
    }
  }
}

}  // namespace

namespace {

/// Where some columns may hold NaN and others may not.
template <class T>
void count_bad_by_column(const T* values, Index rows, Index columns, Index offset,
                         const MayMiss& may_miss, BadValues& bad) {
  if (!has_special(values, rows * columns)) return;
  for (Index i = 0; i < rows * columns; ++i) {
    if (!is_bad(values[i], may_miss.in(i % columns))) continue;
    if (bad.x_count++ > 0) continue;
    bad.x_first = offset + i;
    bad.x_first_is_nan = std::isnan(values[i]);
  }
}

template <class T>
void count_bad_features(const T* values, Index rows, Index columns, Index offset,
                        const MayMiss& may_miss, BadValues& bad) {
  if (may_miss.is_told_of_each()) {
    return count_bad_by_column(values, rows, columns, offset, may_miss, bad);
  }
  count_bad(values, rows * columns, offset, may_miss.is_everywhere(), bad.x_count, bad.x_first,
            &bad.x_first_is_nan);
}

/// Where it stands in the row is asked only of what is bad.
void count_bad_sparse(const StoredBlock& block, Index rows, Index columns, Index offset,
                      const MayMiss& may_miss, BadValues& bad) {
  const Index* const begin = block.begin.data();
  const bool are_floats = block.x32.size() > 0;
  const bool is_any = are_floats ? has_special(block.x32.data(), begin[rows])
                                 : has_special(block.x64.data(), begin[rows]);
  if (!is_any) return;
  for (Index i = 0; i < rows; ++i) {
    for (Index k = begin[i]; k < begin[i + 1]; ++k) {
      const double value = are_floats ? double{block.x32.data()[k]} : block.x64.data()[k];
      const Index column = block.columns.data()[k];
      if (!is_bad(value, may_miss.in(column)) || bad.x_count++ > 0) continue;
      bad.x_first = offset + i * columns + column;
      bad.x_first_is_nan = std::isnan(value);
    }
  }
}

}  // namespace

BadValues Dataset::check(Index i, const StoredBlock& block, const MayMiss& may_miss) const {
  const Index first = blocks().first_row(i);
  const Index rows = blocks().rows_of(i);
  BadValues bad;
  const Index offset = first * columns();
  if (has_texts()) {
    // Any bytes will do.
  } else if (is_sparse()) {
    count_bad_sparse(block, rows, columns(), offset, may_miss, bad);
  } else if (is_float32()) {
    count_bad_features(block.x32.data(), rows, columns(), offset, may_miss, bad);
  } else {
    count_bad_features(block.x64.data(), rows, columns(), offset, may_miss, bad);
  }
  if (block.target != Target::none) {
    count_bad(block.y.data(), rows * targets(), first * targets(), false, bad.y_count, bad.y_first,
              nullptr);
  }
  for (Index r = 0; has_weight() && r < rows; ++r) {
    const double w = block.weight.data()[r];
    if (std::isfinite(w) && w >= 0.0) continue;
    if (bad.weight_count++ == 0) bad.weight_first = first + r;
  }
  return bad;
}

void BadValues::add(const BadValues& other) {
  const auto merge = [](Index& n, Index& first, Index other_n, Index other_first) {
    const bool earlier = other_n > 0 && (n == 0 || other_first < first);
    if (earlier) first = other_first;
    n += other_n;
    return earlier;
  };
  if (merge(x_count, x_first, other.x_count, other.x_first)) x_first_is_nan = other.x_first_is_nan;
  merge(y_count, y_first, other.y_count, other.y_first);
  merge(weight_count, weight_first, other.weight_count, other.weight_first);
}

namespace {

std::string counted(Index count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

void throw_bad_values(const Dataset& data, const BadValues& bad) {
  std::string text;
  if (bad.x_count > 0) {
    const Index row = bad.x_first / data.columns();
    const Index column = bad.x_first % data.columns();
    text = fmt::format(
        "{} holds {}, the first is {} at row {}, {}; remove these rows or fill the values in "
        "before training",
        data.x_name(),
        counted(bad.x_count, "value that is NaN or infinite", "values that are NaN or infinite"),
        bad.x_first_is_nan ? "NaN" : "infinite", row, data.column_name(column));
  } else if (bad.y_count > 0) {
    text = fmt::format(
        "{} holds {}, the first at row {}{}; remove these rows", data.y_name(),
        counted(bad.y_count, "target that is NaN or infinite", "targets that are NaN or infinite"),
        bad.y_first / data.targets(),
        data.targets() == 1 ? "" : fmt::format(", target {}", bad.y_first % data.targets()));
  } else {
    text = fmt::format("{}:{} holds {}, the first at row {}; weights must be finite and at least 0",
                       data.path(), data.options().weight,
                       counted(bad.weight_count, "bad weight", "bad weights"), bad.weight_first);
  }
  throw BadValuesError(text);
}

}  // namespace superstep
