// SPDX-License-Identifier: BSD-3-Clause
#include "learn/cluster/seeding.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <superstep/math/distances.hpp>
#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

// The streams of random numbers.
constexpr std::uint32_t random_rows_purpose = 0x6b6d7272;
constexpr std::uint32_t candidates_purpose = 0x6b6d6361;
constexpr std::uint32_t plus_plus_purpose = 0x6b6d7070;

/// Uniform in (0, 1): the odd multiples of 2^-53.
double uniform(const Philox& random, Index row, std::uint32_t counter) {
  const auto words = random.at(static_cast<std::uint64_t>(row), counter);
  const std::uint64_t bits = std::uint64_t{words[0]} | (std::uint64_t{words[1]} << 32);
  return static_cast<double>(((bits >> 12) << 1) | 1) * 0x1p-53;
}

std::span<const double> row_of(const RowPanel& panel, Index i) {
  return {panel.x.row(i), static_cast<std::size_t>(panel.x.columns)};
}

}  // namespace

// ---- random rows -------------------------------------------------------------------------------

RandomRows::RandomRows(std::uint64_t seed, Index restart, Index most_clusters, Index columns)
    : random_(seed, random_rows_purpose),
      restart_(static_cast<std::uint32_t>(restart)),
      pick_(most_clusters, columns) {}

void RandomRows::look(const RowPanel& panel) {
  for (Index i = 0; i < panel.x.rows; ++i) {
    if (panel.weight_of(i) == 0.0) continue;
    const Index row = panel.row(i);
    const double key = uniform(random_, row, restart_);
    if (key <= pick_.limit()) pick_.offer(key, row, row_of(panel, i));
  }
}

Matrix RandomRows::centers(Index clusters) const {
  Matrix centers(clusters, static_cast<Index>(rows_.front().values.size()));
  for (Index j = 0; j < clusters; ++j) {
    std::ranges::copy(rows_[static_cast<std::size_t>(j)].values, centers.row(j).data());
  }
  return centers;
}

// ---- k-means|| --------------------------------------------------------------------------------

CandidatePool::CandidatePool(std::uint64_t seed, Index capacity, Index columns)
    : seed_(seed),
      capacity_(capacity),
      columns_(columns),
      random_(seed, candidates_purpose),
      pick_(per_round(capacity), columns) {}

void CandidatePool::look(const RowPanel& panel, Workspace& workspace) {
  const Index rows = panel.x.rows;
  double* mass = workspace.doubles(distance_slot, rows);
  if (size() == 0) {
    std::fill_n(mass, rows, 1.0);
  } else {
    std::int32_t* nearest = workspace.integers(nearest_slot, rows);
    math::nearest(panel.lanes, packed_, nearest, nullptr);
    math::squared_distances(panel.x, points(), nearest, mass);
  }
  for (Index i = 0; i < rows; ++i) {
    mass[i] *= panel.weight_of(i);
    if (mass[i] == 0.0) continue;
    const Index row = panel.row(i);
    const double u = uniform(random_, row, static_cast<std::uint32_t>(round_));
    // The key is exponentially distributed with rate `mass`. -log(u) >= 1 - u saves most
    // logarithms.
    if ((1.0 - u) > pick_.limit() * mass[i] * (1.0 + 1e-9)) continue;
    const double key = -math::log(u) / mass[i];
    if (key <= pick_.limit()) pick_.offer(key, row, row_of(panel, i));
  }
}

void CandidatePool::end_round(const std::vector<RowPick::Row>& rows) {
  for (const RowPick::Row& r : rows) {
    if (!seen_.insert(r.values).second) continue;
    points_.insert(points_.end(), r.values.begin(), r.values.end());
  }
  packed_ = math::PackedCenters(points());
  found_some_ = !rows.empty();
  ++round_;
}

void CandidatePool::count(const RowPanel& panel, Workspace& workspace, double* counts) const {
  std::int32_t* nearest = workspace.integers(nearest_slot, panel.x.rows);
  math::nearest(panel.lanes, packed_, nearest, nullptr);
  for (Index i = 0; i < panel.x.rows; ++i) counts[nearest[i]] += panel.weight_of(i);
}

Matrix CandidatePool::centers(Index clusters, Index restart) const {
  constexpr int lloyd_steps = 10;
  Matrix centers = weighted_kmeans_plus_plus(
      points(), weights_, clusters,
      RowRandom(Philox(seed_, plus_plus_purpose), static_cast<std::uint64_t>(restart)));
  weighted_lloyd(points(), weights_, lloyd_steps, centers);
  return centers;
}

// ---- the replicated part -----------------------------------------------------------------------

namespace {

/// A position with probability proportional to its mass.
std::size_t draw(std::span<const double> mass, double u) {
  std::vector<double> sums(mass.size());
  std::partial_sum(mass.begin(), mass.end(), sums.begin());
  const auto found = std::ranges::upper_bound(sums, u * sums.back());
  std::size_t at = static_cast<std::size_t>(found - sums.begin());
  // Rounding may point behind the end; a place without mass is never drawn unless there is no
  // other.
  at = std::min(at, mass.size() - 1);
  while (at > 0 && mass[at] == 0.0) --at;
  return at;
}

}  // namespace

Matrix weighted_kmeans_plus_plus(math::ConstPanel points, std::span<const double> weights, Index k,
                                 RowRandom random) {
  const auto n = static_cast<std::size_t>(points.rows);
  const auto trials = static_cast<int>(2.0 + std::floor(math::log(static_cast<double>(k))));
  const std::vector<std::int32_t> zeros(n, 0);
  std::vector<double> least(n, HUGE_VAL);  // squared distances from the points chosen so far
  std::vector<double> mass(weights.begin(), weights.end());
  std::vector<double> distances(n), best(n);
  Matrix centers(k, points.columns);
  for (Index j = 0; j < k; ++j) {
    double best_cost = HUGE_VAL;
    std::size_t chosen = 0;
    for (int trial = 0; trial < (j == 0 ? 1 : trials); ++trial) {
      const std::size_t at = draw(mass, random.uniform());
      math::squared_distances(points, points.middle_rows(static_cast<Index>(at), 1), zeros.data(),
                              distances.data());
      double cost = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        distances[i] = std::min(distances[i], least[i]);
        cost += weights[i] * distances[i];
      }
      if (cost >= best_cost) continue;
      best_cost = cost;
      chosen = at;
      best.swap(distances);
    }
    least = best;
    for (std::size_t i = 0; i < n; ++i) mass[i] = weights[i] * least[i];
    std::copy_n(points.row(static_cast<Index>(chosen)), points.columns, centers.row(j).data());
  }
  return centers;
}

void weighted_lloyd(math::ConstPanel points, std::span<const double> weights, int steps,
                    Matrix& centers) {
  const Index k = centers.rows();
  std::vector<double> totals(static_cast<std::size_t>(k));
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(points.rows));
  for (int step = 0; step < steps; ++step) {
    math::nearest(points, math::PackedCenters(centers), nearest.data(), nullptr);
    Matrix sums = Matrix::Zero(k, points.columns);
    std::ranges::fill(totals, 0.0);
    math::scatter_add(points, nearest.data(), weights.data(), sums, totals.data());
    for (Index j = 0; j < k; ++j) {
      const double total = totals[static_cast<std::size_t>(j)];
      if (total == 0.0) {
        sums.row(j) = centers.row(j);
      } else {
        sums.row(j) /= total;
      }
    }
    if (sums == centers) return;
    centers.swap(sums);
  }
}

}  // namespace superstep
