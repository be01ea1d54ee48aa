// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/logistic_regression.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

#include "learn/class_weight.hpp"
#include "learn/linear_model/glm.hpp"
#include "learn/linear_model/linear_classifier.hpp"

namespace superstep {

const ParamTable<LogisticRegressionParams>& LogisticRegression::param_table() {
  using P = LogisticRegressionParams;
  static const auto table =
      ParamTable<P>("LogisticRegression", "A linear classifier that gives probabilities.")
          .add("penalty", &P::penalty, one_of({"deprecated", "l2", "l1", "elasticnet", "none"}),
               "the spelling before scikit-learn 1.8: 'l2' is l1_ratio=0, 'l1' is l1_ratio=1, None "
               "is C=np.inf, 'elasticnet' goes with an l1_ratio")
          .add("C", &P::C, greater_than(0.0), "inverse strength of the penalty; np.inf: none")
          .add("l1_ratio", &P::l1_ratio, between(0.0, 1.0),
               "the penalty, with any solver: 0 is L2, 1 is L1, between them the elastic net")
          .refuse("dual", {false}, "the primal problem is solved")
          .add("tol", &P::tol, at_least(0.0),
               "ends when no entry of the gradient is larger, or the objective has reached its "
               "least value to 12 digits (more for a smaller tol)")
          .add("fit_intercept", &P::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("intercept_scaling", {1, 1.0},
                  "the intercept is not penalised, so its scale is nothing")
          .add("class_weight", &P::class_weight, class_weight_range(),
               "factor on the weights of a class's rows")
          .add("random_state", &P::random_state, anything(),
               "without effect: nothing is drawn at random")
          .add("solver", &P::solver,
               one_of({"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"}),
               "all name the same optimum here; 'liblinear' has another, for it penalises the "
               "intercept: write 'lbfgs'")
          .add("max_iter", &P::max_iter, at_least(0.0), "most steps")
          .refuse("verbose", {0}, "progress is shown unless --quiet")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .refuse("n_jobs", {nullptr, 1, -1}, "ranks and --threads say how many work")
          .add("multi_class", &P::multi_class, one_of({"auto", "multinomial"}),
               "gone in scikit-learn 1.8; 'auto': one output for two classes, else softmax over "
               "all; 'ovr' is not supported")
          .positional(1);
  return table;
}

void LogisticRegression::check_params() const {
  EstimatorOf::check_params();
  const LogisticRegressionParams& p = params();
  if (p.penalty == "elasticnet" && !p.l1_ratio) {
    throw UsageError(
        "LogisticRegression: penalty='elasticnet' needs l1_ratio, a float between 0 and 1");
  }
  // The default of l1_ratio was None: 0 with 'l1' says nothing, as anything does with None.
  const double ratio = p.l1_ratio.value_or(0.0);
  const bool contradicts =
      (p.penalty == "l2" && ratio != 0.0) || (p.penalty == "l1" && ratio != 0.0 && ratio != 1.0);
  if (contradicts) {
    throw UsageError(fmt::format(
        "LogisticRegression: penalty={} and l1_ratio={} contradict each other; leave penalty out",
        Value(*p.penalty).repr(), ratio));
  }
}

namespace {

/// The optimum that is asked for is another one, so a message says more than which values there
/// are.
void refuse_liblinear(std::string_view param, const Value& value) {
  if (param != "solver" || value != Value("liblinear")) return;
  throw UsageError(
      "LogisticRegression: solver='liblinear' penalises the intercept and so has another optimum; "
      "write solver='lbfgs' or leave it out, with l1_ratio=1 for penalty='l1'");
}

}  // namespace

void LogisticRegression::set(std::string_view param, const Value& value) {
  refuse_liblinear(param, value);
  EstimatorOf::set(param, value);
}

void LogisticRegression::apply(const EstimatorExpression& expression) {
  for (const auto& [name, value] : expression.params) refuse_liblinear(name, value);
  EstimatorOf::apply(expression);
}

Footprint LogisticRegression::footprint(Index columns, Index classes,
                                        std::span<const Candidate> batch) const {
  const GlmLoss loss = classes > 2 ? GlmLoss::multinomial : GlmLoss::logistic;
  return glm_footprint(loss, columns, classes > 2 ? classes : 1, batch);
}

TrainingCost LogisticRegression::cost(Index columns, Index classes,
                                      std::span<const Candidate> batch) const {
  Index most = 0;
  for (const Candidate& c : batch) {
    most = std::max(most, dynamic_cast<const LogisticRegression&>(*c.estimator).params().max_iter);
  }
  return glm_cost(columns, (classes > 2 ? classes : 1) * static_cast<Index>(batch.size()), most);
}

namespace {

/// A linear classifier that remembers its steps.
class LogisticModel final : public LinearClassifier {
 public:
  LogisticModel(Labels classes, LinearFunction function, bool two_sided, Index n_iter,
                FitReport report)
      : LinearClassifier(std::move(classes), std::move(function),
                         two_sided ? Probabilities::two_sided : Probabilities::softmax,
                         std::move(report)),
        n_iter_{n_iter} {}
  void save(const AttributeWriter& out) const override {
    LinearClassifier::save(out);
    Length one{1, "n_iter_"};
    out("n_iter_", n_iter_, one);
  }

 private:
  std::vector<Index> n_iter_;
};

/// scikit-learn minimises two outputs -z and z for two classes and multi_class='multinomial'. In
/// terms of their difference 2 z the loss is that of one output, with half the squared penalty and
/// the same L1 penalty.
bool is_two_sided(const LogisticRegressionParams& p, const Labels& classes) {
  return classes.size() == 2 && p.multi_class == "multinomial";
}

GlmTask task_of(const CandidateOf<LogisticRegressionParams>& candidate, const Labels& classes,
                const GlmRows& trained) {
  const LogisticRegressionParams& p = candidate.params;
  GlmTask task;
  task.split = candidate.split;
  task.features = candidate.features;
  task.resume = candidate.resume;
  if (!p.class_weight.is_none()) {
    task.class_weight =
        class_factors(p.class_weight, "LogisticRegression", classes, trained.weight);
  }
  task.fit_intercept = p.fit_intercept;
  task.tol = p.tol;
  task.max_iter = p.max_iter;
  const std::string penalty = p.penalty.value_or("none");
  if (penalty == "none" || std::isinf(p.C)) return task;
  const double l1_share = penalty == "l1" ? 1.0 : p.l1_ratio.value_or(0.0);
  task.l1 = l1_share / p.C;
  task.l2 = (1.0 - l1_share) / p.C;
  if (is_two_sided(p, classes)) task.l2 *= 0.5;
  return task;
}

GlmLoss loss_for(Index classes) { return classes > 2 ? GlmLoss::multinomial : GlmLoss::logistic; }

std::shared_ptr<Model> make_model(const Labels& classes, GlmFit fit, bool two_sided,
                                  FitReport report) {
  if (two_sided) {
    fit.coef *= 0.5;
    fit.intercept *= 0.5;
  }
  return std::make_shared<LogisticModel>(classes, LinearFunction(fit.coef, fit.intercept),
                                         two_sided, fit.n_iter, std::move(report));
}

}  // namespace

std::shared_ptr<const StageState> LogisticRegression::gather(
    Engine& engine, const Table& table, std::span<const SplitPtr> splits) const {
  const Index classes = table.data->classes(engine.comm()).size();
  return std::make_shared<GatheredGlm>(
      glm_moments(engine, table, loss_for(classes), classes, splits));
}

std::vector<Trained> LogisticRegression::train(Engine& engine, const Table& table,
                                               Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  const GlmLoss loss = loss_for(classes.size());
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) splits.push_back(c.split);
  const auto its_moments =
      glm_moments_for(engine, table, loss, classes.size(), splits, gathered_for(batch));
  const GlmMoments& moments = *its_moments;
  for (const SplitPtr& split : splits) require_classes(table, classes, moments.of(split));
  std::vector<GlmTask> tasks;
  for (const auto& c : batch) tasks.push_back(task_of(c, classes, moments.of(c.split)));
  const auto model_of = [&](std::size_t i, GlmFit fit, FitReport report) {
    return make_model(classes, std::move(fit), is_two_sided(batch[i].params, classes),
                      std::move(report));
  };
  const auto subject = [&](std::size_t i, const GlmFit& fit) {
    return HeldOutJudge::Subject{batch[i].judge->whole(model_of(i, fit, {})), batch[i].split};
  };
  std::vector<GlmFit> fits = fit_glm(engine, table, moments, tasks, {judge_for(batch), subject});
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    FitReport report = glm_report(name(), tasks[i], fits[i]);
    auto state = std::move(fits[i].state);
    auto held_out = std::move(fits[i].held_out);
    Trained& trained = models.emplace_back(model_of(i, std::move(fits[i]), std::move(report)));
    trained.state = std::move(state);
    trained.tell_all(std::move(held_out));
  }
  return models;
}

std::shared_ptr<Model> LogisticRegression::load_fitted(const AttributeReader& in) const {
  SavedLinearClassifier saved = read_linear_classifier(in);
  std::vector<Index> n_iter;
  Length one{1, "n_iter_"};
  in("n_iter_", n_iter, one);
  const bool two_sided = is_two_sided(params(), saved.classes);
  const LinearFunction function = saved.function();
  return std::make_shared<LogisticModel>(std::move(saved.classes), function, two_sided,
                                         n_iter.front(), FitReport{});
}

}  // namespace superstep
