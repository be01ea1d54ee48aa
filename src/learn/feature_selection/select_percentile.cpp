// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_selection/select_percentile.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

/// numpy.percentile: between two neighbours in order, interpolated from the nearer one.
double percentile_of(Vector values, double percent) {
  std::ranges::sort(values);
  const double at = percent / 100.0 * static_cast<double>(values.size() - 1);
  const Index below = std::min(static_cast<Index>(std::floor(at)), values.size() - 1);
  const Index above = std::min(below + 1, values.size() - 1);
  const double share = at - static_cast<double>(below);
  const double apart = values[above] - values[below];
  if (apart == 0.0 || share == 0.0) return values[below];
  return share < 0.5 ? values[below] + apart * share : values[above] - apart * (1.0 - share);
}

}  // namespace

const ParamTable<SelectPercentileParams>& SelectPercentile::param_table() {
  using P = SelectPercentileParams;
  static const auto table =
      ParamTable<P>("SelectPercentile", "A share of the columns, those with the best scores.")
          .add("score_func", &P::score_func, score_functions(), score_function_help)
          .add("percentile", &P::percentile, between(0.0, 100.0),
               "how many of a hundred columns are kept")
          .positional(1);
  return table;
}

void SelectPercentile::check_params() const {
  WithParams::check_params();
  check_score_function("SelectPercentile", params().score_func);
  if (params().percentile == 0.0) {
    throw UsageError("SelectPercentile: percentile=0 leaves no column to learn from");
  }
}

Index SelectPercentile::most_chosen(Index columns) const {
  return static_cast<Index>(static_cast<double>(columns) * params().percentile / 100.0) + 1;
}

// Of those with the score at the border the first are taken, as many as the share has room for; a
// share that rounding has exceeded takes them away from the end, as scikit-learn's slice does.
std::vector<Index> SelectPercentile::chosen(const Vector& scores, FitReport&) const {
  const double percent = params().percentile;
  const double border = percentile_of(scores, 100.0 - percent);
  std::vector<Index> kept, ties;
  for (Index c = 0; c < scores.size(); ++c) {
    if (percent == 100.0 || scores[c] > border) {
      kept.push_back(c);
    } else if (scores[c] == border) {
      ties.push_back(c);
    }
  }
  const Index most = static_cast<Index>(static_cast<double>(scores.size()) * percent / 100.0);
  const Index room = most - std::ssize(kept);
  const Index taken = room < 0 ? std::ssize(ties) + room : std::min(room, std::ssize(ties));
  kept.insert(kept.end(), ties.begin(), ties.begin() + std::max<Index>(taken, 0));
  std::ranges::sort(kept);
  return kept;
}

}  // namespace superstep
