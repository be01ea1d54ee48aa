// SPDX-License-Identifier: BSD-3-Clause
// What trees draw random numbers for.
#pragma once

#include <cstdint>

namespace superstep::trees {

inline constexpr std::uint32_t deciding_rows_purpose = 0x74720001;  ///< for edges of bins
inline constexpr std::uint32_t validation_purpose = 0x74720002;     ///< rows held out of boosting
inline constexpr std::uint32_t columns_purpose = 0x74720003;        ///< that a node looks at
inline constexpr std::uint32_t subsample_purpose = 0x74720004;      ///< rows that a tree sees
inline constexpr std::uint32_t bootstrap_purpose = 0x74720005;      ///< rows that a tree sees
inline constexpr std::uint32_t splits_purpose = 0x74720006;  ///< columns and thresholds of splits

}  // namespace superstep::trees
