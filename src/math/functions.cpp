// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/functions.hpp>

#include <cassert>

#include <math/functions_kernels.hpp>

namespace superstep::math {
namespace {

using Native = simd::NativePack;
using One = simd::PortablePack<1>;

template <class F>
void map_span(std::span<const double> x, std::span<double> out, F f) {
  assert(x.size() == out.size());
  map_elements<Native>(x.data(), static_cast<std::ptrdiff_t>(x.size()), out.data(), f);
}

}  // namespace

double exp(double x) { return exp_of(One::broadcast(x)).lane[0]; }
double log(double x) { return log_of(One::broadcast(x)).lane[0]; }
double log1p(double x) { return log1p_of(One::broadcast(x)).lane[0]; }

void exp(std::span<const double> x, std::span<double> out) {
  map_span(x, out, [](Native v) { return exp_of(v); });
}
void log(std::span<const double> x, std::span<double> out) {
  map_span(x, out, [](Native v) { return log_of(v); });
}
void log1p(std::span<const double> x, std::span<double> out) {
  map_span(x, out, [](Native v) { return log1p_of(v); });
}

}  // namespace superstep::math
