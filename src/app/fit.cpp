// SPDX-License-Identifier: BSD-3-Clause
// superstep fit ESTIMATOR DATA --model FILE
#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/select/plan.hpp>

#include "app/commands.hpp"
#include "app/scikit_learn_calls.hpp"
#include "app/shown.hpp"

namespace superstep::app {

namespace {

class Fit final : public Command {
 public:
  std::string name() const override { return "fit"; }
  std::string summary() const override { return "train one model or pipeline"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep fit \"LogisticRegression(C=0.1)\" train.h5 --model model.h5\n"
           "  mpirun -n 4 superstep fit \"make_pipeline(StandardScaler(), PCA(n_components=20), "
           "Ridge())\" train.h5 --model model.h5\n";
  }

  void describe(CommandLine& line) override {
    line.argument("ESTIMATOR", expression_, "as in scikit-learn: \"Ridge(alpha=0.1)\"");
    line.input("DATA", data_, "HDF5 file with /X and /y");
    line.output_option("model", model_, Content::model, "where the model goes");
    line.flag("dry-run", dry_run_, "print the plan and read no features");
    choice_.describe(line);
  }

  void validate() override {
    if (model_.empty() && !dry_run_) {
      throw UsageError("fit needs --model FILE, where the trained model goes");
    }
    estimator_ = estimator_of(expression_, data_);
    estimator_->check_params();
  }

  void run(Context& context) override {
    const Data data = choice_.open(context, data_);
    if (dry_run_) {
      collectively(context.comm(), [&] { check_can_train(*estimator_, *data.dataset()); });
      PlannedWork work;
      work.folds = {data.dataset(), {nullptr}};
      work.splitter = "trained on all rows";
      work.candidates.push_back(estimator_->clone());
      const WorkPlan plan = plan_work(context.engine(), work);
      context.result(plan.json(), shown_plan(plan));
      return;
    }
    const double before_s = context.seconds();
    const ModelPtr model = superstep::fit(context.engine(), *estimator_, data.dataset());
    fit_s_ = context.seconds() - before_s - context.engine().counters().seconds_read;
    save_model(context.comm(), *model, model_);
    for (const std::string& w : model->report().warnings) context.warn(w);
    report(context, data, *model);
  }

 private:
  void report(Context& context, const Data& data, const Model& model) const {
    const FitReport& fitted = model.report();
    Json json = Json::object();
    json.set("model", model_)
        .set("estimator", model.expression())
        .set("rows", data.rows())
        .set("columns", data.columns())
        .set("n_iter", fitted.n_iter)
        .set("converged", fitted.converged)
        .set("warnings", fitted.warnings)
        .set("seconds_fit", fit_s_);
    context.add_costs(json);
    context.result(
        std::move(json), "",
        fmt::format("{}\n{} rows x {} columns, {} in {} on {} rank{}{}\nwrote {}\n",
                    shown_expression(model.expression()), format_count(data.rows()),
                    format_count(data.columns()), passes_text(context.engine().counters()),
                    format_duration(context.seconds()), context.comm().size(),
                    context.comm().size() == 1 ? "" : "s",
                    fitted.converged ? "" : " (not converged)", model_));
  }

  std::string expression_;
  std::string data_;
  std::string model_;
  double fit_s_ = 0.0;  ///< of training, waiting for files left out
  bool dry_run_ = false;
  DataChoice choice_;
  std::unique_ptr<Estimator> estimator_;
};

}  // namespace

std::unique_ptr<Command> fit_command() { return std::make_unique<Fit>(); }

}  // namespace superstep::app
