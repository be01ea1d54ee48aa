// SPDX-License-Identifier: BSD-3-Clause
#include "learn/class_priors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep {

bool are_class_priors(const Value& value) {
  if (value.is_none()) return true;
  return value.is_sequence() && std::ranges::all_of(value.items(), &Value::is_number);
}

Vector class_priors(const Value& given, const std::string& estimator, const Vector& class_weight) {
  if (given.is_none()) return class_weight / class_weight.sum();
  const auto refuse = [&](const std::string& why) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{}: priors={}: {}", estimator, given.repr(), why));
  };
  const auto count = static_cast<Index>(given.items().size());
  if (count != class_weight.size()) {
    refuse(fmt::format("there are {} classes", class_weight.size()));
  }
  Vector priors(count);
  for (Index k = 0; k < count; ++k) {
    priors[k] = given.items()[static_cast<std::size_t>(k)].as_double();
  }
  if (!(priors.minCoeff() >= 0.0)) refuse("a probability is not negative");
  if (!(priors.sum() > 0.0) || !std::isfinite(priors.sum())) refuse("they have no sum above zero");
  // What has no rows cannot be told, whatever its prior.
  priors = (class_weight.array() > 0.0).select(priors, 0.0);
  if (!(priors.sum() > 0.0)) refuse("no class that has rows has a probability");
  return priors;
}

}  // namespace superstep
