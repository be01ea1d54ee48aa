// SPDX-License-Identifier: BSD-3-Clause
#include "learn/compose/column_selection.hpp"

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

constexpr std::string_view ways =
    "columns are named or numbered: ['age', 'city'], [0, 3], slice(0, 3), or "
    "make_column_selector(dtype_include='number')";

bool is_selector(const Value::Call& call) {
  return call.name.ends_with("make_column_selector") || call.name == "selector";
}

/// Whether columns of a kind are of a type as pandas names it.
bool is_of_type(ColumnKind kind, const std::string& type) {
  const auto is = [&](auto... kinds) { return ((kind == kinds) || ...); };
  const bool is_text = is(ColumnKind::category, ColumnKind::text);
  if (type == "number") return is(ColumnKind::real, ColumnKind::integer);
  if (type == "object" || type == "category" || type == "str" || type == "string" || type == "O") {
    return is_text;
  }
  if (type == "bool" || type == "boolean") return is(ColumnKind::boolean);
  if (type == "int" || type == "integer" || type.starts_with("int") || type.starts_with("uint") ||
      type.starts_with("Int")) {
    return is(ColumnKind::integer);
  }
  if (type.starts_with("float")) return is(ColumnKind::real);
  if (type.starts_with("datetime")) return is(ColumnKind::date);
  throw UsageError(
      fmt::format("'{}' is no type of columns; types are number, int, float, bool, "
                  "object, category, datetime",
                  type));
}

/// The types that dtype_include and dtype_exclude name.
std::vector<std::string> types_of(const Value& value) {
  std::vector<std::string> types;
  if (value.is_none()) return types;
  if (!value.is_sequence()) return {value.as_string()};
  for (const Value& item : value.items()) types.push_back(item.as_string());
  return types;
}

std::vector<Index> by_selector(const Value::Call& call, const Schema& schema) {
  std::optional<std::string> pattern;
  std::vector<std::string> include, exclude;
  const auto take = [&](const std::string& name, const Value& value) {
    if (name == "pattern") {
      if (!value.is_none()) pattern = value.as_string();
    } else if (name == "dtype_include") {
      include = types_of(value);
    } else if (name == "dtype_exclude") {
      exclude = types_of(value);
    } else {
      throw UsageError(
          fmt::format("make_column_selector has no parameter '{}'; it has pattern, "
                      "dtype_include, dtype_exclude",
                      name));
    }
  };
  if (call.positional.size() > 1) throw UsageError("make_column_selector takes one pattern");
  if (!call.positional.empty()) take("pattern", call.positional[0]);
  for (const auto& [name, value] : call.keywords) take(name, value);
  std::optional<std::regex> expression;
  try {
    if (pattern) expression.emplace(*pattern);
  } catch (const std::regex_error&) {
    throw UsageError(
        fmt::format("make_column_selector: '{}' is no regular expression", shorten(*pattern, 40)));
  }
  const auto is_any = [](ColumnKind kind, const std::vector<std::string>& types) {
    return std::ranges::any_of(types, [&](const auto& t) { return is_of_type(kind, t); });
  };
  std::vector<Index> columns;
  for (Index c = 0; c < schema.size(); ++c) {
    const ColumnKind kind = schema[c].kind;
    if (!include.empty() && !is_any(kind, include)) continue;
    if (is_any(kind, exclude)) continue;
    if (expression && !std::regex_search(schema[c].name, *expression)) continue;
    columns.push_back(c);
  }
  return columns;
}

Index by_number(std::int64_t number, const Schema& schema) {
  const Index n = schema.size();
  if (number >= -n && number < n) return number < 0 ? number + n : number;
  throw UsageError(
      fmt::format("there is no column {}; columns are numbered from 0 to {}", number, n - 1));
}

Index by_name(const std::string& name, const Schema& schema) {
  if (!schema.has_names()) {
    throw UsageError(
        fmt::format("the columns have no names here, so there is no '{}'; give their numbers, or "
                    "import a table "
                    "with a header",
                    shorten(name, 40)));
  }
  for (Index c = 0; c < schema.size(); ++c) {
    if (schema[c].name == name) return c;
  }
  throw UsageError(fmt::format("there is no column '{}'; {}", shorten(name, 40),
                               did_you_mean(name, schema.names())));
}

std::vector<Index> by_slice(const Value::Call& call, const Schema& schema) {
  const Index n = schema.size();
  Index bounds[3] = {0, n, 1};
  if (call.positional.empty() || call.positional.size() > 3 || !call.keywords.empty()) {
    throw UsageError("slice takes slice(stop), slice(start, stop) or slice(start, stop, step)");
  }
  for (std::size_t i = 0; i < call.positional.size(); ++i) {
    const std::size_t place = call.positional.size() == 1 ? 1 : i;
    const Value& value = call.positional[i];
    if (value.is_none()) continue;
    if (value.is_string()) {  // names; the last one is taken too
      bounds[place] = by_name(value.as_string(), schema) + (place == 1 ? 1 : 0);
      continue;
    }
    const Index number = value.as_int();
    bounds[place] = place == 2 ? number : std::clamp(number < 0 ? number + n : number, Index{0}, n);
  }
  if (bounds[2] < 1) throw UsageError("slice of columns: the step must be 1 or more");
  std::vector<Index> columns;
  for (Index c = bounds[0]; c < bounds[1]; c += bounds[2]) columns.push_back(c);
  return columns;
}

}  // namespace

void check_selection(const Value& columns) {
  const auto is_one = [](const Value& v) { return v.is_string() || v.is_int() || v.is_bool(); };
  const bool is_list = columns.is_sequence() && std::ranges::all_of(columns.items(), is_one);
  const bool is_call =
      columns.is_call() && (is_selector(columns.as_call()) || columns.as_call().name == "slice");
  if (columns.is_string() || columns.is_int() || is_list || is_call) return;
  throw UsageError(
      fmt::format("{} is no choice of columns; {}", shorten(columns.repr(), 60), ways));
}

std::vector<Index> selected_columns(const Value& columns, const Schema& schema) {
  check_selection(columns);
  if (columns.is_string()) return {by_name(columns.as_string(), schema)};
  if (columns.is_int()) return {by_number(columns.as_int(), schema)};
  if (columns.is_call()) {
    const Value::Call& call = columns.as_call();
    return is_selector(call) ? by_selector(call, schema) : by_slice(call, schema);
  }
  const Value::Items& items = columns.items();
  std::vector<Index> chosen;
  if (!items.empty() && std::ranges::all_of(items, &Value::is_bool)) {
    if (std::ssize(items) != schema.size()) {
      throw UsageError(fmt::format("a mask of {} columns was given, but there are {}", items.size(),
                                   schema.size()));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].as_bool()) chosen.push_back(static_cast<Index>(i));
    }
    return chosen;
  }
  for (const Value& item : items) {
    chosen.push_back(item.is_string() ? by_name(item.as_string(), schema)
                                      : by_number(item.as_int(), schema));
  }
  return chosen;
}

}  // namespace superstep
