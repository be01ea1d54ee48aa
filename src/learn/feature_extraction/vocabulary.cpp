// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/vocabulary.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

double in_texts(const Frequency& frequency, Index texts) {
  if (const Index* count = std::get_if<Index>(&frequency)) return static_cast<double>(*count);
  return std::get<double>(frequency) * static_cast<double>(texts);
}

}  // namespace

Index least_documents(const VocabularyLimits& limits) {
  const Index* count = std::get_if<Index>(&limits.min_df);
  return count == nullptr ? 1 : std::max<Index>(1, *count);
}

std::vector<Index> choose_terms(const CountedTerms& terms, std::span<const Index> cells,
                                const VocabularyLimits& limits, const std::string& estimator) {
  const Index texts = terms.texts(cells);
  const double most = in_texts(limits.max_df, texts);
  const double least = in_texts(limits.min_df, texts);
  if (most < least) {
    throw DataError(fmt::format("{}: max_df is {} and min_df {} of {} texts; none can be both",
                                estimator, format_double(most), format_double(least),
                                format_count(texts)));
  }
  std::vector<Index> chosen;
  bool is_any = false;
  for (Index k = 0; k < terms.size(); ++k) {
    const Index documents = terms.documents(k, cells);
    if (documents == 0) continue;  // of other folds
    is_any = true;
    const auto count = static_cast<double>(documents);
    if (count >= least && count <= most) chosen.push_back(k);
  }
  if (chosen.empty()) {
    throw DataError(
        is_any
            ? fmt::format("{}: no term is left with max_df={} and min_df={} of {} texts; "
                          "a lower min_df or a higher max_df leaves some",
                          estimator, format_double(most), format_double(least), format_count(texts))
            : fmt::format("{}: the texts hold no terms; perhaps there are stop words alone",
                          estimator));
  }
  if (limits.max_features && std::ssize(chosen) > *limits.max_features) {
    const auto frequency = [&](Index k) {
      return limits.binary ? terms.documents(k, cells) : terms.occurrences(k, cells);
    };
    std::ranges::stable_sort(chosen, std::ranges::greater{}, frequency);
    chosen.resize(static_cast<std::size_t>(*limits.max_features));
    std::ranges::sort(chosen);
  }
  return chosen;
}

}  // namespace superstep
