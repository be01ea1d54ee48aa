// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/forests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include <superstep/core/error.hpp>
#include "learn/trees/bin_edges.hpp"
#include "learn/trees/draws.hpp"
#include "learn/trees/oob_score.hpp"
#include "learn/trees/purposes.hpp"
#include "learn/trees/rows_of_trees.hpp"

namespace superstep::trees {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Trees that some tasks have in common.
struct Grove {
  std::vector<std::size_t> tasks;
  Index trees = 0;
  std::unique_ptr<RowsOfTask> rows{};
  std::shared_ptr<const AgreedError> failure{};
  std::vector<std::vector<std::byte>> grown{};  ///< tree by tree
};

std::vector<Grove> groves_of(std::span<const CartTask> tasks) {
  std::vector<Grove> groves;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto same = [&](const Grove& g) { return tasks[i].has_trees_of(tasks[g.tasks.front()]); };
    auto found = std::ranges::find_if(groves, same);
    if (found == groves.end()) found = groves.emplace(groves.end());
    found->tasks.push_back(i);
    found->trees = std::max(found->trees, tasks[i].trees);
  }
  return groves;
}

Index splits_of(std::span<const CartTask> tasks) {
  std::vector<const Split*> splits;
  for (const CartTask& t : tasks) {
    if (t.split && std::ranges::find(splits, t.split.get()) == splits.end()) {
      splits.push_back(t.split.get());
    }
  }
  return std::ssize(splits);
}

/// Nodes of a grown tree of so many rows, as a rule.
Index nodes_of_tree(Index rows, const CartTask& task) {
  const Index leaf = task.min_samples_leaf.is_int() ? Index{task.min_samples_leaf.as_int()} : 1;
  Index nodes = (is_of_classes(task.rules.criterion) ? rows / 2 : 5 * rows / 4) / leaf + 1;
  if (task.rules.max_leaves > 0) nodes = std::min(nodes, 2 * task.rules.max_leaves);
  if (task.rules.max_depth > 0 && task.rules.max_depth < 40) {
    nodes = std::min(nodes, Index{2} << task.rules.max_depth);
  }
  return nodes;
}

Footprint footprint_of(Index rows, Index columns, std::span<const CartTask> tasks,
                       std::span<const Grove> groves) {
  Footprint need;
  need.entries = 1;
  need.sums = 1;
  for (const CartTask& t : tasks) {
    const Index nodes = nodes_of_tree(rows, t);
    need.sums = std::max(need.sums, CartGrower::doubles(rows, columns, t.rules, nodes));
    if (t.wants_oob_score) need.replicated += doubles_for_oob_score(rows, t.trees);
  }
  need.solving = need.sums;
  need.replicated += doubles_for_coded_table(rows, columns, splits_of(tasks));
  for (const Grove& g : groves) {
    // Bytes of all trees as they come, trees, and forests of them.
    const CartTask& task = tasks[g.tasks.front()];
    const Index doubles = nodes_of_tree(rows, task) * (6 + std::max<Index>(task.rules.classes, 1));
    need.replicated += 3 * g.trees * doubles + 2 * rows;
  }
  if (!is_coded_exactly(rows, columns)) {
    // Those are gone when trees are grown.
    need.replicated = std::max(need.replicated, doubles_for_bin_edges(columns));
  }
  return need;
}

class Growing {
 public:
  Growing(Engine& engine, const Table& table, const std::string& name,
          std::span<const CartTask> tasks)
      : engine_(engine), table_(table), tasks_(tasks), groves_(groves_of(tasks)) {
    if (table.rows() > std::numeric_limits<std::int32_t>::max()) {
      throw AgreedError(ExitCode::bad_data, fmt::format("{}: trees take at most 2,147,483,647 rows",
                                                        table.data->path()));
    }
    engine.reserve(table, footprint_of(table.rows(), table.columns(), tasks, groves_),
                   "to lay the table and the trees on every rank, ");
    for (const CartTask& t : tasks) {
      if (t.split) split_number_.try_emplace(t.split.get(), split_number_.size());
    }
    std::vector<SplitPtr> splits(split_number_.size());
    bool draws_thresholds = false;
    for (const CartTask& t : tasks) {
      if (t.split) splits[split_number_.at(t.split.get())] = t.split;
      draws_thresholds = draws_thresholds || t.rules.draws_thresholds;
    }
    coded_ = code_table(engine, table, splits, draws_thresholds);
    for (Grove& g : groves_) plant(name, g);
  }

  std::vector<GrownForest> grow() {
    grow_trees();
    std::vector<GrownForest> all(tasks_.size());
    for (Grove& g : groves_) {
      for (const std::size_t i : g.tasks) all[i] = forest_of(g, tasks_[i]);
      g.grown.clear();
    }
    return all;
  }

 private:
  void plant(const std::string& name, Grove& g) const {
    const CartTask& task = tasks_[g.tasks.front()];
    const std::vector<std::uint8_t>* trains =
        task.split ? &coded_.trains[split_number_.at(task.split.get())] : nullptr;
    try {
      g.rows = std::make_unique<RowsOfTask>(engine_, table_, name, coded_, task, trains);
    } catch (const AgreedError& e) {
      if (!is_the_candidates_fault(e)) throw;
      g.failure = std::make_shared<AgreedError>(e);
    }
  }

  /// The first trees of all, then the second ones: neighbours are done by one thread, and trees of
  /// a grove take alike long.
  void grow_trees() {
    struct Wanted {
      std::size_t grove;
      Index tree;
    };
    std::vector<Wanted> wanted;
    Index most = 0;
    for (const Grove& g : groves_) most = std::max(most, g.failure ? 0 : g.trees);
    for (Index t = 0; t < most; ++t) {
      for (std::size_t g = 0; g < groves_.size(); ++g) {
        if (!groves_[g].failure && t < groves_[g].trees) wanted.push_back({g, t});
      }
    }
    if (wanted.empty()) return;
    const auto worker = [&]() -> Engine::DoTask {
      return [&, grower = std::make_shared<CartGrower>(coded_)](Index i) {
        const Wanted& w = wanted[at(i)];
        const RowsOfTask& rows = *groves_[w.grove].rows;
        const CartTask& task = tasks_[groves_[w.grove].tasks.front()];
        const std::uint64_t key =
            key_of_tree(task.seed, splits_purpose, static_cast<std::uint64_t>(w.tree));
        return grower->grow(rows.rules(), rows.of_tree(w.tree), key);
      };
    };
    std::vector<std::vector<std::byte>> grown = engine_.tasks(std::ssize(wanted), worker);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      groves_[wanted[i].grove].grown.push_back(std::move(grown[i]));
    }
  }

  GrownForest forest_of(const Grove& g, const CartTask& task) const {
    GrownForest grown;
    grown.failure = g.failure;
    if (grown.failure) return grown;
    grown.forest = CartForest::of_trees({g.grown.data(), at(task.trees)});
    if (!task.wants_oob_score) return grown;
    Index seen_by_all = 0;
    grown.oob_score = oob_score(engine_, coded_, *g.rows, grown.forest, seen_by_all);
    if (seen_by_all > 0) {
      grown.warnings.push_back(fmt::format(
          "{} rows were seen by every tree and are not in oob_score_; more trees would leave fewer",
          seen_by_all));
    }
    return grown;
  }

  Engine& engine_;
  const Table& table_;
  std::span<const CartTask> tasks_;
  std::vector<Grove> groves_;
  std::map<const Split*, std::size_t> split_number_;
  CodedTable coded_;
};

}  // namespace

bool CartTask::has_trees_of(const CartTask& other) const {
  return split == other.split && rules == other.rules && class_weight == other.class_weight &&
         min_samples_split == other.min_samples_split &&
         min_samples_leaf == other.min_samples_leaf && bootstrap == other.bootstrap &&
         max_samples == other.max_samples && seed == other.seed;
}

std::vector<GrownForest> grow_forests(Engine& engine, const Table& table, const std::string& name,
                                      std::span<const CartTask> tasks) {
  return Growing(engine, table, name, tasks).grow();
}

Footprint forests_footprint(Index columns, std::span<const CartTask> tasks) {
  Index rows = 4096;  // at least; a fold says how many there are
  for (const CartTask& t : tasks) {
    if (t.split) rows = std::max(rows, t.split->train_rows + t.split->test_rows);
  }
  Footprint need = footprint_of(rows, columns, tasks, groves_of(tasks));
  need.replicated += doubles_for_bin_edges(columns);
  return need;
}

TrainingCost forests_cost(Index columns, std::span<const CartTask> tasks) {
  // Each level of a tree looks at its columns once.
  constexpr double levels = 16.0, flops = 4.0;
  double all = static_cast<double>(columns) * 8.0;
  for (const CartTask& t : tasks) {
    all += static_cast<double>(t.trees * std::min(t.rules.max_features, columns)) * levels * flops;
  }
  return {2, 2, all};
}

}  // namespace superstep::trees
