// SPDX-License-Identifier: BSD-3-Clause
// Trees that answer with the mean of what their leaves say, as plain arrays.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include <superstep/learn/attributes.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::trees {

/// One behind the other. Node i of a tree that begins at b has children at b + left[i] and the
/// place behind that; a leaf has none (0).
struct CartForest {
  Index outputs = 1;            ///< numbers that a node says: one, or a part for each class
  std::vector<Index> begin{0};  ///< of each tree; the last is the end of all
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> feature;  ///< of a leaf -1
  std::vector<double> threshold;      ///< values up to it go to the left
  std::vector<std::uint8_t> missing_left;
  std::vector<double> value;  ///< nodes x outputs
  std::vector<double> impurity;
  std::vector<double> weight;      ///< of the rows that were trained on
  std::vector<std::int32_t> rows;  ///< how many these are

  Index trees() const { return std::ssize(begin) - 1; }
  Index nodes() const { return std::ssize(left); }
  void resize(Index nodes);
  /// A tree of the first so many nodes.
  CartForest first(Index nodes) const;
  /// The same as bytes.
  std::vector<std::byte> bytes_of_first(Index nodes) const;
  /// Of trees, given their bytes.
  static CartForest of_trees(std::span<const std::vector<std::byte>> trees);
};

/// As fields of a model file. DataError where they are no trees of so many columns and outputs, or
/// of other than parts, where these are asked for.
void write(const AttributeWriter& out, const CartForest& forest);
CartForest read_cart_forest(const AttributeReader& in, Index columns, Index outputs, bool parts);

/// scikit-learn's: what the splits of each column take off the impurity, in parts; the mean of all
/// trees.
Vector importances(const CartForest& forest, Index columns);

/// For answers: what a node needs, side by side, once it is asked for. Of a forest that stays where
/// it is; used by many threads.
class CartWalk {
 public:
  explicit CartWalk(const CartForest& forest) : forest_(forest) {}
  /// out[i * stride + k] = the mean over the trees.
  void means(math::ConstPanel x, math::Panel out) const;

 private:
  struct Node {
    double threshold;
    std::int32_t left;     ///< of a leaf 0
    std::int32_t feature;  ///< with the highest bit where missing values go to the left
  };
  void lay_out() const;
  template <Index rows>
  void add_tree(std::size_t tree, math::ConstPanel x, Index first, Index* at) const;

  const CartForest& forest_;
  mutable std::once_flag is_laid_out_;
  mutable std::vector<Node> nodes_;
};

}  // namespace superstep::trees
