// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/judging_cost.hpp"

#include <algorithm>
#include <set>

#include <superstep/learn/pipeline.hpp>

#include "learn/metrics/medians.hpp"
#include "learn/metrics/model_tree.hpp"
#include "learn/metrics/pair_counter.hpp"

namespace superstep {

Index most_rows(const Dataset& data, int ranks, const Split* split, Role role) {
  const BlockPlan& plan = data.blocks();
  const Index share = plan.rows_per_block() * ((plan.size() + ranks - 1) / ranks);
  return std::min(share, split != nullptr ? split->rows(role) : plan.rows());
}

void share_memory(std::span<ScoreRanking* const> rankings, const RankingMemory& memory) {
  double all = 0.0;
  for (const ScoreRanking* r : rankings) {
    all += static_cast<double>(r->kept_bytes() + r->sorting_bytes());
  }
  for (ScoreRanking* r : rankings) {
    const std::size_t wanted = r->kept_bytes() + r->sorting_bytes();
    const double share = static_cast<double>(memory.bytes) * static_cast<double>(wanted) / all;
    r->set_memory(memory.fits ? wanted
                              : std::max(std::min(wanted, r->least_bytes()),
                                         static_cast<std::size_t>(share)));
  }
}

JudgingCost judging_cost(const MetricPlan& plan, const Dataset& data, Index rows, Index weights,
                         Index scratch) {
  JudgingCost cost;
  SumShape shape;
  const MetricSums sums(plan, Sketch{}, 0, shape);
  cost.sums = plan.targets() * std::max(shape.partial_size(), median_sums(plan));
  if (plan.needs(Statistic::pairs)) cost.kept += PairCounter::bytes(rows);
  const Index gathered_targets = plan.targets() > 1 ? plan.targets() : 0;
  cost.scratch = scratch + ModelTree::panel_rows * (data.columns() + 3 + gathered_targets);
  // Beside the weights: the sketch's columns of scales.
  const bool has_scale = plan.kind() != Kind::classifier;
  if (plan.needs(Statistic::weighted_pairs)) cost.kept += PairCounter::bytes(rows);
  if (plan.needs(Statistic::score_curve)) {
    const Index points = std::min(data.rows(), ScoreRanking::most_curve_points);
    cost.kept += static_cast<std::size_t>(3 * points) * sizeof(CurvePoint);
  }
  cost.kept += sizeof(double) *
               static_cast<std::size_t>(
                   weights + (has_scale ? plan.targets() * data.blocks().rows_per_block() : 0));
  for (const auto* columns : {&plan.ranked_by_score(), &plan.ranked_by_probability()}) {
    if (columns->empty()) continue;
    const ScoreRanking ranking(*columns, plan.classes(), rows);
    const std::size_t kept = ranking.kept_bytes();
    cost.rankings += kept;
    cost.sorting = std::max(cost.sorting, ranking.sorting_bytes());
    cost.least_rankings += std::min(ranking.least_bytes(), kept + ranking.sorting_bytes());
  }
  return cost;
}

namespace {

/// A pass that grows model by model.
struct PassTotal {
  Index sums = 0;
  Index scratch = 0;
  std::size_t kept = 0;
  std::size_t sorting = 0;

  void add(const JudgingCost& cost) {
    sums += cost.sums;
    scratch = std::max(scratch, cost.scratch);
    kept += cost.kept + cost.rankings;
    sorting = std::max(sorting, cost.sorting);
  }
  bool fits(const Footprint& room) const {
    return sums <= room.sums && kept + sorting <= static_cast<std::size_t>(room.replicated) * 8;
  }
};

Footprint footprint_of(const Dataset& data, Index partitions, Index sums, Index scratch,
                       std::size_t bytes) {
  // Beside what a walk needs, the numbers of rows and cells, two to a double.
  const Index tall = std::max<Index>(1, data.blocks().rows_per_block());
  return {sums, (scratch + tall - 1) / tall + partitions / 2 + 1,
          static_cast<Index>((bytes + 7) / 8)};
}

}  // namespace

JudgingRoom room_for(const Dataset& data, Index partitions, std::span<const JudgingCost> costs) {
  JudgingRoom room;
  PassTotal all;
  for (const JudgingCost& cost : costs) {
    all.add(cost);
    room.least = room.least | footprint_of(data, partitions, cost.sums, cost.scratch,
                                           cost.kept + cost.least_rankings);
  }
  room.wanted = footprint_of(data, partitions, all.sums, all.scratch, all.kept + all.sorting);
  return room;
}

std::vector<PassCut> cut_into_passes(std::span<const JudgingCost> costs, const Footprint& room) {
  std::vector<PassCut> cuts;
  for (std::size_t begin = 0; begin < costs.size();) {
    PassTotal total;
    std::size_t end = begin;
    while (end < costs.size()) {
      PassTotal more = total;
      more.add(costs[end]);
      if (!more.fits(room)) break;
      total = more;
      ++end;
    }
    RankingMemory memory;
    if (end == begin) {  // too much for one pass: its rankings take several
      const JudgingCost& cost = costs[end++];
      const auto bytes = static_cast<std::size_t>(room.replicated) * 8;
      memory = {false, std::max(cost.least_rankings, bytes - std::min(bytes, cost.kept))};
    }
    cuts.push_back({begin, end, memory});
    begin = end;
  }
  return cuts;
}

namespace {

/// An estimator's steps, without those of a pipeline that is a step itself.
Index steps_of(const Estimator& estimator) {
  const auto* pipeline = dynamic_cast<const Pipeline*>(&estimator);
  return pipeline == nullptr ? 1 : static_cast<Index>(pipeline->steps().size());
}

}  // namespace

JudgingRoom judging_room(const Dataset& data, Index classes, int ranks,
                         std::span<const Candidate> candidates,
                         std::span<const std::string> metrics) {
  std::vector<JudgingCost> costs;
  std::set<const Partition*> partitions;
  for (const Candidate& c : candidates) {
    const Subject subject = subject_of(*c.estimator, classes);
    const Index outputs = subject.classes > 2 ? subject.classes : subject.targets;
    // How many columns transformers and clusterers make is known when they are fitted; it is seldom
    // more than they were given.
    const Index made = std::max<Index>(data.columns(), 256);
    const auto width = [&](Method method) {
      if (method == Method::transform) return made;
      if (method == Method::predict) return subject.targets;
      return method == Method::predict_proba ? subject.classes : outputs;
    };
    const MetricPlan plan(subject, width, metrics);
    const Index per_row =
        plan.width() + (steps_of(*c.estimator) - 1) * made + std::max<Index>(64, outputs);
    const Index weights = 3 * (data.columns() + 1) * outputs;
    costs.push_back(judging_cost(plan, data, most_rows(data, ranks, c.split.get(), Role::test),
                                 weights, ModelTree::panel_rows * per_row));
    if (c.split) partitions.insert(c.split->partition.get());
  }
  return room_for(data, std::ssize(partitions), costs);
}

}  // namespace superstep
