// SPDX-License-Identifier: BSD-3-Clause
// Classes and functions that scikit-learn has and Superstep lacks, or has as a command: what a
// message says of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace superstep {

/// The release whose parameters, defaults and meanings are followed.
inline constexpr const char* scikit_learn_version = "1.9";

/// "scikit-learn has SVC, Superstep does not yet; it has: LogisticRegression, GaussianNB"; nothing
/// for any other word. Upper and lower case are equal; at most 180 characters, as below.
std::optional<std::string> said_of_lacking(std::string_view name);
/// "GridSearchCV is a command here: superstep search ..."; nothing for any other word.
std::optional<std::string> said_of_command(std::string_view name);
/// One of them, or "LGBMClassifier is another library's; here it is ...".
std::optional<std::string> said_of_scikit_learns(std::string_view name);

/// All these names, to find the nearest.
std::vector<std::string> scikit_learns_names();

}  // namespace superstep
