// SPDX-License-Identifier: BSD-3-Clause
// TimeSeriesSplit: every test run is predicted from the rows before it.
#pragma once

#include <superstep/select/splitter.hpp>

namespace superstep {

struct TimeSeriesSplitParams {
  Index n_splits = 5;
  std::optional<Index> max_train_size{};
  std::optional<Index> test_size{};  ///< None: rows / (n_splits + 1)
  Index gap = 0;                     ///< rows left out between training and test rows
};

class TimeSeriesSplit final : public SplitterOf<TimeSeriesSplitParams> {
 public:
  using SplitterOf::SplitterOf;
  const ParamTable<TimeSeriesSplitParams>& param_table() const override;
  void check_params() const override;
  std::optional<Index> n_splits() const override { return params().n_splits; }

 protected:
  Folds make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const override;
};

}  // namespace superstep
