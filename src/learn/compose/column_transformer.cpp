// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/compose/column_transformer.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/registry.hpp>

#include "learn/compose/branches.hpp"
#include "learn/compose/column_selection.hpp"
#include "learn/compose/named_transformers.hpp"

namespace superstep {

namespace {

constexpr const char* rest_name = "remainder";

std::vector<NamedTransformer> named(const ColumnTransformerParams& params) {
  std::vector<NamedTransformer> all =
      named_transformers("ColumnTransformer", params.transformers, true);
  if (params.remainder.is_call()) {
    all.push_back({rest_name, make_estimator(expression_of(params.remainder)), Value()});
  }
  return all;
}

}  // namespace

const ParamTable<ColumnTransformerParams>& ColumnTransformer::param_table() {
  static const auto table =
      ParamTable<ColumnTransformerParams>(
          "ColumnTransformer", "Transformers side by side, each on the columns that it is given.")
          .add("transformers", &ColumnTransformerParams::transformers, anything(),
               "list of (name, transformer, columns): 'drop' and 'passthrough' are transformers; "
               "columns are names, numbers, slice(...) or make_column_selector(...)")
          .add("remainder", &ColumnTransformerParams::remainder,
               satisfies("'drop', 'passthrough' or a transformer",
                         [](const Value& v) {
                           return v == Value("drop") || v == Value("passthrough") || v.is_call();
                         }),
               "what becomes of columns that nobody is given")
          .refuse("sparse_threshold", {0.3}, "it says how arrays are kept, which is decided here")
          .refuse("n_jobs", {nullptr}, "--threads and ranks say it")
          .add("transformer_weights", &ColumnTransformerParams::transformer_weights,
               satisfies("None or a dict of numbers",
                         [](const Value& v) { return v.is_none() || v.is_dict(); }),
               "factors on what transformers make, by their names")
          .refuse("verbose", {false, true}, "progress is shown unless --quiet")
          .add("verbose_feature_names_out", &ColumnTransformerParams::verbose_feature_names_out,
               satisfies("True or False", [](const Value& v) { return v.is_bool(); }),
               "names of columns begin with that of their transformer")
          .positional(1);
  return table;
}

bool ColumnTransformer::reads_texts() const { return any_reads_texts(named(params())); }

bool ColumnTransformer::keeps_sparse() const {
  return reads_texts() && all_keep_sparse(named(params()));
}

Target ColumnTransformer::target() const {
  const std::vector<NamedTransformer> all = named(params());
  return target_of_all(users_of(all));
}

bool ColumnTransformer::follows_targets() const {
  const std::vector<NamedTransformer> all = named(params());
  return all_follow(users_of(all));
}

void ColumnTransformer::apply(const EstimatorExpression& expression) {
  EstimatorOf::apply(expression);
  EstimatorOf::set("transformers", canonical("ColumnTransformer", params().transformers, true));
  if (params().remainder.is_call()) {
    EstimatorOf::set("remainder",
                     parse_value(make_estimator(expression_of(params().remainder))->expression()));
  }
}

void ColumnTransformer::set(std::string_view param, const Value& value) {
  const std::vector<std::string> own = param_table().names();
  if (std::ranges::find(own, param) != own.end()) {
    return apply({"ColumnTransformer", {{std::string(param), value}}, {}});
  }
  const std::string_view first = param.substr(0, param.find("__"));
  if (first == rest_name && params().remainder.is_call()) {
    const auto estimator = make_estimator(expression_of(params().remainder));
    estimator->set(param.substr(first.size() + 2), value);
    return EstimatorOf::set(rest_name, parse_value(estimator->expression()));
  }
  EstimatorOf::set("transformers",
                   with_param("ColumnTransformer", params().transformers, true, param, value));
}

Value ColumnTransformer::get(std::string_view param) const {
  const std::vector<std::string> own = param_table().names();
  if (std::ranges::find(own, param) != own.end()) return EstimatorOf::get(param);
  return param_of("ColumnTransformer", params().transformers, true, param);
}

void ColumnTransformer::check_params() const {
  EstimatorOf::check_params();
  const std::vector<NamedTransformer> all = named(params());
  if (all.empty() && params().remainder == Value("drop")) {
    throw UsageError(
        "ColumnTransformer needs transformers: ColumnTransformer([('name', OneHotEncoder(), "
        "['city'])])");
  }
  for (const NamedTransformer& t : all) {
    if (t.estimator) t.estimator->check_params();
    if (t.name != rest_name) check_selection(t.columns);
  }
  check_targets_agree("ColumnTransformer", users_of(all));
  check_weights("ColumnTransformer", params().transformer_weights, all);
}

std::vector<Branch> ColumnTransformer::branches(const Schema& columns) const {
  std::vector<Branch> all;
  std::vector<char> is_taken(static_cast<std::size_t>(columns.size()), 0);
  for (NamedTransformer& t : named(params())) {
    if (t.name == rest_name) continue;
    const std::vector<Index> chosen = selected_columns(t.columns, columns);
    for (const Index c : chosen) is_taken[static_cast<std::size_t>(c)] = 1;
    if (t.is_dropped) continue;
    all.push_back(
        {t.name, std::move(t.estimator), chosen, weight_of(params().transformer_weights, t.name)});
  }
  if (params().remainder == Value("drop")) return all;
  std::vector<Index> rest;
  for (Index c = 0; c < columns.size(); ++c) {
    if (is_taken[static_cast<std::size_t>(c)] == 0) rest.push_back(c);
  }
  std::shared_ptr<const Estimator> estimator;
  if (params().remainder.is_call()) estimator = make_estimator(expression_of(params().remainder));
  if (!rest.empty()) all.push_back({rest_name, std::move(estimator), std::move(rest)});
  return all;
}

MayMiss ColumnTransformer::may_miss(const Schema* columns, const MayMiss& behind) const {
  if (columns != nullptr) return may_miss_in(branches(*columns), *columns, behind);
  MayMiss where = MayMiss::everywhere();  // what suits all of them
  for (const NamedTransformer& t : named(params())) {
    if (t.is_dropped) continue;
    where = where & (t.estimator ? t.estimator->may_miss(nullptr, behind) : behind);
  }
  return params().remainder == Value("passthrough") ? where & behind : where;
}

void ColumnTransformer::check_columns(const Schema& columns) const {
  Index made = 0;
  const std::vector<Branch> all = branches(columns);
  check_texts(all, columns, "ColumnTransformer");
  for (const Branch& b : all) {
    made += std::ssize(b.columns);
    if (!b.estimator || b.columns.empty()) continue;
    b.estimator->check_columns(columns.chosen(b.columns));
  }
  if (made == 0) {
    throw UsageError("ColumnTransformer: none of its transformers is given a column");
  }
}

Index ColumnTransformer::most_columns_behind(const Schema& columns) const {
  return most_columns_of(branches(columns), columns);
}

BranchBatch ColumnTransformer::planned(Index columns, std::span<const Candidate> batch) {
  const Schema schema = schema_of(batch, columns);
  return branch_batch(batch, schema, [&](const Estimator& e) {
    return dynamic_cast<const ColumnTransformer&>(e).branches(schema);
  });
}

Footprint ColumnTransformer::footprint(Index columns, Index classes,
                                       std::span<const Candidate> batch) const {
  return footprint_of(planned(columns, batch), columns, classes);
}

Footprint ColumnTransformer::ample_footprint(Index columns, Index classes,
                                             std::span<const Candidate> batch) const {
  return ample_footprint_of(planned(columns, batch), columns, classes);
}

TrainingCost ColumnTransformer::cost(Index columns, Index classes,
                                     std::span<const Candidate> batch) const {
  return cost_of(planned(columns, batch), classes);
}

std::vector<Trained> ColumnTransformer::train(Engine& engine, const Table& table,
                                              Batch batch) const {
  std::vector<BranchSet> sets;
  std::vector<Candidate> candidates;
  collectively(engine.comm(), [&] {
    for (const auto& c : batch) {
      const ColumnTransformer one(c.params);
      const auto columns =
          c.columns ? c.columns
                    : std::make_shared<const Schema>(Schema::of_numbers(table.columns()));
      sets.push_back({one.branches(*columns), c.params.verbose_feature_names_out.as_bool()
                                                  ? BranchNames::prefixed
                                                  : BranchNames::plain});
      candidates.push_back({this, c.split});
      candidates.back().columns = columns;
    }
  });
  return train_branches(engine, table, sets, candidates);
}

std::shared_ptr<Model> ColumnTransformer::load_fitted(const AttributeReader& in) const {
  std::vector<std::pair<std::string, std::shared_ptr<const Estimator>>> estimators;
  for (NamedTransformer& t : named(params())) {
    if (!t.is_dropped) estimators.emplace_back(t.name, std::move(t.estimator));
  }
  if (params().remainder == Value("passthrough")) estimators.emplace_back(rest_name, nullptr);
  return load_branches(
      in, estimators,
      params().verbose_feature_names_out.as_bool() ? BranchNames::prefixed : BranchNames::plain);
}

}  // namespace superstep
