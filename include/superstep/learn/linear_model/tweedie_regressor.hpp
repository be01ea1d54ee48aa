// SPDX-License-Identifier: BSD-3-Clause
// Regression with a Tweedie distribution of any power. With power 0 and the identity link this is
// ridge regression of the mean of squares, from moments: one pass, which it shares with others.
#pragma once

#include <superstep/learn/linear_model/tweedie_family.hpp>

namespace superstep {

struct TweedieRegressorParams {
  double power = 0.0;
  double alpha = 1.0;
  bool fit_intercept = true;
  std::string link = "auto";
  std::string solver = "lbfgs";
  Index max_iter = 100;
  double tol = 1e-4;
};

class TweedieRegressor final
    : public WithParams<TweedieRegressor, TweedieRegressorParams, TweedieFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<TweedieRegressorParams>& param_table();
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;

  bool has_log_link() const;
  double variance_power() const override { return params().power; }
  TweedieParams settings() const override;
  std::string loss_name() const override { return "HalfTweedieLoss"; }
  std::string takes() const override;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
