// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_selection/select_kbest.hpp>

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

bool is_count(const Value& v) { return v == Value("all") || (v.is_int() && v.as_int() >= 0); }

}  // namespace

const ParamTable<SelectKBestParams>& SelectKBest::param_table() {
  static const auto table =
      ParamTable<SelectKBestParams>("SelectKBest", "The columns with the k best scores.")
          .add("score_func", &SelectKBestParams::score_func, score_functions(), score_function_help)
          .add("k", &SelectKBestParams::k, satisfies("'all' or an int >= 1", is_count),
               "how many columns are kept")
          .positional(1);
  return table;
}

void SelectKBest::check_params() const {
  WithParams::check_params();
  check_score_function("SelectKBest", params().score_func);
  if (params().k == Value(0)) {
    throw UsageError("SelectKBest: k=0 leaves no column to learn from; k is 1 or more");
  }
}

Index SelectKBest::most_chosen(Index columns) const {
  return params().k.is_string() ? columns : std::min<Index>(columns, params().k.as_int());
}

// Of equal scores those of later columns are taken, as scikit-learn's stable sort does.
std::vector<Index> SelectKBest::chosen(const Vector& scores, FitReport& report) const {
  std::vector<Index> order(static_cast<std::size_t>(scores.size()));
  std::iota(order.begin(), order.end(), Index{0});
  if (params().k.is_int() && params().k.as_int() > scores.size()) {
    report.warnings.push_back(
        fmt::format("k={} is greater than n_features={}. All the features will be returned.",
                    params().k.as_int(), scores.size()));
  }
  std::ranges::stable_sort(order, {}, [&](Index c) { return scores[c]; });
  order.erase(order.begin(), order.end() - most_chosen(scores.size()));
  std::ranges::sort(order);
  return order;
}

}  // namespace superstep
