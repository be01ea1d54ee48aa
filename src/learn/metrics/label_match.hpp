// SPDX-License-Identifier: BSD-3-Clause
// Whether a dataset's targets are those that a model can be judged by.
#pragma once

#include <string>
#include <vector>

#include <superstep/data/dataset.hpp>
#include <superstep/learn/metrics/plan.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

/// The labels of the data in terms of the model.
struct LabelMatch {
  std::vector<double> codes;  ///< the model's class code by the data's, -1 for an unknown label
  std::vector<std::string> unknown{};  ///< labels that the model does not know
  bool is_identity = true;             ///< the codes are the same
};
LabelMatch match_labels(const Labels& data, const Labels& model);

/// What is read of /y to judge a model of that kind.
Target target_of(Kind kind);
/// The same for some metrics of a model: those that compare clusters with classes read these.
Target target_of(const MetricPlan& plan);

/// DataError unless there are targets of the right type.
void check_targets(const Dataset& data, const Model& model, Target target);

/// DataError where a metric needs every label to be known to the model.
void check_labels(const Dataset& data, const Model& model, const MetricPlan& plan,
                  const LabelMatch& match);

}  // namespace superstep
