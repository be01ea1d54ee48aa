// SPDX-License-Identifier: BSD-3-Clause
#include "learn/compose/named_transformers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/registry.hpp>

namespace superstep {

namespace {

bool is_word(const Value& value) { return value == Value("drop") || value == Value("passthrough"); }

std::unique_ptr<Estimator> transformer_of(const std::string& of, const std::string& name,
                                          const Value& value) {
  auto estimator = make_estimator(expression_of(value));
  if (estimator->transforms_targets()) {
    throw UsageError(
        fmt::format("{}: '{}' ({}) transforms targets, not columns; OrdinalEncoder is "
                    "for columns",
                    of, name, estimator->name()));
  }
  if (estimator->can(Method::transform)) return estimator;
  throw UsageError(fmt::format("{}: '{}' ({}) is no transformer", of, name, estimator->name()));
}

void check_name(const std::string& of, const std::string& name,
                const std::vector<NamedTransformer>& before) {
  if (name.empty() || name.find("__") != std::string::npos || name.find('/') != std::string::npos) {
    throw UsageError(
        fmt::format("{}: a transformer cannot be named {}: no empty name, no '__', no "
                    "'/'",
                    of, Value(name).repr()));
  }
  if (std::ranges::find(before, name, &NamedTransformer::name) == before.end()) return;
  throw UsageError(fmt::format("{}: two transformers are named {}; give each its own name", of,
                               Value(name).repr()));
}

std::size_t find_named(const std::string& of, const Value& list, std::string_view name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    names.push_back(list.items()[i].items()[0].as_string());
    if (names.back() == name) return i;
  }
  throw UsageError(
      fmt::format("{} has no transformer '{}'; {}", of, name, did_you_mean(name, names)));
}

}  // namespace

std::vector<NamedTransformer> named_transformers(const std::string& of, const Value& list,
                                                 bool with_columns) {
  const std::size_t length = with_columns ? 3 : 2;
  const char* const example = with_columns ? "[('onehot', OneHotEncoder(), ['city'])]"
                                           : "[('scale', StandardScaler()), ('pca', PCA())]";
  if (!list.is_sequence()) {
    throw UsageError(fmt::format("{} takes a list of transformers: {}", of, example));
  }
  std::vector<NamedTransformer> all;
  for (const Value& tuple : list.items()) {
    if (!tuple.is_sequence() || tuple.items().size() != length || !tuple.items()[0].is_string()) {
      throw UsageError(fmt::format("{}: got {}, where a tuple of {} is needed: {}", of,
                                   shorten(tuple.repr(), 60), length, example));
    }
    const Value::Items& items = tuple.items();
    NamedTransformer one{items[0].as_string(), nullptr, with_columns ? items[2] : Value()};
    check_name(of, one.name, all);
    one.is_dropped = items[1] == Value("drop");
    if (!is_word(items[1])) one.estimator = transformer_of(of, one.name, items[1]);
    all.push_back(std::move(one));
  }
  return all;
}

bool any_reads_texts(const std::vector<NamedTransformer>& all) {
  return std::ranges::any_of(
      all, [](const NamedTransformer& t) { return t.estimator && t.estimator->reads_texts(); });
}

bool all_keep_sparse(const std::vector<NamedTransformer>& all) {
  return std::ranges::all_of(all, [](const NamedTransformer& t) {
    return t.is_dropped || (t.estimator && t.estimator->keeps_sparse());
  });
}

std::vector<TargetUser> users_of(const std::vector<NamedTransformer>& all) {
  std::vector<TargetUser> users;
  for (const NamedTransformer& t : all) users.push_back({t.name, t.estimator.get()});
  return users;
}

Value canonical(const std::string& of, const Value& list, bool with_columns) {
  const std::vector<NamedTransformer> all = named_transformers(of, list, with_columns);
  Value::Items tuples;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Value::Items items = list.items()[i].items();
    if (all[i].estimator) items[1] = parse_value(all[i].estimator->expression());
    tuples.push_back(Value::tuple(std::move(items)));
  }
  return Value::list(std::move(tuples));
}

Value with_param(const std::string& of, const Value& list, bool with_columns,
                 std::string_view param, const Value& value) {
  const std::string_view name = param.substr(0, param.find("__"));
  const std::size_t at = find_named(of, list, name);
  Value::Items tuples = list.items();
  Value::Items items = tuples[at].items();
  if (name == param) {
    items[1] = value.is_none() ? Value("drop") : value;
  } else if (is_word(items[1])) {
    throw UsageError(
        fmt::format("{}: '{}' is {}, which has no parameters", of, name, items[1].repr()));
  } else {
    const auto estimator = make_estimator(expression_of(items[1]));
    estimator->set(param.substr(name.size() + 2), value);
    items[1] = parse_value(estimator->expression());
  }
  tuples[at] = Value::tuple(std::move(items));
  return canonical(of, Value::list(std::move(tuples)), with_columns);
}

Value param_of(const std::string& of, const Value& list, bool, std::string_view param) {
  const std::string_view name = param.substr(0, param.find("__"));
  const Value& transformer = list.items()[find_named(of, list, name)].items()[1];
  if (name == param) return transformer;
  return make_estimator(expression_of(transformer))->get(param.substr(name.size() + 2));
}

double weight_of(const Value& weights, const std::string& name) {
  const Value* found = weights.is_dict() ? weights.find(Value(name)) : nullptr;
  return found == nullptr ? 1.0 : found->as_double();
}

void check_weights(const std::string& of, const Value& weights,
                   const std::vector<NamedTransformer>& transformers) {
  if (!weights.is_dict()) return;
  std::vector<std::string> names;
  for (const NamedTransformer& t : transformers) names.push_back(t.name);
  for (const auto& [key, value] : weights.entries()) {
    if (!key.is_string() || std::ranges::find(names, key.as_string()) == names.end()) {
      throw UsageError(
          fmt::format("{}: transformer_weights names {}, which is no transformer", of, key.repr()));
    }
    if (!value.is_number()) {
      throw UsageError(fmt::format("{}: transformer_weights: {} is no number", of, value.repr()));
    }
  }
}

Schema columns_seen(const std::shared_ptr<const Schema>& columns, const Table& table) {
  return columns ? *columns : Schema::of_numbers(table.columns());
}

Schema schema_of(std::span<const Candidate> batch, Index columns) {
  const auto& known = batch.front().columns;
  return known && known->size() == columns ? *known : Schema::of_numbers(columns);
}

}  // namespace superstep
