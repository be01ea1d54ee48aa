// SPDX-License-Identifier: BSD-3-Clause
// LinearDiscriminantAnalysis: classes are Gaussians with one covariance.
#pragma once

#include <string>

#include <superstep/learn/discriminant_analysis/class_moments_classifier.hpp>

namespace superstep {

struct LinearDiscriminantAnalysisParams {
  std::string solver = "svd";
  std::optional<double> shrinkage{};  ///< of the covariances, with 'lsqr' and 'eigen'
  Value priors{};                     ///< None, or the probability of each class
  std::optional<Index> n_components{};
  double tol = 1e-4;
};

/// log P(k | x) = log prior_k + x' S^-1 mean_k - 1/2 mean_k' S^-1 mean_k + const, S the covariance
/// within the classes; transform projects onto the directions in which the means differ most,
/// measured in S. Their signs: the largest entry of each is positive.
///
/// One superstep of classes x columns^2 / 2 sums, then decompositions on every rank alike. With
/// solver='svd' directions of little variance are left out, and where the moments do not tell which
/// they are, a second pass sees the rows in units of S. A weight counts a row so many times.
class LinearDiscriminantAnalysis final
    : public WithParams<LinearDiscriminantAnalysis, LinearDiscriminantAnalysisParams,
                        ClassMomentsClassifier> {
 public:
  using WithParams::WithParams;
  static const ParamTable<LinearDiscriminantAnalysisParams>& param_table();
  void check_params() const override;
  bool can(Method method) const override {
    return (method == Method::transform && params().solver != "lsqr") ||
           ClassMomentsClassifier::can(method);
  }

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
