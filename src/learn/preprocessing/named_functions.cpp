// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/named_functions.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

struct Named {
  std::string_view name;
  NumberFunction function;
};

double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x; }

/// NumPy's that make a number of a number.
constexpr Named functions[] = {
    {"np.abs", [](double x) { return std::fabs(x); }},
    {"np.absolute", [](double x) { return std::fabs(x); }},
    {"np.arccos", [](double x) { return std::acos(x); }},
    {"np.arccosh", [](double x) { return std::acosh(x); }},
    {"np.arcsin", [](double x) { return std::asin(x); }},
    {"np.arcsinh", [](double x) { return std::asinh(x); }},
    {"np.arctan", [](double x) { return std::atan(x); }},
    {"np.arctanh", [](double x) { return std::atanh(x); }},
    {"np.cbrt", [](double x) { return std::cbrt(x); }},
    {"np.ceil", [](double x) { return std::ceil(x); }},
    {"np.cos", [](double x) { return std::cos(x); }},
    {"np.cosh", [](double x) { return std::cosh(x); }},
    {"np.deg2rad", [](double x) { return x * (M_PI / 180.0); }},
    {"np.degrees", [](double x) { return x * (180.0 / M_PI); }},
    {"np.exp", [](double x) { return math::exp(x); }},
    {"np.exp2", [](double x) { return std::exp2(x); }},
    {"np.expm1", [](double x) { return std::expm1(x); }},
    {"np.fabs", [](double x) { return std::fabs(x); }},
    {"np.floor", [](double x) { return std::floor(x); }},
    {"np.log", [](double x) { return math::log(x); }},
    {"np.log10", [](double x) { return std::log10(x); }},
    {"np.log1p", [](double x) { return math::log1p(x); }},
    {"np.log2", [](double x) { return std::log2(x); }},
    {"np.negative", [](double x) { return -x; }},
    {"np.positive", [](double x) { return x; }},
    {"np.rad2deg", [](double x) { return x * (180.0 / M_PI); }},
    {"np.radians", [](double x) { return x * (M_PI / 180.0); }},
    {"np.reciprocal", [](double x) { return 1.0 / x; }},
    {"np.rint", [](double x) { return std::rint(x); }},
    {"np.round", [](double x) { return std::rint(x); }},
    {"np.sign", sign},
    {"np.sin", [](double x) { return std::sin(x); }},
    {"np.sinh", [](double x) { return std::sinh(x); }},
    {"np.sqrt", [](double x) { return std::sqrt(x); }},
    {"np.square", [](double x) { return x * x; }},
    {"np.tan", [](double x) { return std::tan(x); }},
    {"np.tanh", [](double x) { return std::tanh(x); }},
    {"np.trunc", [](double x) { return std::trunc(x); }},
};

}  // namespace

NumberFunction named_function(const std::string& name) {
  const auto found = std::ranges::find(functions, std::string_view(name), &Named::name);
  return found == std::ranges::end(functions) ? nullptr : found->function;
}

std::vector<Value> function_names() {
  std::vector<Value> names;
  for (const Named& f : functions) names.emplace_back(f.name);
  return names;
}

}  // namespace superstep
