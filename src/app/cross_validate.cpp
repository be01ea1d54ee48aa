// SPDX-License-Identifier: BSD-3-Clause
// superstep cross-validate ESTIMATOR DATA --cv 5 --scoring accuracy,roc_auc
#include <fmt/format.h>

#include <cmath>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/out_of_fold.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/select/curves.hpp>
#include <superstep/select/plan.hpp>
#include <superstep/select/search.hpp>

#include "app/commands.hpp"
#include "app/evaluation_choice.hpp"
#include "app/scikit_learn_calls.hpp"
#include "app/shown.hpp"

namespace superstep::app {

namespace {

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0.0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// The scores of one metric by split.
std::vector<double> scores_of(const Outcomes& outcomes, std::size_t metric, bool of_training) {
  std::vector<double> scores;
  for (const FoldOutcome& o : outcomes) scores.push_back((of_training ? o.train : o.test)[metric]);
  return scores;
}

class CrossValidate final : public Command {
 public:
  std::string name() const override { return "cross-validate"; }
  std::string summary() const override { return "scores on folds that were not trained on"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep cross-validate \"LogisticRegression()\" train.h5 --cv 5 --scoring "
           "accuracy,roc_auc\n"
           "  superstep cross-validate \"Ridge()\" train.h5 --cv \"KFold(5, shuffle=True)\" --out "
           "predictions.h5\n"
           "  superstep cross-validate \"Ridge()\" train.h5 --validation-curve \"{'alpha': "
           "np.logspace(-3, 3, 7)}\"\n"
           "  superstep cross-validate \"Ridge()\" train.h5 --learning-curve 0.1,0.33,1.0\n\n"
           "--out writes for every row what the model that has not seen it says.\n";
  }

  void describe(CommandLine& line) override {
    line.argument("ESTIMATOR", expression_, "as in scikit-learn: \"Ridge(alpha=0.1)\"");
    line.input("DATA", data_, "HDF5 file with /X and /y");
    line.output_option("out", out_, Content::predictions,
                       "out-of-fold predictions of every row: HDF5, .csv or .npy");
    line.option("method", "NAME", method_name_,
                "what --out holds: predict (if not given), predict_proba, ...");
    line.option("validation-curve", "GRID", validation_,
                "scores for each value of one parameter: \"{'C': [0.1, 1]}\"");
    line.option("learning-curve", "SIZES", learning_,
                "scores for growing parts of the training rows: fractions or numbers of rows");
    line.flag("dry-run", dry_run_, "print the plan and read nothing but the targets");
    choice_.describe(line);
  }

  void validate() override {
    estimator_ = estimator_of(expression_, data_);
    choice_.validate(*estimator_);
    if (static_cast<int>(out_.has_value()) + static_cast<int>(validation_.has_value()) +
            static_cast<int>(learning_.has_value()) >
        1) {
      throw UsageError(
          "--out, --validation-curve and --learning-curve exclude each other; give one");
    }
    if (validation_) {
      settings_ = expand_grid(*validation_);
      for (const ParamSetting& s : settings_) {
        if (s.size() != 1)
          throw UsageError("--validation-curve takes one parameter: {'C': [0.1, 1]}");
      }
      Search(*estimator_, settings_, {});
    }
    if (learning_) sizes_ = parse_train_sizes(*learning_);
    if (validation_ || learning_) choice_.train_scores = true;
    if (method_name_ && !out_) throw UsageError("--method says what --out FILE holds; give one");
    method_ = method_of(method_name_.value_or("predict"));
  }

  void run(Context& context) override {
    const FoldedData folds = choice_.open(context, data_, *estimator_);
    if (out_) collectively(context.comm(), [&] { check_partition(folds); });
    if (dry_run_) {
      show_plan(context, folds);
    } else if (learning_) {
      learning_curve(context, folds);
    } else if (validation_) {
      validation_curve(context, folds);
    } else {
      cross_validate(context, folds);
    }
  }

 private:
  /// Of the folds; the sizes of a learning curve multiply its fits, not its passes.
  void show_plan(Context& context, const FoldedData& folds) const {
    PlannedWork work{{},   folds, choice_.folds_in_words(), choice_.metrics(), choice_.train_scores,
                     false};
    for (const ParamSetting& setting : settings_) {
      work.candidates.push_back(estimator_->clone());
      work.candidates.back()->set(setting.front().first, setting.front().second);
    }
    if (settings_.empty()) work.candidates.push_back(estimator_->clone());
    const WorkPlan plan = plan_work(context.engine(), work);
    context.result(plan.json(), shown_plan(plan));
  }

  EvaluationOptions options(bool keeps_models) const {
    EvaluationOptions options{choice_.metrics(), choice_.train_scores, keeps_models};
    options.error_score = choice_.error_score();
    return options;
  }

  static Method method_of(const std::string& name) {
    std::vector<std::string> names;
    for (const Method m : {Method::predict, Method::predict_proba, Method::decision_function,
                           Method::score_samples, Method::transform}) {
      if (name == method_name(m)) return m;
      names.emplace_back(method_name(m));
    }
    throw UsageError(fmt::format("there is no --method '{}'; {}", name, did_you_mean(name, names)));
  }

  /// Said before the work: every row has to be tested exactly once.
  static void check_partition(const FoldedData& folds) {
    Index tested = 0;
    for (const SplitPtr& split : folds.splits) {
      const bool is_one = split && split->partition == folds.splits.front()->partition;
      tested += is_one ? split->test_rows : 0;
    }
    if (tested == folds.data->rows()) return;
    throw UsageError(
        "cross_val_predict only works for partitions: --out needs folds in which every row "
        "is tested exactly once, such as --cv 5");
  }

  /// Failed folds are told of once; all of them failing is an error.
  void report_failures(Context& context, const std::vector<Outcomes>& all) const {
    std::vector<const Outcomes*> outcomes;
    for (const Outcomes& o : all) outcomes.push_back(&o);
    const double score = choice_.error_score().value;
    for (const std::string& sentence : describe_failures(outcomes, score)) context.warn(sentence);
  }

  void cross_validate(Context& context, const FoldedData& folds) {
    Evaluator evaluator(context.engine(), folds, options(out_.has_value()));
    const Estimator* one = estimator_.get();
    const std::vector<Outcomes> all = evaluator.evaluate(std::span(&one, 1));
    report_failures(context, all);
    const Outcomes& outcomes = all.front();
    for (const FoldOutcome& o : outcomes) {
      if (o.report.warnings.empty()) continue;
      context.warn(o.report.warnings.front());
      break;
    }
    if (out_) write_predictions(context, folds, outcomes);
    Json json = Json::object();
    std::string text;
    const std::vector<std::string>& metrics = choice_.metrics();
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      for (const bool of_training : {false, true}) {
        if (of_training && !choice_.train_scores) continue;
        const std::string key = (of_training ? "train_" : "test_") + metrics[m];
        const std::vector<double> scores = scores_of(outcomes, m, of_training);
        json.set(key, scores)
            .set("mean_" + key, mean_of(scores))
            .set("std_" + key, deviation_of(scores));
        text += fmt::format("{:<24} {} +- {}  [", key, shown_number(mean_of(scores)),
                            shown_number(deviation_of(scores)));
        for (std::size_t k = 0; k < scores.size(); ++k) {
          text += (k == 0 ? "" : ", ") + shown_number(scores[k]);
        }
        text += "]\n";
      }
    }
    finish(context, folds, std::move(json), text);
  }

  void write_predictions(Context& context, const FoldedData& folds, const Outcomes& outcomes) {
    std::vector<Judged> models;
    for (std::size_t k = 0; k < outcomes.size(); ++k) {
      if (!outcomes[k].model) {
        throw AgreedError(ExitCode::bad_data,
                          fmt::format("fold {} has no model, so its rows have no "
                                      "predictions: {}",
                                      k, outcomes[k].failure));
      }
      models.push_back({outcomes[k].model, folds.splits[k]});
    }
    write_out_of_fold(context.engine(), models, method_, folds.data, *out_);
  }

  void validation_curve(Context& context, const FoldedData& folds) {
    std::vector<std::unique_ptr<Estimator>> estimators;
    std::vector<const Estimator*> pointers;
    Json values = Json::array();
    for (const ParamSetting& setting : settings_) {
      estimators.push_back(estimator_->clone());
      estimators.back()->set(setting.front().first, setting.front().second);
      pointers.push_back(estimators.back().get());
      values.push_back(Json(setting.front().second));
    }
    Evaluator evaluator(context.engine(), folds, options(false));
    const std::vector<Outcomes> all = evaluator.evaluate(pointers);
    report_failures(context, all);
    Json json = Json::object();
    json.set("param_name", settings_.front().front().first).set("param_range", std::move(values));
    std::vector<std::string> labels;
    for (const ParamSetting& s : settings_) labels.push_back(shown_value(s.front().second).repr());
    show_curve(context, folds, std::move(json), settings_.front().front().first, labels, all);
  }

  void learning_curve(Context& context, const FoldedData& folds) {
    const LearningCurve curve = plan_learning_curve(context.engine(), *estimator_, folds, sizes_);
    // All sizes are splits of the same candidate, so they share its passes.
    FoldedData parts{folds.data, {}};
    for (const auto& splits : curve.splits) {
      parts.splits.insert(parts.splits.end(), splits.begin(), splits.end());
    }
    Evaluator evaluator(context.engine(), parts, options(false));
    const Estimator* one = estimator_.get();
    const Outcomes outcomes = std::move(evaluator.evaluate(std::span(&one, 1)).front());
    std::vector<Outcomes> all;
    Json sizes = Json::array();
    std::vector<std::string> labels;
    const auto n = static_cast<std::ptrdiff_t>(folds.splits.size());
    for (std::size_t i = 0; i < curve.sizes.size(); ++i) {
      const auto begin = outcomes.begin() + static_cast<std::ptrdiff_t>(i) * n;
      all.emplace_back(begin, begin + n);
      sizes.push_back(curve.sizes[i]);
      labels.push_back(fmt::format("{}", curve.sizes[i]));
    }
    report_failures(context, all);
    Json json = Json::object();
    json.set("train_sizes", std::move(sizes));
    show_curve(context, folds, std::move(json), "rows", labels, all);
  }

  /// Arrays of scores by point of the curve and split, as learning_curve and validation_curve give.
  void show_curve(Context& context, const FoldedData& folds, Json json, const std::string& what,
                  const std::vector<std::string>& labels, const std::vector<Outcomes>& all) {
    std::string text;
    const std::vector<std::string>& metrics = choice_.metrics();
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      const std::string suffix = metrics.size() == 1 ? "scores" : metrics[m];
      Json train = Json::array(), test = Json::array();
      text += fmt::format("{:<16} {:>12} {:>12}   {}\n", what, "train", "test", metrics[m]);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::vector<double> trained = scores_of(all[i], m, true);
        const std::vector<double> tested = scores_of(all[i], m, false);
        train.push_back(Json(trained));
        test.push_back(Json(tested));
        text += fmt::format("{:<16} {:>12.6g} {:>12.6g}\n", labels[i], mean_of(trained),
                            mean_of(tested));
      }
      json.set("train_" + suffix, std::move(train)).set("test_" + suffix, std::move(test));
    }
    finish(context, folds, std::move(json), text);
  }

  void finish(Context& context, const FoldedData& folds, Json json, const std::string& text) const {
    std::string remarks;
    if (out_) {
      json.set("out", *out_);
      remarks = fmt::format("wrote {}\n", *out_);
    }
    json.set("n_splits", static_cast<Index>(folds.splits.size()));
    context.add_costs(json);
    context.result(std::move(json), text, remarks);
  }

  std::string expression_;
  std::string data_;
  std::optional<std::string> out_;
  std::optional<std::string> method_name_;
  Method method_ = Method::predict;
  bool dry_run_ = false;
  std::optional<std::string> validation_;
  std::optional<std::string> learning_;
  std::vector<ParamSetting> settings_;
  std::vector<double> sizes_;
  EvaluationChoice choice_;
  std::unique_ptr<Estimator> estimator_;
};

}  // namespace

std::unique_ptr<Command> cross_validate_command() { return std::make_unique<CrossValidate>(); }

}  // namespace superstep::app
