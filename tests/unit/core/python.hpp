// SPDX-License-Identifier: BSD-3-Clause
// Python as the oracle: runs a script of a test and gives back what it printed, line by line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace superstep::testing {

/// Runs `script` under python3 with `input` as the list of strings `lines`; the lines it prints.
/// Throws std::runtime_error when Python fails. SUPERSTEP_PYTHON names another interpreter.
std::vector<std::string> run_python(std::string_view script, const std::vector<std::string>& input);

}  // namespace superstep::testing
