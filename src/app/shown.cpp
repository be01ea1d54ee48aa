// SPDX-License-Identifier: BSD-3-Clause
#include "app/shown.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/select/splitter.hpp>

namespace superstep::app {

namespace {

double rounded(double value) {
  constexpr double six_digits = 1e6, exact_integers = 1e15;
  const double size = std::fabs(value);
  if (size >= six_digits && size < exact_integers) return std::round(value);
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

/// The table of an estimator or a splitter; null for other calls.
const ParamTableBase* table_of(const std::string& name) {
  for (const RegisteredEstimator& e : registry()) {
    if (e.table->estimator() == name) return e.table;
  }
  for (const RegisteredSplitter& s : splitters()) {
    if (s.table->estimator() == name) return s.table;
  }
  return nullptr;
}

bool has_default(const ParamTableBase* table, const std::string& name, const Value& value) {
  if (table == nullptr) return false;
  for (const ParamInfo& info : table->infos()) {
    if (info.name == name) return info.default_repr == value.repr();
  }
  return false;
}

Value shown_call(const Value::Call& call) {
  const ParamTableBase* const table = table_of(call.name);
  Value::Call shown{call.name, {}, {}};
  for (const Value& value : call.positional) shown.positional.push_back(shown_value(value));
  for (const auto& [name, value] : call.keywords) {
    if (!has_default(table, name, value)) shown.keywords.emplace_back(name, shown_value(value));
  }
  return shown;
}

}  // namespace

std::string shown_number(double value) { return format_double(rounded(value)); }

Value shown_value(const Value& value) {
  if (value.is_real()) return rounded(value.as_double());
  if (value.is_call()) return shown_call(value.as_call());
  if (value.is_sequence()) {
    Value::Items items;
    for (const Value& item : value.items()) items.push_back(shown_value(item));
    return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
  }
  if (!value.is_dict()) return value;
  Value::Dict entries;
  for (const auto& [key, item] : value.entries()) entries.emplace_back(key, shown_value(item));
  return Value::dict(std::move(entries));
}

std::string shown_expression(const std::string& expression) {
  try {
    return shown_value(parse_value(expression)).repr();
  } catch (const Error&) {
    return expression;
  }
}

std::string shown_setting(const ParamSetting& setting) {
  Value::Dict entries;
  for (const auto& [name, value] : setting) entries.emplace_back(name, shown_value(value));
  return Value::dict(std::move(entries)).repr();
}

std::string shown_plan(WorkPlan plan) {
  plan.splitter = shown_expression(plan.splitter);
  return plan.text();
}

}  // namespace superstep::app
