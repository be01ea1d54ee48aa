// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/k_fold.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "select/rules.hpp"

namespace superstep {

namespace {

ParamTable<RepeatedKFoldParams> repeated_table(const char* name, const char* summary) {
  return ParamTable<RepeatedKFoldParams>(name, summary)
      .add("n_splits", &RepeatedKFoldParams::n_splits, stated(">= 2"), "number of folds")
      .add("n_repeats", &RepeatedKFoldParams::n_repeats, stated("> 0"),
           "number of orders that are drawn")
      .add("random_state", &RepeatedKFoldParams::random_state, at_least(0),
           "seed of the orders; None takes --seed");
}

void check_repeated(const RepeatedKFoldParams& p) {
  check_fold_count(p.n_splits);
  if (p.n_repeats <= 0) {
    throw UsageError(
        fmt::format("Number of repetitions must be greater than 0, got n_repeats={}", p.n_repeats));
  }
  // One by one: their product might not be a number.
  check_split_count(p.n_splits);
  check_split_count(p.n_repeats);
}

Folds folds_of(const Engine& engine, const std::shared_ptr<Dataset>& data, const KFoldParams& p,
               bool by_class) {
  std::optional<std::uint64_t> seed;
  if (p.shuffle) seed = seed_of(engine, p.random_state);
  return k_folds(engine.comm(), data, {p.n_splits, by_class, seed});
}

Folds repeated_folds(const Engine& engine, const std::shared_ptr<Dataset>& data,
                     const RepeatedKFoldParams& p, bool by_class) {
  return k_folds(engine.comm(), data,
                 {p.n_splits, by_class, seed_of(engine, p.random_state), p.n_repeats});
}

}  // namespace

const ParamTable<KFoldParams>& KFold::param_table() const { return k_fold_table(); }

void KFold::check_params() const {
  SplitterOf::check_params();
  check_k_fold(params());
}

Folds KFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return folds_of(engine, data, params(), false);
}

const ParamTable<KFoldParams>& StratifiedKFold::param_table() const {
  return stratified_k_fold_table();
}

void StratifiedKFold::check_params() const {
  SplitterOf::check_params();
  check_k_fold(params());
}

Folds StratifiedKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return folds_of(engine, data, params(), true);
}

const ParamTable<RepeatedKFoldParams>& RepeatedKFold::param_table() const {
  static const auto table =
      repeated_table("RepeatedKFold", "KFold several times, each in another drawn order.");
  return table;
}

void RepeatedKFold::check_params() const {
  SplitterOf::check_params();
  check_repeated(params());
}

Folds RepeatedKFold::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  return repeated_folds(engine, data, params(), false);
}

const ParamTable<RepeatedKFoldParams>& RepeatedStratifiedKFold::param_table() const {
  static const auto table = repeated_table(
      "RepeatedStratifiedKFold", "StratifiedKFold several times, each in another drawn order.");
  return table;
}

void RepeatedStratifiedKFold::check_params() const {
  SplitterOf::check_params();
  check_repeated(params());
}

Folds RepeatedStratifiedKFold::make_folds(Engine& engine,
                                          const std::shared_ptr<Dataset>& data) const {
  return repeated_folds(engine, data, params(), true);
}

}  // namespace superstep
