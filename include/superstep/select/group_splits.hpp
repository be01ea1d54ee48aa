// SPDX-License-Identifier: BSD-3-Clause
// Splits that the groups of the rows decide: GroupKFold, LeaveOneGroupOut, PredefinedSplit. Groups
// are numbers or text, from the dataset that --groups names.
#pragma once

#include <superstep/select/splitter.hpp>

namespace superstep {

struct GroupKFoldParams {
  Index n_splits = 5;
};

/// Rows of a group stay together; the largest groups are dealt out first, each to the fold that has
/// the fewest rows.
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

struct LeaveOneGroupOutParams {};

/// Each group is tested once.
class LeaveOneGroupOut final : public SplitterOf<LeaveOneGroupOutParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<LeaveOneGroupOutParams>& param_table() const override;
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
