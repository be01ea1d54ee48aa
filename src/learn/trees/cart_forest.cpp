// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/cart_forest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>

namespace superstep::trees {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// As archives take them.
struct Stored {
  std::vector<Index> begin, left, feature, missing_left, rows;
  Vector threshold, impurity, weight;
  Matrix value;
};

template <class Archive, class S>
void fields(const Archive& a, S& s, Length& outputs, bool parts) {
  Length begins, nodes;
  a("tree_begin_", s.begin, begins);
  a("children_left_", s.left, nodes);
  a("feature_", s.feature, nodes, -1);
  a("threshold_", s.threshold, nodes, allowed::any);
  a("missing_go_to_left_", s.missing_left, nodes);
  a("value_", s.value, nodes, outputs, parts ? allowed::not_negative : allowed::finite);
  a("impurity_", s.impurity, nodes);
  a("n_node_samples_", s.rows, nodes);
  a("weighted_n_node_samples_", s.weight, nodes, allowed::positive);
}

template <class T>
std::vector<Index> wide(const std::vector<T>& from) {
  return {from.begin(), from.end()};
}
template <class T>
std::vector<T> narrow(const AttributeReader& in, const char* name, const std::vector<Index>& from) {
  std::vector<T> to;
  for (const Index i : from) {
    if (i > std::numeric_limits<T>::max()) {
      throw DataError(fmt::format("{} has a value of {}", in.path(name), i));
    }
    to.push_back(static_cast<T>(i));
  }
  return to;
}
Vector vector_of(const std::vector<double>& from) {
  return VectorView(from.data(), std::ssize(from));
}
std::vector<double> doubles_of(const Vector& from) {
  return {from.data(), from.data() + from.size()};
}

/// Why a node is none; null: nothing is wrong with it.
const char* fault_of(const CartForest& f, Index node, Index begin, Index end, Index columns) {
  const std::size_t n = at(node);
  if ((f.left[n] == 0) != (f.feature[n] == -1))
    return "has children and no feature, or the reverse";
  if (f.left[n] == 0) return nullptr;
  if (f.feature[n] < 0 || f.feature[n] >= columns) return "splits no column";
  if (f.left[n] <= node - begin || Index{f.left[n]} + 1 >= end - begin) {
    return "has children that do not lie behind it";
  }
  if (std::isnan(f.threshold[n])) return "has no threshold";
  return f.missing_left[n] > 1 ? "sends missing values nowhere" : nullptr;
}

void require_trees(const AttributeReader& in, const CartForest& f, Index columns) {
  if (f.begin.empty() || f.begin.front() != 0 || f.trees() < 1 ||
      !std::ranges::is_sorted(f.begin) || f.begin.back() != f.nodes()) {
    throw DataError(fmt::format("{} does not reach over all nodes", in.path("tree_begin_")));
  }
  for (Index t = 0; t < f.trees(); ++t) {
    const Index begin = f.begin[at(t)], end = f.begin[at(t + 1)];
    const char* why = end <= begin ? "is in no tree" : nullptr;
    Index node = begin;
    for (; why == nullptr && node < end; ++node) why = fault_of(f, node, begin, end, columns);
    if (why == nullptr) continue;
    throw DataError(
        fmt::format("node {} of {} {}", std::max(node - 1, begin), in.path("children_left_"), why));
  }
}

/// What the splits of one tree take off, in parts of all.
void add_importances(const CartForest& f, std::size_t tree, Vector& all) {
  Vector taken = Vector::Zero(all.size());
  const std::size_t begin = at(f.begin[tree]), end = at(f.begin[tree + 1]);
  const auto whole = [&](std::size_t n) { return f.weight[n] * f.impurity[n]; };
  for (std::size_t n = begin; n < end; ++n) {
    if (f.left[n] == 0) continue;
    const std::size_t left = begin + at(f.left[n]);
    taken[f.feature[n]] += whole(n) - whole(left) - whole(left + 1);
  }
  const double sum = taken.sum();
  if (sum > 0.0) all += taken / sum;
}

}  // namespace

void CartForest::resize(Index count) {
  const std::size_t n = at(count);
  left.resize(n);
  feature.resize(n, -1);
  threshold.resize(n);
  missing_left.resize(n);
  value.resize(n * at(outputs));
  impurity.resize(n);
  weight.resize(n);
  rows.resize(n);
}

namespace {

/// The arrays of a forest, one after the other, to `each`.
template <class Forest, class F>
void each_array(Forest& f, const F& each) {
  each(f.left);
  each(f.feature);
  each(f.threshold);
  each(f.missing_left);
  each(f.value);
  each(f.impurity);
  each(f.weight);
  each(f.rows);
}

}  // namespace

CartForest CartForest::first(Index count) const {
  CartForest f;
  f.outputs = outputs;
  f.begin = {0, count};
  const auto take = [&](const auto& from, auto& to, Index n) {
    to.assign(from.begin(), from.begin() + n);
  };
  take(left, f.left, count);
  take(feature, f.feature, count);
  take(threshold, f.threshold, count);
  take(missing_left, f.missing_left, count);
  take(value, f.value, count * outputs);
  take(impurity, f.impurity, count);
  take(weight, f.weight, count);
  take(rows, f.rows, count);
  return f;
}

std::vector<std::byte> CartForest::bytes_of_first(Index count) const {
  const Index head[2] = {outputs, count};
  // Of each array as many values as nodes have there.
  const auto bytes_of = [&](const auto& values) {
    return values.size() / left.size() * at(count) * sizeof values[0];
  };
  std::size_t size = sizeof head;
  each_array(*this, [&](const auto& values) { size += bytes_of(values); });
  std::vector<std::byte> all(size);
  std::byte* to = all.data();
  const auto put = [&](const void* from, std::size_t n) {
    std::memcpy(to, from, n);
    to += n;
  };
  put(head, sizeof head);
  each_array(*this, [&](const auto& values) { put(values.data(), bytes_of(values)); });
  return all;
}

CartForest CartForest::of_trees(std::span<const std::vector<std::byte>> trees) {
  CartForest f;
  std::vector<ByteReader> readers;
  for (const std::vector<std::byte>& bytes : trees) {
    readers.emplace_back(bytes);
    f.outputs = readers.back().get<Index>();
    f.begin.push_back(f.begin.back() + readers.back().get<Index>());
  }
  f.resize(f.begin.back());
  for (std::size_t t = 0; t < readers.size(); ++t) {
    const Index first = f.begin[t], n = f.begin[t + 1] - first;
    each_array(f, [&](auto& values) {
      const Index each = std::ssize(values) / f.nodes();
      readers[t].copy(values.data() + first * each, n * each);
    });
  }
  return f;
}

void write(const AttributeWriter& out, const CartForest& f) {
  Stored s{f.begin,
           wide(f.left),
           wide(f.feature),
           wide(f.missing_left),
           wide(f.rows),
           vector_of(f.threshold),
           vector_of(f.impurity),
           vector_of(f.weight),
           Matrix(f.nodes(), f.outputs)};
  std::ranges::copy(f.value, s.value.data());
  Length outputs;
  fields(out, std::as_const(s), outputs, false);
}

CartForest read_cart_forest(const AttributeReader& in, Index columns, Index outputs, bool parts) {
  Stored s;
  Length expected{outputs, "classes_"};
  fields(in, s, expected, parts);
  CartForest f;
  f.outputs = outputs;
  f.begin = std::move(s.begin);
  f.left = narrow<std::int32_t>(in, "children_left_", s.left);
  f.feature = narrow<std::int32_t>(in, "feature_", s.feature);
  f.missing_left = narrow<std::uint8_t>(in, "missing_go_to_left_", s.missing_left);
  f.rows = narrow<std::int32_t>(in, "n_node_samples_", s.rows);
  f.threshold = doubles_of(s.threshold);
  f.impurity = doubles_of(s.impurity);
  f.weight = doubles_of(s.weight);
  f.value.assign(s.value.data(), s.value.data() + s.value.size());
  require_trees(in, f, columns);
  return f;
}

Vector importances(const CartForest& f, Index columns) {
  Vector all = Vector::Zero(columns);
  for (std::size_t t = 0; t + 1 < f.begin.size(); ++t) add_importances(f, t, all);
  const double sum = all.sum();
  return sum > 0.0 ? Vector(all / sum) : all;
}

void CartWalk::lay_out() const {
  const CartForest& f = forest_;
  nodes_.resize(f.left.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const auto missing = static_cast<std::uint32_t>(f.missing_left[n]) << 31;
    const auto feature = f.left[n] == 0 ? 0U : static_cast<std::uint32_t>(f.feature[n]);
    nodes_[n] = {f.threshold[n], f.left[n], static_cast<std::int32_t>(feature | missing)};
  }
}

// Several rows at a time: while one waits for its next node the others go on.
template <Index rows>
void CartWalk::add_tree(std::size_t tree, math::ConstPanel x, Index first, Index* leaf) const {
  const Node* const nodes = nodes_.data() + forest_.begin[tree];
  const double* row[rows];
  std::int32_t at[rows] = {};
  for (Index r = 0; r < rows; ++r) row[r] = x.row(first + r);
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (Index r = 0; r < rows; ++r) {
      const Node& node = nodes[at[r]];
      const double v = row[r][node.feature & 0x7fffffff];
      const bool goes_left = v <= node.threshold || (node.feature < 0 && std::isnan(v));
      at[r] = node.left == 0 ? at[r] : node.left + (goes_left ? 0 : 1);
      goes_on |= node.left != 0;
    }
  }
  for (Index r = 0; r < rows; ++r) leaf[r] = forest_.begin[tree] + at[r];
}

void CartWalk::means(math::ConstPanel x, math::Panel out) const {
  std::call_once(is_laid_out_, [&] { lay_out(); });
  constexpr Index together = 16;
  const Index outputs = forest_.outputs;
  const auto add_leaf = [&](Index i, Index leaf) {
    const double* value = forest_.value.data() + leaf * outputs;
    for (Index k = 0; k < outputs; ++k) out.row(i)[k] += value[k];
  };
  for (Index i = 0; i < x.rows; ++i) std::fill_n(out.row(i), outputs, 0.0);
  const std::size_t trees = forest_.begin.size() - 1;
  Index leaf[together];
  for (std::size_t t = 0; t < trees; ++t) {
    Index i = 0;
    for (; i + together <= x.rows; i += together) {
      add_tree<together>(t, x, i, leaf);
      for (Index r = 0; r < together; ++r) add_leaf(i + r, leaf[r]);
    }
    for (; i < x.rows; ++i) {
      add_tree<1>(t, x, i, leaf);
      add_leaf(i, leaf[0]);
    }
  }
  for (Index i = 0; i < x.rows; ++i) {
    for (Index k = 0; k < outputs; ++k) out.row(i)[k] /= static_cast<double>(trees);
  }
}

}  // namespace superstep::trees
