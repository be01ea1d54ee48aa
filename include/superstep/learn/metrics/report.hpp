// SPDX-License-Identifier: BSD-3-Clause
// Reports on a classifier as scikit-learn makes them: tables of classes and curves over thresholds,
// as text for people, as JSON and as CSV for programs.
#pragma once

#include <string>

#include <superstep/core/json.hpp>
#include <superstep/data/labels.hpp>
#include <superstep/learn/metrics/statistics.hpp>

namespace superstep {

struct Report {
  std::string text;
  Json json;
  std::string csv;
};

/// The report of that name (reports()), from the statistics that it needs. DataError where it is
/// not defined or too large.
Report make_report(const std::string& name, const Labels& classes, const MetricStatistics& s);

}  // namespace superstep
