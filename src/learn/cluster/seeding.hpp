// SPDX-License-Identifier: BSD-3-Clause
// Where k-means begins: rows drawn at random, or k-means|| (Bahmani, Moseley, Vattani, Kumar,
// Vassilvitskii, "Scalable k-means++", VLDB 2012). All centres are relative to the origin of the
// panels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <superstep/core/philox.hpp>
#include <superstep/engine/workspace.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/cluster/centred_rows.hpp"
#include "learn/cluster/row_pick.hpp"

namespace superstep {

/// init='random': as many rows as there are clusters, each set of rows equally probable.
class RandomRows {
 public:
  /// `restart` numbers the draws of one seed.
  RandomRows(std::uint64_t seed, Index restart, Index clusters, Index columns);
  /// Looks at the rows of a panel. Thread-safe.
  void look(const RowPanel& panel);
  /// One row for each centre, once all panels were looked at. **Collective.**
  Matrix centers(const Communicator& comm);

 private:
  Philox random_;
  std::uint32_t restart_;
  RowPick pick_;
};

/// init='k-means||': a pool of candidates, drawn in a few rounds with probabilities proportional to
/// weight times squared distance from the candidates of earlier rounds; each then counts for the
/// rows nearest to it. Every restart chooses its centres from the pool by weighted k-means++ and a
/// few of Lloyd's steps.
///
/// The paper draws each row on its own; here exactly `per_round` rows are drawn without replacement
/// (Efraimidis and Spirakis 2006), which needs no total beforehand: a round is one pass.
class CandidatePool {
 public:
  /// The first round draws as many rows as any other, not one. More rounds cost as their square and
  /// did not lower the inertia of any data set tried.
  static constexpr Index rounds = 3;
  static Index per_round(Index clusters) { return std::max<Index>(2 * clusters, 32); }

  CandidatePool(std::uint64_t seed, Index clusters, Index columns);

  /// Rounds go on until there are enough different candidates or no row differs from all of them.
  bool wants_round() const { return round_ < rounds || (size() < clusters_ && found_some_); }
  /// Looks at the rows of a panel. Thread-safe.
  void look(const RowPanel& panel, Workspace& workspace);
  /// All panels were looked at. **Collective.**
  void end_round(const Communicator& comm);

  Index size() const { return static_cast<Index>(half_.size()); }
  /// counts[c] += weight of the rows whose nearest candidate is c.
  void count(const RowPanel& panel, Workspace& workspace, double* counts) const;
  void set_weights(std::span<const double> weights) {
    weights_.assign(weights.begin(), weights.end());
  }

  Matrix centers(Index restart) const;

 private:
  math::ConstPanel points() const { return {points_.data(), size(), columns_}; }

  std::uint64_t seed_;
  Index clusters_;
  Index columns_;
  Philox random_;
  RowPick pick_;
  Index round_ = 0;
  bool found_some_ = true;
  std::vector<double> points_;  ///< candidates, all different, one behind the other
  std::vector<double> half_;
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
