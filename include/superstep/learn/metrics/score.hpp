// SPDX-License-Identifier: BSD-3-Clause
// How good a model is on a dataset, by any number of metrics in one pass.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/metrics/statistics.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

/// One value for each metric, by scikit-learn's scorer names ("neg_log_loss") or plain ones
/// ("mse"). The dataset's weights count. UsageError before the work starts for what the model
/// cannot give.
///
/// `positive`: the class of two that binary metrics are about, -1 for the last.
///
/// One pass over the data; more only when the scores that rankings (ROC AUC, average precision)
/// need of every row do not fit in the memory budget. **Collective.**
std::vector<double> score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
                          std::span<const std::string> metrics, Index positive = -1);

/// Values, and the statistics that reports are made of.
struct Scores {
  std::vector<double> values;
  MetricStatistics statistics;
};
/// The same, with what the reports (metric.hpp) need. **Collective.**
Scores score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
             std::span<const std::string> metrics, std::span<const std::string> reports,
             Index positive);

}  // namespace superstep
