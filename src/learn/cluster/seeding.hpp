// SPDX-License-Identifier: BSD-3-Clause
// Where k-means begins: rows drawn at random, or k-means|| (Bahmani, Moseley, Vattani, Kumar,
// Vassilvitskii, "Scalable k-means++", VLDB 2012). All centres are relative to the origin of the
// panels.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <vector>

#include <superstep/core/philox.hpp>
#include <superstep/engine/workspace.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/cluster/centred_rows.hpp"
#include "learn/cluster/row_pick.hpp"

namespace superstep {

/// init='random': as many rows as there are clusters, each set of rows equally probable. The rows
/// for fewer clusters are the first of those for more, so all numbers of clusters share one draw.
class RandomRows {
 public:
  /// `restart` numbers the draws of one seed.
  RandomRows(std::uint64_t seed, Index restart, Index most_clusters, Index columns);
  /// Looks at the rows of a panel. Thread-safe.
  void look(const RowPanel& panel);
  RowPick& pick() { return pick_; }
  /// All panels were looked at, these rows were picked.
  void end(std::vector<RowPick::Row> rows) { rows_ = std::move(rows); }
  /// One row for each centre.
  Matrix centers(Index clusters) const;

 private:
  Philox random_;
  std::uint32_t restart_;
  RowPick pick_;
  std::vector<RowPick::Row> rows_;
};

/// init='k-means||': a pool of candidates, drawn in a few rounds with probabilities proportional to
/// weight times squared distance from the candidates of earlier rounds; each then counts for the
/// rows nearest to it. Every restart chooses its centres from the pool by weighted k-means++ and a
/// few of Lloyd's steps.
///
/// The paper draws each row on its own; here exactly `per_round` rows are drawn without replacement
/// (Efraimidis and Spirakis 2006), which needs no total beforehand: a round is one pass. A pool
/// depends on the number of clusters by its capacity alone, so the models for k = 17 to 32, say,
/// share one, together or alone.
class CandidatePool {
 public:
  /// The first round draws as many rows as any other, not one. More rounds cost as their square and
  /// did not lower the inertia of any data set tried.
  static constexpr Index rounds = 3;
  /// The most clusters that a pool for so many serves: a power of two.
  static Index capacity_for(Index clusters) {
    return std::max<Index>(static_cast<Index>(std::bit_ceil(static_cast<std::size_t>(clusters))),
                           16);
  }
  static Index per_round(Index capacity) { return 2 * capacity; }

  CandidatePool(std::uint64_t seed, Index capacity, Index columns);

  /// Rounds go on until there are enough different candidates or no row differs from all of them.
  bool wants_round() const { return round_ < rounds || (size() < capacity_ && found_some_); }
  /// Looks at the rows of a panel. Thread-safe.
  void look(const RowPanel& panel, Workspace& workspace);
  RowPick& pick() { return pick_; }
  /// All panels were looked at, these rows were picked.
  void end_round(const std::vector<RowPick::Row>& rows);

  Index size() const { return packed_.size(); }
  /// counts[c] += weight of the rows whose nearest candidate is c.
  void count(const RowPanel& panel, Workspace& workspace, double* counts) const;
  void set_weights(std::span<const double> weights) {
    weights_.assign(weights.begin(), weights.end());
  }

  Matrix centers(Index clusters, Index restart) const;

 private:
  math::ConstPanel points() const {
    return {points_.data(), static_cast<Index>(seen_.size()), columns_};
  }

  std::uint64_t seed_;
  Index capacity_;
  Index columns_;
  Philox random_;
  RowPick pick_;
  Index round_ = 0;
  bool found_some_ = true;
  std::vector<double> points_;  ///< candidates, all different, one behind the other
  math::PackedCenters packed_;
  std::vector<double> weights_;
  std::set<std::vector<double>> seen_;
};

/// Chooses k of the points: the first by weight, each further one by weight times squared distance
/// from those chosen, the best of 2 + ln k draws (Arthur and Vassilvitskii, "k-means++", SODA 2007,
/// greedy variant). Repeats points when there are fewer than k with a weight.
Matrix weighted_kmeans_plus_plus(math::ConstPanel points, std::span<const double> weights, Index k,
                                 RowRandom random);

/// Moves the centres by at most `steps` of Lloyd's steps on weighted points; an empty one stays.
void weighted_lloyd(math::ConstPanel points, std::span<const double> weights, int steps,
                    Matrix& centers);

}  // namespace superstep
