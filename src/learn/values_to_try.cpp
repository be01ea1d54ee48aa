// SPDX-License-Identifier: BSD-3-Clause
#include "learn/values_to_try.hpp"

#include <algorithm>
#include <utility>

namespace superstep {

bool are_numbers(const Value& list, bool (*holds)(double)) {
  return list.is_sequence() && !list.items().empty() &&
         std::ranges::all_of(list.items(), [holds](const Value& item) {
           return item.is_number() && holds(item.as_double());
         });
}

Range one_or_several(std::string text, bool (*holds)(double)) {
  return satisfies(std::move(text), [holds](const Value& v) {
    return v.is_number() ? holds(v.as_double()) : are_numbers(v, holds);
  });
}

Range how_many_or_which(std::string text, bool (*holds)(double)) {
  return satisfies(std::move(text), [holds](const Value& v) {
    return v.is_int() ? v.as_int() >= 1 : are_numbers(v, holds);
  });
}

std::vector<double> numbers_of(const Value& value) {
  if (!value.is_sequence()) return {value.as_double()};
  std::vector<double> numbers;
  for (const Value& item : value.items()) numbers.push_back(item.as_double());
  return numbers;
}

}  // namespace superstep
