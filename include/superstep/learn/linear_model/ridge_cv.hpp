// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression with alpha chosen by cross-validation. Without cv each row is left out in turn:
// one pass over the rows, after that of the moments, tells the errors of all alphas and folds.
#pragma once

#include <superstep/learn/cross_validated.hpp>

namespace superstep {

struct RidgeCVParams {
  Value alphas = Value::tuple({0.1, 1.0, 10.0});
  bool fit_intercept = true;
  std::optional<std::string> scoring{};
  Value cv{};
  std::optional<std::string> gcv_mode{};
};

class RidgeCV final : public CrossValidatedOf<RidgeCV, RidgeCVParams> {
 public:
  using CrossValidatedOf::CrossValidatedOf;
  static const ParamTable<RidgeCVParams>& param_table();
  void check_params() const override;
  std::unique_ptr<Estimator> tried() const override;
  Index count() const override;
  Tries tries(const TrainingView& view) const override;
  std::string metric() const override;
  bool leaves_one_out() const override { return params().cv.is_none(); }
  void leave_one_out(Engine& engine, const Table& table,
                     std::span<Choosing* const> all) const override;
  Footprint leave_one_out_footprint(Index columns) const override;
  ChoiceAttributes conclude(const Tries& tries, const TriedScores& scores,
                            std::size_t best) const override;
  ChoiceAttributes attributes() const override;
};

}  // namespace superstep
