// SPDX-License-Identifier: BSD-3-Clause
// Reads Python literals as users paste them: hyper-parameters, grids, estimator expressions.
#pragma once

#include <string_view>
#include <superstep/core/value.hpp>

namespace superstep {

/// Reads one Python literal or call: numbers (1_000, 1e-3, 0x1f), strings with escapes, True,
/// False, None, np.inf, np.nan, float('inf'), lists, tuples, dicts, and calls `name.of.it(1,
/// key=2)`, which are kept as calls. Newlines and # comments are blanks. UsageError names the
/// place.
Value parse_value(std::string_view text);

/// Replaces np.logspace, np.linspace, np.geomspace, np.arange, range, list and np.array, also
/// inside lists, tuples and dicts, by the lists they stand for, with NumPy's values. Other calls
/// (distributions, estimators) stay. UsageError on wrong arguments and on an unknown `np.`
/// function.
Value evaluate_grid_value(const Value& value);

}  // namespace superstep
