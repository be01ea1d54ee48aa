// SPDX-License-Identifier: BSD-3-Clause
// What a user should hear of although nothing is wrong: said where it is noticed, shown by the
// program when it can.
#pragma once

#include <string>
#include <vector>

namespace superstep {

/// Keeps the text to be shown; one that is kept already is not kept twice.
void leave_notice(std::string text);

/// All that was left since the last call, in that order.
std::vector<std::string> take_notices();

}  // namespace superstep
