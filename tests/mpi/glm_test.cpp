// SPDX-License-Identifier: BSD-3-Clause
// Generalised linear models on any number of ranks: a model of a batch of splits and maps is the
// model trained alone; a split is the table without the other rows, a map the table seen through
// it; gradients and second derivatives are those of the objective.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/learn/linear_model/logistic_regression.hpp>
#include <superstep/learn/linear_model/poisson_regressor.hpp>
#include <superstep/learn/linear_model/tweedie_regressor.hpp>
#include <superstep/learn/svm/linear_svc.hpp>
#include <superstep/learn/svm/linear_svr.hpp>

#include "learn/linear_model/glm_pass.hpp"
#include "mpi/batch.hpp"

namespace superstep {
namespace {

constexpr Index rows = 3 * 4096 + 77;
constexpr Index columns = 5;

enum class Task { two, three, counts };

/// One column far from zero beside its spread, units that differ, weights of which some are zero.
Table open_table(const Communicator& comm, Task kind, bool weighted, Index n = rows) {
  const std::string name = "glm" + std::to_string(static_cast<int>(kind)) +
                           (weighted ? "weighted" : "") + std::to_string(n) + ".h5";
  on_root(comm, [&] {
    TreeArray<double> x{{n, columns}, {}}, y{{n}, {}}, weight{{n}, {}};
    for (Index i = 0; i < n; ++i) {
      RowRandom random(Philox(3, 7), static_cast<std::uint64_t>(i));
      double v[columns];
      for (double& value : v) value = random.normal();
      const double z = 1.5 * v[0] - v[1] + 0.5 * v[2] * v[3] + 0.3;
      const double other = v[1] + 0.7 * v[4];
      const double noise = random.uniform();
      if (kind == Task::counts) {
        double count = 0.0, left = noise, share = std::exp(-std::exp(0.3 * z));
        for (; left > share && count < 50.0; share *= std::exp(0.3 * z) / count) {
          left -= share;
          count += 1.0;
        }
        y.values.push_back(count);
      } else {
        const double scores[] = {1.0, std::exp(z), kind == Task::three ? std::exp(other) : 0.0};
        const double at = noise * (scores[0] + scores[1] + scores[2]);
        y.values.push_back(at < scores[0] ? 0.0 : (at < scores[0] + scores[1] ? 1.0 : 2.0));
      }
      x.values.insert(x.values.end(), {v[0], 10.0 * v[1] + 3.0, v[2], v[3] + 1000.0, 0.1 * v[4]});
      weight.values.push_back(i % 9 == 0 ? 0.0 : 0.5 + random.uniform());
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    if (weighted) tree.add("/weight", weight);
    write_tree(name, tree);
  });
  Table table;
  table.data = Dataset::open(comm, name);
  table.target = kind == Task::counts ? Target::numbers : Target::classes;
  if (kind != Task::counts) table.data->classes(comm);
  return table;
}

/// Cells by place: in turn, or in runs.
class Cells final : public Partition {
 public:
  Cells(Index cells, Index run) : cells_(cells), run_(run) {}
  Index cells() const override { return cells_; }
  void assign(const Block& block, std::int32_t* cell) const override {
    for (Index i = 0; i < block.rows; ++i) {
      cell[i] = static_cast<std::int32_t>(block.place(i) / run_ % cells_);
    }
  }

 private:
  Index cells_, run_;
};

SplitPtr make_split(std::shared_ptr<const Partition> partition, std::vector<Role> roles,
                    Index n = rows) {
  auto split = std::make_shared<Split>();
  for (Index i = 0; i < n; ++i) {
    Block one;
    one.first_place = i;
    one.rows = 1;
    std::int32_t cell = 0;
    partition->assign(one, &cell);
    const Role role = roles[static_cast<std::size_t>(cell)];
    if (role == Role::train) ++split->train_rows;
    if (role == Role::test) ++split->test_rows;
  }
  split->partition = std::move(partition);
  split->roles = std::move(roles);
  return split;
}

/// Two folds of five, in turn; one in runs; one that trains on few rows.
std::vector<SplitPtr> splits() {
  using enum Role;
  const auto in_turn = std::make_shared<Cells>(5, 1);
  const auto in_runs = std::make_shared<Cells>(3, rows / 3 + 1);
  const auto few = std::make_shared<Cells>(8, 1);
  return {nullptr, make_split(in_turn, {test, train, train, train, train}),
          make_split(in_turn, {train, train, train, test, train}),
          make_split(in_runs, {train, test, train}),
          make_split(few, {unused, test, train, unused, unused, unused, unused, unused})};
}

/// None; scaling with and without an offset; a projection; a change of basis.
std::vector<AffineMapPtr> maps() {
  Vector centre(columns), factor(columns), offset(columns);
  centre << 0.1, 3.1, 0.0, 1000.02, 0.0;
  factor << 1.0, 0.1, 0.9, 1.1, 10.0;
  offset << 0.0, 0.5, 0.0, -0.25, 0.0;
  Matrix weights(columns, columns);
  for (Index i = 0; i < columns; ++i) {
    for (Index j = 0; j < columns; ++j) {
      weights(i, j) = factor[i] * (i == j ? 1.0 : 0.3 * std::cos(static_cast<double>(7 * i + j)));
    }
  }
  const auto share = [](AffineMap map) { return std::make_shared<AffineMap>(std::move(map)); };
  return {nullptr, share(AffineMap::diagonal(centre, factor, Vector::Zero(columns))),
          share(AffineMap::diagonal(centre, factor, offset)),
          share(AffineMap::dense(centre, weights.leftCols(3), offset.head(3))),
          share(AffineMap::dense(centre, weights, offset))};
}

Tree saved(const Model& model) {
  Tree tree;
  model.save(AttributeWriter(tree, "/"));
  return tree;
}

std::vector<LogisticRegression> classifiers(double tol = 1e-4) {
  const Value weights = Value::dict({{0, 0.5}, {1, 2.0}});
  std::vector<LogisticRegressionParams> params = {
      {.C = 1.0},
      {.C = 1e-3},
      {.penalty = "l1", .C = 0.01},
      {.penalty = "elasticnet", .C = 0.05, .l1_ratio = 0.5},
      {.C = 10.0, .fit_intercept = false},
      {.C = 1.0, .class_weight = "balanced"},
      {.C = 0.1, .class_weight = weights},
      {.penalty = {}}};
  std::vector<LogisticRegression> all;
  for (LogisticRegressionParams& p : params) {
    p.tol = tol;
    all.emplace_back(p);
  }
  return all;
}

std::vector<PoissonRegressor> regressors(double tol = 1e-4) {
  std::vector<PoissonRegressor> all;
  for (const double alpha : {0.0, 1e-3, 0.1, 10.0})
    all.emplace_back(PoissonRegressorParams{.alpha = alpha, .tol = tol});
  all.emplace_back(PoissonRegressorParams{.alpha = 0.01, .fit_intercept = false, .tol = tol});
  return all;
}

/// Powers differ, one of them is least squares: from moments.
std::vector<TweedieRegressor> tweedies(double tol = 1e-4) {
  std::vector<TweedieRegressor> all;
  for (const double power : {1.0, 1.5, 0.0, 1.9, 1.1}) {
    all.emplace_back(TweedieRegressorParams{.power = power, .alpha = 0.01, .tol = tol});
  }
  return all;
}

std::vector<LinearSVC> machines(double tol = 1e-4) {
  using P = LinearSVCParams;
  return {LinearSVC(P{.tol = tol, .C = 1e-3, .intercept_scaling = 10.0}),
          LinearSVC(P{.tol = tol, .C = 10.0, .fit_intercept = false}),
          LinearSVC(P{.tol = tol, .C = 0.1, .class_weight = "balanced"})};
}

std::vector<LinearSVR> tubes(double tol = 1e-4) {
  LinearSVRParams p{.epsilon = 0.0, .tol = tol, .C = 0.1, .loss = "squared_epsilon_insensitive"};
  std::vector<LinearSVR> all = {LinearSVR(p)};
  p.epsilon = 1.5;
  all.emplace_back(p);
  return all;
}

template <class E>
void expect_same_alone(Task kind, const std::vector<E>& estimators) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const auto all_splits = splits();
  const auto all_maps = maps();
  for (const bool weighted : {false, true}) {
    const Table table = open_table(comm, kind, weighted);
    std::vector<Candidate> batch;
    for (const SplitPtr& split : all_splits) {
      for (const AffineMapPtr& map : all_maps) {
        for (const E& e : estimators) batch.push_back({&e, split, map});
      }
    }
    const std::vector<Trained> together = estimators.front().fit_batch(engine, table, batch);
    ASSERT_EQ(together.size(), batch.size());
    EngineOptions options;
    options.threads = 2;
    Engine two_threads(comm, options);
    const std::vector<Trained> threaded = estimators.front().fit_batch(two_threads, table, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      ASSERT_TRUE(together[i].model && threaded[i].model);
      EXPECT_EQ(saved(*together[i].model), saved(*threaded[i].model)) << i;
    }
    // Every so many, so that all settings, splits and maps have their turn.
    for (std::size_t i = weighted ? 3 : 0; i < batch.size(); i += 7) {
      const Trained alone = batch[i].estimator->fit_batch(engine, table, {&batch[i], 1}).front();
      ASSERT_TRUE(alone.model && together[i].model);
      EXPECT_EQ(saved(*alone.model), saved(*together[i].model)) << i << alone.model->expression();
      EXPECT_EQ(alone.model->report().warnings, together[i].model->report().warnings);
      EXPECT_TRUE(alone.model->report().converged) << i << alone.model->expression();
    }
  }
}

TEST(Glm, AModelOfABatchHasTheBitsOfTheModelAlone) {
  expect_same_alone(Task::two, classifiers());
  expect_same_alone(Task::three, classifiers());
  expect_same_alone(Task::counts, regressors());
  expect_same_alone(Task::counts, tweedies());
  expect_same_alone(Task::two, machines());
  expect_same_alone(Task::three, machines());
  expect_same_alone(Task::counts, tubes());
}

Vector coefficients(const Model& model) {
  const Tree tree = saved(model);
  std::vector<double> all = tree.doubles("/coef_").values;
  const std::vector<double>& intercept = tree.doubles("/intercept_").values;
  all.insert(all.end(), intercept.begin(), intercept.end());
  return VectorView(all.data(), std::ssize(all));
}

/// Trained in one batch, and each on the rows of its split seen through its map.
template <class E>
void expect_same_rows_and_columns(Task kind, const std::vector<E>& estimators) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const Table table = open_table(comm, kind, true);
  std::vector<Candidate> batch;
  for (const SplitPtr& split : splits()) {
    for (const AffineMapPtr& map : maps()) {
      // Without a map a column of 1000 +- 1 leaves too few digits for this comparison.
      if (!map) continue;
      batch.push_back({&estimators[batch.size() % estimators.size()], split, map});
    }
  }
  const std::vector<Trained> fused = estimators.front().fit_batch(engine, table, batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Table seen = table.through(batch[i].features);
    if (batch[i].split) seen = seen.only(batch[i].split, Role::train);
    const Candidate plain{batch[i].estimator};
    const Trained apart = plain.estimator->fit_batch(engine, seen, {&plain, 1}).front();
    ASSERT_TRUE(fused[i].model && apart.model);
    const Vector ours = coefficients(*fused[i].model);
    const Vector theirs = coefficients(*apart.model);
    ASSERT_EQ(ours.size(), theirs.size());
    EXPECT_LT((ours - theirs).cwiseAbs().maxCoeff(), 1e-6 * (1.0 + theirs.cwiseAbs().maxCoeff()))
        << i << " " << apart.model->expression() << "\n"
        << ours.transpose() << "\n"
        << theirs.transpose();
  }
}

TEST(Glm, SplitsAndMapsAreThoseOfTheTable) {
  expect_same_rows_and_columns(Task::two, classifiers(1e-7));
  expect_same_rows_and_columns(Task::three, classifiers(1e-7));
  expect_same_rows_and_columns(Task::counts, regressors(1e-10));
  expect_same_rows_and_columns(Task::counts, tweedies(1e-10));
  expect_same_rows_and_columns(Task::two, machines(1e-8));
  expect_same_rows_and_columns(Task::three, machines(1e-8));
  expect_same_rows_and_columns(Task::counts, tubes(1e-8));
}

TEST(Glm, AModelInFrontOfItsMapPredictsTheSame) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const LogisticRegression logistic;
  const PoissonRegressor poisson;
  constexpr Index n = 9;
  Matrix x(n, columns);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = std::sin(static_cast<double>(i));
  x.col(3).array() += 1000.0;
  for (const Task kind : {Task::two, Task::three, Task::counts}) {
    const Table table = open_table(comm, kind, false);
    for (const AffineMapPtr& map : maps()) {
      if (!map) continue;
      const Candidate one{
          kind == Task::counts ? static_cast<const Estimator*>(&poisson) : &logistic, nullptr, map};
      const auto model = one.estimator->fit_batch(engine, table, {&one, 1}).front().model;
      EXPECT_EQ(model->features(), map->columns_out());
      const auto raw = model->in_front_of(*map);
      ASSERT_NE(raw, nullptr);
      ASSERT_EQ(raw->features(), columns);
      Matrix y(n, map->columns_out());
      map->apply(x.data(), n, y.data());
      for (const Method method : {Method::predict, Method::predict_proba}) {
        ASSERT_EQ(model->can(method), raw->can(method));
        if (!model->can(method)) continue;
        Matrix behind(n, model->width(method)), in_front = behind;
        model->apply(method, y, behind);
        raw->apply(method, x, in_front);
        EXPECT_LT((behind - in_front).cwiseAbs().maxCoeff(), 1e-9);
      }
    }
  }
}

// The rows of one cell are all of one class: who trains on it fails with scikit-learn's words, and
// nobody else notices.
TEST(Glm, ASplitWithOneClassFailsAlone) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  constexpr Index n = 300;
  on_root(comm, [&] {
    TreeArray<double> x{{n, 1}, {}}, y{{n}, {}};
    for (Index i = 0; i < n; ++i) {
      x.values.push_back(std::cos(static_cast<double>(i)));
      y.values.push_back(i % 3 == 0 ? 1.0 : static_cast<double>(i % 2 * 3));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree("one_class.h5", tree);
  });
  Table table;
  table.data = Dataset::open(comm, "one_class.h5");
  table.target = Target::classes;
  table.data->classes(comm);
  const auto cells = std::make_shared<Cells>(3, 1);
  using enum Role;
  const LogisticRegression weak(LogisticRegressionParams{.C = 0.1}), strong;
  const auto one_class = make_split(cells, {train, test, test}, n);
  const auto fine = make_split(cells, {train, train, test}, n);
  const std::vector<Candidate> batch = {
      {&weak, fine}, {&weak, one_class}, {&strong, fine}, {&strong, one_class}, {&strong}};
  const std::vector<Trained> trained = weak.fit_batch(engine, table, batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].split != one_class) {
      ASSERT_TRUE(trained[i].model) << i;
      const auto alone = weak.fit_batch(engine, table, {&batch[i], 1}).front();
      EXPECT_EQ(saved(*alone.model), saved(*trained[i].model));
      continue;
    }
    ASSERT_TRUE(trained[i].failure) << i;
    EXPECT_NE(std::string(trained[i].failure->what())
                  .find("needs samples of at least 2 classes in the data, but the data contains "
                        "only one class: 1"),
              std::string::npos)
        << trained[i].failure->what();
  }
}

/// Loss and penalty of a model at two points on either side of another, against its gradient there.
void expect_derivatives(Engine& engine, const Table& table, GlmLoss loss, const GlmTask& task) {
  const Index classes = loss == GlmLoss::multinomial || loss == GlmLoss::hinge ? 3 : 2;
  const std::vector<SplitPtr> used = {task.split};
  const GlmMoments moments = glm_moments(engine, table, loss, classes, used);
  ASSERT_EQ(moments.of(task.split).levels.size(), 1);
  ASSERT_EQ(moments.of(task.split).levels.front().sample.stride, 1);
  const GlmObjective objective(moments, task);
  const Vector start = objective.begin().point();
  Vector at = start;
  for (Index j = 0; j < at.size(); ++j) at[j] += 0.05 * std::sin(static_cast<double>(j + 1));
  const double h = is_hinged(loss) ? 1e-7 : 1e-4;  // squares, as long as no row passes its corner
  std::vector<Vector> places = {at};
  for (Index j = 0; j < at.size(); ++j) {
    for (const double step : {h, -h}) {
      places.push_back(at);
      places.back()[j] += step;
    }
  }
  std::vector<GlmPoint> points;
  for (const Vector& place : places) points.push_back({&objective, &place, true, 0});
  const auto told = evaluate_glm(engine, table, moments, points, 0);
  const math::Evaluation& here = *told.front();
  const double scale = here.gradient.cwiseAbs().maxCoeff();
  for (Index j = 0; j < at.size(); ++j) {
    const auto& up = *told[static_cast<std::size_t>(2 * j + 1)];
    const auto& down = *told[static_cast<std::size_t>(2 * j + 2)];
    EXPECT_NEAR((up.value - down.value) / (2.0 * h), here.gradient[j], 1e-6 * scale) << j;
    const Vector second = (up.gradient - down.gradient) / (2.0 * h);
    const Vector column = here.curvature->times(Vector::Unit(at.size(), j));
    EXPECT_LT((second - column).cwiseAbs().maxCoeff(), 1e-5 * column.cwiseAbs().maxCoeff()) << j;
  }
  if (objective.begins_unseen()) return;
  // What the first pass says of the start, a pass says too.
  const GlmPoint begin{&objective, &start, false, 0};
  const auto again = evaluate_glm(engine, table, moments, {&begin, 1}, 0).front();
  const math::QuasiNewton solver = objective.begin();
  EXPECT_NEAR(again->value, solver.objective(), 1e-12 * std::fabs(again->value));
}

// Near the optimum, where the sum of second derivatives is of use whatever the power.
TEST(Glm, DerivativesOfEveryPower) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  constexpr Index n = 200;
  const Table table = open_table(comm, Task::counts, true, n);
  for (const double power : {1.0, 1.3, 2.0, 0.0}) {
    GlmTask task;
    task.features = maps()[2];
    task.l2 = 0.7;
    task.mean_loss = true;
    task.tweedie = {power};
    for (const bool intercept : {true, false}) {
      task.fit_intercept = intercept;
      expect_derivatives(engine, table, GlmLoss::tweedie, task);
    }
  }
}

TEST(Glm, DerivativesAreThoseOfTheObjective) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  constexpr Index n = 200;
  for (const GlmLoss loss :
       {GlmLoss::logistic, GlmLoss::multinomial, GlmLoss::tweedie, GlmLoss::hinge, GlmLoss::tube}) {
    const bool is_of_three = loss == GlmLoss::multinomial || loss == GlmLoss::hinge;
    const Task kind = loss == GlmLoss::logistic ? Task::two
                      : is_of_three             ? Task::three
                                                : Task::counts;
    const Table table = open_table(comm, kind, true, n);
    for (const AffineMapPtr& map : maps()) {
      for (const bool intercept : {true, false}) {
        if (!intercept && !map) continue;  // exp(50)
        GlmTask task;
        task.split =
            make_split(std::make_shared<Cells>(5, 1),
                       {Role::test, Role::train, Role::train, Role::train, Role::train}, n);
        task.features = map;
        task.fit_intercept = intercept;
        task.l2 = 0.7;
        task.mean_loss = loss == GlmLoss::tweedie;
        if (is_hinged(loss)) task.intercept_l2 = 0.3;
        if (loss == GlmLoss::hinge) task.class_weight = Vector::LinSpaced(3, 0.5, 2.0);
        if (loss == GlmLoss::logistic) task.class_weight = Vector::LinSpaced(2, 0.5, 2.0);
        expect_derivatives(engine, table, loss, task);
      }
    }
  }
}

// ---- levels -------------------------------------------------------------------------------------

/// Blocks enough for all levels.
constexpr Index many = 97 * 4096 + 5;

/// Largest entry of the gradient of a logistic model's objective on the training rows, summed here;
/// but for column 3, where 1000 times the rounding of the others is.
double largest_gradient(Engine& engine, const Table& table, const SplitPtr& split,
                        const Model& model, double l2) {
  const Vector w = coefficients(model);
  const Index n = table.columns();
  SumShape shape;
  shape.add(n + 1, 40);
  const Totals totals = engine.superstep(
      split ? table.only(split, Role::train) : table, shape,
      [&](const Block& block, Partial& sum, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          const double* x = block.x.doubles() + i * n;
          double z = w[n];
          for (Index j = 0; j < n; ++j) z += w[j] * x[j];
          const double residual = block.weight_of(i) * (1.0 / (1.0 + std::exp(-z)) - block.y[i]);
          for (Index j = 0; j < n; ++j) sum[0][static_cast<std::size_t>(j)] += residual * x[j];
          sum[0][static_cast<std::size_t>(n)] += residual;
        }
      });
  double largest = std::fabs(totals[0][static_cast<std::size_t>(n)]);
  for (const Index j : {0, 1, 2, 4}) {
    if (j >= n) break;
    largest = std::max(largest, std::fabs(totals[0][static_cast<std::size_t>(j)] + l2 * w[j]));
  }
  return largest;
}

TEST(Glm, FewBlocksLeaveLittleToDoForTheOthers) {
  const Communicator comm = Communicator::world();
  const Table table = open_table(comm, Task::two, true, many);
  const auto five = std::make_shared<Cells>(5, 1);
  using enum Role;
  const std::vector<SplitPtr> all_splits = {
      nullptr, make_split(five, {test, train, train, train, train}, many)};
  std::vector<LogisticRegression> estimators;
  for (const double C : {1e-3, 1.0}) {
    for (const double tol : {1e-4, 1e-7}) {
      estimators.emplace_back(LogisticRegressionParams{.tol = tol, .C = C});
    }
  }
  std::vector<Candidate> batch;
  for (const SplitPtr& split : all_splits) {
    for (const LogisticRegression& e : estimators) batch.push_back({&e, split});
  }
  Engine engine(comm, {});
  const std::vector<Trained> together = estimators.front().fit_batch(engine, table, batch);
  EXPECT_LE(engine.counters().passes, 10);
  EXPECT_GE(engine.counters().sample_passes, 4);
  // The least budget: all blocks are streamed, those of a sample alone where a sample is asked for.
  EngineOptions tight;
  tight.threads = 2;
  tight.memory = engine.least_memory(table, {}) + (std::size_t{8} << 20);
  Engine streaming(comm, tight);
  const std::vector<Trained> streamed = estimators.front().fit_batch(streaming, table, batch);
  EXPECT_EQ(streaming.counters().passes, engine.counters().passes);
  Engine other(comm, {});
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ASSERT_TRUE(together[i].model && streamed[i].model);
    EXPECT_EQ(saved(*together[i].model), saved(*streamed[i].model)) << i;
    const Trained alone = batch[i].estimator->fit_batch(other, table, {&batch[i], 1}).front();
    EXPECT_EQ(saved(*together[i].model), saved(*alone.model)) << i;
    EXPECT_TRUE(together[i].model->report().converged);
    if (i % 2 == 1) continue;  // the same, tighter
    const Vector loose = coefficients(*together[i].model),
                 tight_one = coefficients(*together[i + 1].model);
    for (const Index j : {0, 1, 2, 4}) EXPECT_NEAR(loose[j], tight_one[j], 1e-5) << i;
    const auto& e = dynamic_cast<const LogisticRegression&>(*batch[i].estimator);
    // What the 18th digit of the objective leaves.
    EXPECT_LE(
        largest_gradient(engine, table, batch[i].split, *together[i + 1].model, 1.0 / e.params().C),
        2e-3)
        << i;
  }
}

/// The same rows, but in the blocks that a model sees first the classes change places.
TEST(Glm, BlocksThatLeadAstrayDoNoHarm) {
  const Communicator comm = Communicator::world();
  constexpr Index n = 24 * 4096;
  on_root(comm, [&] {
    TreeArray<double> x{{n, 1}, {}}, y{{n}, {}};
    for (Index i = 0; i < n; ++i) {
      RowRandom random(Philox(3, 8), static_cast<std::uint64_t>(i));
      const double v = random.normal();
      const bool is_first = i / 4096 % 8 == 0;
      const bool is_one = random.uniform() < 1.0 / (1.0 + std::exp(is_first ? 5.0 * v : -0.5 * v));
      x.values.push_back(is_first ? 1e-3 * v : 100.0 * v);
      y.values.push_back(is_one ? 1.0 : 0.0);
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree("astray.h5", tree);
  });
  Table table;
  table.data = Dataset::open(comm, "astray.h5");
  table.target = Target::classes;
  table.data->classes(comm);
  Engine engine(comm, {});
  const LogisticRegression logistic(LogisticRegressionParams{.tol = 1e-7, .C = 1e6});
  const Candidate one{&logistic};
  const Trained trained = logistic.fit_batch(engine, table, {&one, 1}).front();
  EXPECT_GE(engine.counters().sample_passes, 1);
  ASSERT_TRUE(trained.model);
  EXPECT_TRUE(trained.model->report().converged);
  // Where the first blocks end, all others are 1e5 times further out: going on from there would
  // take 89 passes.
  EXPECT_LE(engine.counters().passes, 12);
  EXPECT_LE(largest_gradient(engine, table, nullptr, *trained.model, 1e-6), 0.05);
}

/// A fit that is cut into several, each going on where the one before ended.
TEST(Glm, GoesOnWhereFewerStepsEnded) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const Table table = open_table(comm, Task::two, false, 13 * 4096);
  const auto with_steps = [](Index most) {
    return LogisticRegression(LogisticRegressionParams{.tol = 1e-6, .max_iter = most});
  };
  std::shared_ptr<const StageState> state;
  for (const Index most : {Index{1}, Index{2}, Index{100}}) {
    const LogisticRegression e = with_steps(most);
    Candidate one{&e};
    const Trained straight = e.fit_batch(engine, table, {&one, 1}).front();
    one.resume = state;
    const Trained cut = e.fit_batch(engine, table, {&one, 1}).front();
    ASSERT_TRUE(straight.model && cut.model);
    EXPECT_EQ(saved(*straight.model), saved(*cut.model)) << most;
    EXPECT_EQ(straight.model->report().converged, most == 100);
    state = cut.state;
  }
}

}  // namespace
}  // namespace superstep
