// SPDX-License-Identifier: BSD-3-Clause
// exp, log and log1p of our own: the same bits on every processor and in every vector width, which
// the C library does not promise. Errors stay below 1 ulp (tests measure it); NaN, infinities,
// overflow, underflow and subnormal numbers behave as in the C library, without errno.
#pragma once

#include <span>

namespace superstep::math {

double exp(double x);
double log(double x);
double log1p(double x);

/// out[i] = f(x[i]), the same bits as the scalar function. out may be x itself; sizes are equal.
void exp(std::span<const double> x, std::span<double> out);
void log(std::span<const double> x, std::span<double> out);
void log1p(std::span<const double> x, std::span<double> out);

}  // namespace superstep::math
