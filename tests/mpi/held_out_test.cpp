// SPDX-License-Identifier: BSD-3-Clause
// Many models judged by rows they have not seen, against score() of each on a file that holds only
// these rows; alone and together, in one pass and in several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/metrics/score.hpp>
#include <superstep/learn/pipeline_model.hpp>

#include "mpi/held_out.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;
using Names = std::vector<std::string>;

const Names classifiers = {
    "LogisticRegression(C=0.01)",
    "LogisticRegression()",
    "LogisticRegression(C=100.0, fit_intercept=False)",
    "LogisticRegression(penalty='l1', C=0.02)",
    "GaussianNB()",
    "GaussianNB(var_smoothing=0.1)",
    "BernoulliNB(binarize=0.5)",
    "make_pipeline(MinMaxScaler(), MultinomialNB(alpha=0.1))",
    "make_pipeline(MinMaxScaler(), ComplementNB())",
    "make_pipeline(StandardScaler(), LogisticRegression())",
    "make_pipeline(StandardScaler(), LogisticRegression(C=0.1))",
    "make_pipeline(StandardScaler(), GaussianNB())",
    "make_pipeline(StandardScaler(), PCA(n_components=2), LogisticRegression())",
    "make_pipeline(StandardScaler(), PCA(n_components=2), GaussianNB())",
    "make_pipeline(MinMaxScaler(), PCA(n_components=3, whiten=True), GaussianNB())",
};
const Names regressors = {
    "Ridge()",
    "Ridge(alpha=1000.0)",
    "Lasso(alpha=0.1)",
    "LassoCV(alphas=5, cv=3)",
    "RidgeCV()",
    "make_pipeline(StandardScaler(), RidgeCV())",
    "ElasticNet(alpha=0.1)",
    "LinearRegression()",
    "LinearRegression(fit_intercept=False)",
    "PoissonRegressor()",
    "PoissonRegressor(alpha=0.0)",
    "make_pipeline(StandardScaler(), Ridge())",
    "make_pipeline(StandardScaler(), PoissonRegressor())",
    "make_pipeline(StandardScaler(), TweedieRegressor(power=1.5))",
    "TweedieRegressor(alpha=0.01)",
    "make_pipeline(StandardScaler(), PCA(n_components=2), LinearRegression())",
    "make_pipeline(MaxAbsScaler(), Lasso(alpha=0.01))",
};

std::vector<double> values_of(const std::vector<Judgement>& judgements) {
  std::vector<double> values;
  for (const Judgement& j : judgements) {
    values.insert(values.end(), j.values.begin(), j.values.end());
    for (const std::string& complaint : j.complaints) EXPECT_EQ(complaint, "");
  }
  return values;
}

void expect_same_as_alone(const Communicator& comm, const Sample& sample, const Names& expressions,
                          const Names& metrics) {
  const FoldedRows folds = write_folds(comm, sample);
  Engine engine(comm, {.memory = roomy, .threads = 2});
  const std::vector<Judged> judged = trained(engine, folds.all, expressions);
  const Index before = engine.counters().passes;
  const std::vector<double> values = values_of(judge(engine, folds.all, judged, metrics));
  EXPECT_EQ(engine.counters().passes - before, 1);

  std::vector<double> expected, alone;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const auto& test = folds.test[i / expressions.size()];
    const auto of_file = score(engine, *judged[i].model, test, metrics);
    expected.insert(expected.end(), of_file.begin(), of_file.end());
    const auto one = values_of(judge(engine, folds.all, std::span(&judged[i], 1), metrics));
    alone.insert(alone.end(), one.begin(), one.end());
  }
  EXPECT_EQ(values, alone);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], expected[i], 1e-12 * std::max(1.0, std::fabs(expected[i])))
        << judged[i / metrics.size()].model->expression() << " " << metrics[i % metrics.size()];
  }
}

TEST(HeldOut, ClassifiersAreScoredAsOnAFileOfTheirRows) {
  const Communicator comm = Communicator::world();
  const Names metrics = {"accuracy",     "f1",      "balanced_accuracy",
                         "neg_log_loss", "roc_auc", "average_precision"};
  expect_same_as_alone(comm, {.is_weighted = false}, classifiers, metrics);
  expect_same_as_alone(comm, {.is_weighted = true}, classifiers, metrics);
}

TEST(HeldOut, SeveralClasses) {
  const Communicator comm = Communicator::world();
  expect_same_as_alone(comm, {.classes = 4, .is_weighted = true}, classifiers,
                       {"f1_macro", "neg_log_loss", "roc_auc_ovr", "roc_auc_ovo_weighted"});
}

TEST(HeldOut, RegressorsAreScoredAsOnAFileOfTheirRows) {
  const Communicator comm = Communicator::world();
  const Names metrics = {"r2", "explained_variance", "mse", "mae", "max_error"};
  for (const bool is_weighted : {false, true}) {
    expect_same_as_alone(comm, {.classes = 0, .is_weighted = is_weighted}, regressors, metrics);
  }
  const Names poisson = {"PoissonRegressor()", "make_pipeline(PCA(), PoissonRegressor())"};
  expect_same_as_alone(comm, {.classes = 0}, poisson,
                       {"d2_poisson_deviance", "mean_poisson_deviance"});
}

TEST(HeldOut, Clusterers) {
  const Communicator comm = Communicator::world();
  expect_same_as_alone(comm, {.classes = 0},
                       {"KMeans(n_clusters=3, n_init=1)", "KMeans(n_clusters=7, n_init=1)",
                        "make_pipeline(StandardScaler(), KMeans(n_clusters=2, n_init=1))"},
                       {"neg_inertia"});
}

TEST(HeldOut, TrainingRowsAndAllRows) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {});
  const Names metrics = {"accuracy", "roc_auc"};
  Engine engine(comm, {.memory = roomy});
  std::vector<Judged> judged = trained(engine, folds.all, {"GaussianNB()"});
  const SplitPtr split = judged[0].split;
  judged = {judged[0], {judged[0].model, split, Role::train}, {judged[0].model}};
  const auto values = values_of(judge(engine, folds.all, judged, metrics));
  const auto others =
      write_rows(comm, "held_out_train.h5", {}, [](Index i) { return i % n_folds != 0; });
  std::vector<double> expected;
  for (const auto& data : {folds.test[0], others, folds.all}) {
    for (const double v : score(engine, *judged[0].model, data, metrics)) expected.push_back(v);
  }
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-12);
}

TEST(HeldOut, WhatDoesNotFitTakesMorePasses) {
  const Communicator comm = Communicator::world();
  const Names metrics = {"accuracy", "roc_auc_ovr", "roc_auc_ovo_weighted"};
  for (const bool is_weighted : {false, true}) {
    const FoldedRows folds = write_folds(comm, {.classes = 3, .is_weighted = is_weighted});
    Engine engine(comm, {.memory = roomy});
    const auto judged = trained(engine, folds.all, {"GaussianNB()", "LogisticRegression()"});
    const auto expected = values_of(judge(engine, folds.all, judged, metrics));
    // Several models at once, one at a time, one in several passes.
    const std::size_t weights = is_weighted ? 1100 : 0;
    Index last = 1;
    for (const std::size_t kilobytes : {5000, 3900, 3100}) {
      Engine tight(comm, {.memory = (kilobytes + weights) << 10});
      EXPECT_EQ(values_of(judge(tight, folds.all, judged, metrics)), expected) << kilobytes;
      EXPECT_GE(tight.counters().passes, last);
      last = tight.counters().passes;
    }
    EXPECT_GT(last, comm.size() < 4 ? std::ssize(judged) : 1);
  }
}

TEST(HeldOut, WhatTrainingToldNeedsNoPass) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {.classes = 0});
  Engine engine(comm, {.memory = roomy});
  std::vector<Judged> judged = trained(engine, folds.all, {"Ridge()"});
  for (Judged& j : judged) {
    auto known = std::make_shared<MetricStatistics>();
    known->rows = known->weight = 10.0;
    known->squared_error = 30.0;
    known->target_square = 60.0;
    j.known = known;
    j.told = unsigned{} | find_metric("mse").needs;
  }
  const Index before = engine.counters().passes;
  const Names told = {"mse", "r2"};
  EXPECT_EQ(values_of(judge(engine, folds.all, judged, told)),
            (std::vector<double>{3.0, 0.5, 3.0, 0.5, 3.0, 0.5}));
  EXPECT_EQ(engine.counters().passes, before);
  const Names more = {"mse", "max_error"};
  const auto values = values_of(judge(engine, folds.all, judged, more));
  EXPECT_EQ(engine.counters().passes, before + 1);
  EXPECT_LT(values[0], 3.0);
}

/// Columns doubled, and for how many rows that was done.
class Doubling final : public Model {
 public:
  explicit Doubling(bool is_affine) : is_affine_(is_affine) { set_expression("Doubling()"); }
  Index features() const override { return n_columns; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return n_columns; }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    rows_seen += x.rows;
    for (Index i = 0; i < x.rows; ++i) {
      for (Index c = 0; c < n_columns; ++c) out.row(i)[c] = 2.0 * x.row(i)[c];
    }
  }
  AffineMapPtr affine() const override {
    if (!is_affine_) return nullptr;
    return std::make_shared<AffineMap>(AffineMap::diagonal(
        Vector::Zero(n_columns), Vector::Constant(n_columns, 2.0), Vector::Zero(n_columns)));
  }
  void save(const AttributeWriter&) const override {}
  mutable std::atomic<Index> rows_seen = 0;

 private:
  bool is_affine_;
};

/// Predicts a multiple of the first column.
class Multiple final : public Model {
 public:
  explicit Multiple(double factor, bool sees_through = false)
      : factor_(factor), sees_through_(sees_through) {
    set_expression("Multiple()");
  }
  Index features() const override { return n_columns; }
  bool can(Method method) const override { return method == Method::predict; }
  Index width(Method) const override { return 1; }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) out.row(i)[0] = factor_ * x.row(i)[0];
  }
  ModelPtr in_front_of(const AffineMap& map) const override {
    if (!sees_through_) return nullptr;
    return std::make_shared<Multiple>(factor_ * map.factor()[0]);
  }
  void save(const AttributeWriter&) const override {}

 private:
  double factor_;
  bool sees_through_;
};

ModelPtr behind(const std::vector<ModelPtr>& transformers, const ModelPtr& last) {
  std::vector<PipelineModel::Step> steps;
  for (const ModelPtr& t : transformers) steps.push_back({"step", t});
  steps.push_back({"last", last});
  auto model = std::make_shared<PipelineModel>(std::move(steps));
  model->set_expression("Pipeline()");
  return model;
}

TEST(HeldOut, SharedTransformersAreAppliedOnce) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {.classes = 0});
  Engine engine(comm, {.memory = roomy});
  const auto doubling = std::make_shared<Doubling>(false);
  const auto again = std::make_shared<Doubling>(false);
  const SplitPtr split = striped_splits()[1];
  const std::vector<Judged> judged = {
      {behind({doubling}, std::make_shared<Multiple>(1.0, true)), split},
      {behind({doubling, again}, std::make_shared<Multiple>(0.5)), split},
      {behind({doubling}, std::make_shared<Multiple>(3.0)), split},
      {std::make_shared<Multiple>(2.0), split},
  };
  const Names metrics = {"mse"};
  const auto values = values_of(judge(engine, folds.all, judged, metrics));
  EXPECT_EQ(values[0], values[1]);
  EXPECT_NE(values[0], values[2]);
  EXPECT_EQ(values[0], values[3]);
  for (const auto& transformer : {doubling, again}) {
    // The root has also looked at a few rows of four blocks.
    const Index looked_at = comm.is_root() ? 4 * 64 : 0;
    EXPECT_EQ(comm.sum(transformer->rows_seen.load() - looked_at), split->test_rows);
  }
}

TEST(HeldOut, ModelsSeeThroughAffineTransformers) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {.classes = 0});
  Engine engine(comm, {.memory = roomy});
  const auto blocked = std::make_shared<Doubling>(false);
  const auto a = std::make_shared<Doubling>(true);
  const auto b = std::make_shared<Doubling>(true);
  const SplitPtr split = striped_splits()[2];
  const std::vector<Judged> judged = {
      {behind({a, b}, std::make_shared<Multiple>(1.0, true)), split},
      {behind({behind({a}, b)}, std::make_shared<Multiple>(1.0, true)), split},
      {std::make_shared<Multiple>(4.0), split},
      {behind({blocked, a}, std::make_shared<Multiple>(1.0, true)), split},
  };
  const Names metrics = {"r2", "max_error"};
  const auto values = values_of(judge(engine, folds.all, judged, metrics));
  for (std::size_t i = 2; i < values.size(); ++i) EXPECT_EQ(values[i], values[i % 2]) << i;
  EXPECT_EQ(a->rows_seen.load() + b->rows_seen.load(), 0);
  EXPECT_GT(comm.sum(blocked->rows_seen.load()), 0);
}

// What is not defined for one model is said of this one and does no harm to the others.
TEST(HeldOut, WhatIsNotDefined) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {.classes = 0});
  Engine engine(comm, {.memory = roomy});
  const auto splits = striped_splits();
  const auto model = [](double factor) { return std::make_shared<Multiple>(factor); };
  const double infinite = std::numeric_limits<double>::infinity();
  const std::vector<Judged> judged = {{model(0.5), splits[0]},
                                      {model(infinite), splits[0]},
                                      {model(1e200), splits[1]},
                                      {model(1e60), splits[2]},
                                      {model(0.25), splits[1]}};
  const Names metrics = {"mse", "mean_poisson_deviance"};
  const auto values = judge(engine, folds.all, judged, metrics);
  for (const std::size_t bad : {std::size_t{1}, std::size_t{2}}) {
    EXPECT_TRUE(std::isnan(values[bad].values[0]));
    EXPECT_THAT(values[bad].complaints[0], HasSubstr("overflows double precision"));
  }
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}, std::size_t{4}}) {
    EXPECT_EQ(values[i].complaints[0], "");
    EXPECT_EQ(values[i].values[0],
              judge(engine, folds.all, std::span(&judged[i], 1), metrics)[0].values[0]);
    EXPECT_TRUE(std::isnan(values[i].values[1]));
    EXPECT_THAT(values[i].complaints[1], HasSubstr("strictly positive y_pred"));
  }
  EXPECT_GT(values[3].values[0], 1e118);
}

// Sums of errors far smaller than the targets keep their digits, over all panels of a block.
TEST(HeldOut, SmallErrors) {
  const Communicator comm = Communicator::world();
  constexpr double step = 0x1p-30;
  double square = 0.0, rows = 0.0;
  on_root(comm, [&] {
    TreeArray<double> x{{n_rows, n_columns}, {}}, y{{n_rows}, {}};
    for (Index i = 0; i < n_rows; ++i) {
      const double value = static_cast<double>(1 + i % 1000);
      x.values.insert(x.values.end(), {value, 0.0, 0.0, 0.0});
      y.values.push_back(value);
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree("held_out.h5", tree);
  });
  const SplitPtr split = striped_splits()[0];
  for (Index i = 0; i < n_rows; i += n_folds) {
    square += static_cast<double>((1 + i % 1000) * (1 + i % 1000));
    rows += 1.0;
  }
  const auto data = Dataset::open(comm, "held_out.h5");
  Engine engine(comm, {.memory = roomy});
  const std::vector<Judged> judged = {{std::make_shared<Multiple>(1.0 + step), split}};
  const Names metrics = {"mse"};
  const double value = values_of(judge(engine, data, judged, metrics)).front();
  EXPECT_NEAR(value, step * step * square / rows, 1e-14 * value);
}

TEST(HeldOut, AFoldOfOneClass) {
  const Communicator comm = Communicator::world();
  const auto data = write_rows(comm, "held_out.h5", {}, [](Index) { return true; });
  Engine engine(comm, {.memory = roomy});
  std::vector<Judged> judged = trained(engine, data, {"GaussianNB()"});
  // The rows of class 1, and none.
  class ByClass final : public Partition {
   public:
    Index cells() const override { return 3; }
    void assign(const Block& block, std::int32_t* cell) const override {
      for (Index i = 0; i < block.rows; ++i) cell[i] = static_cast<std::int32_t>(block.y[i]);
    }
  };
  for (const std::size_t cell : {std::size_t{1}, std::size_t{2}}) {
    auto split = std::make_shared<Split>();
    split->partition = std::make_shared<ByClass>();
    split->roles.assign(3, Role::train);
    split->roles[cell] = Role::test;
    split->test_rows = cell == 1 ? n_rows : 0;
    judged[cell].split = split;
  }
  const Names metrics = {"accuracy", "roc_auc"};
  const auto values = judge(engine, data, judged, metrics);
  EXPECT_EQ(values[0].complaints, Names(2));
  EXPECT_EQ(values[1].complaints[0], "");
  EXPECT_THAT(values[1].complaints[1], HasSubstr("Only one class present in y_true"));
  EXPECT_THAT(values[2].complaints[0], HasSubstr("no row has a positive weight"));
  EXPECT_TRUE(std::isnan(values[2].values[0]) && std::isnan(values[1].values[1]));
}

// What was reserved for training and judging together is not taken apart by judging.
TEST(HeldOut, RoomReservedBeforehandKeepsTheBlocks) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {});
  Engine engine(comm, {.memory = roomy});
  const std::vector<Judged> judged = trained(engine, folds.all, classifiers);
  const Names metrics = {"accuracy", "roc_auc"};
  std::vector<std::unique_ptr<Estimator>> estimators;
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    estimators.push_back(make_estimator(classifiers[i % classifiers.size()]));
    candidates.push_back({estimators.back().get(), judged[i].split});
  }
  Table table;
  table.data = folds.all;
  table.target = Target::classes;
  const JudgingRoom room = judging_room(*folds.all, 2, comm.size(), candidates, metrics);
  EXPECT_EQ(engine.make_room(table, room.least, room.wanted), room.wanted | Footprint{});
  values_of(judge(engine, folds.all, judged, metrics));
  const std::size_t read = folds.all->bytes_read();
  const Index before = engine.counters().passes;
  values_of(judge(engine, folds.all, judged, metrics));
  EXPECT_EQ(engine.counters().passes, before + 1);
  // The root reads a few blocks for the sketch; nobody reads the others.
  if (!comm.is_root()) {
    EXPECT_EQ(folds.all->bytes_read(), read);
  }
}

/// What naive Bayes of counts and categories takes.
std::shared_ptr<Dataset> write_counts(const Communicator& comm) {
  on_root(comm, [&] {
    TreeArray<double> x{{300, 2}, {}}, y{{300}, {}};
    for (Index i = 0; i < 300; ++i) {
      x.values.insert(x.values.end(), {static_cast<double>(i % 3), static_cast<double>(i % 5)});
      y.values.push_back(static_cast<double>(i * i % 7 % 2));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree("counts.h5", tree);
  });
  return Dataset::open(comm, "counts.h5");
}

/// Those that are nothing by default, or refuse what is the default.
const std::map<std::string, std::string> not_by_default = {
    {"ColumnTransformer", "ColumnTransformer([('a', StandardScaler(), [0, 1])])"},
    {"FeatureUnion", "FeatureUnion([('a', StandardScaler())])"},
    {"LinearSVR", "LinearSVR(loss='squared_epsilon_insensitive')"},
    {"MissingIndicator", "MissingIndicator(features='all')"},
    {"SelectFromModel", "SelectFromModel(Ridge())"},
    {"SelectPercentile", "SelectPercentile(percentile=50)"},
    {"SelectKBest", "SelectKBest(k=2)"},
};

TEST(HeldOut, EstimatorsKnowWhatTheirModelsCan) {
  const Communicator comm = Communicator::world();
  // Targets above zero: all estimators take them.
  const Sample positive{.first_class = 1.0};
  const auto data = write_rows(comm, "held_out.h5", positive, [](Index) { return true; });
  const auto counts = write_counts(comm);
  Engine engine(comm, {.memory = 4 * roomy});  // forests of a hundred trees
  for (const RegisteredEstimator& registered : registry()) {
    const std::string name = registered.table->estimator();
    // Some are nothing by default, or refuse what is the default.
    const auto special = not_by_default.find(name);
    const auto estimator =
        make_estimator(special == not_by_default.end() ? name + "()" : special->second);
    if (estimator->reads_texts()) continue;  // and nothing else
    const bool takes_counts = registered.module == "naive_bayes";
    const ModelPtr model = fit(engine, *estimator, takes_counts ? counts : data);
    for (const Method m : {Method::predict, Method::predict_proba, Method::decision_function,
                           Method::score_samples, Method::transform}) {
      EXPECT_EQ(estimator->can(m), model->can(m)) << estimator->name() << " " << method_name(m);
    }
    EXPECT_EQ(message_of([&] { throw DataError(default_metric(*estimator)); }),
              message_of([&] { throw DataError(default_metric(*model)); }));
    const Index outcomes = estimator->kind() == Kind::classifier ? 2 : 1;
    for (const Metric& metric : metrics()) {
      EXPECT_EQ(message_of([&] { metric_for(*estimator, outcomes, metric.name); }),
                message_of([&] { metric_for(*model, metric.name); }));
    }
  }
  EXPECT_THAT(message_of([] { metric_for(*make_estimator("GaussianNB()"), 3, "roc_auc"); }),
              HasSubstr("multiclass format is not supported"));
}

}  // namespace
}  // namespace superstep
