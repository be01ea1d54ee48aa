// SPDX-License-Identifier: BSD-3-Clause
#include "app/model_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/learn/attributes.hpp>
#include <superstep/learn/feature_names.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/pipeline_model.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/math/matrix.hpp>

#include "app/shown.hpp"

namespace superstep::app {

std::string extents_text(const std::vector<Index>& shape) {
  std::string text;
  for (const Index extent : shape) text += (text.empty() ? "" : " x ") + format_count(extent);
  return text;
}

Json shape_json(const std::vector<Index>& shape) {
  Json json = Json::array();
  for (const Index extent : shape) json.push_back(extent);
  return json;
}

std::string word_of(const std::string& value) {
  constexpr std::size_t widest_text = 60;
  return Value(shorten(value, widest_text)).repr();
}

namespace {

constexpr std::size_t most_coefficients_shown = 20;
constexpr Index most_outputs_shown = 5;
constexpr std::size_t widest_name = 28;

std::string short_text(double value) { return fmt::format("{:.6g}", value); }
std::string short_text(std::int64_t value) { return fmt::format("{}", value); }
std::string short_text(const std::string& value) { return word_of(value); }

template <class T>
std::string values_text(const TreeArray<T>& array) {
  if (array.shape.empty()) return short_text(array.values.front());
  std::string text;
  for (std::size_t i = 0; i < std::min(array.values.size(), most_values_shown); ++i) {
    text += (i > 0 ? ", " : "") + short_text(array.values[i]);
  }
  return "[" + text + (array.values.size() > most_values_shown ? ", ..." : "") + "]";
}

template <class T>
Json values_json(const TreeArray<T>& array) {
  if (array.shape.empty()) return Json(array.values.front());
  return Json(array.values);
}

std::string text_attribute(const Tree& tree, const std::string& name) {
  const TreeAttribute* found = tree.find_attribute(name);
  return found != nullptr && std::holds_alternative<std::string>(*found)
             ? std::get<std::string>(*found)
             : std::string();
}

/// What predicts, and what its columns are called.
struct LastStep {
  std::string prefix;  ///< "/" or "/steps/ridge/"
  std::vector<std::string> names;
  std::optional<Labels> classes;
  Matrix coef;
  std::vector<double> intercept;
};

/// What the columns are called that the last step sees; empty where they have no names, or the file
/// is damaged, which others say.
std::vector<std::string> names_before_last_step(const Tree& tree) {
  try {
    const ModelPtr model = model_of(tree, "the file");
    Schema columns = model->columns();
    if (const auto* pipeline = dynamic_cast<const PipelineModel*>(model.get())) {
      const auto& steps = pipeline->steps();
      for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        columns = steps[i].model->columns_behind(columns);
      }
    }
    return columns.names();
  } catch (const Error&) {
    return {};
  }
}

LastStep last_step(const Tree& tree) {
  const Expression expression = parse_expression(text_attribute(tree, "estimator"));
  LastStep last;
  last.prefix = expression.is_pipeline ? "/steps/" + expression.steps.back().name + "/" : "/";
  const AttributeReader in(tree, last.prefix);
  if (in.has("classes_")) {
    Length classes;
    in("classes_", last.classes.emplace(), classes);
  }
  if (!in.has("coef_")) return last;
  const auto& coef = tree.doubles(last.prefix + "coef_");
  const Index outputs = coef.shape.size() == 2 ? coef.shape[0] : 1;
  const Index columns = outputs > 0 ? std::ssize(coef.values) / outputs : 0;
  if (columns > 0) last.coef = MatrixView(coef.values.data(), outputs, columns);
  if (in.has("intercept_")) last.intercept = tree.doubles(last.prefix + "intercept_").values;
  last.names = names_before_last_step(tree);
  if (std::ssize(last.names) != columns) last.names.clear();
  return last;
}

/// All coefficients in their order if they are few, else the largest.
std::vector<Index> coefficients_shown(const Matrix& coef) {
  std::vector<Index> columns(static_cast<std::size_t>(coef.cols()));
  std::iota(columns.begin(), columns.end(), 0);
  if (columns.size() <= most_coefficients_shown) return columns;
  const auto size = [&](Index c) { return coef.col(c).cwiseAbs().maxCoeff(); };
  std::ranges::stable_sort(columns, [&](Index a, Index b) { return size(a) > size(b); });
  columns.resize(most_coefficients_shown);
  return columns;
}

std::string coefficients_text(const LastStep& last) {
  const Index outputs = std::min(last.coef.rows(), most_outputs_shown);
  const auto cell = [](const std::string& text) { return fmt::format(" {:>13}", text); };
  const std::vector<Index> columns = coefficients_shown(last.coef);
  const bool has_all = std::ssize(columns) == last.coef.cols();
  std::string text = has_all
                         ? std::string("\ncoefficients\n")
                         : fmt::format("\ncoefficients, the {} largest of {} (--json gives all)\n",
                                       columns.size(), format_count(last.coef.cols()));
  const std::string more = outputs < last.coef.rows() ? "  ..." : "";
  if (last.coef.rows() > 1) {
    text += fmt::format("  {:<{}}", "", widest_name);
    for (Index k = 0; k < outputs; ++k) {
      const bool is_class = last.classes && k < last.classes->size();
      text += cell(is_class ? shorten(last.classes->value(k).repr(), 13) : fmt::format("{}", k));
    }
    text += more + "\n";
  }
  const auto line = [&](const std::string& name, const auto& value_of) {
    text += fmt::format("  {:<{}}", name, widest_name);
    for (Index k = 0; k < outputs; ++k) text += cell(short_text(value_of(k)));
    text += more + "\n";
  };
  for (const Index c : columns) {
    line(shown_name(last.names[static_cast<std::size_t>(c)], widest_name),
         [&](Index k) { return last.coef(k, c); });
  }
  if (std::ssize(last.intercept) == last.coef.rows()) {
    line("(intercept)", [&](Index k) { return last.intercept[static_cast<std::size_t>(k)]; });
  }
  return text;
}

void add_last_step(const Tree& tree, Report& report) {
  const LastStep last = last_step(tree);
  if (last.classes) {
    std::vector<std::string> words;
    for (Index k = 0; k < last.classes->size(); ++k) {
      if (words.size() < 2 * most_values_shown) words.push_back(last.classes->value(k).repr());
    }
    const bool has_more = std::ssize(words) < last.classes->size();
    report.text += fmt::format("\n{} classes: {}{}\n", last.classes->size(), fmt::join(words, ", "),
                               has_more ? ", ..." : "");
    if (last.classes->size() == 2) {
      report.text += fmt::format("positive class: {}", last.classes->value(1).repr());
      const Index of_f1 = positive_class(find_metric("f1"), *last.classes);
      if (of_f1 == 0) {
        report.text +=
            fmt::format(" (of coefficients and decision_function; f1 and its kin take {})",
                        last.classes->value(of_f1).repr());
      }
      report.text += '\n';
      report.json.set("positive_class", Json(last.classes->value(1)));
    }
  }
  if (last.names.empty() || last.coef.rows() == 0) return;
  report.text += coefficients_text(last);
  report.json.set("coef_names", last.names);
}

}  // namespace

Report describe_model(const std::string& file, const Tree& tree) {
  Report report;
  report.text =
      fmt::format("{}: model\n{}\n\n", file, shown_expression(text_attribute(tree, "estimator")));
  Json attributes = Json::object();
  for (const auto& [path, dataset] : tree.datasets) {
    const std::string name = path.substr(1);
    std::visit(
        [&](const auto& array) {
          report.text += fmt::format("  {:<28} {:<14} {}\n", shown_name(name),
                                     extents_text(array.shape), values_text(array));
          Json json = Json::object();
          json.set("shape", shape_json(array.shape)).set("values", values_json(array));
          attributes.set(name, std::move(json));
        },
        dataset);
  }
  report.json.set("file", file)
      .set("kind", "model")
      .set("estimator", text_attribute(tree, "estimator"))
      .set("attributes", std::move(attributes));
  try {
    model_of(tree, file);
    add_last_step(tree, report);
  } catch (const DataError& e) {
    report.warning = e.what();
    report.json.set("problem", report.warning);
  }
  return report;
}

}  // namespace superstep::app
