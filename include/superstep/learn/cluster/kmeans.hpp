// SPDX-License-Identifier: BSD-3-Clause
// K-means: scikit-learn's sklearn.cluster.KMeans. All restarts of all candidates and folds share
// their passes.
#pragma once

#include <optional>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct KMeansParams {
  Index n_clusters = 8;
  Value init = "k-means++";  ///< or "k-means||", "random", a list of n_clusters rows
  Value n_init = "auto";     ///< or "warn", an int
  Index max_iter = 300;
  double tol = 1e-4;
  std::optional<Index> random_state = std::nullopt;
};

/// Lloyd's algorithm, begun by k-means|| (Bahmani, Moseley, Vattani, Kumar, Vassilvitskii,
/// "Scalable k-means++", VLDB 2012). The model holds cluster_centers_, inertia_ and n_iter_;
/// labels_ would be as long as the data and are what predict gives. transform gives the distance to
/// every centre.
class KMeans final : public EstimatorOf<KMeans, KMeansParams> {
 public:
  using EstimatorOf::EstimatorOf;

  Kind kind() const override { return Kind::clusterer; }
  static const ParamTable<KMeansParams>& param_table();
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool ends_with_a_look() const override { return true; }
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
