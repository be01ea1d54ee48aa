// SPDX-License-Identifier: BSD-3-Clause
// Fitted centres: which is nearest, and how far each is.
#pragma once

#include <vector>

#include <superstep/learn/model.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/cluster/centred_rows.hpp"

namespace superstep {

class KMeansModel final : public Model {
 public:
  /// centers: clusters x features.
  KMeansModel(Matrix centers, double inertia, FitReport report);

  /// Clusters x features.
  const Matrix& centers() const { return centers_; }
  Index features() const override { return centers_.cols(); }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::transform;
  }
  Index width(Method method) const override {
    return method == Method::transform ? centers_.rows() : 1;
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;
  static std::shared_ptr<KMeansModel> read(const AttributeReader& in, Index clusters);

 private:
  void nearest(math::ConstPanel x, math::Panel out) const;
  void distances(math::ConstPanel x, math::Panel out) const;

  Matrix centers_;
  double inertia_;
  Origin origin_;
  math::PackedCenters packed_;  ///< centers_ - origin_
};

}  // namespace superstep
