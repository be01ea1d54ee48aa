// SPDX-License-Identifier: BSD-3-Clause
// superstep score MODEL DATA --scoring A,B
#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/metrics/score.hpp>

#include "app/column_choice.hpp"
#include "app/commands.hpp"
#include "app/evaluation_choice.hpp"

namespace superstep::app {

namespace {

class Score final : public Command {
 public:
  std::string name() const override { return "score"; }
  std::string summary() const override { return "how good a model is on a dataset"; }
  std::string details() const override {
    std::vector<std::string> names;
    for (const Metric& m : metrics()) names.push_back(m.name);
    return fmt::format(
        "example:\n"
        "  superstep score model.h5 test.h5 --scoring accuracy,roc_auc,neg_log_loss\n\n"
        "Metrics have scikit-learn's scorer names, or plain ones: mse is the negative of\n"
        "neg_mean_squared_error. /weight counts where there is one. All of them:\n  {}\n",
        join(names, "and"));
  }

  void describe(CommandLine& line) override {
    line.argument("MODEL", model_, "model file that fit wrote");
    line.argument("DATA", data_, "HDF5 file with /X and /y");
    line.option("scoring", "A,B", scoring_, "metrics; accuracy for classifiers, r2 for regressors");
    columns_.describe(line);
    choice_.describe(line);
  }

  void validate() override {
    if (!scoring_) return;
    metrics_ = split_at_commas(*scoring_);
    if (metrics_.empty()) throw UsageError("--scoring names no metric");
    for (const std::string& name : metrics_) find_metric(name);
  }

  void run(Context& context) override {
    const Fitted loaded = context.session().load(model_);
    collectively(context.comm(), [&] {
      if (metrics_.empty()) metrics_.push_back(default_metric(loaded.model()));
      for (const std::string& name : metrics_) metric_for(loaded.model(), name);
    });
    const Data data = choice_.open(context, data_);
    const ModelPtr model = columns_.match(context, loaded, data);
    note_positive_class(context, *model, metrics_);
    const std::vector<double> values = score(context.engine(), *model, data.dataset(), metrics_);
    Json json = Json::object();
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      json.set(metrics_[i], values[i]);
      text += fmt::format("{} {}\n", metrics_[i], format_double(values[i]));
    }
    context.result(std::move(json), text);
  }

 private:
  std::string model_;
  std::string data_;
  std::optional<std::string> scoring_;
  std::vector<std::string> metrics_;
  ColumnChoice columns_;
  DataChoice choice_;
};

}  // namespace

std::unique_ptr<Command> score_command() { return std::make_unique<Score>(); }

}  // namespace superstep::app
