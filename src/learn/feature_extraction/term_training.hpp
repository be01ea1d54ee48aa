// SPDX-License-Identifier: BSD-3-Clause
// How vectorizers with a vocabulary learn it: one pass for all candidates that analyse texts alike,
// whatever their folds, limits and weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/candidate.hpp>

#include "learn/feature_extraction/term_model.hpp"
#include "learn/feature_extraction/vocabulary.hpp"

namespace superstep {

/// What one candidate wants.
struct TermRequest {
  std::string estimator{};
  SplitPtr split{};
  AnalyserOptions analyser{};
  VocabularyLimits limits{};
  std::vector<std::string> vocabulary{};  ///< given; empty: that of the texts
  bool use_idf = false;
  bool smooth_idf = true;
  TermWeights weights{};  ///< but for the frequencies

  /// Whether it has to know the texts.
  bool looks() const { return vocabulary.empty() || use_idf; }
};

/// **Collective.**
std::vector<Trained> train_terms(Engine& engine, const Table& table,
                                 const std::vector<TermRequest>& requests);

/// What counting terms takes at the least.
Footprint least_for_terms(std::size_t candidates);

}  // namespace superstep
