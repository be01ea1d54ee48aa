// SPDX-License-Identifier: BSD-3-Clause
#include "io/hdf5_rows.hpp"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include "io/attributes.hpp"
#include "io/filters.hpp"
#include "io/guarded_child.hpp"

namespace superstep {

namespace {

// A process is started for each: enough rows to make that cheap.
constexpr Index rows_a_batch = Index{1} << 16;
constexpr double texts_read_per_second = 50'000;

}  // namespace

void Hdf5Rows::open() {
  if (dataset_) return;
  const std::string action = fmt::format("open {}", layout_.where());
  file_ = h5::open_for_reading(layout_.file, h5::serial_access());
  const h5::Handle access(H5Pcreate(H5P_DATASET_ACCESS), action);
  if (layout_.storage == Storage::chunked && cache_bytes_ > 0) {
    h5::check(H5Pset_chunk_cache(access.get(), H5D_CHUNK_CACHE_NSLOTS_DEFAULT, cache_bytes_,
                                 H5D_CHUNK_CACHE_W0_DEFAULT),
              action);
  }
  h5::Handle dataset(H5Dopen2(file_.get(), layout_.dataset.c_str(), access.get()), action);
  type_ = h5::Handle(H5Dget_type(dataset.get()), action);
  dataset_ = std::move(dataset);
}

std::size_t Hdf5Rows::elements(Index count) const {
  return static_cast<std::size_t>(count * layout_.columns());
}

herr_t Hdf5Rows::read(Index first, Index count, hid_t memory_type, void* out) {
  const std::string action = fmt::format("read {}", layout_.where());
  const hsize_t start[2] = {static_cast<hsize_t>(first), 0};
  const hsize_t size[2] = {static_cast<hsize_t>(count), static_cast<hsize_t>(layout_.columns())};
  const h5::Handle space(H5Dget_space(dataset_.get()), action);
  h5::check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start, nullptr, size, nullptr),
            action);
  const h5::Handle memory_space(
      H5Screate_simple(static_cast<int>(layout_.shape.size()), size, nullptr), action);
  return H5Dread(dataset_.get(), memory_type, memory_space.get(), space.get(), H5P_DEFAULT, out);
}

std::vector<std::byte> Hdf5Rows::read_raw(Index first, Index count) {
  std::vector<std::byte> raw(elements(count) * layout_.type.bytes);
  const std::scoped_lock lock(h5::library_mutex());
  open();
  if (read(first, count, type_.get(), raw.data()) < 0) throw Undecodable(h5::error_text());
  return raw;
}

void Hdf5Rows::read_doubles(Index first, Index count, std::byte* out) {
  const std::scoped_lock lock(h5::library_mutex());
  open();
  if (read(first, count, H5T_NATIVE_DOUBLE, out) < 0) throw Undecodable(h5::error_text());
}

std::vector<std::string> Hdf5Rows::read_strings(Index first, Index count) {
  const std::scoped_lock lock(batches_mutex_);
  std::vector<std::string> texts;
  texts.reserve(elements(count));
  for (Index row = first; row < first + count;) {
    const Index number = row / rows_a_batch;
    const Index begin = number * rows_a_batch;
    const Index end = std::min(first + count, begin + rows_a_batch);
    const Batch& found = batch(number);
    const auto at = [&](Index r) {
      return found.texts.begin() + static_cast<Index>(elements(r - begin));
    };
    texts.insert(texts.end(), at(row), at(end));
    row = end;
  }
  return texts;
}

const Hdf5Rows::Batch& Hdf5Rows::batch(Index number) {
  for (const Batch& held : batches_) {
    if (held.number == number) return held;
  }
  Batch& place = batches_[static_cast<std::size_t>(number % 2)];
  place.number = -1;
  const Index first = number * rows_a_batch;
  const Index count = std::min(rows_a_batch, layout_.rows() - first);
  const std::vector<std::byte> bytes = in_guarded_child(layout_.file, [&] {
    allow_more_time(static_cast<double>(elements(count)) / texts_read_per_second);
    ByteWriter out;
    for (const std::string& text : read_strings_here(first, count)) {
      out.put(std::string_view(text));
    }
    return out.take();
  });
  ByteReader in(bytes);
  place.texts.resize(elements(count));
  for (std::string& text : place.texts) text = in.text();
  place.number = number;
  return place;
}

std::vector<std::string> Hdf5Rows::read_strings_here(Index first, Index count) {
  const std::scoped_lock lock(h5::library_mutex());
  open();
  const std::string action =
      fmt::format("read rows {} to {} of {}", first, first + count - 1, layout_.where());
  const auto read_as = [&](hid_t type, void* out) { return read(first, count, type, out); };
  return h5::read_texts(type_.get(), elements(count), read_as, action);
}

}  // namespace superstep
