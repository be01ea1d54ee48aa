// SPDX-License-Identifier: BSD-3-Clause
#include "io/parallel_dataset.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <stdexcept>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "io/attributes.hpp"

namespace superstep {

namespace {

static_assert(std::endian::native == std::endian::little,
              "files are written in memory's byte order");

constexpr std::size_t usual_chunk_bytes = std::size_t{1} << 20;
constexpr std::uint64_t bytes_of_checksum = 4;

ElementType numeric(ElementKind kind, std::size_t bytes) {
  ElementType type;
  type.kind = kind;
  type.bytes = bytes;
  return type;
}

ElementType unsigned_type(std::size_t bytes) {
  ElementType type = numeric(ElementKind::unsigned_integer, bytes);
  type.is_signed = false;
  return type;
}

hid_t signed_integer(std::size_t bytes) {
  switch (bytes) {
    case 1:
      return H5T_STD_I8LE;
    case 2:
      return H5T_STD_I16LE;
    case 4:
      return H5T_STD_I32LE;
    default:
      return H5T_STD_I64LE;
  }
}

}  // namespace

ElementType float32_type() { return numeric(ElementKind::floating, 4); }
ElementType float64_type() { return numeric(ElementKind::floating, 8); }
ElementType int8_type() { return numeric(ElementKind::signed_integer, 1); }
ElementType int16_type() { return numeric(ElementKind::signed_integer, 2); }
ElementType int32_type() { return numeric(ElementKind::signed_integer, 4); }
ElementType int64_type() { return numeric(ElementKind::signed_integer, 8); }
ElementType uint8_type() { return unsigned_type(1); }
ElementType uint64_type() { return unsigned_type(8); }
ElementType boolean_type() { return numeric(ElementKind::boolean, 1); }

ElementType fixed_string_type(std::size_t bytes) {
  return numeric(ElementKind::fixed_string, std::max<std::size_t>(bytes, 1));
}

ElementType enumeration_type(const std::vector<std::string>& names) {
  ElementType type = numeric(ElementKind::enumeration, 4);
  for (const std::string& name : names) {
    type.members.emplace_back(name, static_cast<std::int64_t>(type.members.size()));
  }
  return type;
}

h5::Handle hdf5_type(const ElementType& type) {
  const char* action = "make a type";
  switch (type.kind) {
    case ElementKind::floating:
      return h5::Handle(H5Tcopy(type.bytes == 4 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE), action);
    case ElementKind::signed_integer:
      return h5::Handle(H5Tcopy(signed_integer(type.bytes)), action);
    case ElementKind::unsigned_integer:
      return h5::Handle(H5Tcopy(type.bytes == 1 ? H5T_STD_U8LE : H5T_STD_U64LE), action);
    case ElementKind::boolean:
      return h5::boolean_type();
    case ElementKind::fixed_string: {
      h5::Handle text(H5Tcopy(H5T_C_S1), action);
      h5::check(H5Tset_size(text.get(), type.bytes), action);
      h5::check(H5Tset_strpad(text.get(), H5T_STR_NULLPAD), action);
      h5::check(H5Tset_cset(text.get(), H5T_CSET_UTF8), action);
      return text;
    }
    case ElementKind::enumeration: {
      h5::Handle names(H5Tenum_create(H5T_STD_I32LE), action);
      for (const auto& [name, value] : type.members) {
        const auto code = static_cast<std::int32_t>(value);
        h5::check(H5Tenum_insert(names.get(), name.c_str(), &code), action);
      }
      return names;
    }
    default:
      throw std::logic_error("a type that cannot be written: " + type.name());
  }
}

std::uint64_t PlannedDataset::header_bytes() const {
  constexpr std::uint64_t usual = 4 * 1024;
  constexpr std::uint64_t most = 64 * 1024;
  return type.kind == ElementKind::enumeration ? most : usual;
}

PlannedDataset plan(const std::string& path, const ElementType& type,
                    const std::vector<Index>& shape, const DatasetOptions& options) {
  if (shape.empty() || shape.size() > 2) throw std::logic_error(path + ": one or two dimensions");
  PlannedDataset entry;
  entry.path = path;
  entry.type = type;
  entry.shape = shape;
  if (shape.size() == 2) entry.columns = shape[1];
  entry.row_bytes = static_cast<std::size_t>(entry.columns) * type.bytes;
  const bool has_filters = options.deflate > 0 || options.fletcher32;
  const bool is_empty = entry.rows() == 0 || entry.row_bytes == 0;
  entry.is_collective = has_filters && !is_empty;
  entry.is_deflated = entry.is_collective && options.deflate > 0;
  entry.chunk_rows = entry.rows();
  if ((has_filters || options.chunk_rows > 0) && !is_empty) {
    const Index wanted = options.chunk_rows > 0
                             ? options.chunk_rows
                             : static_cast<Index>(usual_chunk_bytes / entry.row_bytes);
    entry.chunk_rows = std::clamp<Index>(wanted, 1, entry.rows());
    if (entry.chunk_bytes() >= (std::size_t{1} << 32)) {
      throw UsageError(
          fmt::format("chunks of {} rows of {} have {} bytes and HDF5 allows less than 4 "
                      "GiB; choose fewer rows (--chunk-rows)",
                      entry.chunk_rows, path, entry.chunk_bytes()));
    }
  }
  return entry;
}

std::uint64_t PlannedDataset::bytes_at_first() const {
  if (row_bytes == 0 || rows() == 0) return 0;
  const auto n_chunks = static_cast<std::uint64_t>((rows() + chunk_rows - 1) / chunk_rows);
  const std::uint64_t bytes =
      is_deflated ? chunk_bytes() / 100 + 64 : chunk_bytes() + bytes_of_checksum;
  return n_chunks * (bytes + metadata_per_chunk);
}

h5::Handle creation_properties(const PlannedDataset& planned, const DatasetOptions& options) {
  const std::string action = "create " + planned.path;
  h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), action);
  const hid_t id = properties.get();
  h5::check(H5Pset_obj_track_times(id, false), action);
  h5::check(H5Pset_fill_time(id, H5D_FILL_TIME_NEVER), action);
  const bool is_chunked =
      planned.is_collective ||
      (options.chunk_rows > 0 && planned.chunk_rows > 0 && planned.row_bytes > 0);
  if (is_chunked) {
    const hsize_t chunk[2] = {static_cast<hsize_t>(planned.chunk_rows),
                              static_cast<hsize_t>(planned.columns)};
    h5::check(H5Pset_chunk(id, static_cast<int>(planned.shape.size()), chunk), action);
  }
  // Parallel HDF5 does so anyhow when it compresses; one rank's file shall have the same bytes.
  h5::check(H5Pset_alloc_time(id, H5D_ALLOC_TIME_EARLY), action);
  if (!planned.is_collective) return properties;
  if (options.deflate > 0) {
    h5::check(H5Pset_shuffle(id), action);
    h5::check(H5Pset_deflate(id, static_cast<unsigned>(options.deflate)), action);
  }
  if (options.fletcher32) h5::check(H5Pset_fletcher32(id), action);
  return properties;
}

Selection select(const PlannedDataset& planned, Index first, Index count) {
  const std::string action = "write " + planned.path;
  Selection selection;
  selection.file = h5::Handle(H5Dget_space(planned.dataset.get()), action);
  const hsize_t start[2] = {static_cast<hsize_t>(first), 0};
  const hsize_t size[2] = {static_cast<hsize_t>(count), static_cast<hsize_t>(planned.columns)};
  const hsize_t one[2] = {1, 1};
  const auto n = static_cast<int>(planned.shape.size());
  selection.memory = h5::Handle(H5Screate_simple(n, count > 0 ? size : one, nullptr), action);
  if (count > 0) {
    h5::check(
        H5Sselect_hyperslab(selection.file.get(), H5S_SELECT_SET, start, nullptr, size, nullptr),
        action);
  } else {
    h5::check(H5Sselect_none(selection.file.get()), action);
    h5::check(H5Sselect_none(selection.memory.get()), action);
  }
  return selection;
}

}  // namespace superstep
