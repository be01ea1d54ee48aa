// SPDX-License-Identifier: BSD-3-Clause
#include "learn/class_weight_batch.hpp"

#include <algorithm>
#include <bit>
#include <memory>

#include "learn/cells.hpp"
#include "learn/class_weight.hpp"

namespace superstep {

namespace {

/// How many rows of each class the splits train on, those with a weight above zero. **Collective.**
std::vector<Vector> rows_by_class(Engine& engine, const Table& table, Index classes,
                                  std::span<const SplitPtr> splits) {
  const Cells cells(splits);
  const auto tall = static_cast<std::size_t>(table.data->blocks().rows_per_block());
  SumShape shape;
  for (Index cell = 0; cell < cells.size(); ++cell) shape.add(classes, std::bit_width(tall));
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
          for_rows(block, rows, [&](Index i) {
            if (block.weight_of(i) > 0.0) sum[cell][static_cast<std::size_t>(block.y[i])] += 1.0;
          });
        });
      });
  std::vector<Vector> rows;
  for (const SplitPtr& split : splits) {
    const std::vector<double> counts = totals.combined(cells.with_role(split, Role::train));
    rows.emplace_back(VectorView(counts.data(), classes));
  }
  return rows;
}

/// Candidates that train on the same rows with the same weights.
struct WeightedGroup {
  SplitPtr split;
  Value class_weight;
  std::vector<std::size_t> members{};

  Table table{};
  std::vector<Candidate> candidates{};  ///< as they are for that table

  /// The table of its rows and factors.
  void see(const Table& all, std::span<const Candidate> batch, const Vector& factors) {
    const bool is_weighted = !class_weight.is_none();
    table = split ? all.only(split, Role::train) : all;
    if (is_weighted) {
      table.class_weight = std::make_shared<std::vector<double>>(factors.begin(), factors.end());
    }
    for (const std::size_t i : members) {
      candidates.push_back(batch[i]);
      if (!is_weighted) continue;
      candidates.back().split = nullptr;
      candidates.back().gathered = nullptr;
    }
  }
};

std::vector<WeightedGroup> groups_by_weight(std::span<const Candidate> candidates,
                                            const ClassWeightLearner& learner) {
  std::vector<WeightedGroup> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Value& weight = learner.class_weight(candidates[i]);
    // Those without share all rows.
    const SplitPtr split = weight.is_none() ? nullptr : candidates[i].split;
    const auto same = [&](const WeightedGroup& g) {
      return g.split == split && g.class_weight == weight;
    };
    auto found = std::ranges::find_if(groups, same);
    if (found == groups.end()) found = groups.insert(groups.end(), {split, weight});
    found->members.push_back(i);
  }
  return groups;
}

}  // namespace

std::vector<Trained> train_by_class_weight(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates,
                                           const ClassWeightLearner& learner) {
  std::vector<WeightedGroup> groups = groups_by_weight(candidates, learner);
  if (groups.size() == 1 && groups.front().class_weight.is_none()) {
    return learner.train(table, candidates);
  }
  const Labels& classes = table.data->classes(engine.comm());
  std::vector<SplitPtr> splits;
  for (const WeightedGroup& g : groups) splits.push_back(g.split);
  const std::vector<Vector> rows = rows_by_class(engine, table, classes.size(), splits);
  std::vector<Trained> all(candidates.size());
  std::vector<Engine::Work> works;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    WeightedGroup& group = groups[g];
    Vector factors;
    if (!group.class_weight.is_none()) {
      factors = class_factors(group.class_weight, learner.estimator.name(), classes, rows[g]);
    }
    group.see(table, candidates, factors);
    const auto train = [&learner, &group, &all] {
      std::vector<Trained> some = learner.train(group.table, group.candidates);
      for (std::size_t i = 0; i < some.size(); ++i) all[group.members[i]] = std::move(some[i]);
    };
    works.push_back(
        {footprint_for(engine, learner.estimator, group.table, group.candidates), train});
  }
  engine.side_by_side_where_there_is_room(std::move(works));
  return all;
}

}  // namespace superstep
