// SPDX-License-Identifier: BSD-3-Clause
// TruncatedSVD: the largest singular values and vectors of the rows as they are, not centred.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/decomposition/axes_transformer.hpp>

namespace superstep {

struct TruncatedSVDParams {
  Index n_components = 2;
  std::string algorithm = "randomized";
  Index n_iter = 5;
  std::optional<Index> random_state{};
};

/// X = U diag(singular_values_) components_, the largest entry of each component positive;
/// explained_variance_ is the variance of U diag(singular_values_).
///
/// The method of PCA, and its cost: one superstep of columns^2 / 2 sums and an eigendecomposition;
/// a second pass when a singular value asked for is too small for the Gram matrix, which is usual
/// for columns far from zero. The result is exact, whatever the algorithm. A weight counts a row so
/// many times.
///
/// Of more than 8,192 columns, sparse or not: scikit-learn's randomized algorithm, n_iter + 2
/// passes of two products with n_components + 10 directions, and one for the columns' variances.
/// Singular values that follow each other closely are then as rough as there, so that what asks for
/// arpack's is refused.
class TruncatedSVD final : public WithParams<TruncatedSVD, TruncatedSVDParams, AxesTransformer> {
 public:
  using WithParams::WithParams;
  static const ParamTable<TruncatedSVDParams>& param_table();

  void check_columns(const Schema& columns) const override;
  bool centres() const override { return false; }
  std::shared_ptr<Model> model_of(const Table& table, PrincipalAxesOf& axes) const override;
  bool takes_wide() const override { return true; }
  WideTask wide_task() const override;
  std::shared_ptr<Model> model_of(const WideSVD& found) const override;

 protected:
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
