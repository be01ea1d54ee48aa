// SPDX-License-Identifier: BSD-3-Clause
// Which of the terms become columns, as scikit-learn's CountVectorizer chooses them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "learn/feature_extraction/term_counts.hpp"

namespace superstep {

/// Of texts: a number of them, or a share.
using Frequency = std::variant<Index, double>;

struct VocabularyLimits {
  Frequency max_df = 1.0;
  Frequency min_df = Index{1};
  std::optional<Index> max_features{};
  bool binary = false;  ///< max_features by texts that hold a term, not by how often it stands
};

/// Numbers of the chosen terms, ascending, by the texts of these cells. Among terms that are
/// equally frequent, those come first that the order of terms has first; scikit-learn leaves that
/// open. DataError by `estimator` where none is left.
std::vector<Index> choose_terms(const CountedTerms& terms, std::span<const Index> cells,
                                const VocabularyLimits& limits, const std::string& estimator);

/// Fewest texts that a term chosen by them can stand in, whatever the number of texts.
Index least_documents(const VocabularyLimits& limits);

}  // namespace superstep
