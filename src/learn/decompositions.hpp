// SPDX-License-Identifier: BSD-3-Clause
// Eigenvalues and singular values of matrices some of whose columns are zero, as those of constant
// columns are. Such a column has a direction of its own with a value of zero, and exactly nothing
// of any other. A decomposition that does not know mixes rounding errors of 1e-17 in, and a row
// seen later, in a test fold, may hold 1e14 there.
#pragma once

#include <superstep/math/matrix.hpp>

namespace superstep {

struct Eigenpairs {
  Vector values;            ///< descending, none below zero
  Eigen::MatrixXd vectors;  ///< one a column
};

/// Of a symmetric matrix without negative eigenvalues but for rounding. AgreedError where they are
/// not found.
Eigenpairs eigenpairs_of(const Matrix& gram);

/// A = U diag(values) V', min(rows, columns) values.
struct ThinSvd {
  Eigen::MatrixXd U;
  Vector values;  ///< descending
  Eigen::MatrixXd V;
};

ThinSvd thin_svd(const Eigen::MatrixXd& A);

}  // namespace superstep
