// SPDX-License-Identifier: BSD-3-Clause
// The elastic net with alpha and l1_ratio chosen by cross-validation.
#pragma once

#include <superstep/learn/linear_model/penalised_cv.hpp>

namespace superstep {

class ElasticNetCV final : public CrossValidatedOf<ElasticNetCV, ElasticNetCVParams, PenalisedCV> {
 public:
  using CrossValidatedOf::CrossValidatedOf;
  static const ParamTable<ElasticNetCVParams>& param_table();
  ElasticNetCVParams path() const override { return params(); }
  std::unique_ptr<Estimator> with(double alpha, double l1_ratio) const override;
};

}  // namespace superstep
