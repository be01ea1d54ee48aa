// SPDX-License-Identifier: BSD-3-Clause
// Calls that scikit-learn has and that are commands here, pasted where an estimator is expected:
// what to type instead, made of the words that were given.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <superstep/learn/estimator.hpp>

namespace superstep::app {

/// `superstep search "Ridge()" train.h5 --grid "{'alpha': [1, 2]}" --cv 5` for
/// `GridSearchCV(Ridge(), {'alpha': [1, 2]}, cv=5)`; nothing for an expression that is no such
/// call.
std::optional<std::string> command_for(const std::string& expression, const std::string& data);

/// The estimator of an expression. UsageError that says the command where it is a call that is one.
std::unique_ptr<Estimator> estimator_of(const std::string& expression, const std::string& data);

}  // namespace superstep::app
