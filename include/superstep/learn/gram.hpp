// SPDX-License-Identifier: BSD-3-Clause
// Second moments of a table from one superstep: the Gram matrix of its columns around their means,
// the products with the target, means and weights. Least squares, coordinate descent and principal
// components start here.
//
// The rows are summed as A' diag(w) A with A = [x - shift | y - y_shift | 1], where the shift is a
// provisional mean that a few blocks tell; the means are then taken out of the finished, exact
// sums. The sums are kept by cells of the folds' partitions, so one superstep serves any number of
// splits; integers of the cells are added before anything is rounded.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include <superstep/data/split.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

struct MomentsRequest {
  bool centred = true;  ///< around the means; else around zero (fit_intercept=False)
  bool target = true;   ///< with the table's target
  /// The target is read as classes, of so many classes, each of which is one to regress on: 1 for
  /// its own rows, -1 for the others. Of two classes there is one, 1 for the second. 0: numbers.
  Index classes = 0;
  Index numbers = 1;  ///< how many targets there are where these are numbers

  /// How many are regressed on.
  Index targets() const {
    if (!target) return 0;
    if (classes == 0) return numbers;
    return classes > 2 ? classes : 1;
  }
  bool operator==(const MomentsRequest&) const = default;
};

/// Of a row of that class for target t of so many (MomentsRequest::classes): 1 or -1.
constexpr double sign_of_class(Index code, Index t, Index targets) {
  return code == (targets == 1 ? 1 : t) ? 1.0 : -1.0;
}

/// Sums over the rows, w being a row's weight (1 without weights).
struct Moments {
  Index rows = 0;       ///< with a weight above zero
  double weight = 0.0;  ///< sum of w, above zero
  Vector mean;          ///< weighted means; zeros when not centred
  Vector y_mean{};      ///< likewise, of each target
  Matrix gram;  ///< sum of w (x - mean)(x - mean)', symmetric, columns x columns; a constant column
                ///< has zeros
  Matrix xy;    ///< sum of w (x - mean)(y - y_mean)', columns x targets
  Vector yy{};  ///< sum of w (y - y_mean)^2
  /// What to expect of the error of gram(i, j) relative to sqrt(noise_scale[i] noise_scale[j]):
  /// rounding inside blocks. As a rule 6e-14.
  double noise = 0.0;
  /// For each column by itself: the squares that were added up, around the provisional mean, before
  /// the means were taken out, and what the grid of the sums does not resolve. Behind a map, what
  /// those of the columns it is made of amount to. Zero for a constant column, which is known
  /// exactly.
  Vector noise_scale{};
  Vector y_noise_scale{};  ///< the same for yy

  /// How much larger noise_scale is than the diagonal of gram + ridge I, at most; 1 or more.
  double amplification(double ridge = 0.0) const;
  /// Whether some column or target lies so far from its provisional mean that three digits are
  /// gone: another look at the rows, around a better one, has them all.
  bool is_lost(double bearable = most_amplification) const;
  static constexpr double most_amplification = 0x1p10;
  /// Whether that leaves nine digits of gram, for solvers that cannot tell.
  bool keeps_digits() const { return noise * amplification() < 1e-9; }
};

/// The sums of one pass, from which the moments of every split of a batch follow. Where columns
/// seem to be constant in the rows of a split, a pass over the extremes tells for certain.
class MomentSums {
 public:
  /// Null among the splits stands for all rows. **Collective**, one superstep as a rule.
  MomentSums(Engine& engine, const Table& table, const MomentsRequest& request,
             std::span<const SplitPtr> splits);
  ~MomentSums();
  MomentSums(MomentSums&&) noexcept;

  /// The moments of the rows that the split trains on, which must be one of those given; the same
  /// bits whatever the others were. AgreedError when no row has a weight above zero.
  Moments training(const SplitPtr& split) const;
  /// The same; where digits are lost beyond `bearable`, from the rows of the split alone, around
  /// their own means. **Collective.**
  Moments exactly(Engine& engine, const SplitPtr& split,
                  double bearable = Moments::most_amplification) const;
  /// Whether the split trains on a row with a weight above zero.
  bool has_rows(const SplitPtr& split) const;
  /// In how many cells the rows were summed.
  Index cells() const;
  /// Around the means, whatever was asked for, of the rows it tests on; none if there are none.
  std::optional<Moments> testing(const SplitPtr& split) const;

 private:
  struct Sums;
  std::unique_ptr<Sums> sums_;
};

/// Sums that were taken before what they are for was known (Estimator::gather).
struct GatheredMoments : StageState {
  MomentsRequest request;
  std::shared_ptr<const MomentSums> sums;
};
/// **Collective.**
std::shared_ptr<const StageState> gather_moments(Engine& engine, const Table& table,
                                                 const MomentsRequest& request,
                                                 std::span<const SplitPtr> splits);
/// What was gathered, if it is what is requested; else the sums of a pass of their own. The bits
/// are the same. **Collective.**
std::shared_ptr<const MomentSums> sums_for(Engine& engine, const Table& table,
                                           const MomentsRequest& request,
                                           std::span<const SplitPtr> splits,
                                           const std::shared_ptr<const StageState>& gathered);

/// The moments of the table, none of them lost. AgreedError when no row has a weight above zero.
/// **Collective**, one superstep; two more where the provisional means were too far off.
Moments moments(Engine& engine, const Table& table, const MomentsRequest& request = {});

/// The moments of the rows seen through a map, around their means, from those of the rows
/// themselves around their means.
Moments moments_behind(const AffineMap& map, const Moments& m);

/// Whether the means of what is seen through the map are zero but for the rounding of its centre:
/// behind a StandardScaler or a PCA of the same rows. A line through zero is then the one with an
/// intercept, without the intercept, and what rounding has left of the means is no direction: a
/// column of 33333 that differs in one row by 1e-3 is off by 1e-7 of its deviation everywhere, and
/// coefficients of 1e-4 beside others of 1 would be lost in it.
bool has_means_of_zero(const AffineMap& map, const Moments& behind);

/// The moments around zero from those around the means.
Moments around_zero(const Moments& m);

/// The moments of the rows seen as u = (x - first.mean) R^-1, R upper triangular, u with a weighted
/// variance of at most 1: a second look through a preconditioner, with `first` the moments of the
/// table itself. The u are found by substitution, row by row, so they are those of rows x perturbed
/// by their own rounding, however ill-conditioned R is. **Collective**, one superstep.
Moments moments_through(Engine& engine, const Table& table, const MomentsRequest& request,
                        const Moments& first, const Matrix& R);

/// What they need for so many columns and cells, the result for one split included.
Footprint moments_footprint(Index columns, Index cells = 1, Index targets = 1);

/// What a thread keeps for the products of so many columns: the triangle in the kernel's layout,
/// and two panels of rows.
Index gram_scratch(Index columns);

/// One pass of the Gram matrix.
TrainingCost moments_cost(Index columns);

}  // namespace superstep
