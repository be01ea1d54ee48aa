// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/split_search.hpp"

#include <algorithm>
#include <cmath>

namespace superstep::trees {

namespace {

constexpr Index most_slots = most_bins + 1;
/// Of what a node has, no gain: sides that are alike differ by so much.
constexpr double rounding = 0x1p-40;

/// Scans the places between bins: what lies left of each are the bins up to it, and `before`.
class Scan {
 public:
  Scan(const NodeTotals& totals, const SplitRules& rules)
      : totals_(totals),
        rules_(rules),
        gradient_(static_cast<double>(totals.gradient) * rules.gradient_unit),
        hessian_(static_cast<double>(totals.hessian) * rules.hessian_unit),
        whole_(gradient_ * gradient_ / (hessian_ + rules.l2)) {}

  /// Keeps in `best` a split of larger gain.
  void run(const ConstHistogram& from, Index first, Index places, NodeTotals before,
           bool missing_left, Split& best) {
    fill(from, first, places, before);
    rate(places);
    const double least = std::max({best.gain, rounding * whole_, rules_.min_gain});
    double largest = least;
    for (Index b = 0; b < places; ++b) largest = std::max(largest, gain_[b]);
    if (!(largest > least)) return;
    Index at = 0;
    while (gain_[at] != largest) ++at;
    best.gain = largest;
    best.bin = static_cast<std::int32_t>(at);
    best.missing_left = missing_left;
    best.left = before;
    for (Index b = 0; b <= at; ++b) best.left += from.at(first + b);
  }

 private:
  void fill(const ConstHistogram& from, Index first, Index places, NodeTotals sum) {
    for (Index b = 0; b < places; ++b) {
      sum += from.at(first + b);
      left_gradient_[b] = static_cast<double>(sum.gradient) * rules_.gradient_unit;
      left_hessian_[b] = static_cast<double>(sum.hessian) * rules_.hessian_unit;
      left_rows_[b] = static_cast<double>(sum.rows);
    }
  }
  /// Gl^2 / (Hl + l2) + Gr^2 / (Hr + l2) - G^2 / (H + l2), with one division.
  void rate(Index places) {
    const auto rows = static_cast<double>(totals_.rows);
    const auto least = static_cast<double>(rules_.min_rows);
    for (Index b = 0; b < places; ++b) {
      const double gl = left_gradient_[b], gr = gradient_ - gl;
      const double hl = left_hessian_[b], hr = hessian_ - hl;
      const double a = hl + rules_.l2, c = hr + rules_.l2;
      const double gain = (gl * gl * c + gr * gr * a) / (a * c) - whole_;
      const bool may_be = (left_rows_[b] >= least) & (rows - left_rows_[b] >= least) &
                          (hl >= rules_.min_hessian) & (hr >= rules_.min_hessian) & (a > 0.0) &
                          (c > 0.0);
      gain_[b] = may_be ? gain : 0.0;
    }
  }

  const NodeTotals& totals_;
  const SplitRules& rules_;
  double gradient_, hessian_, whole_;
  alignas(64) double left_gradient_[most_slots];
  alignas(64) double left_hessian_[most_slots];
  alignas(64) double left_rows_[most_slots];
  alignas(64) double gain_[most_slots];
};

}  // namespace

Split best_split_in(const BinLayout& layout, const std::int64_t* histogram,
                    const NodeTotals& totals, Index column, bool any_missing,
                    const SplitRules& rules) {
  const ConstHistogram from(histogram, layout.slots());
  const Index first = layout.slot_begin(column), bins = layout.slots(column) - 1;
  const NodeTotals missing = from.at(first + bins);
  Scan scan(totals, rules);
  Split best;
  // Behind the last bin lies a split of its own where something is missing: that from all else.
  scan.run(from, first, missing.rows > 0 ? bins : bins - 1, {}, false, best);
  if (missing.rows > 0) scan.run(from, first, bins - 1, missing, true, best);
  if (best.gain > 0.0) best.column = static_cast<std::int32_t>(column);
  // What is missing later goes to the larger side where nothing taught it otherwise.
  if (best.exists() && !any_missing) {
    best.missing_left = best.left.rows > totals.rows - best.left.rows;
  }
  return best;
}

}  // namespace superstep::trees
