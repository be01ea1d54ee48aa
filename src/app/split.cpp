// SPDX-License-Identifier: BSD-3-Clause
// superstep split DATA TRAIN TEST --test-size F
#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/split_parts.hpp>
#include <superstep/io/dataset_layout.hpp>
#include <superstep/select/splitter.hpp>

#include "app/bulk_work.hpp"
#include "app/commands.hpp"

namespace superstep::app {

namespace {

constexpr const char* usual_groups = "/groups";
constexpr const char* usual_test_size = "0.25";  // scikit-learn's train_test_split

class SplitData final : public Command {
 public:
  std::string name() const override { return "split"; }
  std::string summary() const override { return "a dataset for training and one for testing"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep split all.h5 train.h5 test.h5 --test-size 0.25 --stratify --seed 1\n"
           "  superstep split visits.h5 train.h5 test.h5 --test-size 0.2 --groups /patient\n\n"
           "As scikit-learn's train_test_split: sizes are a fraction of the rows or a number of\n"
           "them; --stratify draws from each class of /y in proportion, --groups keeps the rows "
           "of\n"
           "a group together (sizes are of the groups then). The rows keep their order in each\n"
           "part. Both files have /X or the table, /y, /weight, /feature_names and the groups,\n"
           "where there are these; features stay float32 or float64, columns of a table what\n"
           "they are, free text too, targets numbers or text. Which rows\n"
           "are drawn depends on the seed and the number of rows, not on ranks.\n";
  }

  void describe(CommandLine& line) override {
    line.input("DATA", data_, "HDF5 file with /X");
    line.output("TRAIN", train_, Content::dataset, "file for the rows that train");
    line.output("TEST", test_, Content::dataset, "file for the rows that are tested");
    line.option("test-size", "F", test_size_,
                "fraction or number of the rows that are tested (default: what --train-size "
                "leaves, else 0.25)");
    line.option("train-size", "F", train_size_,
                "the same for those that train (default: all that are not tested)");
    line.flag("stratify", stratify_, "each class in proportion");
    choice_.describe(line);
    choice_.describe_groups(line);
    storage_.describe(line);
  }

  void validate() override {
    if (stratify_ && !choice_.options.groups.empty()) {
      throw UsageError(
          "--stratify draws rows and --groups keeps some together; give one of them "
          "(`superstep folds` with StratifiedGroupKFold does both, in folds)");
    }
    storage_.choice();
    splitter_ = make_splitter(expression(), Kind::regressor);
  }

  void run(Context& context) override {
    BulkWork work(context);
    find_groups(context);
    const Data data = choice_.open(context, data_);
    const Folds folds = splitter_->split(context.engine(), data.dataset());
    for (const std::string& warning : folds.warnings) context.warn(warning);
    const SplitParts parts(context.comm(), data.dataset(), folds.splits.front(),
                           work.parallel_for());
    write(context, work, parts, Role::train, train_);
    write(context, work, parts, Role::test, test_);
    report(context, *data.dataset(), parts);
  }

 private:
  std::string expression() const;
  void find_groups(const Context& context);
  void write(const Context& context, BulkWork& work, const SplitParts& parts, Role role,
             const std::string& path) const;
  void report(Context& context, const Dataset& data, const SplitParts& parts) const;

  std::string data_;
  std::string train_;
  std::string test_;
  std::optional<std::string> test_size_;
  std::optional<std::string> train_size_;
  bool stratify_ = false;
  DataChoice choice_;
  StorageOptions storage_;
  std::unique_ptr<Splitter> splitter_;
};

/// The splitter that draws once.
std::string SplitData::expression() const {
  const char* name = stratify_                        ? "StratifiedShuffleSplit"
                     : choice_.options.groups.empty() ? "ShuffleSplit"
                                                      : "GroupShuffleSplit";
  const auto size = [](const char* option, const std::string& text) {
    const Value value = parse_value(text);
    if (value.is_number()) return value.repr();
    throw UsageError(fmt::format("--{} is a fraction or a number of rows, such as 0.25, got {}",
                                 option, shorten(value.repr(), 60)));
  };
  std::string sizes;
  if (test_size_ || !train_size_) {
    sizes += ", test_size=" + size("test-size", test_size_.value_or(usual_test_size));
  }
  if (train_size_) sizes += ", train_size=" + size("train-size", *train_size_);
  return fmt::format("{}(n_splits=1{})", name, sizes);
}

/// Groups that nobody asked for are carried over where they stand in their usual place.
void SplitData::find_groups(const Context& context) {
  if (!choice_.options.groups.empty()) return;
  Index found = 0;
  on_root(context.comm(), [&] {
    try {
      const auto layout = describe_if_present(data_, usual_groups);
      found = layout && layout->columns() == 1 ? 1 : 0;
    } catch (const DataError&) {
      found = 0;  // something else of that name
    }
  });
  if (context.comm().max(found) == 1) choice_.options.groups = usual_groups;
}

void SplitData::write(const Context& context, BulkWork& work, const SplitParts& parts, Role role,
                      const std::string& path) const {
  const auto rows = parts.source(role);
  const RowFormat& format = rows->format();
  const auto value_bytes = static_cast<std::size_t>(format.is_float32 ? 4 : 8);
  work.begin(fmt::format("write {}", path), format.rows,
             format.sparse ? static_cast<std::size_t>(format.sparse->all()) * (value_bytes + 4)
                           : static_cast<std::size_t>(format.rows * format.columns) * value_bytes);
  write_dataset(context.comm(), path, *rows, storage_.choice(), {}, work.write_means());
}

void SplitData::report(Context& context, const Dataset& data, const SplitParts& parts) const {
  const auto line = [&](const std::string& path, Role role) {
    return fmt::format("wrote {}: {} rows x {} columns {}\n", path, format_count(parts.rows(role)),
                       format_count(data.columns()),
                       data.is_table()     ? "as a table"
                       : data.is_sparse()  ? "as sparse rows"
                       : data.is_float32() ? "float32"
                                           : "float64");
  };
  Json json = Json::object();
  json.set("train", train_)
      .set("test", test_)
      .set("train_rows", parts.rows(Role::train))
      .set("test_rows", parts.rows(Role::test))
      .set("columns", data.columns())
      .set("splitter", splitter_->expression());
  context.result(std::move(json), "", line(train_, Role::train) + line(test_, Role::test));
}

}  // namespace

std::unique_ptr<Command> split_command() { return std::make_unique<SplitData>(); }

}  // namespace superstep::app
