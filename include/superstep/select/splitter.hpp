// SPDX-License-Identifier: BSD-3-Clause
// How rows are split for cross-validation, by scikit-learn's names: from "5" or
// "StratifiedKFold(3, shuffle=True)" to splits that an engine can train and score on.
//
// Without shuffling the folds are scikit-learn's, row by row. What is drawn comes from Philox and
// depends on the seed and the places of the rows alone; sizes are scikit-learn's. Rows of any
// weight are rows. No splitter keeps anything for each row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/core/params.hpp>
#include <superstep/data/split.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/learn/estimator.hpp>

namespace superstep {

class Splitter {
 public:
  virtual ~Splitter() = default;
  virtual std::string name() const = 0;
  /// "KFold(n_splits=5, shuffle=False, random_state=None)": every parameter.
  virtual std::string expression() const = 0;
  /// How many splits, where that is known before the data are read; the groups decide elsewhere.
  virtual std::optional<Index> n_splits() const { return std::nullopt; }
  /// Whether /y is read and must be classes.
  virtual bool needs_classes() const { return false; }
  /// Whether DataOptions::groups must name a dataset.
  virtual bool needs_groups() const { return false; }
  /// Sets what an expression gives, positional arguments too. UsageError names the nearest.
  virtual void apply(const EstimatorExpression& expression) = 0;
  /// UsageError unless the parameters are in their ranges and go together.
  virtual void check_params() const = 0;

  /// The splits of the selected rows. Reads targets or groups, never features. AgreedError when the
  /// data do not allow them. **Collective.**
  Folds split(Engine& engine, const std::shared_ptr<Dataset>& data) const;

 protected:
  virtual Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const = 0;
};

/// The base of a splitter with parameter struct `P`.
template <class P>
class SplitterOf : public Splitter {
 public:
  explicit SplitterOf(P params = {}) : params_(std::move(params)) {}

  virtual const ParamTable<P>& param_table() const = 0;
  const P& params() const { return params_; }

  std::string name() const override { return param_table().estimator(); }
  std::string expression() const override { return param_table().repr(params_); }
  void apply(const EstimatorExpression& expression) override {
    param_table().apply(params_, expression);
  }
  void check_params() const override { param_table().check(params_); }

 private:
  P params_;
};

/// Every splitter, for help and messages.
struct RegisteredSplitter {
  const ParamTableBase* table;
  std::unique_ptr<Splitter> (*make)();
};
const std::vector<RegisteredSplitter>& splitters();

/// A splitter from its expression. A number K is StratifiedKFold(K) for classifiers and KFold(K)
/// otherwise, None is 5, as in scikit-learn. UsageError says what is wrong.
std::unique_ptr<Splitter> make_splitter(std::string_view expression, Kind kind);

/// One split as train_test_split makes it: `test_size` is a fraction or a number of rows ("0.2",
/// "500"); stratified for classifiers.
std::unique_ptr<Splitter> make_holdout(std::string_view test_size, Kind kind);

}  // namespace superstep
