// SPDX-License-Identifier: BSD-3-Clause
// The scaled Cholesky factorisation and the spectrum: units, constant columns, what counts as
// resolved.
#include "learn/linear_model/least_squares.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>
#include <random>

#include "learn/decompositions.hpp"

namespace superstep {
namespace {

/// R'R of an upper triangle with columns in units far apart.
Matrix gram_of(const Matrix& R) { return R.transpose() * R; }

Matrix triangle() {
  Matrix R(3, 3);
  R << 2.0, 1.0, -1.0, 0.0, 3.0, 0.5, 0.0, 0.0, 1.5;
  return R;
}

TEST(ScaledCholesky, SolvesInAnyUnits) {
  const Vector units{{1e-150, 1.0, 1e120}};
  const Vector b{{1.0, -2.0, 3.0}};
  const Vector expected = gram_of(triangle()).inverse() * b;
  const Matrix gram = units.asDiagonal() * gram_of(triangle()) * units.asDiagonal();
  const ScaledCholesky cholesky(gram, 0.0);
  ASSERT_TRUE(cholesky.succeeded());
  EXPECT_TRUE(cholesky.resolves(1e-12));
  const Vector solved = cholesky.solve(units.asDiagonal() * b);
  for (Index j = 0; j < 3; ++j) EXPECT_NEAR(solved[j] * units[j], expected[j], 1e-13) << j;
  const Matrix R = cholesky.factor();
  EXPECT_NEAR(R(0, 2), -1.0 * units[2], 1e-14 * units[2]);
}

TEST(ScaledCholesky, ConstantColumnsGetNothing) {
  Matrix gram = Matrix::Zero(3, 3);
  gram(0, 0) = 4.0;
  gram(2, 2) = 0x1p-66;
  const ScaledCholesky cholesky(gram, 0.0);
  ASSERT_TRUE(cholesky.succeeded());
  EXPECT_TRUE(cholesky.resolves(1e-12));
  EXPECT_EQ(cholesky.solve(Vector{{8.0, 5.0, 0x1p-66}}), (Vector{{2.0, 0.0, 1.0}}));
  EXPECT_EQ(cholesky.factor()(1, 1), 0.0);
}

TEST(ScaledCholesky, KnowsWhatItCannotResolve) {
  for (const double sine : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5}) {
    Matrix R(2, 2);
    R << 1.0, std::sqrt(1.0 - sine * sine), 0.0, sine;
    const ScaledCholesky cholesky(gram_of(R), 0.0);
    // |inverse| is about 2 / sine^2, so noise of 1e-13 is worth 3e-13 / sine^2.
    EXPECT_EQ(cholesky.resolves(1e-13), sine >= 1e-3) << sine;
    EXPECT_TRUE(ScaledCholesky(gram_of(R), 1.0).resolves(1e-13));
  }
  EXPECT_FALSE(ScaledCholesky(Matrix::Ones(2, 2), 0.0).resolves(1e-13));
}

TEST(ScaledCholesky, AShiftIsRaisedUntilItSuffices) {
  Matrix indefinite(2, 2);
  indefinite << 1.0, 1.0 + 1e-6, 1.0 + 1e-6, 1.0;
  EXPECT_FALSE(ScaledCholesky(indefinite, 0.0).succeeded());
  const ScaledCholesky shifted(indefinite, 0.0, 1e-10);
  ASSERT_TRUE(shifted.succeeded());
  const Matrix R = shifted.factor();
  EXPECT_TRUE((gram_of(R) - indefinite).isMuchSmallerThan(indefinite, 1e-4));
}

// Equal singular values, where Eigen's divide and conquer was seen to go wrong.
TEST(ThinSvd, OfOneHotColumns) {
  std::mt19937 draw(20261128);
  std::normal_distribution<double> normal;
  for (int design = 0; design < 200; ++design) {
    const Index levels = 15 + static_cast<Index>(draw() % 30);
    const Index rows = 2 * levels + static_cast<Index>(draw() % 400);
    Eigen::MatrixXd A = Eigen::MatrixXd::Zero(rows, levels + 2);
    for (Index i = 0; i < rows; ++i) {
      A(i, i % levels) = 1.0;
      A(i, levels) = normal(draw);
      A(i, levels + 1) = 10.0 * normal(draw);
    }
    A.rowwise() -= A.colwise().mean().eval();
    const Eigen::MatrixXd R = Eigen::HouseholderQR<Eigen::MatrixXd>(A)
                                  .matrixQR()
                                  .topRows(levels + 2)
                                  .triangularView<Eigen::Upper>();
    const Vector truth = Eigen::JacobiSVD<Eigen::MatrixXd>(R).singularValues();
    const ThinSvd found = thin_svd(R);
    EXPECT_LT((found.values - truth).norm(), 1e-12 * truth[0]);
    EXPECT_LT((found.U * found.values.asDiagonal() * found.V.transpose() - R).norm(),
              1e-12 * truth[0]);
  }
}

TEST(Spectrum, DropsWhatDoublePrecisionCannotTellFromZero) {
  Spectrum s;
  s.V = Matrix::Identity(4, 4);
  s.values = Vector{{1.0, 0x1p-10, 1e-17, 0.0}};
  s.uy = Vector{{2.0, 1.0, 1.0, 1.0}};
  s.rounding = 0x1p-51;
  EXPECT_EQ(s.rank(), 2);
  EXPECT_EQ(s.solve(0.0, s.rank()), (Vector{{2.0, 0x1p10, 0.0, 0.0}}));
  EXPECT_EQ(s.solve(1.0, s.rank()), (Vector{{1.0, 0x1p-10 / (0x1p-20 + 1.0), 0.0, 0.0}}));
}

}  // namespace
}  // namespace superstep
