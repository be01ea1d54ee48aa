// SPDX-License-Identifier: BSD-3-Clause
#include "learn/cluster/kmeans_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <superstep/math/distances.hpp>

namespace superstep {

namespace {

/// A point between the centres: scores are compared near them, wherever they lie.
std::vector<double> middle_of(const Matrix& centers) {
  std::vector<double> middle(static_cast<std::size_t>(centers.cols()), 0.0);
  for (Index j = 0; j < centers.rows(); ++j) {
    for (Index c = 0; c < centers.cols(); ++c) {
      middle[static_cast<std::size_t>(c)] += centers(j, c) / static_cast<double>(centers.rows());
    }
  }
  return middle;
}

/// `clusters` is known when a file is read.
template <class Archive, class Centers, class Inertia, class Steps>
void fields(const Archive& a, Length clusters, Centers& centers, Inertia& inertia, Steps& n_iter) {
  Length columns;
  a.size("n_features_in_", columns, centers.cols());
  a("cluster_centers_", centers, clusters, columns);
  a("inertia_", inertia, allowed::not_negative);
  a("n_iter_", n_iter);
}

}  // namespace

KMeansModel::KMeansModel(Matrix centers, double inertia, FitReport report)
    : centers_(std::move(centers)), inertia_(inertia), origin_(middle_of(centers_)) {
  report_ = std::move(report);
  Matrix centred(centers_.rows(), math::padded(features()));
  origin_.subtract(centers_, centred.data());
  packed_ = math::PackedCenters({centred.data(), centred.rows(), features(), centred.cols()});
}

void KMeansModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  for (Index row = 0; row < x.rows; row += panel_rows) {
    const Index rows = std::min(panel_rows, x.rows - row);
    const math::ConstPanel from = x.middle_rows(row, rows);
    const math::Panel to = out.middle_rows(row, rows);
    if (method == Method::predict) {
      nearest(from, to);
    } else {
      distances(from, to);
    }
  }
}

void KMeansModel::nearest(math::ConstPanel x, math::Panel out) const {
  std::array<std::int32_t, panel_rows> index;
  const Index stride = math::padded(features());
  std::vector<double> rows(static_cast<std::size_t>(x.rows * stride));
  origin_.subtract(x, rows.data());
  const math::ConstPanel centred{rows.data(), x.rows, features(), stride};
  math::nearest(centred, packed_, index.data(), nullptr);
  for (Index i = 0; i < x.rows; ++i) out.row(i)[0] = index[static_cast<std::size_t>(i)];
}

// From differences: a row that lies on a centre is at distance zero.
void KMeansModel::distances(math::ConstPanel x, math::Panel out) const {
  std::array<std::int32_t, panel_rows> index;
  std::array<double, panel_rows> squares;
  for (Index j = 0; j < centers_.rows(); ++j) {
    index.fill(static_cast<std::int32_t>(j));
    math::squared_distances(x, centers_, index.data(), squares.data());
    for (Index i = 0; i < x.rows; ++i) {
      out.row(i)[j] = std::sqrt(squares[static_cast<std::size_t>(i)]);
    }
  }
}

void KMeansModel::save(const AttributeWriter& out) const {
  fields(out, {}, centers_, inertia_, report_.n_iter);
}

std::shared_ptr<KMeansModel> KMeansModel::read(const AttributeReader& in, Index clusters) {
  Matrix centers;
  double inertia = 0.0;
  FitReport report;
  fields(in, {clusters, "n_clusters"}, centers, inertia, report.n_iter);
  return std::make_shared<KMeansModel>(std::move(centers), inertia, std::move(report));
}

}  // namespace superstep
