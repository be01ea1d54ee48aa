// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/compose/feature_union.hpp>

#include <algorithm>
#include <numeric>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/compose/branches.hpp"
#include "learn/compose/named_transformers.hpp"

namespace superstep {

namespace {

constexpr const char* list_name = "transformer_list";

std::vector<NamedTransformer> named(const FeatureUnionParams& params) {
  return named_transformers("FeatureUnion", params.transformer_list, false);
}

BranchNames names_of(const FeatureUnionParams& params) {
  return params.verbose_feature_names_out ? BranchNames::prefixed : BranchNames::plain;
}

bool is_own(std::string_view param) {
  const std::vector<std::string> own = FeatureUnion::param_table().names();
  return std::ranges::find(own, param) != own.end();
}

}  // namespace

const ParamTable<FeatureUnionParams>& FeatureUnion::param_table() {
  using P = FeatureUnionParams;
  static const auto table =
      ParamTable<P>("FeatureUnion", "Transformers side by side, each on all columns.")
          .add(list_name, &P::transformer_list, anything(),
               "list of (name, transformer): 'drop' and 'passthrough' are transformers")
          .refuse("n_jobs", {nullptr}, "--threads and ranks say it")
          .add("transformer_weights", &P::transformer_weights,
               satisfies("None or a dict of numbers",
                         [](const Value& v) { return v.is_none() || v.is_dict(); }),
               "factors on what transformers make, by their names")
          .refuse("verbose", {false, true}, "progress is shown unless --quiet")
          .add("verbose_feature_names_out", &P::verbose_feature_names_out, anything(),
               "names of columns begin with that of their transformer")
          .positional(1);
  return table;
}

bool FeatureUnion::reads_texts() const { return any_reads_texts(named(params())); }

bool FeatureUnion::keeps_sparse() const {
  return reads_texts() && all_keep_sparse(named(params()));
}

Target FeatureUnion::target() const {
  const std::vector<NamedTransformer> all = named(params());
  return target_of_all(users_of(all));
}

bool FeatureUnion::follows_targets() const {
  const std::vector<NamedTransformer> all = named(params());
  return all_follow(users_of(all));
}

void FeatureUnion::apply(const EstimatorExpression& expression) {
  EstimatorOf::apply(expression);
  EstimatorOf::set(list_name, canonical("FeatureUnion", params().transformer_list, false));
}

void FeatureUnion::set(std::string_view param, const Value& value) {
  if (is_own(param)) return apply({"FeatureUnion", {{std::string(param), value}}, {}});
  EstimatorOf::set(list_name,
                   with_param("FeatureUnion", params().transformer_list, false, param, value));
}

Value FeatureUnion::get(std::string_view param) const {
  if (is_own(param)) return EstimatorOf::get(param);
  return param_of("FeatureUnion", params().transformer_list, false, param);
}

void FeatureUnion::check_params() const {
  EstimatorOf::check_params();
  const std::vector<NamedTransformer> all = named(params());
  if (std::ranges::all_of(all, &NamedTransformer::is_dropped)) {
    throw UsageError(
        "FeatureUnion needs a transformer that is not dropped: FeatureUnion([('scale', "
        "StandardScaler()), ('pca', PCA())])");
  }
  for (const NamedTransformer& t : all) {
    if (t.estimator) t.estimator->check_params();
  }
  check_targets_agree("FeatureUnion", users_of(all));
  check_weights("FeatureUnion", params().transformer_weights, all);
}

std::vector<Branch> FeatureUnion::branches(const Schema& columns) const {
  std::vector<Index> every(static_cast<std::size_t>(columns.size()));
  std::iota(every.begin(), every.end(), Index{0});
  std::vector<Branch> all;
  for (NamedTransformer& t : named(params())) {
    if (t.is_dropped) continue;
    all.push_back(
        {t.name, std::move(t.estimator), every, weight_of(params().transformer_weights, t.name)});
  }
  return all;
}

MayMiss FeatureUnion::may_miss(const Schema* columns, const MayMiss& behind) const {
  if (columns != nullptr) return may_miss_in(branches(*columns), *columns, behind);
  MayMiss where = MayMiss::everywhere();  // what suits all of them
  const MayMiss uniform(behind.is_everywhere());
  for (const NamedTransformer& t : named(params())) {
    if (t.is_dropped) continue;
    where = where & (t.estimator ? t.estimator->may_miss(nullptr, uniform) : uniform);
  }
  return where;
}

void FeatureUnion::check_columns(const Schema& columns) const {
  const std::vector<Branch> all = branches(columns);
  check_texts(all, columns, "FeatureUnion");
  for (const Branch& b : all) {
    if (b.estimator) b.estimator->check_columns(columns);
  }
}

Index FeatureUnion::most_columns_behind(const Schema& columns) const {
  return most_columns_of(branches(columns), columns);
}

BranchBatch FeatureUnion::planned(Index columns, std::span<const Candidate> batch) {
  const Schema schema = schema_of(batch, columns);
  return branch_batch(batch, schema, [&](const Estimator& e) {
    return dynamic_cast<const FeatureUnion&>(e).branches(schema);
  });
}

Footprint FeatureUnion::footprint(Index columns, Index classes,
                                  std::span<const Candidate> batch) const {
  return footprint_of(planned(columns, batch), columns, classes);
}

Footprint FeatureUnion::ample_footprint(Index columns, Index classes,
                                        std::span<const Candidate> batch) const {
  return ample_footprint_of(planned(columns, batch), columns, classes);
}

TrainingCost FeatureUnion::cost(Index columns, Index classes,
                                std::span<const Candidate> batch) const {
  return cost_of(planned(columns, batch), classes);
}

std::vector<Trained> FeatureUnion::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<BranchSet> sets;
  std::vector<Candidate> candidates;
  collectively(engine.comm(), [&] {
    for (const auto& c : batch) {
      const auto columns = std::make_shared<const Schema>(columns_seen(c.columns, table));
      sets.push_back({FeatureUnion(c.params).branches(*columns), names_of(c.params)});
      candidates.push_back({this, c.split});
      candidates.back().columns = columns;
    }
  });
  return train_branches(engine, table, sets, candidates);
}

std::shared_ptr<Model> FeatureUnion::load_fitted(const AttributeReader& in) const {
  std::vector<std::pair<std::string, std::shared_ptr<const Estimator>>> estimators;
  for (NamedTransformer& t : named(params())) {
    if (!t.is_dropped) estimators.emplace_back(t.name, std::move(t.estimator));
  }
  return load_branches(in, estimators, names_of(params()));
}

}  // namespace superstep
