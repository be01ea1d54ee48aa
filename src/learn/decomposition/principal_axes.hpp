// SPDX-License-Identifier: BSD-3-Clause
// The singular value decomposition behind PCA and TruncatedSVD: axes and singular values of a
// table's rows, from the exact sums of one pass, or of two where the Gram matrix is not enough.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/candidate.hpp>
#include <superstep/learn/gram.hpp>
#include <superstep/math/panel.hpp>

#include "learn/views.hpp"

namespace superstep {

/// diag(sqrt w) (X - centre) = U diag(singular) axes, singular values descending, `columns` of
/// them.
struct PrincipalAxes {
  Vector singular;
  Matrix axes;    ///< one a row; the entry of largest size is positive, the first of equal ones
  Vector spread;  ///< sum of w (t - mean of t)^2 of the rows' coordinates t on each axis

  template <class Archive>
  void fields(Archive& archive) {
    archive.sized(singular);
    archive.sized(axes);
    archive.sized(spread);
  }
};

/// Those of what one view shows of a table, around its means or around zero.
class PrincipalAxesOf {
 public:
  /// `seen`: the table as the view shows it; its moments and what is known from them. `held`: how
  /// many doubles all views of the batch keep.
  PrincipalAxesOf(Engine& engine, Table seen, bool centred, Moments moments, PrincipalAxes rough,
                  Index held);

  const Moments& moments() const { return moments_; }
  /// From the Gram matrix alone.
  const PrincipalAxes& rough() const { return rough_; }
  /// Axes of which those with an eigenvalue (squared singular value) of `least` or more in rough()
  /// are exact to about the rounding of the rows: those of the first pass, or of a second one. What
  /// is returned does not depend on earlier calls. **Collective.**
  const PrincipalAxes& exact_down_to(double least);

  /// How many axes hold more than rounding errors.
  static Index rank(const PrincipalAxes& found, Index rows);

 private:
  PrincipalAxes look_again() const;

  Engine& engine_;
  Table table_;
  bool centred_;
  Moments moments_;
  PrincipalAxes rough_;
  Index held_;
  std::optional<PrincipalAxes> refined_;
};

/// For each view; equal ones share theirs. One pass for all of them, and one more for a map that
/// leaves too few digits of the moments. Decompositions are shared out over the ranks.
/// **Collective.**
std::vector<std::shared_ptr<PrincipalAxesOf>> principal_axes(
    Engine& engine, const Table& table, std::span<const View> views,
    const std::shared_ptr<const StageState>& gathered = nullptr);

/// The entry of largest size of each row positive, the first of equal ones.
void fix_signs(Matrix& axes);

/// "n_components=4: ..." when some of `count` components hold rounding errors only, else empty.
std::string rank_warning(const PrincipalAxes& found, Index count, Index rows);

/// out = (x - centre) weights; weights: columns x outputs. The means are taken out first, so that
/// rows far from zero keep their digits. `centre` may be empty: nothing is taken out.
void project(math::ConstPanel x, const Vector& centre, const Matrix& weights, math::Panel out);

}  // namespace superstep
