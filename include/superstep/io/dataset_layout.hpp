// SPDX-License-Identifier: BSD-3-Clause
// Where the bytes of one HDF5 dataset lie, found by one rank and sent to all, so that every rank
// reads with pread and decodes in its own threads: no lock of HDF5's, no collective call, no
// metadata storm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// What the elements of a dataset mean.
enum class ElementKind : std::uint8_t {
  floating,        ///< IEEE, 4 or 8 bytes
  signed_integer,  ///< 1, 2, 4 or 8 bytes
  unsigned_integer,
  boolean,      ///< h5py's: an enumeration of FALSE and TRUE, one byte
  enumeration,  ///< integers with names
  fixed_string,
  variable_string,
  other_number,  ///< float16, long double, integers of odd sizes: only HDF5 converts them
  unsupported,   ///< compound, reference, array, opaque, bitfield, time
};

struct ElementType {
  ElementKind kind = ElementKind::unsupported;
  std::size_t bytes = 0;  ///< of one element in the file
  bool big_endian = false;
  bool is_signed = true;  ///< of an enumeration's integers
  char padding = '\0';    ///< of a fixed string: '\0', or ' ' as Fortran pads
  std::vector<std::pair<std::string, std::int64_t>> members;  ///< of an enumeration

  bool is_text() const {
    return kind == ElementKind::fixed_string || kind == ElementKind::variable_string;
  }
  bool is_number() const { return !is_text() && kind != ElementKind::unsupported; }
  /// Whether every value has an equal float32.
  bool is_exact_in_float() const;
  /// As NumPy says it: "float64", "int8", "bool", "text of 12 bytes", "text", "enumeration".
  std::string name() const;
  friend bool operator==(const ElementType&, const ElementType&) = default;
};

/// One step of HDF5's filter pipeline.
struct Filter {
  int id = 0;
  std::string name;
  std::vector<std::uint32_t> values;
  friend bool operator==(const Filter&, const Filter&) = default;
};

/// One chunk as it lies in the file; bytes == 0: never written, reads as the fill value.
struct StoredChunk {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
  std::uint32_t skipped_filters = 0;  ///< bit i: filter i was not applied
  friend bool operator==(const StoredChunk&, const StoredChunk&) = default;
};

enum class Storage : std::uint8_t {
  unallocated,  ///< nothing was written: every element is the fill value
  contiguous,
  chunked,
  compact,  ///< the bytes stand in `inline_bytes`
};

/// One dataset. Plain data, the same on every rank once broadcast.
struct DatasetLayout {
  std::string file;
  std::string dataset;  ///< absolute path inside the file, such as "/X"
  std::uint64_t file_bytes = 0;
  std::int64_t file_modified_ns = 0;  ///< when it was last written; rank by rank the same
  std::vector<Index> shape;           ///< empty: a single value
  ElementType type;
  Storage storage = Storage::unallocated;
  bool needs_hdf5 = false;  ///< only HDF5 decodes it: variable-length text, odd types, rare filters
  std::uint64_t offset = 0;  ///< contiguous: where the first byte lies
  std::vector<std::byte> inline_bytes;
  std::vector<std::byte> fill;  ///< one element; empty: zero
  std::vector<Index> chunk_shape;
  std::vector<Filter> filters;
  std::vector<StoredChunk> chunks;  ///< row-major over the grid of chunks

  Index rows() const { return shape.empty() ? 1 : shape[0]; }
  /// Elements in one row.
  Index columns() const;
  /// "train.h5:/X", the start of every message.
  std::string where() const { return file + ":" + dataset; }
  /// "1,000,000 x 100 float64, chunks 4096 x 100, shuffle+deflate".
  std::string summary() const;
  friend bool operator==(const DatasetLayout&, const DatasetLayout&) = default;
};

std::vector<std::byte> serialize(const DatasetLayout& layout);
DatasetLayout deserialize_layout(std::span<const std::byte> bytes);

/// Finds the layout of one dataset. Call it on one rank and broadcast the result.
///
/// The file is opened in a short-lived child process with limits on time and memory, so that a
/// malformed one that crashes or hangs HDF5 becomes a FileError here. FileError also for a file
/// that is missing, a directory, not HDF5, truncated, and for what is refused: external links and
/// storage, virtual datasets. DataError when the dataset is missing (naming those there are, the
/// nearest, and `option`, such as
/// "--x", if given) or has elements that are neither numbers nor text.
DatasetLayout describe(const std::string& file, const std::string& dataset,
                       const std::string& option = {});

/// The same, or nothing when the file has no such dataset.
std::optional<DatasetLayout> describe_if_present(const std::string& file,
                                                 const std::string& dataset);

/// A dataset to be found, and whether that can fail: `option` is for describe()'s message.
struct DatasetRequest {
  std::string dataset;
  bool is_required = true;
  std::string option = {};
};

/// The same of several datasets of one file, by one child process, in the order they were asked
/// for. Nothing where one is not required and not there.
std::vector<std::optional<DatasetLayout>> describe_all(const std::string& file,
                                                       const std::vector<DatasetRequest>& requests);
std::vector<std::byte> serialize(const std::vector<std::optional<DatasetLayout>>& layouts);
std::vector<std::optional<DatasetLayout>> deserialize_layouts(std::span<const std::byte> bytes);

/// What a file holds, for people. The layouts are without chunk tables and inline bytes: not to be
/// read from.
struct FileSummary {
  std::uint64_t file_bytes = 0;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< of the root, as text
  std::vector<DatasetLayout> datasets;  ///< in alphabetical order of their paths
};

/// Looks through a whole file, in a child process as describe(). Unreadable datasets are listed as
/// `unsupported`. Call it on one rank.
FileSummary summarize(const std::string& file);

}  // namespace superstep
