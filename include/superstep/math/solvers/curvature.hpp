// SPDX-License-Identifier: BSD-3-Clause
// A model of the second derivatives of a smooth function, good enough to choose steps by: one dense
// matrix, the same block for every class, or a diagonal; corrected by what the last steps taught
// (BFGS).
#pragma once

#include <vector>

#include <superstep/math/matrix.hpp>

namespace superstep::math {

/// A symmetric matrix that is made positive definite: entries without curvature get some of their
/// own.
class Curvature {
 public:
  Curvature() = default;
  /// Block diagonal, the same block `copies` times. Only its upper triangle is read.
  static Curvature blocks(Matrix block, Index copies);
  static Curvature diagonal(const Vector& values);

  Index size() const { return copies_ * diagonal_.size(); }
  double at(Index j) const { return scale_ * diagonal_[j % diagonal_.size()]; }
  /// to += factor * (column j)
  void add_column(Index j, double factor, Vector& to) const;
  Vector times(const Vector& v) const;
  /// The solution u of (this) u = v, by a Cholesky factor that the first call makes.
  Vector solve(const Vector& v);
  /// Multiplies the matrix as it was made, in place of what an earlier call said.
  void set_scale(double scale) { scale_ = scale; }
  /// All that it is, of this size.
  template <class Archive>
  void fields(Archive& archive, Index size);

 private:
  Curvature(Matrix block, Vector diagonal, Index copies);
  void factorise();

  Matrix block_;     ///< empty: diagonal
  Vector diagonal_;  ///< of one copy
  Index copies_ = 0;
  double scale_ = 1.0;
  Matrix factor_;  ///< its upper triangle: factor' factor = unit_ block unit_
  Vector unit_;    ///< brings the diagonal to 1
};

/// Steps s and the changes y of the gradient they made.
class Secants {
 public:
  explicit Secants(Index memory) : memory_(memory) {}
  void clear() { pairs_.clear(); }
  bool empty() const { return pairs_.empty(); }
  /// Forgets the oldest pair when the memory is full. Needs s'y > 0.
  void add(Vector s, Vector y);
  /// (s'y) / (y' base^-1 y) of the newest pair: what `base` should be divided by.
  double newest_scale(Curvature& base) const;

  /// B^-1 v, where B is `base` corrected by every pair: two loops (Nocedal 1980).
  Vector solve(Curvature& base, const Vector& v) const;

  /// B = base + sum of added vectors' squares - sum of removed ones', for problems that need B
  /// itself.
  struct Corrections {
    std::vector<Vector> added, removed;
  };
  Corrections corrections(const Curvature& base) const;
  /// All that they are, of steps of this size.
  template <class Archive>
  void fields(Archive& archive, Index size);

 private:
  struct Pair {
    Vector s, y;
    double sy;
  };
  Index memory_;
  std::vector<Pair> pairs_;  ///< oldest first
};

/// argmin over u of  g'(u - from) + 1/2 (u - from)' B (u - from) + sum_j l1_j |u_j|  with B =
/// `base` corrected by `secants`: coordinate descent that settles which entries are zero, and a
/// Newton step on the others. l1_j >= 0. Entries that are zero are exactly zero.
Vector minimise_quadratic_l1(const Curvature& base, const Secants& secants, const Vector& gradient,
                             const Vector& from, const Vector& l1);

template <class Archive>
void Curvature::fields(Archive& archive, Index size) {
  archive.within(copies_, 1, size);
  bool is_dense = block_.size() > 0;
  archive.flag(is_dense);
  const Index n = size / copies_;
  if (Archive::reads) {
    diagonal_.resize(n);
    block_.resize(is_dense ? n : 0, is_dense ? n : 0);
    factor_.resize(0, 0);
  }
  archive.finite(diagonal_);
  archive.number(scale_);
  for (Index j = 0; is_dense && j < n; ++j) {
    Vector row = block_.row(j).tail(n - j);
    archive.finite(row);
    if (!Archive::reads) continue;
    block_.row(j).tail(n - j) = row.transpose();
    block_.col(j).tail(n - j) = row;
  }
}

template <class Archive>
void Secants::fields(Archive& archive, Index size) {
  std::size_t count = pairs_.size();
  archive.within(count, 0, static_cast<std::size_t>(memory_));
  pairs_.resize(count);
  for (Pair& pair : pairs_) {
    for (Vector* v : {&pair.s, &pair.y}) {
      v->resize(size);
      archive.finite(*v);
    }
    archive.number(pair.sy);
  }
}

}  // namespace superstep::math
