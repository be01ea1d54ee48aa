// SPDX-License-Identifier: BSD-3-Clause
// Fitted attributes under scikit-learn's names, on their way into a model file and back.
#pragma once

#include <string>
#include <vector>

#include <superstep/data/labels.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// Adds a model's attributes to a tree, below a prefix such as "/" or "/steps/scale/".
class AttributeWriter {
 public:
  AttributeWriter(Tree& tree, std::string prefix) : tree_(&tree), prefix_(std::move(prefix)) {}
  void add(const std::string& name, double value) const;
  void add(const std::string& name, Index value) const;
  void add(const std::string& name, const Vector& values) const;
  void add(const std::string& name, const Matrix& values) const;
  void add(const std::string& name, const std::vector<Index>& values) const;
  void add(const std::string& name, const Labels& labels) const;
  void add(const std::string& name, const std::vector<std::string>& texts) const;
  /// The same tree below a deeper prefix: below("steps/scale/").
  AttributeWriter below(const std::string& path) const { return {*tree_, prefix_ + path}; }

 private:
  Tree* tree_;
  std::string prefix_;
};

/// Reads them back. What is missing or of another shape is a DataError naming it.
class AttributeReader {
 public:
  AttributeReader(const Tree& tree, std::string prefix)
      : tree_(&tree), prefix_(std::move(prefix)) {}
  bool has(const std::string& name) const;
  double number(const std::string& name) const;
  Index integer(const std::string& name) const;
  Vector vector(const std::string& name) const;
  Matrix matrix(const std::string& name) const;
  std::vector<Index> integers(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;
  Labels labels(const std::string& name) const;
  AttributeReader below(const std::string& path) const { return {*tree_, prefix_ + path}; }

 private:
  const Tree* tree_;
  std::string prefix_;
};

}  // namespace superstep
