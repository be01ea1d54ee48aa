// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/dummy/dummy_regressor.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/dummy/target_quantiles.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

using P = DummyRegressorParams;

class DummyRegressorModel final : public Model {
 public:
  DummyRegressorModel(Index features, Vector constant)
      : features_(features), constant_(std::move(constant)) {}

  Index features() const override { return features_; }
  bool can(Method method) const override { return method == Method::predict; }
  Index width(Method) const override { return constant_.size(); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) std::ranges::copy(constant_, out.row(i));
  }
  void save(const AttributeWriter& out) const override {
    Length columns, targets;
    out.size("n_features_in_", columns, features_);
    out("constant_", constant_, targets);
  }

 private:
  Index features_;
  Vector constant_;
};

/// Weighted means of the targets, of the rows each split trains on.
std::vector<Vector> means_of(Engine& engine, const Table& table, std::span<const SplitPtr> splits) {
  const Sketch sketch = engine.sketch(table);
  const Index targets = table.data->targets();
  const Cells cells(splits);
  const int rows = sketch.rows_exponent + sketch.weight_exponent;
  Vector shift(targets);
  std::vector<int> exponents = {rows};
  for (Index t = 0; t < targets; ++t) {
    shift[t] = sketch.target(t).shift;
    exponents.push_back(sketch.target(t).spread_exponent + rows);
  }
  SumShape shape;
  for (Index c = 0; c < cells.size(); ++c) shape.add(exponents);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& its_rows) {
          double* to = sum[cell].data();
          for_rows(block, its_rows, [&](Index i) {
            const double weight = block.weight_of(i);
            to[0] += weight;
            for (Index t = 0; t < targets; ++t) {
              to[1 + t] = std::fma(weight, block.y[i * targets + t] - shift[t], to[1 + t]);
            }
          });
        });
      });
  std::vector<Vector> all;
  for (const SplitPtr& split : splits) {
    const std::vector<double> its = totals.combined(cells.with_role(split, Role::train));
    if (!(its[0] > 0.0)) throw_no_rows(table, split);
    all.push_back(shift + VectorView(its.data() + 1, targets) / its[0]);
  }
  return all;
}

/// Of the targets, of the rows each split trains on.
std::vector<Vector> quantiles(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
                              double fraction) {
  std::vector<Vector> all;
  for (const SplitPtr& split : splits) {
    const Table its = split ? table.only(split, Role::train) : table;
    all.push_back(target_quantiles(engine, its, fraction));
  }
  return all;
}

Vector constant_of(const Value& given, Index targets) {
  std::vector<double> values;
  if (given.is_number()) values = {given.as_double()};
  if (given.is_sequence()) {
    for (const Value& v : given.items()) values.push_back(v.as_double());
  }
  if (std::ssize(values) != targets) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("Constant target value should have shape ({}, 1), got constant={}", targets,
                    given.repr()));
  }
  return VectorView(values.data(), targets);
}

bool is_constant(const Value& v) {
  if (v.is_none() || v.is_number()) return true;
  return v.is_sequence() && std::ranges::all_of(v.items(), &Value::is_number);
}

double fraction_of(const P& p) { return p.strategy == "median" ? 0.5 : p.quantile.value_or(0.5); }

bool wants_order(const P& p) { return p.strategy == "median" || p.strategy == "quantile"; }

}  // namespace

const ParamTable<DummyRegressorParams>& DummyRegressor::param_table() {
  static const auto table =
      ParamTable<P>("DummyRegressor",
                    "The same number for every row: what a regressor has to be better than.")
          .add("strategy", &P::strategy, one_of({"mean", "median", "quantile", "constant"}),
               "which number of the targets it is")
          .add("constant", &P::constant, satisfies("None, a number or a list of them", is_constant),
               "the number that 'constant' predicts, of several targets one each")
          .add("quantile", &P::quantile, between(0.0, 1.0),
               "which one 'quantile' predicts: 0.5 is the median");
  return table;
}

void DummyRegressor::check_params() const {
  EstimatorOf::check_params();
  if (params().strategy == "quantile" && !params().quantile) {
    throw UsageError(
        "DummyRegressor: When using `strategy='quantile', you have to specify the desired quantile "
        "in the range [0, 1]: quantile=0.9");
  }
  if (params().strategy == "constant" && params().constant.is_none()) {
    throw UsageError(
        "DummyRegressor: Constant target value has to be specified when the constant strategy is "
        "used: constant=0.0");
  }
}

Footprint DummyRegressor::footprint(Index, Index targets, std::span<const Candidate> batch) const {
  const Index several = std::max<Index>(targets, 1);
  const Index cells = cells_of(batch);
  const Footprint means{cells * (several + 1), scratch_for_cells(cells, 0),
                        2 * (several + 1) * std::ssize(batch)};
  return means | target_quantiles_footprint(several);
}

TrainingCost DummyRegressor::cost(Index, Index, std::span<const Candidate> batch) const {
  Index ordered = 0;
  for (const Candidate& c : batch) {
    if (wants_order(dynamic_cast<const DummyRegressor&>(*c.estimator).params())) ++ordered;
  }
  const Index passes = 1 + ordered * target_quantiles_passes;
  return {passes, passes, 2.0};
}

std::vector<Trained> DummyRegressor::train(Engine& engine, const Table& table, Batch batch) const {
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const std::vector<Vector> means = means_of(engine, table, splits);
  std::map<double, std::vector<Vector>> of_fraction;
  for (const auto& c : batch) {
    if (!wants_order(c.params) || of_fraction.contains(fraction_of(c.params))) continue;
    of_fraction[fraction_of(c.params)] = quantiles(engine, table, splits, fraction_of(c.params));
  }
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& c = batch[i];
    models.push_back(attempt([&]() -> Trained {
      Vector constant = means[i];
      if (wants_order(c.params)) constant = of_fraction[fraction_of(c.params)][i];
      if (c.params.strategy == "constant") {
        constant = constant_of(c.params.constant, table.data->targets());
      }
      const Index columns = c.features ? c.features->columns_out() : table.columns();
      return std::make_shared<DummyRegressorModel>(columns, std::move(constant));
    }));
  }
  return models;
}

std::shared_ptr<Model> DummyRegressor::load_fitted(const AttributeReader& in) const {
  Length columns, targets;
  Vector constant;
  in.size("n_features_in_", columns);
  in("constant_", constant, targets);
  return std::make_shared<DummyRegressorModel>(columns.value, std::move(constant));
}

}  // namespace superstep
