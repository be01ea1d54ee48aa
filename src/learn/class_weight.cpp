// SPDX-License-Identifier: BSD-3-Clause
#include "learn/class_weight.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>

namespace superstep {

Range class_weight_range() {
  const auto holds = [](const Value& v) {
    if (v.is_none()) return true;
    if (v.is_string()) return v.as_string() == "balanced";
    return v.is_dict() && std::ranges::all_of(v.entries(), [](const auto& entry) {
             return entry.second.is_number() && entry.second.as_double() >= 0.0;
           });
  };
  return satisfies("None, 'balanced' or a dict of label: weight >= 0", holds);
}

namespace {

Vector balanced(const Vector& weight_of_class) {
  const double all = weight_of_class.sum();
  const auto present = static_cast<double>((weight_of_class.array() > 0.0).count());
  return weight_of_class.unaryExpr(
      [&](double weight) { return weight > 0.0 ? all / (present * weight) : 0.0; });
}

[[noreturn]] void throw_no_class(const Value& label, const std::string& estimator,
                                 const Labels& classes) {
  std::string names;
  for (Index i = 0; i < std::min<Index>(classes.size(), 10); ++i) {
    names += (i == 0 ? "" : ", ") + classes.value(i).repr();
  }
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: class_weight names {}, which is no class of the data ({}{})", estimator,
                  label.repr(), names, classes.size() > 10 ? ", ..." : ""));
}

}  // namespace

Vector class_factors(const Value& class_weight, const std::string& estimator, const Labels& classes,
                     const Vector& weight_of_class) {
  if (class_weight.is_string()) return balanced(weight_of_class);
  Vector factors = Vector::Ones(classes.size());
  for (const auto& [label, weight] : class_weight.entries()) {
    const Index k = classes.find(label);
    if (k < 0) throw_no_class(label, estimator, classes);
    factors[k] = weight.as_double();
  }
  return factors;
}

}  // namespace superstep
