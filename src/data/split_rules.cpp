// SPDX-License-Identifier: BSD-3-Clause
#include "data/split_rules.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

Range stated(std::string text) { return {std::move(text), nullptr}; }

void check_fold_count(Index n_splits) {
  if (n_splits >= 2) return;
  throw UsageError(
      fmt::format("k-fold cross-validation requires at least one train/test split by setting "
                  "n_splits=2 or more, got n_splits={}.",
                  n_splits));
}

void check_order_is_drawn(bool shuffle, std::optional<Index> random_state) {
  if (shuffle || !random_state) return;
  throw UsageError(
      "Setting a random_state has no effect since shuffle is False. You should leave random_state "
      "to its default (None), or set shuffle=True.");
}

void check_split_count(Index n_splits) {
  if (n_splits <= most_splits) return;
  throw UsageError(
      fmt::format("{} splits are more than {} that can be handled; use fewer, such as "
                  "KFold(10) or GroupKFold(10)",
                  format_count(n_splits), format_count(most_splits)));
}

void refuse_data(const std::string& message) { throw AgreedError(ExitCode::bad_data, message); }

void check_enough_rows(const Dataset& data, Index n_splits, Index rows) {
  if (n_splits <= rows) return;
  refuse_data(
      fmt::format("Cannot have number of splits n_splits={} greater than the number of samples: "
                  "n_samples={}. Use fewer splits, or more rows of {}",
                  n_splits, rows, data.x_name()));
}

void check_enough_groups(const Dataset& data, Index n_splits, Index groups) {
  if (n_splits <= groups) return;
  refuse_data(
      fmt::format("Cannot have number of splits n_splits={} greater than the number of groups: "
                  "{}. Use fewer splits, or other groups than {}:{}",
                  n_splits, groups, data.path(), data.options().groups));
}

}  // namespace superstep
