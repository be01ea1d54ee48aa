// SPDX-License-Identifier: BSD-3-Clause
// Search for the best hyper-parameters: every candidate on every fold, all at once; or halving and
// Hyperband, which give many candidates little and few of them all.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/select/evaluation.hpp>
#include <superstep/select/halving.hpp>
#include <superstep/select/param_grid.hpp>

namespace superstep {

enum class Strategy { full, halving, hyperband };

struct SearchOptions {
  Strategy strategy = Strategy::full;
  Index factor = 3;
  /// "rows", or the name of a parameter that counts iterations: "max_iter", "clf__max_iter".
  std::string resource = "rows";
  std::optional<Index> min_resources{};
  std::optional<Index> max_resources{};
  std::vector<std::string> scoring{};
  std::string refit{};  ///< the metric that decides; one of `scoring`
  bool train_scores = false;
  ErrorScore error_score{};
  /// Teams of ranks that train different candidates at once; else as many as seem best.
  std::optional<Index> teams{};
};

/// One row of the results: a candidate, with so many resources.
struct SearchRow {
  ParamSetting params;
  Index rung = 0;
  Index bracket = 0;
  Index resources = 0;  ///< rows, or iterations
  bool is_last = true;  ///< its bracket has no further rung
  Outcomes outcomes;
};

struct SearchResult {
  std::vector<std::string> scoring;
  std::string refit;
  Index n_splits = 0;
  Strategy strategy = Strategy::full;
  bool train_scores = false;
  Index teams = 1;  ///< of ranks, that trained side by side
  std::vector<SearchRow> rows;
  Index best = -1;  ///< in rows
  std::vector<std::string> warnings;

  /// Mean over the splits of a metric.
  double mean(Index row, std::size_t metric) const;
  /// The metric that decides.
  std::size_t decisive() const;
};

/// Where a search gets its rows: a fraction of them (nested: a smaller fraction's rows are among a
/// larger one's), with their folds. **Collective.**
using FoldSource = std::function<FoldedData(double fraction)>;

/// What there is to deal out where rows are the resource.
struct RowsAtHand {
  Index all = 0;
  Index fewest = 1;  ///< that can be split into the folds: two for each of them and each class
};
RowsAtHand rows_at_hand(const FoldedData& folds, Index classes);

class Search {
 public:
  /// Candidates are copies of the estimator with the settings applied: a name or value that is
  /// wrong is a UsageError here, before any work.
  Search(const Estimator& estimator, std::vector<ParamSetting> settings, SearchOptions options);

  Index size() const { return static_cast<Index>(settings_.size()); }
  const std::vector<ParamSetting>& settings() const { return settings_; }
  const SearchOptions& options() const { return options_; }
  /// Rungs by bracket; one rung with all for a full search.
  std::vector<Bracket> brackets(const RowsAtHand& rows) const;
  /// What all the rows count as, where they are the resource: rows for halving, for Hyperband the
  /// parts that they are cut into.
  Index row_units(const RowsAtHand& rows) const;
  /// A copy of the estimator with the settings of candidate i; with so many resources, where those
  /// are a parameter.
  std::unique_ptr<Estimator> candidate(Index i, std::optional<Index> resources = {}) const;
  /// Whether rows are what rungs differ in.
  bool counts_rows() const {
    return options_.strategy != Strategy::full && options_.resource == "rows";
  }

  /// The engine's events tell how far it is. **Collective.**
  SearchResult run(Engine& engine, const FoldSource& source) const;

 private:
  const Estimator& estimator_;
  std::vector<ParamSetting> settings_;
  SearchOptions options_;
};

/// scikit-learn's cv_results_ as CSV: one line for each row of the result.
std::string cv_results_csv(const SearchResult& result);

}  // namespace superstep
