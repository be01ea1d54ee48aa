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

/// Those that can be turned back, and what turns them back.
constexpr Named functions[] = {
    {"np.arcsinh", [](double x) { return std::asinh(x); }},
    {"np.arctanh", [](double x) { return std::atanh(x); }},
    {"np.cbrt", [](double x) { return std::cbrt(x); }},
    {"np.exp", [](double x) { return math::exp(x); }},
    {"np.exp2", [](double x) { return std::exp2(x); }},
    {"np.expm1", [](double x) { return std::expm1(x); }},
    {"np.log", [](double x) { return math::log(x); }},
    {"np.log10", [](double x) { return std::log10(x); }},
    {"np.log1p", [](double x) { return math::log1p(x); }},
    {"np.log2", [](double x) { return std::log2(x); }},
    {"np.negative", [](double x) { return -x; }},
    {"np.positive", [](double x) { return x; }},
    {"np.reciprocal", [](double x) { return 1.0 / x; }},
    {"np.sinh", [](double x) { return std::sinh(x); }},
    {"np.sqrt", [](double x) { return std::sqrt(x); }},
    {"np.square", [](double x) { return x * x; }},
    {"np.tanh", [](double x) { return std::tanh(x); }},
};

}  // namespace

NumberFunction named_function(const std::string& name) {
  const auto found = std::ranges::find(functions, std::string_view(name), &Named::name);
  return found == std::ranges::end(functions) ? nullptr : found->function;
}

std::string named_functions() {
  std::string text;
  for (const Named& f : functions) text += (text.empty() ? "" : ", ") + std::string(f.name);
  return text;
}

}  // namespace superstep
