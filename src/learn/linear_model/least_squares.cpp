// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/least_squares.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "learn/decompositions.hpp"

namespace superstep {

namespace {

constexpr Index most_refining_passes = 4;

/// A power of two that brings `square`, the square of a length, into [1, 4).
double unit_scale(double square) { return std::ldexp(1.0, -(std::ilogb(square) >> 1)); }

Index count_above(const Vector& values, double least) {
  const double bound = values.size() == 0 ? 0.0 : least * values[0];
  return std::count_if(values.begin(), values.end(), [&](double s) { return s > bound; });
}

}  // namespace

ScaledCholesky::ScaledCholesky(const Matrix& gram, double ridge, double shift) {
  const Index d = gram.rows();
  scale_.resize(d);
  for (Index j = 0; j < d; ++j) {
    const double square = gram(j, j) + ridge;
    scale_[j] = square > 0.0 ? unit_scale(square) : 0.0;
  }
  decompose(gram, ridge, shift);
}

ScaledCholesky::ScaledCholesky(const Moments& m, double ridge) {
  const Index d = m.gram.rows();
  scale_.resize(d);
  for (Index j = 0; j < d; ++j) {
    const double square = m.gram(j, j) + ridge;
    scale_[j] = square > 0.0 ? unit_scale(std::max(m.noise_scale[j] + ridge, square)) : 0.0;
  }
  decompose(m.gram, ridge, 0.0);
}

void ScaledCholesky::decompose(const Matrix& gram, double ridge, double shift) {
  const Index d = gram.rows();
  Matrix scaled = scale_.asDiagonal() * gram * scale_.asDiagonal();
  for (Index j = 0; j < d; ++j) {
    scaled(j, j) += scale_[j] == 0.0 ? 1.0 : ridge * scale_[j] * scale_[j];
  }
  Eigen::LLT<Matrix> llt;
  for (double added = 0.0;;) {
    scaled.diagonal().array() += shift - added;
    llt.compute(scaled);
    succeeded_ = llt.info() == Eigen::Success;
    if (succeeded_ || shift == 0.0) break;
    added = shift;
    shift *= 16.0;
  }
  if (!succeeded_) return;
  upper_ = llt.matrixU();
  const double norm = scaled.cwiseAbs().rowwise().sum().maxCoeff();
  inverse_norm_ = 1.0 / (llt.rcond() * norm);
}

double ScaledCholesky::error(double noise) const {
  if (!succeeded_) return std::numeric_limits<double>::infinity();
  return noise * std::sqrt(static_cast<double>(scale_.size())) * inverse_norm_;
}

Matrix ScaledCholesky::factor() const {
  Matrix R = upper_;
  for (Index j = 0; j < R.cols(); ++j) {
    if (scale_[j] == 0.0) {
      R.row(j).setZero();
    } else {
      R.col(j) /= scale_[j];
    }
  }
  return R;
}

Matrix ScaledCholesky::solve_transposed(const Matrix& b) const {
  Matrix z = scale_.asDiagonal() * b;
  upper_.triangularView<Eigen::Upper>().transpose().solveInPlace(z);
  return z;
}

Matrix ScaledCholesky::solve(const Matrix& b) const {
  Matrix z = solve_transposed(b);
  upper_.triangularView<Eigen::Upper>().solveInPlace(z);
  return scale_.asDiagonal() * z;
}

Index Spectrum::above(double least) const { return count_above(values, least); }

Matrix Spectrum::solve(double ridge, Index rank) const {
  const auto s = values.head(rank).array();
  const Vector shrink = s / (s * s + ridge);
  return V.leftCols(rank) * (shrink.asDiagonal() * uy.topRows(rank));
}

bool is_clear_cut(const Vector& values, double least, double error) {
  const Index rank = count_above(values, least);
  if (rank == 0) return true;
  // A decomposition finds every value to an error of that relative to the first.
  constexpr double rounding = 0x1p-50;
  const double last = values[rank - 1];
  const double next = rank < values.size() ? values[rank] : 0.0;
  const double cut = least * values[0];
  const double unsure = 2.0 * error * cut + rounding * values[0];
  if (last - cut <= unsure || (next > 0.0 && cut - next <= unsure)) return false;
  return next == 0.0 || error * last + rounding * values[0] < 1e-6 * (last - next);
}

namespace {

/// Whether columns have units so different that short ones would lose what is theirs beside the
/// longest.
bool are_far_apart(const Vector& lengths) {
  double longest = 0.0, shortest = std::numeric_limits<double>::infinity();
  for (const double length : lengths) {
    longest = std::max(longest, length);
    if (length > 0.0) shortest = std::min(shortest, length);
  }
  return longest > 0x1p8 * shortest;
}

void decompose(const Matrix& A, const Matrix& ay, Spectrum& out) {
  const Vector lengths = A.colwise().norm().transpose();
  const bool is_graded = are_far_apart(lengths);
  const ThinSvd svd = is_graded ? graded_svd(A) : thin_svd(A);
  // LAPACK's gelsd, as scipy calls it, drops what is below eps times the largest value. What
  // rounding makes of an exact dependence grows with the columns.
  out.rounding = is_graded ? 0.0 : 0x1p-52 * std::sqrt(static_cast<double>(A.cols()));
  out.V = svd.V;
  out.values = svd.values;
  out.uy = svd.U.transpose() * ay;
}

}  // namespace

Spectrum spectrum_of(const ScaledCholesky& cholesky, const Moments& m) {
  Spectrum s;
  decompose(cholesky.factor(), cholesky.solve_transposed(m.xy), s);
  s.mean = m.mean;
  s.y_mean = m.y_mean;
  return s;
}

namespace {

/// [x | y | w] of every row, on every rank, y being a code or numbers. Each entry is a sum with one
/// term, and so exact.
Matrix gather_rows(Engine& engine, const Table& table, Index numbers) {
  const Index width = table.columns() + numbers + 1;
  const Sketch sketch = engine.sketch(table);
  std::vector<int> exponents = sketch.exponents;
  for (Index t = 0; t < numbers; ++t) exponents.push_back(sketch.target(t).exponent);
  exponents.push_back(sketch.weight_exponent);
  SumShape shape;
  const Index all_rows = table.data->rows();  // a fold's others stay zero, with no weight
  for (Index row = 0; row < all_rows; ++row) shape.add(exponents);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          const auto to = sum[block.place(i)];
          const auto y =
              std::copy_n(block.x.doubles() + i * block.columns, block.columns, to.begin());
          *std::copy_n(block.y + i * numbers, numbers, y) = block.weight_of(i);
        }
      });
  return MatrixView(totals[0].data(), all_rows, width);
}

/// What is regressed on, in a column for each target, of codes or numbers.
Matrix targets_of(const Matrix& y, const MomentsRequest& request) {
  if (request.classes == 0) return y;
  Matrix signs(y.rows(), request.targets());
  for (Index i = 0; i < signs.rows(); ++i) {
    for (Index t = 0; t < signs.cols(); ++t) {
      signs(i, t) = sign_of_class(static_cast<Index>(y(i, 0)), t, signs.cols());
    }
  }
  return signs;
}

Spectrum spectrum_of_rows(Engine& engine, const Table& table, const MomentsRequest& request,
                          const Moments& first) {
  const Index numbers = request.classes > 0 ? 1 : request.numbers;
  Matrix A = gather_rows(engine, table, numbers);
  const Index d = table.columns();
  Matrix ay = targets_of(A.middleCols(d, numbers), request);
  ay.rowwise() -= first.y_mean.transpose();
  const Vector root = A.col(d + numbers).cwiseSqrt();
  A.conservativeResize(Eigen::NoChange, d);
  A.rowwise() -= first.mean.transpose();
  A = root.asDiagonal() * A;
  ay = root.asDiagonal() * ay;
  Spectrum s;
  decompose(A, ay, s);
  s.mean = first.mean;
  s.y_mean = first.y_mean;
  s.passes = 1;
  return s;
}

/// Whether no column has shrunk to where the sums' grid, made for unit variance, shows.
bool columns_kept(const Moments& m) {
  const Vector variance = m.gram.diagonal() / m.weight;
  return std::ranges::all_of(variance, [](double v) { return v == 0.0 || v > 0x1p-40; });
}

bool is_resolved(const Moments& m, Index passes) {
  return ScaledCholesky(m, 0.0).resolves(m.noise) && (passes == 0 || columns_kept(m));
}

Matrix better_preconditioner(const Moments& m, double shift, const Matrix& P) {
  Matrix step = ScaledCholesky(m.gram / m.weight, 0.0, shift).factor();
  for (Index j = 0; j < step.cols(); ++j) {
    if (step(j, j) == 0.0) step(j, j) = 1.0;  // a constant column: u is zero there
  }
  return step.triangularView<Eigen::Upper>() * P;
}

/// R with R'R = P' gram P, and what solves R'(ry) = P' xy. Keeps nothing else: what follows takes
/// much memory.
Matrix triangle_of(Moments m, double shift, Matrix P, Matrix& ry) {
  ScaledCholesky plain(m, 0.0);
  if (!plain.succeeded()) plain = ScaledCholesky(m.gram, 0.0, shift);
  ry = plain.solve_transposed(m.xy);
  return plain.factor().triangularView<Eigen::Upper>() * P;
}

/// The columns in another order.
class Reordered final : public RowMap {
 public:
  explicit Reordered(std::vector<Index> order) : order_(std::move(order)) {}
  Index columns_in() const override { return std::ssize(order_); }
  Index columns_out() const override { return std::ssize(order_); }
  void apply(const double* in, Index rows, double* out) const override {
    for (Index row = 0; row < rows; ++row) {
      for (const Index column : order_) *out++ = in[row * columns_in() + column];
    }
  }

 private:
  std::vector<Index> order_;
};

std::vector<Index> longest_first(const Vector& lengths) {
  std::vector<Index> order(static_cast<std::size_t>(lengths.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](Index c) { return lengths[c]; });
  return order;
}

Moments reordered(const Moments& m, const std::vector<Index>& order) {
  Moments sorted = m;
  for (Index c = 0; c < m.mean.size(); ++c) {
    const Index from = order[static_cast<std::size_t>(c)];
    sorted.mean[c] = m.mean[from];
    sorted.xy.row(c) = m.xy.row(from);
    sorted.noise_scale[c] = m.noise_scale[from];
    for (Index k = 0; k < m.mean.size(); ++k) {
      sorted.gram(c, k) = m.gram(from, order[static_cast<std::size_t>(k)]);
    }
  }
  return sorted;
}

Spectrum spectrum_by_cholesky_qr(Engine& engine, const Table& table, const MomentsRequest& request,
                                 const Moments& first) {
  const Index d = table.columns();
  const double shift = 2.0 * first.noise * std::sqrt(static_cast<double>(d));
  // The rows are looked at as u = (x - mean) P^-1, better conditioned from pass to pass.
  Matrix P = Matrix::Identity(d, d);
  Moments m = first;
  Spectrum s;
  while (s.passes < most_refining_passes && !is_resolved(m, s.passes)) {
    P = better_preconditioner(m, shift, P);
    m = moments_through(engine, table, request, first, P);
    ++s.passes;
  }
  s.mean = first.mean;
  s.y_mean = first.y_mean;
  if (s.passes > 0) {
    s.mean += P.transpose() * m.mean;
    s.y_mean = m.y_mean;
  }
  Matrix ry;
  const Matrix R = triangle_of(std::move(m), shift, std::move(P), ry);
  decompose(R, ry, s);
  return s;
}

}  // namespace

Spectrum refined_spectrum(Engine& engine, const Table& table, const MomentsRequest& request,
                          const Moments& first) {
  // Fewer rows than columns are no larger than the Gram matrix itself.
  if (table.data->rows() <= table.columns()) return spectrum_of_rows(engine, table, request, first);
  const Vector lengths = first.gram.diagonal().cwiseSqrt();
  if (!are_far_apart(lengths)) return spectrum_by_cholesky_qr(engine, table, request, first);
  // Behind a short column rounding of the long ones would be as large as it is itself.
  const std::vector<Index> order = longest_first(lengths);
  Spectrum s = spectrum_by_cholesky_qr(engine, table.through(std::make_shared<Reordered>(order)),
                                       request, reordered(first, order));
  const Matrix V = s.V;
  const Vector mean = s.mean;
  for (Index c = 0; c < std::ssize(order); ++c) {
    s.V.row(order[static_cast<std::size_t>(c)]) = V.row(c);
    s.mean[order[static_cast<std::size_t>(c)]] = mean[c];
  }
  return s;
}

std::vector<std::string> refinement_warnings(const Moments& first, const Spectrum& spectrum) {
  std::vector<std::string> warnings;
  const Index columns = first.gram.rows();
  const double scale = std::sqrt(static_cast<double>(columns));
  warnings.push_back(
      fmt::format("the Gram matrix resolves only singular values above {:.0e} of the largest "
                  "(columns of unit length); "
                  "refined in {} more {} over the data",
                  std::sqrt(first.noise * scale / 1e-6), spectrum.passes,
                  spectrum.passes == 1 ? "pass" : "passes"));
  const Index rank = spectrum.rank();
  if (rank < columns) {
    warnings.push_back(
        fmt::format("the columns are linearly dependent in double precision: {} of {} directions "
                    "say nothing about "
                    "the target and were dropped, the coefficients are those of least norm; remove "
                    "columns, or use a "
                    "penalty (Ridge)",
                    columns - rank, columns));
  }
  return warnings;
}

Vector singular_values(const Matrix& A) { return thin_svd(A).values; }

TrainingCost least_squares_cost(Index columns) {
  TrainingCost cost = moments_cost(columns);
  cost.most_passes = 1 + most_refining_passes;
  return cost;
}

}  // namespace superstep
