// SPDX-License-Identifier: BSD-3-Clause
// Estimator expressions as written in scikit-learn: `Ridge(alpha=0.1)`,
// `make_pipeline(StandardScaler(), Ridge())`, `Pipeline([('scale', StandardScaler()), ...])`.
#pragma once

#include <string>
#include <string_view>
#include <superstep/core/value.hpp>
#include <utility>
#include <vector>

namespace superstep {

/// One estimator as written. Whether name and parameters exist is for the registry and its
/// ParamTable.
struct EstimatorExpression {
  std::string name;        ///< class name without module: `Ridge`
  Value::Keywords params;  ///< in the order written, each name once
  Value::Items positional;
};

/// One step of a pipeline.
struct Step {
  std::string name;
  EstimatorExpression estimator;
};

/// A single estimator (one step, named as make_pipeline would) or a pipeline.
struct Expression {
  bool is_pipeline = false;
  std::vector<Step> steps;  ///< never empty
};

/// Reads an estimator or a pipeline; module names before a class are dropped. UsageError says what
/// is wrong and how to write it.
Expression parse_expression(std::string_view text);

/// The same for a value read already (an estimator inside a grid).
Expression expression_of(const Value& value);

/// make_pipeline's names: lower-case class names, `-1`, `-2`, ... appended where one occurs again.
std::vector<std::string> step_names(const std::vector<std::string>& class_names);

/// `Pipeline(steps=[('scale', StandardScaler()), ...])` from (step name, repr of its estimator).
std::string pipeline_repr(const std::vector<std::pair<std::string, std::string>>& steps);

}  // namespace superstep
