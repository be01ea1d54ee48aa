// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/cart_params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep::trees {

namespace {

constexpr Index no_limit = Index{1} << 40;  ///< more than there are rows

bool is_text(const Value& v, std::initializer_list<const char*> texts) {
  return v.is_string() &&
         std::ranges::any_of(texts, [&](const char* text) { return v.as_string() == text; });
}

Index features_of(const Value& v, Index columns) {
  const auto n = static_cast<double>(columns);
  if (v.is_none()) return columns;
  if (v.is_int()) return std::min<Index>(v.as_int(), columns);
  const double part = v.is_real()            ? v.as_double() * n
                      : is_text(v, {"sqrt"}) ? std::sqrt(n)
                                             : std::log2(n);
  return std::clamp<Index>(static_cast<Index>(part), 1, columns);
}

Criterion criterion_of(const std::string& name) {
  if (name == "gini") return Criterion::gini;
  if (name == "entropy" || name == "log_loss") return Criterion::entropy;
  return name == "poisson" ? Criterion::poisson : Criterion::squared;
}

}  // namespace

Range weights_of_classes(bool draws_rows) {
  const auto holds = [draws_rows](const Value& v) {
    if (v.is_none() || is_text(v, {"balanced"})) return true;
    if (v.is_string()) return draws_rows && is_text(v, {"balanced_subsample"});
    return v.is_dict() && std::ranges::all_of(v.entries(), [](const auto& entry) {
             return entry.second.is_number() && entry.second.as_double() >= 0.0;
           });
  };
  return satisfies(draws_rows
                       ? "None, 'balanced', 'balanced_subsample' or a dict of label: weight >= 0"
                       : "None, 'balanced' or a dict of label: weight >= 0",
                   holds);
}

Range rows_or_part(Index least, bool all_too) {
  return satisfies(fmt::format("an int >= {} or a float in (0, 1{}", least, all_too ? "]" : ")"),
                   [=](const Value& v) {
                     if (v.is_int()) return v.as_int() >= least;
                     return v.is_real() && v.as_double() > 0.0 &&
                            (all_too ? v.as_double() <= 1.0 : v.as_double() < 1.0);
                   });
}

Range features_range() {
  return satisfies("'sqrt', 'log2', None, an int >= 1 or a float in (0, 1]", [](const Value& v) {
    if (v.is_none() || is_text(v, {"sqrt", "log2"})) return true;
    if (v.is_int()) return v.as_int() >= 1;
    return v.is_real() && v.as_double() > 0.0 && v.as_double() <= 1.0;
  });
}

Range samples_range() {
  constexpr double most = 2147483647.0;
  return satisfies("None, an int >= 1 or a float > 0, at most 2147483647", [](const Value& v) {
    if (v.is_none()) return true;
    return v.is_number() && v.as_double() <= most && v.as_double() >= (v.is_int() ? 1.0 : 1e-300);
  });
}

void check_draws(const std::string& estimator, const ForestParams& p, bool bootstrap) {
  if (bootstrap) return;
  if (p.oob_score) {
    throw UsageError(fmt::format("{}: oob_score=True needs bootstrap=True", estimator));
  }
  if (!p.max_samples.is_none()) {
    throw UsageError(fmt::format("{}: max_samples needs bootstrap=True", estimator));
  }
}

CartTask task_of(const TreeParams& p, const std::string& criterion, const Value& max_features,
                 Index columns, std::uint64_t seed) {
  CartTask task;
  task.rules.criterion = criterion_of(criterion);
  task.rules.max_depth = std::min(p.max_depth.value_or(0), no_limit);
  task.rules.max_leaves = std::min(p.max_leaf_nodes.value_or(0), no_limit);
  task.rules.max_features = features_of(max_features, columns);
  task.rules.min_weight_in_leaf = p.min_weight_fraction_leaf;
  task.rules.min_decrease = p.min_impurity_decrease;
  task.rules.ccp_alpha = p.ccp_alpha;
  task.min_samples_split = p.min_samples_split;
  task.min_samples_leaf = p.min_samples_leaf;
  task.seed = p.random_state ? static_cast<std::uint64_t>(*p.random_state) : seed;
  return task;
}

}  // namespace superstep::trees
