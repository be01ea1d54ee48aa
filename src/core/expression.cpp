// SPDX-License-Identifier: BSD-3-Clause
// From calls to estimators and steps of a pipeline.
#include <superstep/core/expression.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/notices.hpp>
#include <superstep/core/text.hpp>

#include "core/cursor.hpp"

namespace superstep {
namespace {

constexpr std::string_view pipeline_example =
    "Pipeline([('scale', StandardScaler()), ('model', Ridge())])";

std::string class_name(const Value::Call& call) {
  const std::size_t dot = call.name.rfind('.');
  return dot == std::string::npos ? call.name : call.name.substr(dot + 1);
}

bool is_pipeline_call(const Value& value) {
  if (!value.is_call()) return false;
  const std::string name = class_name(value.as_call());
  return name == "Pipeline" || name == "make_pipeline";
}

/// What the class of a step is called, as scikit-learn's make_ functions take it for a name.
std::string class_of_step(const Value& step) {
  if (step.is_string()) return step.as_string();
  if (!step.is_call()) return step.repr();
  const std::string name = class_name(step.as_call());
  if (name == "make_pipeline") return "Pipeline";
  if (name == "make_union") return "FeatureUnion";
  return name == "make_column_transformer" ? "ColumnTransformer" : name;
}

/// The steps with names: [('onehotencoder', OneHotEncoder(), ...), ...].
Value named(const Value::Items& steps, const std::function<const Value&(const Value&)>& estimator) {
  std::vector<std::string> names;
  for (const Value& step : steps) names.push_back(class_of_step(estimator(step)));
  names = step_names(names);
  Value::Items list;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Value::Items one = {Value(names[i])};
    if (&estimator(steps[i]) == &steps[i]) {
      one.push_back(steps[i]);
    } else {
      one.insert(one.end(), steps[i].items().begin(), steps[i].items().end());
    }
    list.push_back(Value::tuple(std::move(one)));
  }
  return Value::list(std::move(list));
}

/// make_column_transformer((OneHotEncoder(), ['city']), ...) and the like as the class that they
/// make; other calls as they are.
Value::Call with_names(const Value::Call& call) {
  const std::string name = class_name(call);
  const auto itself = [](const Value& step) -> const Value& { return step; };
  const auto make = [&](const char* made, const char* list, auto&& estimator) {
    Value::Call result{made, {}, {{list, named(call.positional, estimator)}}};
    result.keywords.insert(result.keywords.end(), call.keywords.begin(), call.keywords.end());
    return result;
  };
  if (name == "make_pipeline") return make("Pipeline", "steps", itself);
  if (name == "make_union") return make("FeatureUnion", "transformer_list", itself);
  if (name != "make_column_transformer") return call;
  for (const Value& pair : call.positional) {
    if (pair.is_sequence() && pair.items().size() == 2) continue;
    throw UsageError(
        fmt::format("make_column_transformer takes pairs (OneHotEncoder(), ['city']), "
                    "got {}",
                    shorten(pair.repr(), 60)));
  }
  return make("ColumnTransformer", "transformers",
              [](const Value& pair) -> const Value& { return pair.items()[0]; });
}

EstimatorExpression estimator_of(const Value& value) {
  if (value == Value("passthrough") || value.is_none()) {
    throw UsageError(fmt::format("{} is a step of a pipeline, no estimator", value.repr()));
  }
  if (!value.is_call()) {
    const bool is_quoted = value.is_string() && value.as_string().find('(') != std::string::npos;
    throw UsageError(fmt::format("expected an estimator such as Ridge(alpha=1.0), got {}{}",
                                 shorten(value.repr(), 60),
                                 is_quoted ? "; write it without quotes" : ""));
  }
  const Value::Call call = with_names(value.as_call());
  return {class_name(call), call.keywords, call.positional};
}

/// A step that hands the rows on as they are, as scikit-learn writes it.
bool does_nothing(const Value& step) { return step.is_none() || step == Value("passthrough"); }

/// `memory` and `verbose` change no result.
void check_pipeline_options(const Value::Call& call) {
  for (const auto& [name, value] : call.keywords) {
    if (name == "steps" && class_name(call) == "Pipeline") continue;
    if (name == "memory" && value.is_none()) continue;
    if (name == "verbose" && value == Value(false)) continue;
    if (name != "memory" && name != "verbose") {
      throw UsageError(fmt::format("{}: {}={} is no parameter; steps are written without a name",
                                   class_name(call), name, shorten(value.repr(), 40)));
    }
    leave_notice(fmt::format("{}: {}={} changes nothing here: {}", class_name(call), name,
                             shorten(value.repr(), 40),
                             name == "memory" ? "equal steps are always fitted once"
                                              : "progress is shown unless --quiet"));
  }
}

void check_step_names(const std::vector<Step>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string& name = steps[i].name;
    const bool is_taken = name == "steps" || name == "memory" || name == "verbose";
    if (name.empty() || name == "." || name == ".." || is_taken ||
        name.find("__") != std::string::npos || name.find('/') != std::string::npos) {
      throw UsageError(
          fmt::format("a step cannot be named {}: no empty name, no '__', no '/', not "
                      "steps, memory or verbose; try {}",
                      Value(name).repr(), Value(step_names({steps[i].estimator.name})[0]).repr()));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (steps[j].name == name) {
        throw UsageError(fmt::format(
            "two steps of the pipeline are named {}; give each its own name", Value(name).repr()));
      }
    }
  }
}

std::vector<Step> steps_of_make_pipeline(const Value::Call& call) {
  std::vector<Step> steps;
  std::vector<std::string> names;
  for (const Value& value : call.positional) {
    if (does_nothing(value)) continue;
    steps.push_back({"", estimator_of(value)});
    names.push_back(class_of_step(value));
  }
  names = step_names(names);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].name = names[i];
  return steps;
}

std::vector<Step> steps_of_pipeline(const Value::Call& call) {
  const Value* list = call.positional.empty() ? nullptr : &call.positional[0];
  for (const auto& [name, value] : call.keywords) {
    if (name == "steps" && list) throw UsageError("Pipeline: steps is given twice");
    if (name == "steps") list = &value;
  }
  if (!list || call.positional.size() > 1 || !list->is_sequence()) {
    throw UsageError(
        fmt::format("Pipeline takes one list of (name, estimator) pairs: {}", pipeline_example));
  }
  std::vector<Step> steps;
  for (const Value& pair : list->items()) {
    if (!pair.is_sequence() || pair.items().size() != 2 || !pair.items()[0].is_string()) {
      throw UsageError(fmt::format("a step of a Pipeline is a pair ('name', Estimator()), got {}",
                                   shorten(pair.repr(), 60)));
    }
    if (does_nothing(pair.items()[1])) continue;
    steps.push_back({pair.items()[0].as_string(), estimator_of(pair.items()[1])});
  }
  return steps;
}

/// The text if it is a class name and nothing else.
bool is_bare_name(std::string_view text) {
  return !text.empty() && is_name_start(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_name_char(c) || c == '.'; });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

Expression parse_expression(std::string_view text) {
  const std::string_view name = trimmed(text);
  if (name.empty()) throw UsageError("expected an estimator such as Ridge(alpha=1.0), got nothing");
  if (is_bare_name(name)) {
    throw UsageError(fmt::format("an estimator is written with brackets: {}()", name));
  }
  return expression_of(parse_value(text));
}

Expression expression_of(const Value& value) {
  Expression expression;
  expression.is_pipeline = is_pipeline_call(value);
  if (!expression.is_pipeline) {
    EstimatorExpression estimator = estimator_of(value);
    std::string name = to_lower(estimator.name);
    expression.steps.push_back({std::move(name), std::move(estimator)});
    return expression;
  }
  const Value::Call& call = value.as_call();
  const bool names_given = class_name(call) == "Pipeline";
  check_pipeline_options(call);
  expression.steps = names_given ? steps_of_pipeline(call) : steps_of_make_pipeline(call);
  if (expression.steps.empty()) {
    throw UsageError(
        fmt::format("a pipeline needs at least one step: {}",
                    names_given ? pipeline_example : "make_pipeline(StandardScaler(), Ridge())"));
  }
  check_step_names(expression.steps);
  return expression;
}

std::vector<std::string> step_names(const std::vector<std::string>& class_names) {
  std::vector<std::string> lower;
  for (const std::string& name : class_names) lower.push_back(to_lower(name));
  std::vector<std::string> names = lower;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (std::count(lower.begin(), lower.end(), lower[i]) == 1) continue;
    const auto here = lower.begin() + static_cast<std::ptrdiff_t>(i);
    names[i] += fmt::format("-{}", std::count(lower.begin(), here, lower[i]) + 1);
  }
  return names;
}

std::string pipeline_repr(const std::vector<std::pair<std::string, std::string>>& steps) {
  std::vector<std::string> pairs;
  for (const auto& [name, repr] : steps)
    pairs.push_back(fmt::format("({}, {})", Value(name).repr(), repr));
  return fmt::format("Pipeline(steps=[{}])", fmt::join(pairs, ", "));
}

}  // namespace superstep
