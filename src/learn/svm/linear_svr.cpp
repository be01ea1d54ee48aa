// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/svm/linear_svr.hpp>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/svm/linear_svm.hpp"

namespace superstep {

const ParamTable<LinearSVRParams>& LinearSVR::param_table() {
  using P = LinearSVRParams;
  static const auto table =
      with_svm_params(ParamTable<P>("LinearSVR", "A linear support vector machine for numbers.")
                          .add("epsilon", &P::epsilon, at_least(0.0),
                               "how far from its target a prediction may be at no cost"))
          .add("loss", &P::loss, one_of({"epsilon_insensitive", "squared_epsilon_insensitive"}),
               "of what is beyond epsilon")
          .positional(0);
  return table;
}

void LinearSVR::check_params() const {
  EstimatorOf::check_params();
  if (params().loss == "squared_epsilon_insensitive") return;
  throw UsageError(
      "LinearSVR: loss='epsilon_insensitive' has corners that steps by second derivatives do not "
      "pass; write loss='squared_epsilon_insensitive'");
}

namespace {

std::shared_ptr<LinearModel> model_of(const GlmFit& fit, FitReport report) {
  return std::make_shared<LinearModel>(Vector(fit.coef.row(0).transpose()), fit.intercept[0],
                                       FittedAttributes{{"n_iter_", fit.n_iter}},
                                       std::move(report));
}

GlmTask task_of(const CandidateOf<LinearSVRParams>& candidate) {
  GlmTask task = svm_task(candidate);
  task.resume = candidate.resume;
  task.place = candidate.params.epsilon;
  return task;
}

}  // namespace

Footprint LinearSVR::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::tube, columns, 1, batch);
}

TrainingCost LinearSVR::cost(Index columns, Index, std::span<const Candidate> batch) const {
  return svm_cost<LinearSVR>(columns, 1, batch);
}

std::shared_ptr<const StageState> LinearSVR::gather(Engine& engine, const Table& table,
                                                    std::span<const SplitPtr> splits) const {
  return std::make_shared<GatheredGlm>(glm_moments(engine, table, GlmLoss::tube, 0, splits));
}

std::vector<Trained> LinearSVR::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<GlmTask> tasks;
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) {
    tasks.push_back(task_of(c));
    splits.push_back(c.split);
  }
  const auto moments =
      glm_moments_for(engine, table, GlmLoss::tube, 0, splits, gathered_for(batch));
  const auto subject = [&](std::size_t i, const GlmFit& fit) {
    return HeldOutJudge::Subject{batch[i].judge->whole(model_of(fit, {})), batch[i].split};
  };
  const std::vector<GlmFit> fits =
      fit_glm(engine, table, *moments, tasks, {judge_for(batch), subject});
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    Trained& trained =
        models.emplace_back(model_of(fits[i], svm_report(name(), tasks[i], fits[i])));
    trained.state = fits[i].state;
    trained.tell_all(fits[i].held_out);
  }
  return models;
}

std::shared_ptr<Model> LinearSVR::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}});
  return std::make_shared<LinearModel>(saved.function(), std::move(saved.others), FitReport{});
}

}  // namespace superstep
