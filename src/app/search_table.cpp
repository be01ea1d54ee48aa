// SPDX-License-Identifier: BSD-3-Clause
#include "app/search_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <superstep/core/text.hpp>

#include "app/shown.hpp"

namespace superstep::app {

namespace {

constexpr std::size_t most_shown = 5;
constexpr std::size_t most_letters = 40;

using Cells = std::vector<std::string>;

/// Places by falling mean of the decisive metric among rows of a last rung; failed ones last.
std::vector<Index> by_rank(const SearchResult& result) {
  std::vector<Index> order;
  for (Index i = 0; i < std::ssize(result.rows); ++i) {
    if (result.rows[static_cast<std::size_t>(i)].is_last) order.push_back(i);
  }
  const auto mean = [&](Index i) { return result.mean(i, result.decisive()); };
  std::ranges::stable_sort(order, is_better, mean);
  return order;
}

std::string score_text(const SearchResult& result, Index row, std::size_t metric) {
  const double mean = result.mean(row, metric);
  double squares = 0.0;
  const Outcomes& outcomes = result.rows[static_cast<std::size_t>(row)].outcomes;
  for (const FoldOutcome& fold : outcomes) squares += std::pow(fold.test[metric] - mean, 2);
  const double spread = std::sqrt(squares / static_cast<double>(outcomes.size()));
  return fmt::format("{} +- {:.2g}", shown_number(mean), spread);
}

/// Parameters of any of these rows, in the order of their first appearance.
Cells parameters(const SearchResult& result, const std::vector<Index>& rows) {
  Cells names;
  for (const Index row : rows) {
    for (const auto& [name, value] : result.rows[static_cast<std::size_t>(row)].params) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string value_text(const ParamSetting& params, const std::string& name) {
  const auto found = std::ranges::find_if(params, [&](const auto& p) { return p.first == name; });
  if (found == params.end()) return "";
  return shorten(shown_value(found->second).repr(), most_letters);
}

}  // namespace

std::string best_candidates(const SearchResult& result) {
  std::vector<Index> order = by_rank(result);
  if (order.size() < 2 && result.scoring.size() < 2) return "";
  order.resize(std::min(order.size(), most_shown));
  const Cells names = parameters(result, order);
  std::vector<Cells> lines = {{"rank"}};
  for (const std::string& metric : result.scoring) lines.front().push_back(metric);
  for (const std::string& name : names) lines.front().push_back(shorten(name, most_letters));
  for (std::size_t k = 0; k < order.size(); ++k) {
    Cells& line = lines.emplace_back(Cells{std::to_string(k + 1)});
    for (std::size_t m = 0; m < result.scoring.size(); ++m) {
      line.push_back(score_text(result, order[k], m));
    }
    const ParamSetting& params = result.rows[static_cast<std::size_t>(order[k])].params;
    for (const std::string& name : names) line.push_back(value_text(params, name));
  }
  std::string text;
  for (const Cells& line : lines) {
    std::string row = " ";
    for (std::size_t c = 0; c < line.size(); ++c) {
      std::size_t width = 0;
      for (const Cells& other : lines) width = std::max(width, other[c].size());
      row += fmt::format(" {:<{}} ", line[c], width);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace superstep::app
