// SPDX-License-Identifier: BSD-3-Clause
// Quantiles of columns by any of NumPy's methods, or of weighted rows as scikit-learn takes them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep {

/// numpy.linspace.
std::vector<double> evenly_spaced(double low, double high, Index count);

/// Which fractions in [0, 1] are wanted of a column.
using WantedFractions = std::function<std::vector<double>(Index column)>;

/// As numpy.nanpercentile with that method ("linear", "averaged_inverted_cdf", ...), of all rows;
/// none for a column without values. **Collective.**
std::vector<std::vector<double>> quantiles_by(Engine& engine, const Table& table,
                                              const std::string& method,
                                              const WantedFractions& wanted);

/// Likewise of weighted rows: "inverted_cdf" or "averaged_inverted_cdf". **Collective.**
std::vector<std::vector<double>> weighted_quantiles_by(Engine& engine, const Table& table,
                                                       const std::string& method,
                                                       const WantedFractions& wanted);

}  // namespace superstep
