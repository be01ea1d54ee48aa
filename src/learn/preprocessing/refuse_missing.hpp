// SPDX-License-Identifier: BSD-3-Clause
// Missing values that steps in front have made, for those who count or compare and would not notice
// them: those of the data were refused when they were read.
#pragma once

#include <string>

#include <superstep/engine/engine.hpp>

namespace superstep {

/// AgreedError with row and column of the first NaN that the steps make; a pass, where there are
/// steps. **Collective.**
void refuse_missing(Engine& engine, const Table& table, const std::string& who);

/// DataError: who meets one in its rows.
[[noreturn]] void throw_missing(const std::string& who, Index column);

}  // namespace superstep
