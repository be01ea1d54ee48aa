// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/splitter.hpp>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/expression.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/select/group_splits.hpp>
#include <superstep/select/k_fold.hpp>
#include <superstep/select/leave_out.hpp>
#include <superstep/select/shuffle_split.hpp>
#include <superstep/select/time_series_split.hpp>

#include "select/rules.hpp"

namespace superstep {

Folds Splitter::split(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  collectively(engine.comm(), [&] {
    check_params();
    if (needs_groups() && !data->has_groups()) {
      throw UsageError(
          fmt::format("The 'groups' parameter should not be None. Name the dataset "
                      "that holds the groups of {} with --groups",
                      name()));
    }
    if (n_splits()) check_split_count(*n_splits());
  });
  return make_folds(engine, data);
}

namespace {

template <class S>
RegisteredSplitter entry() {
  static const S prototype;
  return {&prototype.param_table(),
          []() -> std::unique_ptr<Splitter> { return std::make_unique<S>(); }};
}

std::unique_ptr<Splitter> make_from(const EstimatorExpression& expression) {
  std::vector<std::string> names;
  for (const RegisteredSplitter& s : splitters()) {
    names.push_back(s.table->estimator());
    if (names.back() != expression.name) continue;
    auto splitter = s.make();
    splitter->apply(expression);
    splitter->check_params();
    return splitter;
  }
  throw UsageError(fmt::format("there is no splitter '{}'; {} (`superstep help cv` lists them all)",
                               expression.name, did_you_mean(expression.name, names)));
}

}  // namespace

const std::vector<RegisteredSplitter>& splitters() {
  static const std::vector<RegisteredSplitter> all = {
      entry<GroupKFold>(),      entry<GroupShuffleSplit>(),
      entry<KFold>(),           entry<LeaveOneGroupOut>(),
      entry<LeaveOneOut>(),     entry<LeavePGroupsOut>(),
      entry<LeavePOut>(),       entry<PredefinedSplit>(),
      entry<RepeatedKFold>(),   entry<RepeatedStratifiedKFold>(),
      entry<ShuffleSplit>(),    entry<StratifiedGroupKFold>(),
      entry<StratifiedKFold>(), entry<StratifiedShuffleSplit>(),
      entry<TimeSeriesSplit>(),
  };
  return all;
}

std::unique_ptr<Splitter> make_splitter(std::string_view expression, Kind kind) {
  const Value value = parse_value(expression);
  if (value.is_call()) {
    const Expression parsed = expression_of(value);
    if (!parsed.is_pipeline) return make_from(parsed.steps.front().estimator);
  }
  if (!value.is_int() && !value.is_none()) {
    throw UsageError(fmt::format(
        "Expected cv as an integer or a splitter such as KFold(5, shuffle=True), got {}",
        shorten(value.repr(), 60)));
  }
  const Value folds = value.is_none() ? Value(5) : value;
  return make_from({kind == Kind::classifier ? "StratifiedKFold" : "KFold", {}, {folds}});
}

std::unique_ptr<Splitter> make_holdout(std::string_view test_size, Kind kind) {
  const char* name = kind == Kind::classifier ? "StratifiedShuffleSplit" : "ShuffleSplit";
  const Value size = parse_value(test_size);
  if (!size.is_number()) {
    throw UsageError(
        fmt::format("a hold-out is a fraction or a number of rows, such as 0.2, got {}",
                    shorten(size.repr(), 60)));
  }
  return make_from({name, {{"test_size", size}}, {1}});
}

}  // namespace superstep
