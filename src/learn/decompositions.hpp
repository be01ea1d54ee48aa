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

/// The same for columns of very different lengths: one-sided Jacobi on the triangle of a QR with
/// pivots (Drmac and Veselic 2008). Its values have small errors relative to themselves, and its
/// vectors in the units of each column, as far as columns of length 1 are independent, whatever the
/// lengths are; others have errors relative to the largest. A value that is no more than rounding
/// of the columns that its vector is made of is zero. Some 60 times columns^3 flops.
ThinSvd graded_svd(const Eigen::MatrixXd& A);

}  // namespace superstep
