// SPDX-License-Identifier: BSD-3-Clause
// Splits that are drawn one by one: some rows train, some are tested, some may be unused.
#pragma once

#include <superstep/select/splitter.hpp>

namespace superstep {

struct ShuffleSplitParams {
  Index n_splits = 10;
  Value test_size{};  ///< fraction, number of rows, or None: what train_size leaves, else 0.1
  Value train_size{};
  std::optional<Index> random_state{};  ///< None: the seed of the engine
};

/// Rows drawn at random for each split.
class ShuffleSplit final : public SplitterOf<ShuffleSplitParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<ShuffleSplitParams>& param_table() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

/// The same within each class, in proportion to their sizes.
class StratifiedShuffleSplit final : public SplitterOf<ShuffleSplitParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<ShuffleSplitParams>& param_table() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }
  bool needs_classes() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

struct GroupShuffleSplitParams : ShuffleSplitParams {
  GroupShuffleSplitParams() { n_splits = 5; }
};

/// Groups drawn at random for each split; sizes are numbers of groups.
class GroupShuffleSplit final : public SplitterOf<GroupShuffleSplitParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<GroupShuffleSplitParams>& param_table() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }
  bool needs_groups() const override { return true; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

}  // namespace superstep
