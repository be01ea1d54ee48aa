// SPDX-License-Identifier: BSD-3-Clause
// TruncatedSVD: the largest singular values and vectors of the rows as they are, not centred.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

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
class TruncatedSVD final : public EstimatorOf<TruncatedSVDParams> {
 public:
  using EstimatorOf::EstimatorOf;

  const ParamTable<TruncatedSVDParams>& param_table() const override;
  Kind kind() const override { return Kind::transformer; }
  std::unique_ptr<Estimator> clone() const override {
    return std::make_unique<TruncatedSVD>(*this);
  }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool gives_affine_maps() const override { return true; }
  bool gathers() const override { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  Fusion fusion() const override { return {true, true, true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
