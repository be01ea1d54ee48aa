// SPDX-License-Identifier: BSD-3-Clause
// Every row is tested once: KFold and StratifiedKFold, and the two repeated in other orders.
#pragma once

#include <superstep/data/k_folds.hpp>
#include <superstep/select/splitter.hpp>

namespace superstep {

/// Runs of rows of nearly equal length, in the order of the file or in one drawn.
class KFold final : public SplitterOf<KFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<KFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

/// The same within each class, so that every fold has its share of each.
class StratifiedKFold final : public SplitterOf<KFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<KFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }
  bool needs_classes() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

struct RepeatedKFoldParams {
  Index n_splits = 5;
  Index n_repeats = 10;
  std::optional<Index> random_state{};
};

/// KFold(shuffle=True) several times, each in an order of its own.
class RepeatedKFold final : public SplitterOf<RepeatedKFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<RepeatedKFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits * params().n_repeats; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

/// StratifiedKFold(shuffle=True) several times.
class RepeatedStratifiedKFold final : public SplitterOf<RepeatedKFoldParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<RepeatedKFoldParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits * params().n_repeats; }
  bool needs_classes() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

}  // namespace superstep
