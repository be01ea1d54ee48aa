// SPDX-License-Identifier: BSD-3-Clause
// Small HDF5 files such as models: attributes and arrays that fit in memory, written by one
// process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// A row-major array; an empty shape is a single value.
template <class T>
struct TreeArray {
  std::vector<Index> shape;
  std::vector<T> values;
  friend bool operator==(const TreeArray&, const TreeArray&) = default;
};

using TreeAttribute = std::variant<std::string, std::int64_t, double>;
using TreeDataset =
    std::variant<TreeArray<double>, TreeArray<std::int64_t>, TreeArray<std::string>>;

/// What a small file holds. Order is kept in memory; in the file it has no meaning.
struct Tree {
  std::vector<std::pair<std::string, TreeAttribute>> attributes;  ///< of the root
  std::vector<std::pair<std::string, TreeDataset>> datasets;      ///< by path: "/steps/scale/mean_"

  void set(const std::string& attribute, TreeAttribute value);
  void add(const std::string& path, TreeDataset dataset);
  void add(const std::string& path, double value) { add(path, TreeArray<double>{{}, {value}}); }
  void add(const std::string& path, std::int64_t value) {
    add(path, TreeArray<std::int64_t>{{}, {value}});
  }
  void add(const std::string& path, std::string value) {
    add(path, TreeArray<std::string>{{}, {std::move(value)}});
  }
  /// Null when there is none.
  const TreeAttribute* find_attribute(const std::string& name) const;
  const TreeDataset* find(const std::string& path) const;
  /// DataError naming `path` when it is missing or of another type.
  const TreeArray<double>& doubles(const std::string& path) const;
  const TreeArray<std::int64_t>& integers(const std::string& path) const;
  const TreeArray<std::string>& strings(const std::string& path) const;

  friend bool operator==(const Tree&, const Tree&) = default;
};

/// Writes the file whole or not at all; its bytes depend on the tree alone. h5py reads float64,
/// int64 and str. Call it on one rank. FileError when it cannot be written.
void write_tree(const std::string& path, const Tree& tree);

/// Reads such a file, in a child process as describe(); other floats and integers become double and
/// int64, paths come in alphabetical order. FileError when it is not a readable HDF5 file, or holds
/// something a tree cannot. Call it on one rank and broadcast serialize(tree).
Tree read_tree(const std::string& path);

/// A hash of all datasets and of these attributes, whatever their order in the tree; 16 hexadecimal
/// digits.
std::string digest(const Tree& tree, const std::vector<std::string>& attributes);

std::vector<std::byte> serialize(const Tree& tree);
Tree deserialize_tree(std::span<const std::byte> bytes);

}  // namespace superstep
