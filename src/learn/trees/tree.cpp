// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep::trees {

void Forest::resize(Index nodes) {
  const auto n = static_cast<std::size_t>(nodes);
  left.resize(n);
  feature.resize(n);
  threshold.resize(n);
  bin.resize(n);
  missing_left.resize(n);
  value.resize(n);
  gain.resize(n);
  rows.resize(n);
}

namespace {

template <class Archive, class F>
void fields(const Archive& a, F& f) {
  Length begins, nodes;
  a("tree_begin_", f.begin, begins);
  a("children_left_", f.left, nodes);
  a("feature_", f.feature, nodes, -1);
  a("threshold_", f.threshold, nodes);
  a("missing_go_to_left_", f.missing_left, nodes);
  a("value_", f.value, nodes);
  a("gain_", f.gain, nodes, allowed::not_negative);
  a("n_node_samples_", f.rows, nodes);
}

/// With vectors of Eigen, as archives take them.
struct Stored {
  std::vector<Index> begin, left, feature, missing_left, rows;
  Vector threshold, value, gain;
};

Vector vector_of(const std::vector<double>& from) {
  return VectorView(from.data(), std::ssize(from));
}
std::vector<double> doubles_of(const Vector& from) {
  return {from.data(), from.data() + from.size()};
}

/// Why a node is none; null: nothing is wrong with it.
const char* fault_of(const Forest& f, Index node, Index begin, Index end, Index columns) {
  const auto n = static_cast<std::size_t>(node);
  if ((f.left[n] == 0) != (f.feature[n] == -1))
    return "has children and no feature, or the reverse";
  if (!std::isfinite(f.value[n])) return "has no value";
  if (f.left[n] == 0) return nullptr;
  if (f.feature[n] < 0 || f.feature[n] >= columns) return "splits no column";
  if (f.left[n] <= node - begin || f.left[n] + 1 >= end - begin) {
    return "has children that do not lie behind it";
  }
  if (!std::isfinite(f.threshold[n])) return "has no threshold";
  return f.missing_left[n] > 1 ? "sends missing values nowhere" : nullptr;
}

/// Of the first node at fault its number, else -1.
Index first_fault(const Forest& f, Index columns, const char*& why) {
  for (Index t = 0; t < f.trees(); ++t) {
    const Index begin = f.begin[static_cast<std::size_t>(t)];
    const Index end = f.begin[static_cast<std::size_t>(t) + 1];
    why = end <= begin ? "is in no tree" : nullptr;
    if (why != nullptr) return begin;
    for (Index i = begin; i < end; ++i) {
      why = fault_of(f, i, begin, end, columns);
      if (why != nullptr) return i;
    }
  }
  return -1;
}

bool reaches_over_all(const Forest& f) {
  return !f.begin.empty() && f.begin.front() == 0 && std::ranges::is_sorted(f.begin) &&
         f.begin.back() == std::ssize(f.left);
}

}  // namespace

bool Forest::is_sound(Index columns) const {
  const char* why = nullptr;
  return reaches_over_all(*this) && first_fault(*this, columns, why) < 0;
}

void write(const AttributeWriter& out, const Forest& f) {
  const Stored stored{f.begin,
                      f.left,
                      f.feature,
                      f.missing_left,
                      f.rows,
                      vector_of(f.threshold),
                      vector_of(f.value),
                      vector_of(f.gain)};
  fields(out, stored);
}

Forest read_forest(const AttributeReader& in, Index columns) {
  Stored s;
  fields(in, s);
  Forest f{.begin = std::move(s.begin),
           .left = std::move(s.left),
           .feature = std::move(s.feature),
           .threshold = doubles_of(s.threshold),
           .bin = {},
           .missing_left = std::move(s.missing_left),
           .value = doubles_of(s.value),
           .gain = doubles_of(s.gain),
           .rows = std::move(s.rows)};
  if (!reaches_over_all(f)) {
    throw DataError(fmt::format("{} does not reach over all nodes", in.path("tree_begin_")));
  }
  const char* why = nullptr;
  const Index fault = first_fault(f, columns, why);
  if (fault >= 0) {
    throw DataError(fmt::format("node {} of {} {}", fault, in.path("children_left_"), why));
  }
  return f;
}

Vector importances(const Forest& f, Index columns) {
  Vector sums = Vector::Zero(columns);
  for (std::size_t i = 0; i < f.left.size(); ++i) {
    if (f.left[i] != 0) sums[f.feature[i]] += f.gain[i];
  }
  const double all = sums.sum();
  return all > 0.0 ? Vector(sums / all) : sums;
}

}  // namespace superstep::trees
