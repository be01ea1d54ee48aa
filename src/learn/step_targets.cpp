// SPDX-License-Identifier: BSD-3-Clause
#include "learn/step_targets.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

bool learns(const TargetUser& u) {
  return u.estimator != nullptr && u.estimator->target() != Target::none;
}

/// One that follows nobody, where there is one.
const TargetUser* last_learner(std::span<const TargetUser> users) {
  const TargetUser* found = nullptr;
  for (const TargetUser& u : users) {
    if (!learns(u)) continue;
    if (found == nullptr || found->estimator->follows_targets() ||
        !u.estimator->follows_targets()) {
      found = &u;
    }
  }
  return found;
}

const char* words_for(Target target) { return target == Target::classes ? "classes" : "numbers"; }

}  // namespace

Target target_of_all(std::span<const TargetUser> users) {
  const TargetUser* last = last_learner(users);
  return last == nullptr ? Target::none : last->estimator->target();
}

void check_targets_agree(const std::string& whole, std::span<const TargetUser> users) {
  const TargetUser* last = last_learner(users);
  for (const TargetUser& u : users) {
    if (!learns(u) || u.estimator->follows_targets()) continue;
    if (u.estimator->target() == last->estimator->target()) continue;
    throw UsageError(
        fmt::format("{} reads /y in one way, but '{}' ({}) learns from {} and '{}' ({}) from {}",
                    whole, u.name, u.estimator->expression(), words_for(u.estimator->target()),
                    last->name, last->estimator->name(), words_for(last->estimator->target())));
  }
}

bool all_follow(std::span<const TargetUser> users) {
  const TargetUser* last = last_learner(users);
  return last != nullptr && last->estimator->follows_targets();
}

const Estimator* taker_of_one_target(std::span<const TargetUser> users) {
  for (const TargetUser& u : users) {
    if (learns(u) && !u.estimator->takes_targets()) return u.estimator;
  }
  return nullptr;
}

}  // namespace superstep
