// SPDX-License-Identifier: BSD-3-Clause
#include "learn/decompositions.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <algorithm>
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

ThinSvd thin_svd(const Eigen::MatrixXd& A) {
  const Columns columns(A);
  const Index count = std::min(A.rows(), A.cols());
  ThinSvd found{Eigen::MatrixXd::Zero(A.rows(), count), Vector::Zero(count),
                Eigen::MatrixXd::Identity(A.cols(), count)};
  if (columns.kept.empty()) return found;
  const Eigen::BDCSVD<Eigen::MatrixXd> svd(A(Eigen::all, columns.kept),
                                           Eigen::ComputeThinU | Eigen::ComputeThinV);
  found.U.leftCols(svd.matrixU().cols()) = svd.matrixU();
  found.values = with_zeros(svd.singularValues(), count);
  found.V = spread_out(columns, svd.matrixV(), A.cols(), count);
  return found;
}

}  // namespace superstep
