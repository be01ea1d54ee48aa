// SPDX-License-Identifier: BSD-3-Clause
// What a person is shown of expressions and numbers; JSON, CSV and model files have all of it.
#pragma once

#include <string>

#include <superstep/core/value.hpp>
#include <superstep/select/plan.hpp>
#include <superstep/select/search.hpp>

namespace superstep::app {

/// The number to six digits, and all of those before the point: "0.989325", "1234567.0".
std::string shown_number(double value);

/// Numbers as shown_number has them; of estimators and splitters the parameters that differ from
/// their defaults, as scikit-learn shows them.
Value shown_value(const Value& value);
/// The same of a whole expression: "Ridge(alpha=0.1)". Other text stays as it is.
std::string shown_expression(const std::string& expression);
/// "{'ridge__alpha': 0.1}".
std::string shown_setting(const ParamSetting& setting);
std::string shown_plan(WorkPlan plan);

}  // namespace superstep::app
