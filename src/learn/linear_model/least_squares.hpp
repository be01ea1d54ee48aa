// SPDX-License-Identifier: BSD-3-Clause
// Least squares and ridge regression from second moments, and what to do when those do not resolve
// it: with a relative error e in the Gram matrix, directions whose eigenvalue (columns scaled to
// unit length) is near e are lost, that is singular values of X near sqrt(e), while a solver that
// looks at X itself loses those near 1e-16 only.
#pragma once

#include <string>
#include <vector>

#include <superstep/learn/gram.hpp>

namespace superstep {

/// (gram + ridge I) = D^-1 C'C D^-1 with C upper triangular; D, of powers of two, makes the
/// diagonal of C'C lie in [1, 4). A column of zeros is left out: its part of C is zero, and so is
/// its coefficient.
class ScaledCholesky {
 public:
  /// Adds `shift` to the scaled diagonal, more if the matrix is still not positive definite; shift
  /// zero adds nothing, and succeeded() tells.
  ScaledCholesky(const Matrix& gram, double ridge, double shift = 0.0);
  /// Scaled by what the errors of the Gram matrix are relative to, so that a column that has lost
  /// digits does not hide what the others tell.
  ScaledCholesky(const Moments& m, double ridge);
  bool succeeded() const { return succeeded_; }
  /// By what an error of the Gram matrix, `noise` relative to the squares it is scaled by, changes
  /// a solution, relative to it: noise sqrt(columns) |(C'C)^-1|. With E the scaled error, G + E is
  /// R'(I + F)R with R = C D^-1 and |F| = |C^-T E C^-1| no larger than that, so the singular values
  /// of R are those of X to a relative |F| / 2 each, the smallest too (Ostrowski).
  double error(double noise) const;
  /// Whether that is less than one part in a million.
  bool resolves(double noise) const { return error(noise) < 1e-6; }
  /// What times its own transpose from the left is gram + ridge I: C D^-1.
  Matrix factor() const;
  /// C^-T D b: zero for columns of zeros.
  Matrix solve_transposed(const Matrix& b) const;
  /// (gram + ridge I)^-1 b, of least norm in columns of zeros.
  Matrix solve(const Matrix& b) const;

 private:
  void decompose(const Matrix& gram, double ridge, double shift);

  Vector scale_;
  Matrix upper_;
  double inverse_norm_ = 0.0;
  bool succeeded_ = false;
};

/// X - mean = U diag(s) V' (rows weighted by sqrt(w)), without U: what every ridge solution is made
/// of.
struct Spectrum {
  Matrix V;               ///< columns x values
  Vector values;          ///< singular values, descending
  Matrix uy;              ///< U'(y - y_mean), values x targets
  double rounding = 0.0;  ///< relative to the first value: what is below is nothing else
  Vector mean;
  Vector y_mean{};
  Index passes = 0;  ///< taken over the data to find it

  /// How many values are above `least` times the first.
  Index above(double least) const;
  /// How many double precision tells from zero.
  Index rank() const { return above(rounding); }
  /// argmin |y - X b|^2 + ridge |b|^2 over the first `rank` directions; of least norm.
  Matrix solve(double ridge, Index rank) const;
};

/// From a factorisation of the Gram matrix alone.
Spectrum spectrum_of(const ScaledCholesky& cholesky, const Moments& m);

/// Whether values with a relative error of `error`, descending, tell which of them are above
/// `least` times the first, and their vectors span those directions to one part in a million: by
/// what an error turns them is its part of the gap to the values that are left out (Li 1998).
bool is_clear_cut(const Vector& values, double least, double error);

/// The spectrum to the accuracy that the data allow, by further passes: shifted CholeskyQR (Fukaya,
/// Kannan, Nakatsukasa, Yamamoto and Yanagisawa 2020), or from the rows themselves where there are
/// no more of them than columns.
/// **Collective.**
Spectrum refined_spectrum(Engine& engine, const Table& table, const MomentsRequest& request,
                          const Moments& first);

/// Descending.
Vector singular_values(const Matrix& A);

/// The sentences for FitReport::warnings: what the Gram matrix could not resolve and what was done.
std::vector<std::string> refinement_warnings(const Moments& first, const Spectrum& spectrum);

/// One pass, and up to four more where digits are missing.
TrainingCost least_squares_cost(Index columns);

}  // namespace superstep
