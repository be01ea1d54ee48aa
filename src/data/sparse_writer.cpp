// SPDX-License-Identifier: BSD-3-Clause
#include "data/sparse_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

const std::string group = "/X";
// Chunks of the values, which know nothing of rows.
constexpr Index chunk_values = Index{1} << 16;

template <class T>
void append(std::string& bytes, const std::vector<T>& items) {
  bytes.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
}

}  // namespace

Index SparseShape::most_in(Index first, Index last) const {
  if (first >= last) return 0;
  const auto begin = std::ranges::upper_bound(rows, first) - rows.begin() - 1;
  const auto end = std::ranges::lower_bound(rows, last) - rows.begin();
  return values[static_cast<std::size_t>(end)] - values[static_cast<std::size_t>(begin)];
}

SparseWriter::SparseWriter(std::string path, const RowFormat& format)
    : path_(std::move(path)),
      format_(format),
      shape_(*format.sparse),
      value_run_(shape_.all(), format.is_float32 ? 4 : 8),
      column_run_(shape_.all(), sizeof(std::int32_t)) {}

std::vector<Index> SparseWriter::tasks_of(Index first, Index count) const {
  std::vector<Index> begins = {first};
  const Index end = first + count;
  for (auto row = std::ranges::upper_bound(shape_.rows, first);
       row != shape_.rows.end() && *row < end; ++row) {
    if (*row > begins.back()) begins.push_back(*row);
  }
  begins.push_back(end);
  return begins;
}

void SparseWriter::create_in(ParallelFile& file, const DatasetOptions& options) {
  DatasetOptions of_values = options;
  if (options.chunk_rows > 0) of_values.chunk_rows = chunk_values;
  if (shape_.all() == 0) of_values = {};
  const ElementType type = format_.is_float32 ? float32_type() : float64_type();
  const auto datasets =
      file.create_datasets({{group + "/data", type, {shape_.all()}, of_values},
                            {group + "/indices", int32_type(), {shape_.all()}, of_values},
                            {group + "/indptr", int64_type(), {format_.rows + 1}, options}});
  data_ = datasets[0];
  indices_ = datasets[1];
  indptr_ = datasets[2];
}

void SparseWriter::describe_in(ParallelFile& file) const {
  file.set_attribute(group, "encoding-type", std::string("csr_matrix"));
  file.set_attribute(group, "encoding-version", std::string("0.1.0"));
  file.set_integers(group, "shape", {format_.rows, format_.columns});
}

void SparseWriter::begin(Index tasks) {
  parts_.resize(static_cast<std::size_t>(tasks));
  for (SparsePart& part : parts_) {
    part.sizes.clear();
    part.columns.clear();
    part.values.clear();
  }
}

void SparseWriter::throw_changed() const {
  throw FileError(fmt::format(
      "cannot write {}: there are more or fewer values than were counted: what it is made of "
      "changed while it was read; wait until nobody writes to it",
      path_));
}

/// DataError where a value of the portion, which begins at row `first`, is no float.
void SparseWriter::require_floats(Index first) const {
  if (!format_.is_float32) return;
  for (const SparsePart& part : parts_) {
    std::size_t k = 0;
    for (const Index size : part.sizes) {
      for (Index i = 0; i < size; ++i, ++k) {
        const double value = part.values[k];
        if (!std::isinf(static_cast<float>(value)) || std::isinf(value)) continue;
        throw DataError(
            fmt::format("cannot write {}: row {}, column {} is {}, too large for float32; use "
                        "--dtype float64",
                        path_, first, part.columns[k], format_double(value)));
      }
      ++first;
    }
  }
}

/// Of each row of the portion, the number of its first value, and the end of the last one; the
/// portion's values begin with number `at`.
std::vector<Index> SparseWriter::begins(Index first, Index count, Index at) const {
  std::vector<Index> begins = {at};
  begins.reserve(static_cast<std::size_t>(count) + 1);
  for (const SparsePart& part : parts_) {
    Index sum = 0;
    for (const Index size : part.sizes) {
      begins.push_back(begins.back() + size);
      sum += size;
    }
    if (sum != std::ssize(part.values) || sum != std::ssize(part.columns)) throw_changed();
  }
  if (std::ssize(begins) != count + 1) throw_changed();
  const bool is_last = first + count == format_.rows;
  if (begins.back() > shape_.all() || (is_last && count > 0 && begins.back() != shape_.all())) {
    throw_changed();
  }
  return begins;
}

void SparseWriter::put_part(ParallelFile& file, const SparsePart& part, Index at) const {
  const auto count = std::ssize(part.values);
  if (count == 0) return;
  file.write_rows(indices_, at, count, part.columns.data());
  if (!format_.is_float32) return file.write_rows(data_, at, count, part.values.data());
  const std::vector<float> floats(part.values.begin(), part.values.end());
  file.write_rows(data_, at, count, floats.data());
}

void SparseWriter::put_alone(ParallelFile& file, Index first, Index count) {
  if (count == 0) return;
  const auto known = std::ranges::lower_bound(shape_.rows, first) - shape_.rows.begin();
  Index at = shape_.values[static_cast<std::size_t>(known)];
  const std::vector<Index> starts = begins(first, count, at);
  const auto end = std::ranges::lower_bound(shape_.rows, first + count) - shape_.rows.begin();
  if (starts.back() != shape_.values[static_cast<std::size_t>(end)]) throw_changed();
  const bool is_last = first + count == format_.rows;
  file.write_rows(indptr_, first, is_last ? count + 1 : count, starts.data());
  for (const SparsePart& part : parts_) {
    put_part(file, part, at);
    at += std::ssize(part.values);
  }
}

/// The values of the portion, as they are written.
std::string SparseWriter::joined_values() const {
  std::string bytes;
  for (const SparsePart& part : parts_) {
    if (format_.is_float32) {
      append(bytes, std::vector<float>(part.values.begin(), part.values.end()));
    } else {
      append(bytes, part.values);
    }
  }
  return bytes;
}

void SparseWriter::put(const Communicator& comm, ParallelFile& file, Index first, Index count) {
  Index mine = 0;
  for (const SparsePart& part : parts_) mine += std::ssize(part.values);
  if (count == 0) mine = 0;
  Index begin = taken_;  // of this rank
  Index end = taken_;    // of all ranks
  int rank = 0;
  for (const auto& message : comm.gather_all(ByteWriter().put(mine).take())) {
    const Index size = ByteReader(message).get<Index>();
    if (rank++ < comm.rank()) begin += size;
    end += size;
  }
  taken_ = end;
  std::vector<Index> starts = {begin};
  std::string values, columns;
  collectively(comm, [&] {
    if (end > shape_.all()) throw_changed();
    if (count == 0) return;
    starts = begins(first, count, begin);
    values = joined_values();
    for (const SparsePart& part : parts_) append(columns, part.columns);
  });
  const Index n = count > 0 && first + count == format_.rows ? count + 1 : count;
  file.write_rows(indptr_, first, n, starts.data());
  const Index chunk = file.is_collective(data_) ? file.chunk_rows(data_) : 0;
  value_run_.put(comm, chunk, std::move(values), begin, end,
                 [&](Index at, Index size, const char* from) {
                   if (format_.is_float32) {
                     file.write_rows(data_, at, size, reinterpret_cast<const float*>(from));
                   } else {
                     file.write_rows(data_, at, size, reinterpret_cast<const double*>(from));
                   }
                 });
  column_run_.put(
      comm, chunk, std::move(columns), begin, end, [&](Index at, Index size, const char* from) {
        file.write_rows(indices_, at, size, reinterpret_cast<const std::int32_t*>(from));
      });
}

}  // namespace superstep
