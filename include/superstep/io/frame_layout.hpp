// SPDX-License-Identifier: BSD-3-Clause
// Where the columns of a data frame lie: a group with one dataset a column, as anndata writes it
// (`encoding-type`, `column-order`, categories as codes), or as h5py users do (equally long
// datasets side by side). Found by one rank and sent to all, as a DatasetLayout is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/io/dataset_layout.hpp>
#include <superstep/io/sparse_layout.hpp>

namespace superstep {

/// What the values of a column mean.
enum class ColumnKind : std::uint8_t { real, integer, boolean, date, category, text };

/// "real", "category", ...
const char* kind_name(ColumnKind kind);

struct FrameColumn {
  std::string name;
  ColumnKind kind = ColumnKind::real;
  /// Of a category its codes, as an enumeration that names them; -1 is missing. Of a text that is
  /// kept as bytes behind each other, these bytes.
  DatasetLayout values;
  std::optional<DatasetLayout> mask{};  ///< not zero where a value is missing
  std::optional<DatasetLayout> ends{};  ///< of such a text, where the one of each row ends
  std::string unit{};                   ///< of dates: "microseconds since 1970-01-01"

  friend bool operator==(const FrameColumn&, const FrameColumn&) = default;
};

struct FrameLayout {
  std::string file;
  std::string group;  ///< "/table"
  Index rows = 0;
  std::vector<FrameColumn> columns{};

  /// "people.h5:/table".
  std::string where() const { return file + ":" + group; }
  friend bool operator==(const FrameLayout&, const FrameLayout&) = default;
};

/// What a file keeps rows in.
struct DataLayout {
  std::optional<DatasetLayout> matrix{};
  std::optional<FrameLayout> frame{};
  std::optional<SparseLayout> sparse{};
  /// What else was asked for, in the order of the requests; nothing where it is not there.
  std::vector<std::optional<DatasetLayout>> others{};
};

/// Looks for features at the first of `places` that is there, and for others, in one child process
/// as describe_all(). Where the features are a frame, requests without a leading slash are names of
/// its columns, which are then no features. DataError where a frame is none that can be read, with
/// what to do.
DataLayout describe_data(const std::string& file, const std::vector<std::string>& places,
                         const std::vector<DatasetRequest>& others);

std::vector<std::byte> serialize(const DataLayout& layout);
DataLayout deserialize_data(std::span<const std::byte> bytes);

}  // namespace superstep
