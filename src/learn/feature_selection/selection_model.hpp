// SPDX-License-Identifier: BSD-3-Clause
// What a fitted selector does: it keeps some of the columns, in their order.
#pragma once

#include <string>
#include <vector>

#include <superstep/learn/model.hpp>

namespace superstep {

class SelectionModel : public Model {
 public:
  /// `chosen`: the columns that are kept, ascending. AgreedError where there are none: nothing
  /// could be learnt behind it. `whose`: "SelectKBest", for messages.
  SelectionModel(const std::string& whose, Index features, std::vector<Index> chosen,
                 FitReport report);

  const std::vector<Index>& chosen() const { return chosen_; }
  Index features() const override { return features_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return std::ssize(chosen_); }
  Schema columns_behind(const Schema& in) const override;
  AffineMapPtr affine() const override;
  void apply(Method, math::ConstPanel x, math::Panel out) const override;

 protected:
  /// Which columns are kept, as zeros and ones: `support_`.
  Vector support() const;

 private:
  Index features_;
  std::vector<Index> chosen_;
};

/// Up to so many columns a selection is an affine map, which what comes behind takes into its
/// mathematics, all folds together. Of more than that, moments of all columns would cost more than
/// each fold's of those it keeps.
constexpr Index most_columns_of_affine_selection = 256;

/// What may be behind a selection of at most `most` columns.
inline Index columns_behind_selection(Index columns, Index most) {
  return columns <= most_columns_of_affine_selection ? columns : std::min(columns, most);
}

}  // namespace superstep
