// SPDX-License-Identifier: BSD-3-Clause
// y = (x - centre) W + offset: what scaling, centring and projecting do to a row. Models behind
// such maps are trained on the raw rows, with the map folded into their weights or their moments,
// so that folds and candidates with different maps still share one product (rule 5).
#pragma once

#include <memory>

#include <superstep/data/table.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

class AffineMap final : public RowMap {
 public:
  /// y_j = (x_j - centre_j) factor_j + offset_j
  static AffineMap diagonal(Vector centre, Vector factor, Vector offset);
  /// y_j = (x_j - centre_j) / divisor_j. Moments are truly divided: equal columns stay equal, where
  /// rounded reciprocals would change each by a unit in its last place.
  static AffineMap divided(Vector centre, Vector divisor);
  /// weights: columns in x columns out
  static AffineMap dense(Vector centre, Matrix weights, Vector offset);
  /// `second` behind `first`.
  static AffineMap composed(const AffineMap& first, const AffineMap& second);

  Index columns_in() const override { return centre_.size(); }
  Index columns_out() const override { return offset_.size(); }
  void apply(const double* in, Index rows, double* out) const override;
  /// A projection is a product of sparse rows.
  void apply_to_sparse(const SparseRows& in, Index rows, double* out) const override;
  Index sparse_scratch() const override { return is_diagonal() ? RowMap::sparse_scratch() : 0; }
  /// A zero stays zero: no column is moved.
  bool keeps_sparse() const override;
  void apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override;

  bool is_diagonal() const { return weights_.size() == 0; }
  const Vector& centre() const { return centre_; }
  const Vector& offset() const { return offset_; }
  /// Of a diagonal map.
  const Vector& factor() const { return factor_; }
  /// Of a dense map: columns in x columns out.
  const Matrix& weights() const { return weights_; }

  /// W M, for M with a row for each column out.
  Matrix times(const Matrix& M) const;
  /// W' M, for M with a row for each column in.
  Matrix transposed_times(const Matrix& M) const;
  /// W' G W, for a symmetric G over the columns in.
  Matrix sandwich(const Matrix& G) const;

  bool operator==(const AffineMap& other) const;

 private:
  AffineMap(Vector centre, Vector factor, Matrix weights, Vector offset)
      : centre_(std::move(centre)),
        factor_(std::move(factor)),
        weights_(std::move(weights)),
        offset_(std::move(offset)) {}

  Vector centre_;
  Vector factor_;   ///< of a diagonal map
  Vector divisor_;  ///< of one that divides
  Matrix weights_;  ///< of a dense one
  Vector offset_;
};
using AffineMapPtr = std::shared_ptr<const AffineMap>;

/// The map of a row seen through `first`, then `second`; either may be null, which changes nothing.
AffineMapPtr composed(const AffineMapPtr& first, const AffineMapPtr& second);

}  // namespace superstep
