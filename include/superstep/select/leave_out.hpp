// SPDX-License-Identifier: BSD-3-Clause
// Splits that leave out one, or each choice of p, of the rows or groups: exhaustive, so for few of
// them.
#pragma once

#include <superstep/select/splitter.hpp>

namespace superstep {

struct LeaveOneOutParams {};

/// Each row is tested once.
class LeaveOneOut final : public SplitterOf<LeaveOneOutParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<LeaveOneOutParams>& param_table() const override;

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

struct LeavePOutParams {
  Index p = 0;  ///< must be given, as in scikit-learn
};

/// Each choice of p rows is tested once.
class LeavePOut final : public SplitterOf<LeavePOutParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<LeavePOutParams>& param_table() const override;
  void check_params() const override;

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

struct LeavePGroupsOutParams {
  Index n_groups = 0;  ///< must be given, as in scikit-learn
};

/// Each choice of n_groups groups is tested once.
class LeavePGroupsOut final : public SplitterOf<LeavePGroupsOutParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<LeavePGroupsOutParams>& param_table() const override;
  void check_params() const override;
  bool needs_groups() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

}  // namespace superstep
