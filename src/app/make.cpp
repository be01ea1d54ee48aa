// SPDX-License-Identifier: BSD-3-Clause
// superstep make KIND FILE
#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include <superstep/data/generators.hpp>

#include "app/bulk_work.hpp"
#include "app/commands.hpp"

namespace superstep::app {

namespace {

class Make final : public Command {
 public:
  std::string name() const override { return "make"; }
  std::string summary() const override { return "write a synthetic dataset"; }
  std::string details() const override {
    return "KIND is one of\n"
           "  classification  informative columns around a corner of a cube for each class and "
           "centre\n"
           "  regression      y = intercept + X coef + noise; /true_coef and /true_intercept are "
           "kept\n"
           "  blobs           points around centres, kept in /true_centers\n"
           "  counts          y ~ Poisson(exp(intercept + X coef + noise))\n"
           "Every value depends on the seed and its row alone: the file is the same on any number "
           "of ranks.\n"
           "\nexamples:\n"
           "  superstep make classification train.h5 --rows 100000 --columns 50 --classes 3 --seed "
           "1\n"
           "  mpirun -n 4 superstep make regression big.h5 --rows 10000000 --dtype float32 "
           "--compress 1\n";
  }

  void describe(CommandLine& line) override {
    line.argument("KIND", options_.kind, "classification, regression, blobs or counts");
    line.output("FILE", file_, Content::dataset, "HDF5 file to write");
    line.option("rows", "N", options_.rows, "rows");
    line.option("columns", "N", options_.columns, "columns of /X");
    line.option("informative", "N", options_.informative,
                "the first N columns matter (default: half of them; not blobs)");
    line.option("targets", "N", options_.targets,
                "regression: values of /y in each row (default 1)");
    line.option("classes", "N", options_.classes, "classes (classification; default 2)");
    line.option("centers", "N", options_.centers,
                "blobs: centres (default 3); classification: centres of each class (default 1)");
    line.option("separation", "S", options_.separation,
                "classification: half the side of the cube (default 1.0)");
    line.option("noise", "S", options_.noise,
                "classification: fraction of wrong labels (default 0.01); else standard deviation "
                "(default 1.0, counts 0.0)");
    line.option("dtype", "TYPE", options_.dtype, "float64 or float32");
    line.flag("names", options_.has_names, "also write /feature_names x0, x1, ...");
    storage_.describe(line);
  }

  void validate() override {
    make_generator(options_);  // for its messages; the seed comes with the session
    storage_.choice();
  }

  void run(Context& context) override {
    options_.seed = static_cast<std::uint64_t>(context.common().seed);
    const auto generator = make_generator(options_);
    const RowFormat& format = generator->format();
    const std::size_t bytes =
        static_cast<std::size_t>(format.rows * format.columns) * (format.is_float32 ? 4 : 8);
    BulkWork work(context);
    work.begin(fmt::format("make {}", options_.kind), format.rows, bytes);
    const double start_s = context.seconds();
    write_dataset(context.comm(), file_, *generator, storage_.choice(),
                  {generator->truth(), {{"made_by", generator->expression()}}}, work.write_means());
    const double write_s = std::max(context.seconds() - start_s, 1e-9);
    report(context, format, static_cast<double>(format.rows) / write_s);
  }

 private:
  void report(Context& context, const RowFormat& format, double rows_per_s) const {
    Json json = Json::object();
    json.set("file", file_)
        .set("kind", options_.kind)
        .set("rows", format.rows)
        .set("columns", format.columns)
        .set("dtype", options_.dtype)
        .set("rows_per_second", rows_per_s)
        .set("ranks", context.comm().size());
    context.result(std::move(json), "",
                   fmt::format("wrote {}: {} rows x {} columns {} in {} ({} rows/s)\n", file_,
                               format_count(format.rows), format_count(format.columns),
                               options_.dtype, format_duration(context.seconds()),
                               format_count(static_cast<std::int64_t>(rows_per_s))));
  }

  GeneratorOptions options_;
  std::string file_;
  StorageOptions storage_;
};

}  // namespace

std::unique_ptr<Command> make_command() { return std::make_unique<Make>(); }

}  // namespace superstep::app
