// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/labels.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/core/text.hpp>

namespace superstep {

namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

template <class T>
Index position(const std::vector<T>& sorted, const T& value) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  return at != sorted.end() && *at == value ? at - sorted.begin() : -1;
}

}  // namespace

Labels Labels::of_numbers(std::vector<double> values) {
  for (double& v : values) v += 0.0;  // -0.0 and 0.0 are one label
  sort_unique(values);
  Labels labels;
  labels.names_ = std::move(values);
  return labels;
}

Labels Labels::of_texts(std::vector<std::string> values) {
  sort_unique(values);
  Labels labels;
  labels.names_ = std::move(values);
  return labels;
}

Index Labels::size() const {
  return std::visit([](const auto& names) { return static_cast<Index>(names.size()); }, names_);
}

std::size_t Labels::bytes() const {
  if (!is_text()) return numbers().size() * sizeof(double);
  std::size_t bytes = texts().size() * sizeof(std::string);
  for (const std::string& text : texts()) bytes += text.size() > 15 ? text.size() + 17 : 0;
  return bytes;
}

bool Labels::is_integer() const {
  return !is_text() && std::ranges::all_of(numbers(), [](double v) {
    return std::nearbyint(v) == v && v >= -0x1p63 && v < 0x1p63;
  });
}

bool Labels::has_too_large() const {
  return !is_text() && !is_integer() &&
         std::ranges::all_of(numbers(), [](double v) { return std::nearbyint(v) == v; });
}

Index Labels::find(double value) const { return is_text() ? -1 : position(numbers(), value); }

Index Labels::find(const std::string& value) const {
  return is_text() ? position(texts(), value) : -1;
}

Index Labels::find(const Value& value) const {
  if (value.is_string()) return find(value.as_string());
  // Beyond 2^53 the nearest double may be the label of another number.
  const double number = value.is_number() ? value.as_double() : 0.0;
  const bool is_exact =
      !value.is_int() || (number < 0x1p63 && static_cast<std::int64_t>(number) == value.as_int());
  if (value.is_number() && is_exact) return find(number);
  return -1;
}

std::string Labels::text(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  if (is_text()) return texts()[at];
  return is_integer() ? std::to_string(static_cast<std::int64_t>(numbers()[at]))
                      : format_double(numbers()[at]);
}

Value Labels::value(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  if (is_text()) return texts()[at];
  return is_integer() ? Value(static_cast<std::int64_t>(numbers()[at])) : Value(numbers()[at]);
}

}  // namespace superstep
