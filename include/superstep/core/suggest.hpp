// SPDX-License-Identifier: BSD-3-Clause
// The nearest valid name, for messages about a name that does not exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace superstep {

/// Edits (insert, delete, replace, swap neighbours) between two names, upper and lower case being
/// equal.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, the first of equals; none when nothing resembles it.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates);

/// "did you mean 'alpha'?", or, when nothing resembles the name, "choose one of alpha, solver,
/// tol"; of a long list how many there are and the first of them.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace superstep
