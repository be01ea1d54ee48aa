// SPDX-License-Identifier: BSD-3-Clause
#include "data/sparse_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

/// Columns that are read at a time, as doubles.
constexpr Index piece = Index{1} << 16;

/// What threads share of decoded chunks: values have no fixed place in a block, so as much as a
/// thread that reads in any portions needs, and a chunk for each of the others.
RowReader reader_of(const DatasetLayout& layout, int readers) {
  Index chunk_bytes = static_cast<Index>(layout.type.bytes);
  for (const Index extent : layout.chunk_shape) chunk_bytes *= extent;
  const bool is_decoded = layout.storage == Storage::chunked;
  return RowReader(layout, is_decoded ? static_cast<std::size_t>(chunk_bytes * (readers + 1)) : 0);
}

std::optional<RowReader> reader_if_any(const DatasetLayout& layout, int readers) {
  if (layout.rows() == 0) return std::nullopt;
  return reader_of(layout, readers);
}

}  // namespace

SparseReader::SparseReader(const SparseLayout& layout, int readers, Index tall)
    : layout_(layout),
      begins_(layout.begins, RowReader::pass_cache_bytes(layout.begins, readers, tall)),
      columns_(reader_if_any(layout.indices, readers)),
      values_(reader_if_any(layout.values, readers)) {}

void SparseReader::throw_damaged(const std::string& what) const {
  throw FileError(fmt::format("{} is damaged: {}; write it again", layout_.where(), what));
}

Index SparseReader::begin_of(Index row) const {
  double begin = 0.0;
  begins_.read_rows(row, 1, &begin);
  if (begin >= 0.0 && begin <= static_cast<double>(values())) return static_cast<Index>(begin);
  throw_damaged(fmt::format("row {} begins at value {} of {}", row, begin, values()));
}

Index SparseReader::most_values(const BlockPlan& plan) const {
  Index most = 0;
  for (Index i = 0; i < plan.size(); ++i) {
    const Index first = plan.first_row(i), last = first + plan.rows_of(i);
    const Index begin = begin_of(first), end = begin_of(last);
    if (end < begin)
      throw_damaged(fmt::format("row {} ends before row {} begins", last - 1, first));
    most = std::max(most, end - begin);
  }
  return most;
}

void SparseReader::read_columns(Index first, Index count, std::int32_t* to) const {
  std::vector<double> some(static_cast<std::size_t>(std::min(piece, count)));
  for (Index done = 0; done < count; done += piece) {
    const Index n = std::min(piece, count - done);
    columns_->read_rows(first + done, n, some.data());
    for (Index k = 0; k < n; ++k) {
      const double column = some[static_cast<std::size_t>(k)];
      if (!(column >= 0.0 && column < static_cast<double>(layout_.columns))) {
        throw_damaged(fmt::format("value {} stands in column {} of {}", first + done + k, column,
                                  layout_.columns));
      }
      to[done + k] = static_cast<std::int32_t>(column);
    }
  }
}

/// Columns ascending; of a column that a row holds twice the sum, as SciPy has it. Returns how many
/// values are left.
template <class T>
Index SparseReader::order_rows(Index rows, Index* begin, std::int32_t* columns, T* values) const {
  std::vector<Index> order;
  std::vector<std::int32_t> row_columns;
  std::vector<T> row_values;
  Index to = 0;
  for (Index i = 0; i < rows; ++i) {
    const Index from = begin[i], end = begin[i + 1];
    begin[i] = to;
    const bool is_fine =
        std::adjacent_find(columns + from, columns + end, std::greater_equal<>()) == columns + end;
    if (is_fine) {
      std::copy(columns + from, columns + end, columns + to);
      std::copy(values + from, values + end, values + to);
      to += end - from;
      continue;
    }
    order.resize(static_cast<std::size_t>(end - from));
    std::iota(order.begin(), order.end(), from);
    std::ranges::stable_sort(order, {}, [&](Index k) { return columns[k]; });
    row_columns.clear();
    row_values.clear();
    for (const Index k : order) {
      if (!row_columns.empty() && row_columns.back() == columns[k]) {
        row_values.back() += values[k];
      } else {
        row_columns.push_back(columns[k]);
        row_values.push_back(values[k]);
      }
    }
    std::ranges::copy(row_columns, columns + to);
    std::ranges::copy(row_values, values + to);
    to += std::ssize(row_columns);
  }
  begin[rows] = to;
  return to;
}

void SparseReader::read(Index first, Index count, StoredBlock& into) const {
  std::vector<double> begins(static_cast<std::size_t>(count) + 1);
  begins_.read_rows(first, count + 1, begins.data());
  into.begin.grow(count + 2);
  Index* const begin = into.begin.data();
  const double start = begins.front();
  for (std::size_t i = 0; i < begins.size(); ++i) {
    if (!(begins[i] >= (i == 0 ? 0.0 : begins[i - 1]) &&
          begins[i] <= static_cast<double>(values()))) {
      throw_damaged(fmt::format("row {} begins at value {} of {}", first + static_cast<Index>(i),
                                begins[i], values()));
    }
    begin[i] = static_cast<Index>(begins[i] - start);
  }
  const Index n = begin[count];
  into.columns.grow(n);
  into.touched.grow(std::min(n, layout_.columns) + 1);
  const auto from = static_cast<Index>(start);
  if (n > 0) read_columns(from, n, into.columns.data());
  Index left = 0;
  if (is_float32()) {
    into.x32.grow(n);
    if (n > 0) values_->read_rows(from, n, into.x32.data());
    left = order_rows(count, begin, into.columns.data(), into.x32.data());
  } else {
    into.x64.grow(n);
    if (n > 0) values_->read_rows(from, n, into.x64.data());
    left = order_rows(count, begin, into.columns.data(), into.x64.data());
  }
  std::vector<std::uint64_t> seen;
  begin[count + 1] = distinct_columns({into.columns.data(), static_cast<std::size_t>(left)},
                                      layout_.columns, seen, into.touched.data());
}

std::size_t SparseReader::cache_bytes() const {
  return begins_.cache_bytes() + (columns_ ? columns_->cache_bytes() : 0) +
         (values_ ? values_->cache_bytes() : 0);
}

std::size_t SparseReader::scratch_bytes_per_thread(Index values) const {
  std::size_t most = begins_.scratch_bytes_per_thread();
  for (const auto* reader : {&columns_, &values_}) {
    if (*reader) most = std::max(most, (*reader)->scratch_bytes_per_thread());
  }
  return most + static_cast<std::size_t>(std::min(piece, values)) * sizeof(double) +
         static_cast<std::size_t>(layout_.columns) / 8;
}

std::size_t SparseReader::bytes_read() const {
  return begins_.bytes_read() + (columns_ ? columns_->bytes_read() : 0) +
         (values_ ? values_->bytes_read() : 0);
}

}  // namespace superstep
