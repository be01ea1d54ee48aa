// SPDX-License-Identifier: BSD-3-Clause
#include "learn/k_folding.hpp"

#include <utility>

#include <superstep/core/expression.hpp>
#include <superstep/learn/cross_validated.hpp>

namespace superstep {

namespace {

bool is_k_fold(const Value& cv) {
  if (!cv.is_call()) return false;
  const std::string& name = cv.as_call().name;
  const std::string last = name.substr(name.rfind('.') + 1);
  return last == "KFold" || last == "StratifiedKFold";
}

/// The parameters, and whether by class.
std::pair<KFoldParams, bool> k_fold_of(const Value& cv) {
  const EstimatorExpression given = expression_of(cv).steps.front().estimator;
  const bool by_class = given.name == "StratifiedKFold";
  KFoldParams params;
  const ParamTable<KFoldParams>& table = by_class ? stratified_k_fold_table() : k_fold_table();
  table.apply(params, given);
  table.check(params);
  check_k_fold(params);
  return {params, by_class};
}

}  // namespace

Range cv_range() {
  return satisfies("None, an int >= 2, KFold(...) or StratifiedKFold(...)", [](const Value& v) {
    return v.is_none() || (v.is_int() && v.as_int() >= 2) || is_k_fold(v);
  });
}

std::optional<bool> is_stratified(const Value& cv) {
  if (!cv.is_call()) return std::nullopt;
  return k_fold_of(cv).second;
}

KFolding folding_of(const Value& cv, bool by_class, std::uint64_t seed) {
  if (cv.is_none()) return {5, by_class};
  if (cv.is_int()) return {cv.as_int(), by_class};
  const auto [params, stratified] = k_fold_of(cv);
  KFolding how{params.n_splits, stratified};
  if (params.shuffle) {
    how.seed = params.random_state ? static_cast<std::uint64_t>(*params.random_state) : seed;
  }
  return how;
}

}  // namespace superstep
