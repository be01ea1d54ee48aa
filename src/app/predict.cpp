// SPDX-License-Identifier: BSD-3-Clause
// superstep predict MODEL DATA --out FILE, superstep transform MODEL DATA --out FILE
#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/dataset_writer.hpp>
#include <superstep/learn/apply.hpp>
#include <superstep/learn/sparse_transform.hpp>

#include "app/bulk_work.hpp"
#include "app/column_choice.hpp"
#include "app/commands.hpp"

namespace superstep::app {

namespace {

/// What both commands do: a model's output for every row, into a file.
class Apply : public Command {
 public:
  void describe(CommandLine& line) override {
    line.input("MODEL", model_, "model file that fit wrote");
    line.input("DATA", data_, "HDF5 file with /X");
    line.output_option("out", out_, content(),
                       "where the result goes: HDF5, .csv or .npy by its suffix");
    describe_more(line);
    columns_.describe(line);
    choice_.describe(line);
  }

  void validate() override {
    if (out_.empty()) {
      throw UsageError(fmt::format("{} needs --out FILE, where the result goes", name()));
    }
  }

  void run(Context& context) override {
    const Fitted loaded = context.session().load(model_);
    collectively(context.comm(), [&] { check_method(loaded.model(), method()); });
    const Data data = choice_.open(context, data_);
    const ModelPtr model = columns_.match(context, loaded, data);
    const Written written =
        method() == Method::transform && leaves_sparse(*model, *data.dataset(), out_)
            ? write_sparse(context, model, data.dataset())
            : write_output(context.engine(), *model, method(), data.dataset(), out_);
    Json json = Json::object();
    json.set("out", out_);
    if (!written.dataset.empty()) json.set("dataset", written.dataset);
    json.set("rows", written.rows).set("columns", written.columns);
    context.result(std::move(json), "",
                   fmt::format("wrote {}, {} rows x {} column{}\n",
                               written.dataset.empty() ? out_ : out_ + ":" + written.dataset,
                               format_count(written.rows), format_count(written.columns),
                               written.columns == 1 ? "" : "s"));
  }

 protected:
  virtual Content content() const { return Content::predictions; }
  virtual void describe_more(CommandLine&) {}
  virtual Method method() const = 0;

 private:
  Written write_sparse(Context& context, const ModelPtr& model,
                       const std::shared_ptr<Dataset>& data) const;

  std::string model_;
  std::string data_;
  std::string out_;
  ColumnChoice columns_;
  DataChoice choice_;
};

/// Sparse rows that stay so, as such.
Written Apply::write_sparse(Context& context, const ModelPtr& model,
                            const std::shared_ptr<Dataset>& data) const {
  BulkWork work(context);
  work.begin(fmt::format("look through {}", data_), data->rows(),
             data->feature_bytes(data->rows()));
  const auto rows = sparse_transform(context.comm(), model, data, work.parallel_for());
  work.begin(fmt::format("transform {}", data_), data->rows(), data->feature_bytes(data->rows()));
  write_dataset(context.comm(), out_, *rows, {}, {}, work.write_means());
  return {"/X", rows->format().rows, rows->format().columns};
}

class Predict final : public Apply {
 public:
  std::string name() const override { return "predict"; }
  std::string summary() const override { return "what a model says about every row"; }
  std::string details() const override {
    return "example:\n"
           "  superstep predict model.h5 new.h5 --out answers.h5 --method predict_proba\n"
           "  superstep predict model.h5 new.h5 --out answers.csv\n\n"
           "The result is a dataset named like the method. Classes are written as the labels they\n"
           "stand for. The suffix .csv makes a table of text with a header (predict, or\n"
           "predict_proba_<class> for each class), .npy an array for numpy.load.\n";
  }
  void validate() override {
    std::vector<std::string> names;
    for (const Method m : {Method::predict, Method::predict_proba, Method::decision_function,
                           Method::score_samples}) {
      names.emplace_back(method_name(m));
      if (names.back() == method_name_) method_ = m;
    }
    if (method_name_ != method_name(method_)) {
      throw UsageError(fmt::format("there is no --method '{}'; {}", method_name_,
                                   did_you_mean(method_name_, names)));
    }
    Apply::validate();
  }

 private:
  void describe_more(CommandLine& line) override {
    line.option("method", "NAME", method_name_,
                "predict, predict_proba, decision_function or score_samples");
  }
  Method method() const override { return method_; }

  std::string method_name_ = "predict";
  Method method_ = Method::predict;
};

class Transform final : public Apply {
 public:
  std::string name() const override { return "transform"; }
  std::string summary() const override { return "a dataset as a fitted transformer sees it"; }
  std::string details() const override {
    return "example:\n"
           "  superstep transform scaler.h5 train.h5 --out scaled.h5\n\n"
           "The result is in /X; /y and /weight are carried over, /feature_names where they still\n"
           "mean something: scalers keep them, PCA makes pca0, pca1, ... Where categories pass, "
           "the\n"
           "result is a table, /table. Sparse rows stay sparse where the model leaves them so. The "
           "suffix .csv makes a\n"
           "table of text with a header, .npy an array for numpy.load, both without /y and "
           "/weight.\n";
  }

 private:
  Content content() const override { return Content::dataset; }
  Method method() const override { return Method::transform; }
};

}  // namespace

std::unique_ptr<Command> predict_command() { return std::make_unique<Predict>(); }
std::unique_ptr<Command> transform_command() { return std::make_unique<Transform>(); }

}  // namespace superstep::app
