// SPDX-License-Identifier: BSD-3-Clause
// Splits that the groups of the rows decide: GroupKFold, StratifiedGroupKFold, PredefinedSplit.
// Groups are numbers or text, from the dataset that --groups names.
#pragma once

#include <superstep/select/splitter.hpp>

namespace superstep {

struct GroupKFoldParams {
  Index n_splits = 5;
  bool shuffle = false;
  std::optional<Index> random_state{};  ///< None: the seed of the engine
};

/// Rows of a group stay together; the largest groups are dealt out first, each to the fold that has
/// the fewest rows. Shuffled: each fold gets the same number of groups, drawn.
class GroupKFold final : public SplitterOf<GroupKFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<GroupKFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }
  bool needs_groups() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

/// Rows of a group stay together, and every fold has nearly its share of each class.
class StratifiedGroupKFold final : public SplitterOf<GroupKFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<GroupKFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }
  bool needs_classes() const override { return true; }
  bool needs_groups() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

struct PredefinedSplitParams {};

/// The groups are the numbers of the folds that test the rows; -1: the row always trains.
class PredefinedSplit final : public SplitterOf<PredefinedSplitParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<PredefinedSplitParams>& param_table() const override;
  bool needs_groups() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

}  // namespace superstep
