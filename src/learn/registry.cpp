// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/registry.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/estimators.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/learn/scikit_learn_names.hpp>

namespace superstep {

namespace {

template <class E>
RegisteredEstimator entry(std::string module) {
  return {std::move(module), &E::param_table(),
          []() -> std::unique_ptr<Estimator> { return std::make_unique<E>(); }};
}

/// As scikit-learn calls it.
std::string module_of(const std::string& module) {
  return module == "feature_extraction" ? "feature_extraction.text" : module;
}

}  // namespace

const std::vector<RegisteredEstimator>& registry() {
  static const std::vector<RegisteredEstimator> all = {
#define SUPERSTEP_ESTIMATOR(module, Class) entry<Class>(module_of(#module)),
#include "learn/estimators.def"
#undef SUPERSTEP_ESTIMATOR
  };
  return all;
}

const RegisteredEstimator& find_estimator(std::string_view name) {
  std::vector<std::string> names;
  for (const RegisteredEstimator& e : registry()) {
    if (e.table->estimator() == name) return e;
    names.push_back(e.table->estimator());
  }
  if (const auto said = said_of_scikit_learns(name)) throw UsageError(*said);
  if (!nearest_name(name, names)) {
    if (const auto nearest = nearest_name(name, scikit_learns_names())) {
      throw UsageError(fmt::format("there is no estimator '{}'; did you mean '{}'? {}", name,
                                   *nearest, *said_of_scikit_learns(*nearest)));
    }
  }
  throw UsageError(
      fmt::format("there is no estimator '{}'; {} (`superstep help estimators` lists them all)",
                  name, did_you_mean(name, names)));
}

namespace {

std::unique_ptr<Estimator> make_one(const EstimatorExpression& expression) {
  if (expression.name == "Pipeline") {
    return make_estimator(
        expression_of(Value::Call{"Pipeline", expression.positional, expression.params}));
  }
  const RegisteredEstimator& found = find_estimator(expression.name);
  auto estimator = found.make();
  estimator->apply(expression);
  return estimator;
}

}  // namespace

std::unique_ptr<Estimator> make_estimator(const Expression& expression) {
  if (!expression.is_pipeline) return make_one(expression.steps.front().estimator);
  std::vector<Pipeline::Step> steps;
  for (const Step& s : expression.steps) steps.push_back({s.name, make_one(s.estimator)});
  return std::make_unique<Pipeline>(std::move(steps));
}

std::unique_ptr<Estimator> make_estimator(std::string_view expression) {
  return make_estimator(parse_expression(expression));
}

namespace {

constexpr const char* format_name = "superstep-model";
constexpr std::int64_t format_version = 1;
constexpr const char* names_attribute = "feature_names_in_";
constexpr const char* checksum_attribute = "checksum";

/// Of all that a model's answers depend on.
std::string checksum_of(const Tree& tree) {
  return "xxh64:" + digest(tree, {"format", "version", "estimator"});
}

std::string text_attribute(const Tree& tree, const char* name) {
  const auto* found = tree.find_attribute(name);
  return found != nullptr && std::holds_alternative<std::string>(*found)
             ? std::get<std::string>(*found)
             : std::string();
}

void check_format(const Tree& tree, const std::string& path) {
  if (text_attribute(tree, "format") != format_name) {
    throw DataError(
        fmt::format("{} is an HDF5 file but no model; give the file that fit --model wrote", path));
  }
  const auto* version = tree.find_attribute("version");
  if (version == nullptr || !std::holds_alternative<std::int64_t>(*version) ||
      std::get<std::int64_t>(*version) != format_version) {
    throw DataError(
        fmt::format("{} was written by another version of the program (this one reads "
                    "version {}); train it again",
                    path, format_version));
  }
  if (text_attribute(tree, "estimator").empty()) {
    throw DataError(fmt::format(
        "{} does not say which estimator it is; the file is damaged: fit it again", path));
  }
}

/// Kinds and levels, where the data were a table: "real", "category", ...; the levels of the i-th
/// column in levels_in_/i.
constexpr const char* kinds_attribute = "column_kinds_in_";

std::string levels_attribute(Index column) { return fmt::format("levels_in_/{}", column); }

void write_columns(const AttributeWriter& out, const Schema& columns) {
  Length length;
  out(names_attribute, columns.names(), length);
  const auto is_real = [](const Column& c) { return c.kind == ColumnKind::real; };
  if (std::ranges::all_of(columns.columns(), is_real)) return;
  std::vector<std::string> kinds;
  for (Index i = 0; i < columns.size(); ++i) {
    kinds.emplace_back(kind_name(columns[i].kind));
    Length levels;
    if (columns[i].levels) out(levels_attribute(i), *columns[i].levels, levels);
  }
  out(kinds_attribute, kinds, length);
}

ColumnKind kind_named(const AttributeReader& in, const std::string& name) {
  for (const ColumnKind kind : {ColumnKind::real, ColumnKind::integer, ColumnKind::boolean,
                                ColumnKind::date, ColumnKind::category, ColumnKind::text}) {
    if (name == kind_name(kind)) return kind;
  }
  throw DataError(fmt::format("{} says '{}', which is no kind of column", in.path(kinds_attribute),
                              shorten(name, 40)));
}

Schema read_columns(const AttributeReader& in, const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back({.name = name});
  if (!in.has(kinds_attribute)) return Schema(std::move(columns));
  Length length{std::ssize(names), names_attribute};
  std::vector<std::string> kinds;
  in(kinds_attribute, kinds, length);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].kind = kind_named(in, kinds[i]);
    if (columns[i].kind != ColumnKind::category) continue;
    Length levels;
    std::vector<std::string> texts;
    in(levels_attribute(static_cast<Index>(i)), texts, levels);
    columns[i].levels = std::make_shared<const std::vector<std::string>>(std::move(texts));
  }
  return Schema(std::move(columns));
}

std::shared_ptr<Model> read_model(const Tree& tree) {
  const auto estimator = make_estimator(text_attribute(tree, "estimator"));
  estimator->check_params();
  const AttributeReader in(tree, "/");
  const std::shared_ptr<Model> model = estimator->load(in);
  if (in.has(names_attribute)) {
    Length columns{model->features(), "the model"};
    std::vector<std::string> names;
    in(names_attribute, names, columns);
    Schema seen = read_columns(in, names);
    if (model->reads_texts() && seen[0].kind != ColumnKind::text) {
      throw DataError(
          fmt::format("{} does not say that '{}' is a column of text, as the model has it",
                      in.path(kinds_attribute), seen.name_of(0)));
    }
    model->set_columns(std::move(seen));
  }
  in.require_all_seen();
  return model;
}

}  // namespace

ModelPtr model_of(const Tree& tree, const std::string& path) {
  check_format(tree, path);
  ModelPtr model;
  try {
    model = read_model(tree);
  } catch (const Error& e) {
    throw DataError(fmt::format("{} is no valid model: {}; fit it again", path, e.what()));
  }
  const bool has_checksum = tree.find_attribute(checksum_attribute) != nullptr;
  if (has_checksum && text_attribute(tree, checksum_attribute) != checksum_of(tree)) {
    throw DataError(
        fmt::format("{} is not as it was written: its values do not have the checksum they had; "
                    "copy it or fit it again (if you changed it on purpose, delete its attribute "
                    "'{}')",
                    path, checksum_attribute));
  }
  return model;
}

void save_model(const Communicator& comm, const Model& model, const std::string& path) {
  on_root(comm, [&] {
    Tree tree;
    tree.set("format", std::string(format_name));
    tree.set("version", format_version);
    tree.set("estimator", model.expression());
    const AttributeWriter out(tree, "/");
    model.save(out);
    if (model.columns().has_names()) write_columns(out, model.columns());
    tree.set(checksum_attribute, checksum_of(tree));
    answering(comm, [&] { write_tree(path, tree); });
  });
}

ModelPtr load_model(const Communicator& comm, const std::string& path) {
  std::vector<std::byte> bytes;
  on_root(comm, [&] { answering(comm, [&] { bytes = serialize(read_tree(path)); }); });
  comm.broadcast(bytes);
  ModelPtr model;
  collectively(comm, [&] { model = model_of(deserialize_tree(bytes), path); });
  return model;
}

}  // namespace superstep
