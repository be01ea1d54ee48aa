// SPDX-License-Identifier: BSD-3-Clause
// What a search tries: grids ({'C': [0.1, 1]}, or a list of them) and random draws from lists and
// distributions, as lists of parameter settings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/core/value.hpp>

namespace superstep {

/// One setting: parameter names (`C`, `pca__n_components`, or the name of a whole step) and values,
/// sorted by name.
using ParamSetting = std::vector<std::pair<std::string, Value>>;

inline constexpr Index most_settings = 1'000'000;

/// "{'C': 0.1, 'penalty': 'l2'}"
std::string repr(const ParamSetting& setting);

/// Every combination, in the order of scikit-learn's ParameterGrid: names sorted, the last one
/// changing fastest, one grid after the other. UsageError for what is no grid, an empty list, or
/// more than `most` combinations: they are counted before they are made.
std::vector<ParamSetting> expand_grid(std::string_view text, Index most = most_settings);

/// `count` settings drawn from lists and from loguniform(a, b), uniform(loc, scale) and
/// randint(low, high), which mean what they mean in scipy.stats. Setting i is a function of the
/// seed and i. Where all are lists nothing is drawn twice, and all are returned if there are no
/// more than `count`. UsageError for more than `most`.
std::vector<ParamSetting> draw_settings(std::string_view text, Index count, std::uint64_t seed,
                                        Index most = most_settings);

}  // namespace superstep
