// SPDX-License-Identifier: BSD-3-Clause
// What each metric and report says, in a line and as a formula: for help and docs/metrics.md.
#pragma once

#include <string>
#include <string_view>

namespace superstep {

struct MetricMeaning {
  std::string summary;
  std::string formula;  ///< in the letters of metric_letters(); empty for reports
};

/// Of every name in metrics() and reports(); UsageError for any other.
MetricMeaning meaning_of(std::string_view name);

/// What the letters of a formula stand for, a line each; of an empty one all letters.
std::string metric_letters(std::string_view formula = "");

}  // namespace superstep
