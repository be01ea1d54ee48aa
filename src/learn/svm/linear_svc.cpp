// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/svm/linear_svc.hpp>

#include "learn/class_weight.hpp"
#include "learn/linear_model/linear_classifier.hpp"
#include "learn/svm/linear_svm.hpp"

namespace superstep {

const ParamTable<LinearSVCParams>& LinearSVC::param_table() {
  using P = LinearSVCParams;
  static const auto table =
      with_svm_params(
          ParamTable<P>("LinearSVC", "A linear support vector machine for classes.")
              .refuse("penalty", {"l2"},
                      "'l1' is not here: LogisticRegression(l1_ratio=1) leaves columns out")
              .add("loss", &P::loss, one_of({"squared_hinge"}),
                   "of margins; 'hinge' has corners that steps by second derivatives do not pass: "
                   "use 'squared_hinge'"))
          .refuse("multi_class", {"ovr"}, "each class is told from all others")
          .add("class_weight", &P::class_weight, class_weight_range(),
               "factor on the weights of a class's rows, of more than two classes in its own "
               "function alone")
          .positional(2);
  return table;
}

namespace {

/// Linear functions of a model.
Index functions_of(Index classes) { return classes > 2 ? classes : 1; }

/// The fits of a model's functions, each with its own state.
struct FitsOfClasses : StageState {
  std::vector<std::shared_ptr<const StageState>> states;
};

/// A linear classifier that remembers its steps.
class LinearSVCModel final : public LinearClassifier {
 public:
  LinearSVCModel(Labels classes, LinearFunction function, Index n_iter, FitReport report)
      : LinearClassifier(std::move(classes), std::move(function), Probabilities::none,
                         std::move(report)),
        n_iter_(n_iter) {}
  void save(const AttributeWriter& out) const override {
    LinearClassifier::save(out);
    out("n_iter_", n_iter_);
  }

 private:
  Index n_iter_;
};

/// One function after the other; of more than two classes the k-th tells class k from all others,
/// whose weights are 1, as liblinear has it.
void add_tasks(const CandidateOf<LinearSVCParams>& candidate, const Labels& classes,
               const GlmRows& trained, std::vector<GlmTask>& tasks) {
  const Value& class_weight = candidate.params.class_weight;
  Vector factors;
  if (!class_weight.is_none()) {
    factors = class_factors(class_weight, "LinearSVC", classes, trained.weight);
  }
  const auto* earlier = dynamic_cast<const FitsOfClasses*>(candidate.resume.get());
  const Index functions = functions_of(classes.size());
  for (Index k = 0; k < functions; ++k) {
    GlmTask& task = tasks.emplace_back(svm_task(candidate));
    const Index place = functions == 1 ? 1 : k;
    task.place = static_cast<double>(place);
    task.class_weight = factors;
    if (functions > 1 && factors.size() > 0) {
      task.class_weight.setOnes();
      task.class_weight[place] = factors[place];
    }
    if (earlier != nullptr) task.resume = earlier->states[static_cast<std::size_t>(k)];
  }
}

/// Of the functions of one model.
std::shared_ptr<LinearSVCModel> model_of(const Labels& classes, std::span<const GlmFit> fits,
                                         FitReport report) {
  const auto functions = static_cast<Index>(fits.size());
  Matrix coef(functions, fits.front().coef.cols());
  Vector intercept(functions);
  Index n_iter = 0;
  for (Index k = 0; k < functions; ++k) {
    const GlmFit& fit = fits[static_cast<std::size_t>(k)];
    coef.row(k) = fit.coef.row(0);
    intercept[k] = fit.intercept[0];
    n_iter = std::max(n_iter, fit.n_iter);
  }
  return std::make_shared<LinearSVCModel>(classes, LinearFunction(coef, intercept), n_iter,
                                          std::move(report));
}

/// The longest of the fits of one model, and what is to be said of the first that did not end well.
FitReport report_of(std::span<const GlmTask> tasks, std::span<const GlmFit> fits) {
  FitReport all{0, true, {}};
  for (std::size_t k = 0; k < fits.size(); ++k) {
    FitReport one = svm_report("LinearSVC", tasks[k], fits[k]);
    all.n_iter = std::max(all.n_iter, one.n_iter);
    if (all.converged) all.warnings = std::move(one.warnings);
    all.converged = all.converged && one.converged;
  }
  return all;
}

}  // namespace

Footprint LinearSVC::footprint(Index columns, Index classes,
                               std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::hinge, columns, functions_of(classes), batch);
}

TrainingCost LinearSVC::cost(Index columns, Index classes, std::span<const Candidate> batch) const {
  return svm_cost<LinearSVC>(columns, functions_of(classes), batch);
}

std::shared_ptr<const StageState> LinearSVC::gather(Engine& engine, const Table& table,
                                                    std::span<const SplitPtr> splits) const {
  const Index classes = table.data->classes(engine.comm()).size();
  return std::make_shared<GatheredGlm>(glm_moments(engine, table, GlmLoss::hinge, classes, splits));
}

std::vector<Trained> LinearSVC::train(Engine& engine, const Table& table, Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  const auto functions = static_cast<std::size_t>(functions_of(classes.size()));
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) splits.push_back(c.split);
  const auto moments =
      glm_moments_for(engine, table, GlmLoss::hinge, classes.size(), splits, gathered_for(batch));
  std::vector<GlmTask> tasks;
  for (const auto& c : batch) {
    const GlmRows& trained = moments->of(c.split);
    require_classes(table, classes, trained);
    add_tasks(c, classes, trained, tasks);
  }
  const auto subject = [&](std::size_t i, const GlmFit& fit) {
    return HeldOutJudge::Subject{batch[i].judge->whole(model_of(classes, {&fit, 1}, {})),
                                 batch[i].split};
  };
  // Of several functions none knows beside its last look what the others will be.
  GlmJudging judging;
  if (functions == 1) judging = {judge_for(batch), subject};
  const std::vector<GlmFit> fits = fit_glm(engine, table, *moments, tasks, judging);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto own = std::span(fits).subspan(i * functions, functions);
    Trained& trained = models.emplace_back(
        model_of(classes, own, report_of(std::span(tasks).subspan(i * functions, functions), own)));
    auto state = std::make_shared<FitsOfClasses>();
    for (const GlmFit& fit : own) state->states.push_back(fit.state);
    trained.state = std::move(state);
    trained.tell_all(functions == 1 ? own.front().held_out : nullptr);
  }
  return models;
}

std::shared_ptr<Model> LinearSVC::load_fitted(const AttributeReader& in) const {
  SavedLinearClassifier saved = read_linear_classifier(in);
  Index n_iter = 0;
  in("n_iter_", n_iter);
  const LinearFunction function = saved.function();
  return std::make_shared<LinearSVCModel>(std::move(saved.classes), function, n_iter, FitReport{});
}

}  // namespace superstep
