// SPDX-License-Identifier: BSD-3-Clause
// What estimators that are one estimator together learn from: /y is read in one way for all of
// them.
#pragma once

#include <span>
#include <string>

#include <superstep/learn/estimator.hpp>

namespace superstep {

/// One of them; those without an estimator do nothing.
struct TargetUser {
  std::string name;
  const Estimator* estimator = nullptr;
};

/// Of the last one that learns from targets; none where nobody does.
Target target_of_all(std::span<const TargetUser> users);
/// UsageError where some want classes and others numbers. `whole`: "a pipeline".
void check_targets_agree(const std::string& whole, std::span<const TargetUser> users);
/// Whether all that learn from targets do it however these are read (Estimator::follows_targets).
bool all_follow(std::span<const TargetUser> users);
/// The first that takes one target alone; null where all that learn from targets take several.
const Estimator* taker_of_one_target(std::span<const TargetUser> users);

}  // namespace superstep
