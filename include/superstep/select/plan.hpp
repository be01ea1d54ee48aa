// SPDX-License-Identifier: BSD-3-Clause
// What a fit, a cross-validation or a search will do, before the first block is read: its stages,
// what they share, passes, bytes, memory and time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <superstep/core/json.hpp>
#include <superstep/select/evaluation.hpp>

namespace superstep {

/// Fits of one type that share their passes; stages at one place share them with each other.
struct PlannedStage {
  std::string name;  ///< "PCA"
  std::string what;  ///< "20 fits: 4 settings x 5 folds"
  Index fits = 0;
  Index passes = 0;       ///< as a rule
  Index most_passes = 0;  ///< at most, unless bounds are mended
  double flops_per_row = 0.0;
  Index place = 0;
};

struct WorkPlan {
  // The data.
  std::string data;
  Index rows = 0;
  Index columns = 0;
  std::size_t bytes = 0;  ///< of features, as they lie in memory, on all ranks
  Index blocks = 0;
  // The work.
  Index candidates = 0;
  Index splits = 0;
  std::string splitter;
  std::vector<PlannedStage> stages;
  Index batches = 1;
  Index teams = 1;  ///< of ranks, that train what shares no passes side by side
  // What it takes.
  std::size_t memory = 0;  ///< bytes a rank needs at least
  std::size_t budget = 0;  ///< bytes a rank may use
  std::string budget_source;
  bool is_resident = true;  ///< all blocks stay in memory
  int ranks = 1;
  int threads = 1;
  double flops_per_s = 0.0;                        ///< of one thread, measured on a product
  static constexpr double read_bytes_per_s = 1e9;  ///< assumed, for all ranks together

  Index passes() const;
  Index most_passes() const;
  std::size_t bytes_read() const;
  double seconds() const;
  std::string text() const;
  Json json() const;
};

/// What is to be planned.
struct PlannedWork {
  std::vector<std::unique_ptr<Estimator>> candidates;
  FoldedData folds;      ///< one null split: all rows, nothing held out
  std::string splitter;  ///< in words
  std::vector<std::string> metrics;
  bool train_scores = false;
  bool refits = false;             ///< the first candidate once more on all rows
  std::optional<Index> teams = 1;  ///< else as many as seem best
};

/// Reads no features. **Collective.**
WorkPlan plan_work(Engine& engine, const PlannedWork& work);

}  // namespace superstep
