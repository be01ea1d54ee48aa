// SPDX-License-Identifier: BSD-3-Clause
#include "learn/decompositions.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/Jacobi>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

/// Numbers of the columns that have an entry, and of those that have none.
struct Columns {
  std::vector<Index> kept, zero;

  template <class M>
  explicit Columns(const M& matrix) {
    for (Index c = 0; c < matrix.cols(); ++c) {
      (matrix.col(c).isZero(0.0) ? zero : kept).push_back(c);
    }
  }
};

/// The vectors of the columns kept, then unit vectors of the others, `count` in all.
Eigen::MatrixXd spread_out(const Columns& columns, const Eigen::MatrixXd& vectors, Index rows,
                           Index count) {
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(rows, count);
  all(columns.kept, Eigen::seqN(0, vectors.cols())) = vectors;
  for (Index i = vectors.cols(); i < count; ++i) {
    all(columns.zero[static_cast<std::size_t>(i - vectors.cols())], i) = 1.0;
  }
  return all;
}

/// The norm of a matrix whose columns come some at a time: columns(first, count).
template <class F>
double norm_of(Index columns, F&& some) {
  constexpr Index together = 64;
  double square = 0.0;
  for (Index first = 0; first < columns; first += together) {
    square += some(first, std::min(together, columns - first)).squaredNorm();
  }
  return std::sqrt(square);
}

bool is_orthonormal(const Eigen::MatrixXd& M, double bearable) {
  return norm_of(M.cols(), [&](Index first, Index count) {
           Eigen::MatrixXd products = M.transpose() * M.middleCols(first, count);
           for (Index k = 0; k < count; ++k) products(first + k, k) -= 1.0;
           return products;
         }) <= bearable;
}

/// Whether it gives A back, with vectors at right angles: then its values are those of A to as much
/// of the largest.
bool is_svd_of(const Eigen::MatrixXd& A, const ThinSvd& svd) {
  constexpr double bearable = 0x1p-40;
  const double apart = norm_of(svd.V.cols(), [&](Index first, Index count) {
    Eigen::MatrixXd rest = A * svd.V.middleCols(first, count);
    for (Index k = 0; k < count; ++k) rest.col(k) -= svd.values[first + k] * svd.U.col(first + k);
    return rest;
  });
  return apart <= bearable * A.norm() && is_orthonormal(svd.U, bearable) &&
         is_orthonormal(svd.V, bearable);
}

/// Eigen 3.4's divide and conquer is wrong where values are equal, as those of one-hot columns are:
/// for one such design in five a value was off by its own size. So what it found is looked at;
/// Jacobi's turns are slower and sure.
ThinSvd checked_svd(const Eigen::MatrixXd& A) {
  constexpr unsigned thin = Eigen::ComputeThinU | Eigen::ComputeThinV;
  ThinSvd found;
  {
    const Eigen::BDCSVD<Eigen::MatrixXd> fast(A, thin);
    found = {fast.matrixU(), fast.singularValues(), fast.matrixV()};
  }
  if (is_svd_of(A, found)) return found;
  found = {};
  const Eigen::JacobiSVD<Eigen::MatrixXd> sure(A, thin);
  return {sure.matrixU(), sure.singularValues(), sure.matrixV()};
}

/// Turns pairs of columns of L until all are at right angles, and those of W with them.
void make_orthogonal(Eigen::MatrixXd& L, Eigen::MatrixXd& W) {
  constexpr int most_sweeps = 60;
  const double bearable = 0x1p-52 * std::sqrt(static_cast<double>(L.rows()));
  bool has_turned = true;
  for (int sweep = 0; has_turned && sweep < most_sweeps; ++sweep) {
    has_turned = false;
    for (Index p = 0; p + 1 < L.cols(); ++p) {
      for (Index q = p + 1; q < L.cols(); ++q) {
        const double a = L.col(p).norm(), c = L.col(q).norm();
        const double g = L.col(p).dot(L.col(q));
        // Up to the rounding of its own terms: what is nothing beside the lengths of both may be
        // all that a short one has of a long column.
        const double terms = L.col(p).cwiseAbs().dot(L.col(q).cwiseAbs());
        if (!(std::fabs(g) > bearable * terms)) continue;
        has_turned = true;
        const double zeta = 0.5 * (c / g * c - a / g * a);
        const double t = std::copysign(1.0, zeta) / (std::fabs(zeta) + std::hypot(1.0, zeta));
        const Eigen::JacobiRotation<double> turn(1.0 / std::hypot(1.0, t), t / std::hypot(1.0, t));
        L.applyOnTheRight(p, q, turn);
        W.applyOnTheRight(p, q, turn);
      }
    }
  }
}

/// Where a value is zero to the last bit there is no vector yet: some at right angles to the
/// others.
void fill_up(Eigen::MatrixXd& V, const Vector& values) {
  std::vector<Index> there, missing;
  for (Index k = 0; k < values.size(); ++k) (values[k] > 0.0 ? there : missing).push_back(k);
  if (missing.empty()) return;
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(V(Eigen::all, there));
  const Eigen::MatrixXd Q = qr.householderQ() * Eigen::MatrixXd::Identity(V.rows(), values.size());
  V(Eigen::all, missing) = Q.rightCols(std::ssize(missing));
}

/// Zeroes what is no more than rounding of the columns, of these lengths, and sorts.
void finish(ThinSvd& found, const Vector& lengths) {
  const double noise = 4.0 * 0x1p-52 * std::sqrt(static_cast<double>(lengths.size()));
  for (Index k = 0; k < found.values.size(); ++k) {
    const double summed = lengths.cwiseProduct(found.V.col(k)).norm();
    if (found.values[k] <= noise * summed) found.values[k] = 0.0;
  }
  std::vector<Index> order(static_cast<std::size_t>(found.values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](Index k) { return found.values[k]; });
  found = {found.U(Eigen::all, order), found.values(order), found.V(Eigen::all, order)};
}

Vector with_zeros(const Vector& values, Index count) {
  Vector all = Vector::Zero(count);
  all.head(values.size()) = values;
  return all;
}

}  // namespace

Eigenpairs eigenpairs_of(const Matrix& gram) {
  const Columns columns(gram);
  if (columns.kept.empty()) {
    return {Vector::Zero(gram.rows()), Eigen::MatrixXd::Identity(gram.rows(), gram.rows())};
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram(columns.kept, columns.kept));
  if (solver.info() != Eigen::Success) {
    throw AgreedError(ExitCode::failure,
                      "the eigenvalues of the Gram matrix were not found; scale the columns first "
                      "(make_pipeline(StandardScaler(), ...))");
  }
  const Vector values = solver.eigenvalues().reverse().cwiseMax(0.0);
  return {with_zeros(values, gram.rows()),
          spread_out(columns, solver.eigenvectors().rowwise().reverse(), gram.rows(), gram.rows())};
}

namespace {

/// Of columns of zeros.
ThinSvd nothing_of(const Eigen::MatrixXd& A) {
  const Index count = std::min(A.rows(), A.cols());
  return {Eigen::MatrixXd::Zero(A.rows(), count), Vector::Zero(count),
          Eigen::MatrixXd::Identity(A.cols(), count)};
}

/// The decomposition of A from that of the columns kept.
ThinSvd among_all(const Columns& columns, ThinSvd of_kept, const Eigen::MatrixXd& A) {
  if (columns.zero.empty()) return of_kept;
  ThinSvd found = nothing_of(A);
  found.U.leftCols(of_kept.U.cols()) = of_kept.U;
  found.values = with_zeros(of_kept.values, found.values.size());
  found.V = spread_out(columns, of_kept.V, A.cols(), found.values.size());
  return found;
}

}  // namespace

ThinSvd thin_svd(const Eigen::MatrixXd& A) {
  const Columns columns(A);
  if (columns.kept.empty()) return nothing_of(A);
  if (columns.zero.empty()) return checked_svd(A);
  return among_all(columns, checked_svd(A(Eigen::all, columns.kept)), A);
}

ThinSvd graded_svd(const Eigen::MatrixXd& A) {
  const Columns columns(A);
  if (columns.kept.empty()) return nothing_of(A);
  const Eigen::MatrixXd kept = A(Eigen::all, columns.kept);
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(kept);
  const Index k = std::min(kept.rows(), kept.cols());
  // A P = Q R and R' W = V S, so A = (Q W) S (P V)'.
  Eigen::MatrixXd L = qr.matrixR().topRows(k).triangularView<Eigen::Upper>().transpose();
  Eigen::MatrixXd W = Eigen::MatrixXd::Identity(k, k);
  make_orthogonal(L, W);
  ThinSvd of_kept{
      qr.householderQ() * Eigen::MatrixXd::Identity(kept.rows(), k) * W, L.colwise().norm(), {}};
  for (Index i = 0; i < k; ++i) {
    if (of_kept.values[i] > 0.0) L.col(i) /= of_kept.values[i];
  }
  of_kept.V = qr.colsPermutation() * L;
  fill_up(of_kept.V, of_kept.values);
  finish(of_kept, kept.colwise().norm().transpose());
  L = W = {};
  return among_all(columns, std::move(of_kept), A);
}

}  // namespace superstep
