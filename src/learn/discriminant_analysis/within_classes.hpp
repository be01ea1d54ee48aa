// SPDX-License-Identifier: BSD-3-Clause
// What varies within the classes of some rows, and where their means are: the covariance, and the
// singular values of the rows' deviations from their means, from the moments of the classes or, in
// directions that those do not resolve, from another look at the rows.
#pragma once

#include <optional>

#include "learn/class_moments.hpp"
#include "learn/decompositions.hpp"
#include "learn/linear_model/least_squares.hpp"

namespace superstep {

class WithinClasses {
 public:
  /// Of the rows that the split trains on, seen through the map; both may be null. Where digits are
  /// lost beyond `bearable` the rows of a class are looked at again. AgreedError unless they are of
  /// two classes at least, and more than the classes. **Collective.**
  WithinClasses(Engine& engine, const Table& table, const ClassMoments& moments,
                const SplitPtr& split, const AffineMapPtr& map, double bearable);

  Vector weight;  ///< of each class
  Matrix means;   ///< classes x columns; zeros for a class without rows

  /// Makes whitening(tol) exact to a millionth: one more pass where the moments do not tell. What
  /// it gives does not depend on earlier calls. **Collective.**
  void prepare(double tol);
  /// T with T' S T = 1, S the covariance within the classes, over the directions whose deviation is
  /// above tol where each column's is 1: columns x directions. After prepare(tol).
  Matrix whitening(double tol) const;

  /// sum of prior x covariance of the class, each shrunk towards its mean variance.
  Matrix covariance(const Vector& priors, double shrinkage) const;
  /// Of all rows around their common mean.
  Matrix covariance_of_all(double shrinkage) const;
  /// Error to expect of an entry, relative to the diagonal.
  double noise() const;

 private:
  struct Axes {
    Vector singular;  ///< of the deviations in units of `deviation_`, over the root of the rows
    Matrix axes;      ///< one a column
  };
  Axes rough_axes() const;
  bool tells(double tol) const;
  Axes look_again() const;

  Engine& engine_;
  const Table& table_;
  const ClassMoments& moments_;
  SplitPtr split_;
  AffineMapPtr map_;
  std::vector<std::optional<Moments>> of_class_;
  Matrix gram_;       ///< of the deviations from the means
  Vector deviation_;  ///< of each column within the classes; 1 for one that does not vary
  std::optional<Axes> rough_, refined_;
};

}  // namespace superstep
