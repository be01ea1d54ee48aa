// SPDX-License-Identifier: BSD-3-Clause
// The quantile function of the normal distribution.
#pragma once

namespace superstep {

/// What a standard normal variable is below with this probability: scipy.stats.norm.ppf, to some
/// units in the last place. p: from 0 to 1.
double normal_quantile(double p);

}  // namespace superstep
