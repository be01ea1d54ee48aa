// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/discriminant_analysis/class_moments_classifier.hpp>

#include <algorithm>
#include <set>

#include "learn/class_moments.hpp"
#include "learn/views.hpp"

namespace superstep {

Footprint ClassMomentsClassifier::footprint(Index columns, Index classes,
                                            std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch) * std::max<Index>(classes, 1);
  Footprint need = moments_footprint(columns, cells);
  // The rows of a class that is looked at again, and these behind a map.
  need.row_doubles += 2 * columns;
  std::vector<View> views;
  for (const Candidate& c : batch) views.push_back({c.split, c.features});
  // Of each class that a view shows: moments, axes, those on their way between ranks; the models.
  const std::vector<ViewGroup> groups = grouped(views);
  const Index seen = (std::ssize(groups) * 3 + 2 * std::ssize(batch)) * classes;
  need.solving = std::max(need.solving, (seen + 4) * columns * columns);
  // Of each split and class a byte for every cell (ClassSplits).
  std::set<SplitPtr> splits;
  for (const ViewGroup& g : groups) splits.insert(g.view.split);
  need.replicated += (std::ssize(splits) * classes * cells) / 8;
  return need;
}

/// With room for the classes of a view to be looked at again side by side.
Footprint ClassMomentsClassifier::ample_footprint(Index columns, Index classes,
                                                  std::span<const Candidate> batch) const {
  constexpr Index most_side_by_side = 64;
  Footprint ample = footprint(columns, classes, batch);
  for (Index k = 0; k < std::min(classes, most_side_by_side); ++k) {
    ample = ample + moments_footprint(columns) + Engine::of_a_stack();
  }
  return ample;
}

TrainingCost ClassMomentsClassifier::cost(Index columns, Index, std::span<const Candidate>) const {
  TrainingCost cost = moments_cost(columns);
  cost.most_passes = 4;  // extremes, classes far apart, directions of little variance
  return cost;
}

std::shared_ptr<const StageState> ClassMomentsClassifier::gather(
    Engine& engine, const Table& table, std::span<const SplitPtr> splits) const {
  const Index classes = table.data->classes(engine.comm()).size();
  return std::make_shared<ClassMoments>(engine, table, classes, splits);
}

}  // namespace superstep
