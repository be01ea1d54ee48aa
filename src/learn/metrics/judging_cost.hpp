// SPDX-License-Identifier: BSD-3-Clause
// What judging takes of memory, and how a list of models is cut into passes that fit.
#pragma once

#include <span>
#include <vector>

#include <superstep/learn/metrics/ranking.hpp>

#include "learn/metrics/judging.hpp"

namespace superstep {

/// Rows with a role that a rank may have.
Index most_rows(const Dataset& data, int ranks, const Split* split, Role role);

/// Before the first pass: what each ranking of one model may keep.
void share_memory(std::span<ScoreRanking* const> rankings, const RankingMemory& memory);

/// What one model adds to the memory of a pass.
struct JudgingCost {
  Index sums = 0;            ///< doubles of a block's partial
  Index scratch = 0;         ///< doubles of a thread, of which the most that a model needs counts
  std::size_t kept = 0;      ///< bytes, without rankings
  std::size_t rankings = 0;  ///< bytes of scores, all in one pass
  std::size_t sorting = 0;   ///< bytes of scores being put in order; the most counts
  std::size_t least_rankings = 0;  ///< bytes with which rankings can be made in further passes
};

/// `weights`: doubles that a ModelTree keeps for the model, `scratch`: needs in a walk.
JudgingCost judging_cost(const MetricPlan& plan, const Dataset& data, Index rows, Index weights,
                         Index scratch);

/// For all of them in one pass, or one at a time.
JudgingRoom room_for(const Dataset& data, Index partitions, std::span<const JudgingCost> costs);

/// The models of a pass: those from `begin` up to `end`.
struct PassCut {
  std::size_t begin;
  std::size_t end;
  RankingMemory memory;
};
std::vector<PassCut> cut_into_passes(std::span<const JudgingCost> costs, const Footprint& room);

}  // namespace superstep
