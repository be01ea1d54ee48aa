// SPDX-License-Identifier: BSD-3-Clause
// What the typed table and the type-erased one share: checking, messages, help.
#include <superstep/core/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <superstep/core/error.hpp>
#include <superstep/core/notices.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

namespace superstep {
namespace detail {

bool store_value(const Value& value, double& field) {
  if (!value.is_number()) return false;
  field = value.as_double();
  return true;
}

bool store_value(const Value& value, Index& field) {
  if (!value.is_int()) return false;
  field = value.as_int();
  return true;
}

bool store_value(const Value& value, bool& field) {
  if (!value.is_bool()) return false;
  field = value.as_bool();
  return true;
}

bool store_value(const Value& value, std::string& field) {
  if (!value.is_string()) return false;
  field = value.as_string();
  return true;
}

bool store_value(const Value& value, std::vector<double>& field) {
  if (!value.is_sequence()) return false;
  const Value::Items& items = value.items();
  if (!std::all_of(items.begin(), items.end(), [](const Value& v) { return v.is_number(); }))
    return false;
  field.clear();
  for (const Value& item : items) field.push_back(item.as_double());
  return true;
}

bool store_value(const Value& value, Value& field) {
  field = value;
  return true;
}

Value load_value(const std::vector<double>& field) {
  return Value::list(Value::Items(field.begin(), field.end()));
}

}  // namespace detail

namespace {

/// A test of numbers, extended to lists of numbers.
std::function<bool(const Value&)> for_numbers(std::function<bool(double)> holds) {
  return [holds = std::move(holds)](const Value& value) {
    if (!value.is_sequence()) return value.is_number() && holds(value.as_double());
    const Value::Items& items = value.items();
    return std::all_of(items.begin(), items.end(), [&](const Value& item) {
      return item.is_number() && holds(item.as_double());
    });
  };
}

std::vector<std::string> reprs(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(value.repr());
  return texts;
}

bool takes_none(std::string_view type) { return type.ends_with("or None"); }

/// "a float", "None or an int": how the type reads after "must be".
std::string type_words(std::string_view type) {
  if (takes_none(type)) return "None or " + type_words(type.substr(0, type.find(" or ")));
  if (type == "float") return "a float";
  if (type == "int") return "an int";
  if (type == "bool") return "True or False";
  if (type == "str") return "a string";
  if (type == "list of float") return "a list of numbers";
  return "any value";
}

std::string values_in_words(std::string_view type, const Range& range) {
  if (range.form == Range::Form::complete) {
    if (!takes_none(type) || range.text.starts_with("None")) return range.text;
    return (range.text.find(" or ") == std::string::npos ? "None or " : "None, ") + range.text;
  }
  return range.text.empty() ? type_words(type) : type_words(type) + " " + range.text;
}

/// scikit-learn's parameters that say how a result is come by and not what it is.
bool changes_no_result(std::string_view name) {
  constexpr std::array names = {"n_jobs",
                                "verbose",
                                "copy",
                                "copy_X",
                                "copy_x",
                                "warm_start",
                                "iterated_power",
                                "n_oversamples",
                                "power_iteration_normalizer",
                                "precompute",
                                "selection",
                                "intercept_scaling",
                                "tol"};
  return std::ranges::find(names, name) != names.end();
}

std::string in_table(std::string text) {
  for (std::size_t i = text.find('|'); i != std::string::npos; i = text.find('|', i + 2))
    text.insert(i, 1, '\\');
  return text;
}

/// The words of `text` in lines up to column 100, from column `indent` on.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + length > 100) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, length);
    column += length;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return out;
}

}  // namespace

Range anything() { return {"", nullptr}; }

Range at_least(double low) {
  return {fmt::format(">= {}", low), for_numbers([low](double x) { return x >= low; })};
}

Range greater_than(double low) {
  return {fmt::format("> {}", low), for_numbers([low](double x) { return x > low; })};
}

Range between(double low, double high, Ends ends) {
  const bool open_low = ends == Ends::open || ends == Ends::open_left;
  const bool open_high = ends == Ends::open || ends == Ends::open_right;
  return {fmt::format("in {}{}, {}{}", open_low ? '(' : '[', low, high, open_high ? ')' : ']'),
          for_numbers([=](double x) {
            return (open_low ? x > low : x >= low) && (open_high ? x < high : x <= high);
          })};
}

Range one_of(std::vector<Value> values) {
  Range range{join(reprs(values), "or"), nullptr, Range::Form::complete};
  for (const Value& value : values) {
    if (value.is_string()) range.names.push_back(value.as_string());
  }
  range.holds = [values = std::move(values)](const Value& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  return range;
}

Range satisfies(std::string text, std::function<bool(const Value&)> holds) {
  return {std::move(text), std::move(holds), Range::Form::complete};
}

ParamTableBase::ParamTableBase(std::string estimator, std::string summary)
    : estimator_(std::move(estimator)), summary_(std::move(summary)) {}

void ParamTableBase::add_field(std::string name, std::string_view type, const Value& default_value,
                               Field field, std::string help) {
  infos_.push_back({std::move(name), std::string(type), default_value.repr(), field.range.text,
                    values_in_words(type, field.range), std::move(help)});
  fields_.push_back(std::move(field));
  if (!in_range(fields_.size() - 1, default_value)) fail(fields_.size() - 1, default_value);
}

void ParamTableBase::add_refused(std::string name, std::vector<Value> accepted,
                                 std::string reason) {
  if (accepted.empty())
    throw std::logic_error("a refused parameter needs the value that is its default");
  // Any of several spellings, such as the algorithms of KMeans, or only the default?
  const bool changes_nothing = changes_no_result(name) || accepted.size() > 1;
  infos_.push_back({name, "", accepted[0].repr(), "", join(reprs(accepted), "or"),
                    (changes_nothing ? "changes nothing: " : "only the default: ") + reason,
                    false});
  fields_.push_back({nullptr, nullptr, anything(), std::move(accepted), std::move(reason)});
}

std::vector<std::string> ParamTableBase::names() const {
  std::vector<std::string> names;
  for (const ParamInfo& info : infos_) names.push_back(info.name);
  return names;
}

std::size_t ParamTableBase::index_of(std::string_view name) const {
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    if (infos_[i].name == name) return i;
  }
  const std::vector<std::string> all = names();
  if (all.empty()) throw UsageError(fmt::format("{} has no parameters, got {}", estimator_, name));
  const auto nearest = nearest_name(name, all);
  throw UsageError(fmt::format("{} has no parameter '{}'; {}it takes {}", estimator_, name,
                               nearest ? fmt::format("did you mean '{}'? ", *nearest) : "",
                               join(all, "and")));
}

void ParamTableBase::fail(std::size_t index, const Value& value) const {
  const ParamInfo& info = infos_[index];
  std::string hint;
  if (info.type.starts_with("int") && value.is_real() &&
      value.as_double() == std::floor(value.as_double()) && std::abs(value.as_double()) < 1e15) {
    hint = fmt::format("; write {:.0f}", value.as_double());
  } else if (value.is_string()) {
    const auto nearest = nearest_name(value.as_string(), fields_[index].range.names);
    if (nearest) hint = fmt::format("; did you mean '{}'?", *nearest);
  }
  throw UsageError(fmt::format("{}: {} must be {}, got {}{}", estimator_, info.name, info.values,
                               shorten(value.repr(), 60), hint));
}

bool ParamTableBase::in_range(std::size_t index, const Value& value) const {
  const Range& range = fields_[index].range;
  if (value.is_none() && takes_none(infos_[index].type)) return true;
  return !range.holds || range.holds(value);
}

void ParamTableBase::set(void* params, std::string_view name, const Value& value) const {
  const std::size_t index = index_of(name);
  const Field& field = fields_[index];
  if (!infos_[index].honoured) {
    if (std::find(field.accepted.begin(), field.accepted.end(), value) != field.accepted.end())
      return;
    if (changes_no_result(name)) {
      leave_notice(fmt::format("{}: {}={} changes nothing here: {}", estimator_, name,
                               shorten(value.repr(), 60), field.reason));
      return;
    }
    throw UsageError(fmt::format("{}: {}={} cannot be honoured: {}; leave it out", estimator_, name,
                                 shorten(value.repr(), 60), field.reason));
  }
  const Value before = field.load(params);
  if (!field.store(params, value)) fail(index, value);
  if (!in_range(index, field.load(params))) {
    field.store(params, before);
    fail(index, value);
  }
}

Value ParamTableBase::get(const void* params, std::string_view name) const {
  const std::size_t index = index_of(name);
  return infos_[index].honoured ? fields_[index].load(params) : fields_[index].accepted[0];
}

void ParamTableBase::apply(void* params, const EstimatorExpression& expression) const {
  const std::size_t given = expression.positional.size();
  if (given > positional_) {
    const std::string next =
        positional_ < infos_.size()
            ? fmt::format(": write {}({}={})", estimator_, infos_[positional_].name,
                          shorten(expression.positional[positional_].repr(), 40))
            : "";
    throw UsageError(fmt::format(
        "{} takes {} without a name{}", estimator_,
        positional_ == 0
            ? "no argument"
            : fmt::format("at most {} argument{}", positional_, positional_ == 1 ? "" : "s"),
        next));
  }
  for (std::size_t i = 0; i < given; ++i) set(params, infos_[i].name, expression.positional[i]);
  for (const auto& [name, value] : expression.params) {
    if (index_of(name) < given)
      throw UsageError(fmt::format("{}: {} is given twice", estimator_, name));
    set(params, name, value);
  }
}

void ParamTableBase::check(const void* params) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!infos_[i].honoured) continue;
    const Value value = fields_[i].load(params);
    if (!in_range(i, value)) fail(i, value);
  }
}

std::string ParamTableBase::repr(const void* params) const {
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!infos_[i].honoured) continue;
    arguments.push_back(fmt::format("{}={}", infos_[i].name, fields_[i].load(params).repr()));
  }
  return fmt::format("{}({})", estimator_, fmt::join(arguments, ", "));
}

std::string ParamTableBase::markdown() const {
  std::string out = "| parameter | default | values | meaning |\n| --- | --- | --- | --- |\n";
  for (const ParamInfo& info : infos_) {
    out += fmt::format("| `{}` | `{}` | {} | {} |\n", info.name, in_table(info.default_repr),
                       in_table(info.values), in_table(info.help));
  }
  return out;
}

std::string ParamTableBase::help_text() const {
  std::string out = estimator_ + ": " + wrapped(summary_, estimator_.size() + 2) + "\n";
  std::size_t width = 0;
  for (const ParamInfo& info : infos_) {
    width =
        std::max(width, std::min<std::size_t>(info.name.size() + info.default_repr.size() + 1, 36));
  }
  for (const ParamInfo& info : infos_) {
    const char* others = changes_no_result(info.name) ? "other values are taken with a warning"
                                                      : "other values are refused";
    const std::string text = info.honoured
                                 ? fmt::format("{} ({})", info.help, info.values)
                                 : fmt::format("{} ({}; {})", info.help, info.values, others);
    out += fmt::format("  {:<{}}  {}\n", info.name + "=" + info.default_repr, width,
                       wrapped(text, width + 4));
  }
  return out;
}

}  // namespace superstep
