// SPDX-License-Identifier: BSD-3-Clause
// superstep folds DATA --cv EXPR --out FILE
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/parallel_file.hpp>
#include <superstep/select/splitter.hpp>

#include "app/commands.hpp"

namespace superstep::app {

namespace {

/// What a value of /folds says of a row in a split.
std::int32_t number_of(Role role) {
  switch (role) {
    case Role::train:
      return 1;
    case Role::test:
      return 2;
    case Role::unused:
      break;
  }
  return 0;
}

/// The roles of a block's rows in every split, row by row.
class RoleTable {
 public:
  explicit RoleTable(const std::vector<SplitPtr>& splits) : splits_(splits) {}

  /// The block is known by its place alone: partitions read targets and groups themselves.
  void look_at(const Block& block) {
    for (const SplitPtr& split : splits_) {
      auto& cells = cells_[split->partition.get()];
      cells.resize(static_cast<std::size_t>(block.rows));
    }
    for (auto& [partition, cells] : cells_) partition->assign(block, cells.data());
  }

  /// The roles of rows [first, first + count) of the block.
  const std::vector<std::int32_t>& rows(Index first, Index count) {
    const std::size_t width = splits_.size();
    numbers_.resize(static_cast<std::size_t>(count) * width);
    for (std::size_t s = 0; s < width; ++s) {
      const auto& cells = cells_[splits_[s]->partition.get()];
      for (Index i = 0; i < count; ++i) {
        numbers_[static_cast<std::size_t>(i) * width + s] =
            number_of(splits_[s]->role_of(cells[static_cast<std::size_t>(first + i)]));
      }
    }
    return numbers_;
  }

 private:
  const std::vector<SplitPtr>& splits_;
  std::map<const Partition*, std::vector<std::int32_t>> cells_;
  std::vector<std::int32_t> numbers_;
};

/// Writes /folds, rows x splits. **Collective.**
void write_folds(const Communicator& comm, const Dataset& data, const std::vector<SplitPtr>& splits,
                 const std::string& path) {
  ParallelFile file = ParallelFile::create(comm, path);
  const auto dataset =
      file.create_dataset("/folds", int32_type(), {data.rows(), std::ssize(splits)});
  const Index rows_at_once = std::max<Index>((Index{1} << 20) / std::ssize(splits), 1);
  collectively(comm, [&] {
    RoleTable roles(splits);
    const BlockPlan& blocks = data.blocks();
    const Share share = share_of(blocks.size(), comm.rank(), comm.size());
    for (Index i = share.begin; i < share.end; ++i) {
      Block block = bare_block(blocks, i);
      roles.look_at(block);
      for (Index first = 0; first < block.rows; first += rows_at_once) {
        const Index count = std::min(rows_at_once, block.rows - first);
        file.write_rows(dataset, block.first_place + first, count, roles.rows(first, count).data());
      }
      comm.answer();
    }
  });
  file.commit();
}

class ShowFolds final : public Command {
 public:
  std::string name() const override { return "folds"; }
  std::string summary() const override { return "which rows each fold trains and tests on"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep folds train.h5 --cv \"StratifiedKFold(3)\"\n"
           "  superstep folds train.h5 --cv \"GroupKFold(5)\" --groups /patient --out folds.h5\n\n"
           "--out gets a dataset /folds, a row for each selected row and a column for each split:\n"
           "1 the row trains, 2 it is tested, 0 neither. `superstep help KFold` tells what a\n"
           "splitter takes.\n";
  }

  void describe(CommandLine& line) override {
    line.input("DATA", data_, "HDF5 file with /X");
    line.option("cv", "K", cv_,
                "number of folds, or a splitter such as \"KFold(5, shuffle=True)\"");
    line.option("holdout", "F", holdout_, "instead: test this fraction or number of rows once");
    line.flag("classifier", classifier_,
              "as for a classifier: a number of folds or a hold-out is "
              "stratified");
    line.output_option("out", out_, Content::predictions,
                       "where the folds go, if they are wanted row by row");
    choice_.describe(line);
    choice_.describe_groups(line);
  }

  void validate() override {
    const Kind kind = classifier_ ? Kind::classifier : Kind::regressor;
    if (cv_ && holdout_) throw UsageError("give --cv or --holdout, not both");
    splitter_ = holdout_ ? make_holdout(*holdout_, kind) : make_splitter(cv_.value_or("5"), kind);
  }

  void run(Context& context) override {
    const Data data = choice_.open(context, data_);
    const Folds folds = splitter_->split(context.engine(), data.dataset());
    for (const std::string& warning : folds.warnings) context.warn(warning);
    if (out_) write_folds(context.comm(), *data.dataset(), folds.splits, *out_);
    Json train = Json::array();
    Json test = Json::array();
    std::string text, remarks;
    for (std::size_t i = 0; i < folds.splits.size(); ++i) {
      const Split& split = *folds.splits[i];
      train.push_back(split.train_rows);
      test.push_back(split.test_rows);
      text += fmt::format("split {}: {} rows train, {} are tested\n", i,
                          format_count(split.train_rows), format_count(split.test_rows));
    }
    Json json = Json::object();
    json.set("cv", splitter_->expression())
        .set("n_splits", std::ssize(folds.splits))
        .set("train_rows", std::move(train))
        .set("test_rows", std::move(test));
    if (out_) {
      json.set("out", *out_).set("dataset", "/folds");
      remarks = fmt::format("wrote {}:/folds, {} rows x {} splits\n", *out_,
                            format_count(data.rows()), folds.splits.size());
    }
    context.result(std::move(json), text, remarks);
  }

 private:
  std::string data_;
  std::optional<std::string> cv_;
  std::optional<std::string> holdout_;
  bool classifier_ = false;
  std::optional<std::string> out_;
  DataChoice choice_;
  std::unique_ptr<Splitter> splitter_;
};

}  // namespace

std::unique_ptr<Command> folds_command() { return std::make_unique<ShowFolds>(); }

}  // namespace superstep::app
