// SPDX-License-Identifier: BSD-3-Clause
#include "learn/ensemble/gradient_boosting_params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace superstep {

namespace {

bool is_part(const Value& v) {
  return !v.is_int() && v.is_number() && v.as_double() > 0.0 && v.as_double() <= 1.0;
}

Index rows_of(const Value& v, Index rows, Index least) {
  if (v.is_int()) return v.as_int();
  return std::max(least, static_cast<Index>(std::ceil(v.as_double() * static_cast<double>(rows))));
}

Index features_of(const Value& v, Index columns) {
  const auto n = static_cast<double>(columns);
  if (v.is_none()) return 0;
  if (v.is_int()) return std::min(v.as_int(), columns);
  if (!v.is_string()) return std::max<Index>(1, static_cast<Index>(v.as_double() * n));
  return std::max<Index>(1,
                         static_cast<Index>(v.as_string() == "sqrt" ? std::sqrt(n) : std::log2(n)));
}

}  // namespace

Range rows_or_part(Index least) {
  return satisfies(
      fmt::format("an int >= {} or a float in (0, 1]", least),
      [least](const Value& v) { return v.is_int() ? v.as_int() >= least : is_part(v); });
}

Range features_or_part() {
  return satisfies("None, 'sqrt', 'log2', an int >= 1 or a float in (0, 1]", [](const Value& v) {
    if (v.is_string()) return v.as_string() == "sqrt" || v.as_string() == "log2";
    return v.is_none() || (v.is_int() ? v.as_int() >= 1 : is_part(v));
  });
}

trees::BoostingTask gradient_boosting_task(const GradientBoostingParams& p, SplitPtr split,
                                           Index columns, Index rows, std::uint64_t seed) {
  trees::BoostingTask task;
  const Index training = split ? split->train_rows : rows;
  task.split = std::move(split);
  task.learning_rate = p.learning_rate;
  task.max_iter = p.n_estimators;
  task.steps = trees::Steps::by_leaves;
  task.subsample = p.subsample;
  task.begins_at_zero = p.init.is_string();
  task.seed = p.random_state ? static_cast<std::uint64_t>(*p.random_state) : seed;
  trees::GrowthRules& growth = task.growth;
  growth.max_leaves = p.max_leaf_nodes.value_or(0);
  growth.max_depth = p.max_depth.value_or(0);
  growth.min_rows_to_split = rows_of(p.min_samples_split, training, 2);
  growth.max_features = features_of(p.max_features, columns);
  growth.split.min_rows = rows_of(p.min_samples_leaf, training, 1);
  growth.split.min_hessian = 0.0;
  growth.split.min_gain = p.min_impurity_decrease;
  if (p.n_iter_no_change) {
    task.stopping = {.validation_fraction = p.validation_fraction,
                     .n_iter_no_change = *p.n_iter_no_change,
                     .tol = p.tol,
                     .looks_at_last = true};
  }
  return task;
}

}  // namespace superstep
