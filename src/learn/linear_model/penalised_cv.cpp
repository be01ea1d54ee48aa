// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/penalised_cv.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/elastic_net.hpp>

#include "learn/linear_model/moment_fits.hpp"
#include "learn/seen_moments.hpp"
#include "learn/values_to_try.hpp"

namespace superstep {

Range alphas_range() {
  return how_many_or_which("an int >= 1 or a list of floats >= 0",
                           [](double alpha) { return alpha >= 0.0; });
}

namespace {

Index alphas_of_a_path(const ElasticNetCVParams& p) {
  return p.alphas.is_int() ? p.alphas.as_int() : std::ssize(p.alphas.items());
}

/// From the least alpha at which all coefficients are zero down to eps times that.
std::vector<double> path_of(const Moments& m, const ElasticNetCVParams& p, double l1_ratio) {
  constexpr double resolution = 1e-15;  // of a double, as NumPy has it
  const Vector xy = p.positive ? Vector(m.xy.col(0)) : Vector(m.xy.col(0).cwiseAbs());
  const double top = std::max(xy.maxCoeff(), 0.0) / (m.weight * l1_ratio);
  const auto n = static_cast<std::size_t>(p.alphas.as_int());
  std::vector<double> alphas(n, top <= resolution ? resolution : top);
  if (top <= resolution) return alphas;
  for (std::size_t i = 1; i < n; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(n - 1);
    alphas[i] = i + 1 == n ? top * p.eps : top * std::pow(p.eps, share);
  }
  return alphas;
}

/// As numpy.squeeze.
std::vector<Index> squeezed(std::vector<Index> extents) {
  std::erase(extents, 1);
  return extents;
}

}  // namespace

Index PenalisedCV::count() const {
  const ElasticNetCVParams p = path();
  return alphas_of_a_path(p) * std::ssize(numbers_of(p.l1_ratio));
}

Tries PenalisedCV::tries(const TrainingView& view) const {
  const ElasticNetCVParams p = path();
  const std::vector<double> ratios = numbers_of(p.l1_ratio);
  Tries tries;
  std::vector<double> all;
  std::optional<Moments> m;
  for (const double ratio : ratios) {
    std::vector<double> alphas;
    if (!p.alphas.is_int()) {
      alphas = numbers_of(p.alphas);
      std::ranges::sort(alphas, std::greater{});
    } else if (ratio == 0.0) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("{}: alphas are not found for l1_ratio=0, where no alpha makes "
                                    "all coefficients zero; give a list of alphas, or use RidgeCV",
                                    name()));
    } else {
      if (!m) {
        const auto& known = dynamic_cast<const GatheredMoments&>(*view.gathered);
        const View seen{view.split, view.features};
        m = std::move(
            seen_moments(view.engine, view.table, *known.sums, known.request, {&seen, 1}).front());
        if (view.features && !p.fit_intercept) m = around_zero(*m);
      }
      alphas = path_of(*m, p, ratio);
    }
    for (const double alpha : alphas) tries.settings.push_back(with(alpha, ratio));
    if (all.empty() || p.alphas.is_int()) all.insert(all.end(), alphas.begin(), alphas.end());
  }
  ChoiceAttributes expected = attributes();
  tries.grid = {std::move(expected.front())};
  tries.grid.front().values.values = std::move(all);
  return tries;
}

ChoiceAttributes PenalisedCV::attributes() const {
  const ElasticNetCVParams p = path();
  const Index alphas = alphas_of_a_path(p), ratios = std::ssize(numbers_of(p.l1_ratio));
  const Index folds = folding(0).n_splits;
  ChoiceAttributes all;
  all.push_back({"alphas_", {{alphas}, {}}});
  if (p.alphas.is_int() && ratios > 1) all.front().values.shape = {ratios, alphas};
  all.push_back({"mse_path_", {squeezed({ratios, alphas, folds}), {}}});
  all.push_back(ChoiceAttribute::single("alpha_", 0.0));
  if (has_l1_ratio()) all.push_back(ChoiceAttribute::single("l1_ratio_", 0.0));
  return all;
}

ChoiceAttributes PenalisedCV::conclude(const Tries& tries, const TriedScores& scores,
                                       std::size_t best) const {
  ChoiceAttributes all = attributes();
  all.erase(all.begin());
  for (const std::vector<double>& of_setting : scores) {
    for (const double score : of_setting) all.front().values.values.push_back(-score);
  }
  const ElasticNetParams net = dynamic_cast<const PenalisedRegressor&>(*tries.settings[best]).net();
  all[1].values.values = {net.alpha};
  if (has_l1_ratio()) all[2].values.values = {net.l1_ratio};
  return all;
}

}  // namespace superstep
