// SPDX-License-Identifier: BSD-3-Clause
// PCA: the directions in which the rows vary most.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/decomposition/axes_transformer.hpp>

namespace superstep {

struct PCAParams {
  Value n_components{};  ///< None, a number of components, a fraction of the variance, or 'mle'
  bool whiten = false;
  std::string svd_solver = "auto";
  std::optional<Index> random_state{};
};

/// Eigenvectors of the covariance matrix: components_ (one a row, the largest entry of each
/// positive), explained_variance_, singular_values_ and the noise variance of probabilistic PCA
/// (Tipping and Bishop 1999).
///
/// One superstep of columns^2 / 2 sums (rows columns^2 flops), then an eigendecomposition on every
/// rank: about 10 columns^3 flops, seconds for 1000 columns, minutes for 5000. A Gram matrix
/// squares the singular values; when a component asked for lies below what is left of their digits,
/// a second pass sees the rows in the axes of the first, each scaled to 1, and finds them as
/// exactly as a decomposition of the rows themselves.
///
/// All solvers of scikit-learn get this exact result, which the approximate ones are approximations
/// of. A weight counts a row so many times.
class PCA final : public WithParams<PCA, PCAParams, AxesTransformer> {
 public:
  using WithParams::WithParams;
  static const ParamTable<PCAParams>& param_table();
  bool can(Method method) const override {
    return method == Method::score_samples || Estimator::can(method);
  }

  bool centres() const override { return true; }
  std::shared_ptr<Model> model_of(const Table& table, PrincipalAxesOf& axes) const override;

 protected:
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
