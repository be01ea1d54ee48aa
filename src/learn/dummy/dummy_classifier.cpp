// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/dummy/dummy_classifier.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct FittedDummy {
  Index features = 0;
  Labels classes;
  Vector class_prior;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f, Length& columns) {
  Length classes;
  a.size("n_features_in_", columns, f.features);
  a("classes_", f.classes, classes);
  a("class_prior_", f.class_prior, classes, allowed::not_negative);
}

class DummyClassifierModel final : public Model {
 public:
  DummyClassifierModel(FittedDummy fitted, const DummyClassifierParams& p)
      : fitted_(std::move(fitted)), answer_(fitted_.class_prior) {
    Index best = 0;
    if (p.strategy == "constant") {
      best = fitted_.classes.find(p.constant);
    } else {
      fitted_.class_prior.maxCoeff(&best);
    }
    best_ = static_cast<double>(best);
    if (p.strategy == "prior") return;
    answer_.setZero();
    answer_[best] = 1.0;
  }

  Index features() const override { return fitted_.features; }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::predict_proba;
  }
  Index width(Method method) const override {
    return method == Method::predict ? 1 : answer_.size();
  }
  const Labels* classes() const override { return &fitted_.classes; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      if (method == Method::predict) {
        out.row(i)[0] = best_;
      } else {
        std::ranges::copy(answer_, out.row(i));
      }
    }
  }
  void save(const AttributeWriter& out) const override {
    Length columns;
    fields(out, fitted_, columns);
  }

 private:
  FittedDummy fitted_;
  Vector answer_;  ///< probabilities
  double best_ = 0.0;
};

/// Of each split, the weights of the classes' rows.
std::vector<Vector> class_weights(Engine& engine, const Table& table, Index classes,
                                  std::span<const SplitPtr> splits) {
  const Sketch sketch = engine.sketch(table);
  const Cells cells(splits);
  SumShape shape;
  for (Index c = 0; c < cells.size(); ++c) {
    shape.add(classes, sketch.rows_exponent + sketch.weight_exponent);
  }
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
          for_rows(block, rows, [&](Index i) {
            sum[cell][static_cast<std::size_t>(block.y[i])] += block.weight_of(i);
          });
        });
      });
  std::vector<Vector> all;
  for (const SplitPtr& split : splits) {
    const std::vector<double> its = totals.combined(cells.with_role(split, Role::train));
    all.emplace_back(VectorView(its.data(), classes));
    if (!(all.back().sum() > 0.0)) throw_no_rows(table, split);
  }
  return all;
}

/// As scikit-learn: the class must be one of those that are trained on.
void check_constant(const Value& constant, const Labels& classes, const Vector& weight) {
  const Index code = classes.find(constant);
  if (code >= 0 && weight[code] > 0.0) return;
  std::vector<std::string> possible;
  for (Index k = 0; k < classes.size(); ++k) {
    if (weight[k] > 0.0) possible.push_back(classes.value(k).repr());
  }
  throw AgreedError(ExitCode::usage,
                    fmt::format("The constant target value must be present in the training data. "
                                "You provided constant={}. Possible values are: [{}].",
                                constant.repr(), fmt::join(possible, ", ")));
}

}  // namespace

const ParamTable<DummyClassifierParams>& DummyClassifier::param_table() {
  using P = DummyClassifierParams;
  static const auto table =
      ParamTable<P>("DummyClassifier",
                    "The same class for every row: what a classifier has to be better than.")
          .add("strategy", &P::strategy,
               one_of({"most_frequent", "prior", "stratified", "uniform", "constant"}),
               "'prior' and 'most_frequent' predict the most frequent class, 'constant' the one "
               "given; 'prior' gives every class the probability with which it occurs; "
               "'stratified' and 'uniform' are refused")
          .add("random_state", &P::random_state, anything(), "without effect: nothing is drawn")
          .add("constant", &P::constant, anything(), "the class that 'constant' predicts");
  return table;
}

void DummyClassifier::check_params() const {
  EstimatorOf::check_params();
  if (params().strategy == "stratified" || params().strategy == "uniform") {
    throw UsageError(fmt::format(
        "DummyClassifier: strategy='{}' draws another class each time it sees a row, but a model "
        "here gives a row the same answer wherever it stands; take 'prior' or 'most_frequent'",
        params().strategy));
  }
  const bool is_given = !params().constant.is_none();
  if (params().strategy == "constant" && !is_given) {
    throw UsageError(
        "DummyClassifier: Constant target value has to be specified when the constant strategy is "
        "used: constant=1");
  }
}

Footprint DummyClassifier::footprint(Index, Index classes, std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {cells * classes, scratch_for_cells(cells, 0), 2 * classes * std::ssize(batch)};
}

std::vector<Trained> DummyClassifier::train(Engine& engine, const Table& table, Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const std::vector<Vector> weights = class_weights(engine, table, classes.size(), splits);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& c = batch[i];
    models.push_back(attempt([&]() -> Trained {
      if (c.params.strategy == "constant") check_constant(c.params.constant, classes, weights[i]);
      const Index columns = c.features ? c.features->columns_out() : table.columns();
      FittedDummy fitted{columns, classes, weights[i] / weights[i].sum()};
      return std::make_shared<DummyClassifierModel>(std::move(fitted), c.params);
    }));
  }
  return models;
}

std::shared_ptr<Model> DummyClassifier::load_fitted(const AttributeReader& in) const {
  FittedDummy fitted;
  Length columns;
  fields(in, fitted, columns);
  fitted.features = columns.value;
  if (params().strategy == "constant")
    check_constant(params().constant, fitted.classes, fitted.class_prior);
  return std::make_shared<DummyClassifierModel>(std::move(fitted), params());
}

}  // namespace superstep
