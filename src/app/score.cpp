// SPDX-License-Identifier: BSD-3-Clause
// superstep score MODEL DATA --scoring A,B
#include <fmt/format.h>

#include <algorithm>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/atomic_file.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/metrics/report.hpp>
#include <superstep/learn/metrics/score.hpp>

#include "app/column_choice.hpp"
#include "app/commands.hpp"
#include "app/evaluation_choice.hpp"
#include "app/shown.hpp"

namespace superstep::app {

namespace {

bool is_about_one(const std::string& name) { return find_metric_or_report(name).has_positive; }

class Score final : public Command {
 public:
  std::string name() const override { return "score"; }
  std::string summary() const override { return "how good a model is on a dataset"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep score model.h5 test.h5 --scoring accuracy,roc_auc,neg_log_loss\n"
           "  superstep score model.h5 test.h5 --report confusion_matrix,classification_report\n"
           "  superstep score model.h5 test.h5 --report roc_curve --report-out roc.csv\n\n"
           "Metrics have scikit-learn's scorer names, or plain ones: mse is the negative of\n"
           "neg_mean_squared_error. /weight counts where there is one, except where classes are\n"
           "compared with clusters, as in scikit-learn. Of two classes 1 is the positive\n"
           "one, as in scikit-learn, else the greater. top_k_accuracy looks at the best two.\n"
           "`superstep help scoring` lists them all.\n";
  }

  void describe(CommandLine& line) override {
    line.input("MODEL", model_, "model file that fit wrote");
    line.input("DATA", data_, "HDF5 file with /X and /y");
    line.option("scoring", "A,B", scoring_, "metrics; accuracy for classifiers, r2 for regressors");
    line.option("report", "A,B", report_,
                "confusion_matrix, classification_report, roc_curve, precision_recall_curve, "
                "det_curve");
    line.output_option("report-out", report_out_, Content::report,
                       "where the reports go as well: one as .csv, any number as .json");
    line.option("pos-label", "LABEL", pos_label_,
                "the positive class of two (default: 1, else the greater one)");
    columns_.describe(line);
    choice_.describe(line);
  }

  void validate() override {
    check_reports();
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
      for (const std::string& name : reports_) metric_for(loaded.model(), name);
    });
    Index positive = -1;
    collectively(context.comm(), [&] { positive = positive_class(loaded.model()); });
    const Data data = choice_.open(context, data_);
    const ModelPtr model = columns_.match(context, loaded, data);
    std::vector<std::string> names = metrics_;
    names.insert(names.end(), reports_.begin(), reports_.end());
    note_positive_class(context, *model, names, positive);
    const Scores scores =
        score(context.engine(), *model, data.dataset(), metrics_, reports_, positive);
    const std::vector<double>& values = scores.values;
    Json json = Json::object();
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      json.set(metrics_[i], values[i]);
      text += fmt::format("{} {}\n", metrics_[i], shown_number(values[i]));
    }
    if (is_about_one_class(*model)) {
      const Labels& classes = *model->classes();
      json.set("pos_label", classes.text(positive < 0 ? usual_positive(classes) : positive));
    }
    add_reports(context, *model, scores.statistics, json, text);
    context.result(std::move(json), text,
                   report_out_ ? fmt::format("wrote {}\n", *report_out_) : "");
  }

 private:
  void check_reports();
  void add_reports(const Context& context, const Model& model, const MetricStatistics& statistics,
                   Json& json, std::string& text) const;
  Index positive_class(const Model& model) const;
  bool is_about_one_class(const Model& model) const;
  Index usual_positive(const Labels& classes) const;

  std::string model_;
  std::string data_;
  std::optional<std::string> scoring_;
  std::optional<std::string> report_;
  std::optional<std::string> report_out_;
  std::vector<std::string> reports_;
  std::optional<std::string> pos_label_;
  std::vector<std::string> metrics_;
  ColumnChoice columns_;
  DataChoice choice_;
};

void Score::check_reports() {
  if (report_out_ && !report_) throw UsageError("--report-out needs --report, what to write");
  if (!report_) return;
  reports_ = split_at_commas(*report_);
  std::vector<std::string> names;
  for (const Metric& m : reports()) names.push_back(m.name);
  for (const std::string& name : reports_) {
    if (std::ranges::find(names, name) == names.end()) {
      throw UsageError(fmt::format("there is no report '{}'; {}", name, did_you_mean(name, names)));
    }
  }
  if (!report_out_) return;
  const bool is_csv = report_out_->ends_with(".csv");
  if (!is_csv && !report_out_->ends_with(".json")) {
    throw UsageError(
        fmt::format("--report-out writes FILE.csv or FILE.json, got {}", *report_out_));
  }
  if (is_csv && reports_.size() != 1) {
    throw UsageError("a CSV file holds one report; name one with --report, or write FILE.json");
  }
}

void Score::add_reports(const Context& context, const Model& model,
                        const MetricStatistics& statistics, Json& json, std::string& text) const {
  if (reports_.empty()) return;
  Json all = Json::object();
  std::string csv;
  collectively(context.comm(), [&] {
    for (const std::string& name : reports_) {
      Report report;
      try {
        report = make_report(name, *model.classes(), statistics);
      } catch (const DataError& e) {
        throw DataError(fmt::format("{} of {}: {}", name, data_, e.what()));
      }
      text += report.text;
      csv = std::move(report.csv);
      all.set(name, report.json);
      json.set(name, std::move(report.json));
    }
  });
  if (!report_out_) return;
  on_root(context.comm(), [&] {
    write_file(*report_out_, report_out_->ends_with(".csv") ? csv : all.dump(2) + "\n");
  });
  json.set("report_out", *report_out_);
}

/// UsageError unless the model has two classes and the label is one of them.
Index Score::positive_class(const Model& model) const {
  if (!pos_label_) return -1;
  const Labels* classes = model.classes();
  if (classes == nullptr || classes->size() != 2) {
    throw UsageError(fmt::format("--pos-label chooses one of two classes, and {} has {}",
                                 estimator_name(model),
                                 classes == nullptr ? "none" : std::to_string(classes->size())));
  }
  for (Index i = 0; i < 2; ++i) {
    if (classes->text(i) == *pos_label_) return i;
  }
  throw UsageError(fmt::format("pos_label={} is not a valid label: it should be one of {} and {}",
                               shorten(*pos_label_, 60), shorten(classes->text(0), 60),
                               shorten(classes->text(1), 60)));
}

bool Score::is_about_one_class(const Model& model) const {
  return model.classes() != nullptr && model.classes()->size() == 2 &&
         (std::ranges::any_of(metrics_, &is_about_one) ||
          std::ranges::any_of(reports_, &is_about_one));
}

/// Of the first metric or report that is about one class.
Index Score::usual_positive(const Labels& classes) const {
  const auto metric = std::ranges::find_if(metrics_, &is_about_one);
  const std::string& name =
      metric != metrics_.end() ? *metric : *std::ranges::find_if(reports_, &is_about_one);
  return superstep::positive_class(find_metric_or_report(name), classes);
}

}  // namespace

std::unique_ptr<Command> score_command() { return std::make_unique<Score>(); }

}  // namespace superstep::app
