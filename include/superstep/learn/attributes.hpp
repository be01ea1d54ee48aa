// SPDX-License-Identifier: BSD-3-Clause
// Fitted attributes under scikit-learn's names, on their way into a model file and back. What an
// estimator's model holds is described once, by a function that takes either of the two classes:
//
//   template <class Archive, class Fitted>
//   void fields(Archive& a, Fitted& f) {
//     Length columns, outputs;
//     a.size("n_features_in_", columns, f.coef.cols());
//     a("coef_", f.coef, outputs, columns);
//     a("intercept_", f.intercept, outputs);
//   }
//
// A writer takes what the fields hold. A reader fills them and believes nothing: lengths that
// should be one length are compared, values must lie where fitted ones lie.
#pragma once

#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <superstep/data/labels.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// A length that attributes share. Known from the start, or from the first attribute that has it.
struct Length {
  Index value = -1;
  std::string source{};  ///< the attribute that told it, for messages
};

/// The values that an attribute can have.
struct Allowed {
  double least = -std::numeric_limits<double>::infinity();
  bool least_itself = true;
  bool nan = false;
  bool infinite = false;
};
namespace allowed {
inline constexpr Allowed finite{};
inline constexpr Allowed positive{.least = 0.0, .least_itself = false};
inline constexpr Allowed not_negative{.least = 0.0};
/// NaN for columns of which no row had a value.
inline constexpr Allowed finite_or_nan{.nan = true};
inline constexpr Allowed positive_or_nan{.least = 0.0, .least_itself = false, .nan = true};
inline constexpr Allowed not_negative_or_nan{.least = 0.0, .nan = true};
/// Nothing depends on them.
inline constexpr Allowed any{.nan = true, .infinite = true};
}  // namespace allowed

/// Adds a model's attributes to a tree, below a prefix such as "/" or "/steps/scale/".
class AttributeWriter {
 public:
  AttributeWriter(Tree& tree, std::string prefix) : tree_(&tree), prefix_(std::move(prefix)) {}

  void operator()(const std::string& name, double value, Allowed = allowed::finite) const;
  void operator()(const std::string& name, Index value, Index least = 0) const;
  void operator()(const std::string& name, const Vector& values, Length&,
                  Allowed = allowed::finite) const;
  void operator()(const std::string& name, const Matrix& values, Length& rows, Length& columns,
                  Allowed = allowed::finite) const;
  void operator()(const std::string& name, const std::vector<Index>& values, Length&,
                  Index least = 0) const;
  void operator()(const std::string& name, const std::vector<std::string>& texts, Length&) const;
  void operator()(const std::string& name, const Labels& labels, Length&) const;
  void operator()(const std::string& name, const TreeArray<double>& values,
                  Allowed = allowed::finite) const;
  /// An attribute that is itself a length.
  void size(const std::string& name, Length&, Index value) const;
  /// What follows from other attributes, written for those who look into the file.
  void derived(const std::string& name, const Vector& values) const;
  /// As a reader's: what is given is there.
  bool has(const std::string&) const { return true; }
  std::string path(const std::string& name) const { return prefix_ + name; }
  /// The same tree below a deeper prefix: below("steps/scale/").
  AttributeWriter below(const std::string& path) const { return {*tree_, prefix_ + path}; }

 private:
  Tree* tree_;
  std::string prefix_;
};

/// Reads them back. What is missing, of another type or shape, or no value a fit gives, is a
/// DataError naming it.
class AttributeReader {
 public:
  AttributeReader(const Tree& tree, std::string prefix)
      : tree_(&tree),
        prefix_(std::move(prefix)),
        seen_(std::make_shared<std::set<std::string>>()) {}

  bool has(const std::string& name) const;
  bool holds_integers(const std::string& name) const;
  bool is_single(const std::string& name) const;  ///< not an array
  void operator()(const std::string& name, double& value, Allowed = allowed::finite) const;
  void operator()(const std::string& name, Index& value, Index least = 0) const;
  void operator()(const std::string& name, Vector& values, Length&,
                  Allowed = allowed::finite) const;
  void operator()(const std::string& name, Matrix& values, Length& rows, Length& columns,
                  Allowed = allowed::finite) const;
  void operator()(const std::string& name, std::vector<Index>& values, Length&,
                  Index least = 0) const;
  void operator()(const std::string& name, std::vector<std::string>& texts, Length&) const;
  /// Of the extents that `values` has.
  void operator()(const std::string& name, TreeArray<double>& values,
                  Allowed = allowed::finite) const;
  /// At least one, in ascending order.
  void operator()(const std::string& name, Labels& labels, Length&) const;
  /// At least 1; `value` is what a writer needs.
  void size(const std::string& name, Length&, Index value = 0) const;
  /// DataError unless the file says `values`, up to rounding.
  void derived(const std::string& name, const Vector& values) const;
  AttributeReader below(const std::string& path) const;
  /// DataError if the file holds more than was asked for.
  void require_all_seen() const;
  /// "/steps/scale/mean_".
  std::string path(const std::string& name) const { return prefix_ + name; }

 private:
  template <class T>
  const TreeArray<T>& array(const std::string& name, std::size_t dimensions) const;
  void check_values(const std::string& name, const std::vector<double>& values, Allowed) const;
  void take(const std::string& name, Length& length, Index found) const;

  const Tree* tree_;
  std::string prefix_;
  std::shared_ptr<std::set<std::string>> seen_;  ///< paths asked for, by all readers of the tree
};

}  // namespace superstep
