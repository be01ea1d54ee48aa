// SPDX-License-Identifier: BSD-3-Clause
// QuadraticDiscriminantAnalysis: each class is a Gaussian with a covariance of its own.
#pragma once

#include <string>

#include <superstep/learn/discriminant_analysis/class_moments_classifier.hpp>

namespace superstep {

struct QuadraticDiscriminantAnalysisParams {
  std::string solver = "svd";
  std::optional<double> shrinkage{};  ///< of the covariances, with solver='eigen'
  Value priors{};                     ///< None, or the probability of each class
  double reg_param = 0.0;
  double tol = 1e-4;
};

/// log P(k | x) = log prior_k - 1/2 sum_c (log s_kc + (x - mean_k)' r_kc^2 / s_kc) + const, r_kc
/// and s_kc the axes of class k and the variances along them.
///
/// One superstep of classes x columns^2 / 2 sums, a decomposition for each class, shared out over
/// the ranks; a second look at the rows of a class whose variances are too far apart for the
/// moments. A weight counts a row so many times.
class QuadraticDiscriminantAnalysis final
    : public WithParams<QuadraticDiscriminantAnalysis, QuadraticDiscriminantAnalysisParams,
                        ClassMomentsClassifier> {
 public:
  using WithParams::WithParams;
  static const ParamTable<QuadraticDiscriminantAnalysisParams>& param_table();
  void check_params() const override;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
