// SPDX-License-Identifier: BSD-3-Clause
// Looks into an HDF5 file with HDF5. To be called inside in_guarded_child() only.
#pragma once

#include <string>
#include <vector>

#include <superstep/io/dataset_layout.hpp>
#include <superstep/io/h5.hpp>
#include "io/posix_file.hpp"

namespace superstep::h5 {

/// A file opened for looking: links to other files are not followed.
class InspectedFile {
 public:
  explicit InspectedFile(const std::string& path);

  const std::string& path() const { return path_; }
  hid_t get() const { return file_.get(); }
  std::uint64_t bytes() const { return stamp_.bytes; }

  /// The paths of all datasets that can be reached without leaving the file, in alphabetical order.
  std::vector<std::string> dataset_paths() const;
  /// Whether the path leads to anything. FileError when it leads out of the file.
  bool has(const std::string& dataset) const;
  /// Whether it leads to a group, where it leads to anything.
  bool is_group(const std::string& path) const;
  /// FileError, DataError as describe() promises.
  DatasetLayout layout(const std::string& dataset) const;
  /// Shape, type and storage, for people; never an error for one odd dataset.
  DatasetLayout outline(const std::string& dataset) const;
  Handle open_dataset(const std::string& dataset) const;
  [[noreturn]] void report_missing(const std::string& dataset, const std::string& option) const;

 private:
  bool is_column_of_matrix(const std::string& name) const;
  void refuse_links_outside(const std::string& dataset) const;
  bool is_linked(const std::string& dataset) const;
  [[noreturn]] void report_unreadable(const std::string& dataset, const std::string& reason) const;
  void refuse_conventions(hid_t object, const DatasetLayout& layout) const;

  std::string path_;
  posix::Stamp stamp_;
  Handle file_;
  Handle link_access_;
};

/// The type of a dataset's or attribute's elements.
ElementType element_type(hid_t type);
/// Extents; empty for a single value.
std::vector<Index> extents(hid_t space, const std::string& where);

/// Fills in the chunk table of `layout`, whose shape, type, chunk_shape and filters are set.
void find_chunks(hid_t dataset, DatasetLayout& layout);

/// The name of a filter for people: "deflate", "lzf", "filter 32001 (blosc)".
std::string filter_name(const Filter& filter);

}  // namespace superstep::h5
