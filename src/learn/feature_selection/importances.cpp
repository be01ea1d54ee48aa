// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_selection/importances.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/learn/attributes.hpp>

namespace superstep {

namespace {

const TreeArray<double>* numbers_in(const Tree& tree, const std::string& path) {
  const TreeDataset* found = tree.find(path);
  return found == nullptr ? nullptr : std::get_if<TreeArray<double>>(found);
}

Tree attributes_of(const Model& model) {
  Tree tree;
  model.save(AttributeWriter(tree, "/"));
  return tree;
}

/// Where a model's file has what scikit-learn calls `named_steps.clf.coef_`.
std::string path_of(const std::string& getter) {
  constexpr std::string_view steps = "named_steps.";
  if (!getter.starts_with(steps)) return "/" + (getter == "auto" ? "coef_" : getter);
  std::string path = getter.substr(steps.size());
  std::ranges::replace(path, '.', '/');
  return "/steps/" + path;
}

/// The norm of a column's entries, of an order as numpy.linalg.norm has them.
double norm_of(const std::vector<double>& sizes, double order) {
  if (order == HUGE_VAL) return *std::ranges::max_element(sizes);
  if (order == -HUGE_VAL) return *std::ranges::min_element(sizes);
  double sum = 0.0;
  for (const double s : sizes)
    sum += order == 1.0 ? s : (order == 2.0 ? s * s : std::pow(s, order));
  if (order == 1.0) return sum;
  return order == 2.0 ? std::sqrt(sum) : std::pow(sum, 1.0 / order);
}

double mean_of(const Vector& values) {
  long double sum = 0.0L;
  for (const double v : values) sum += v;
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double median_of(Vector values) {
  std::ranges::sort(values);
  const Index n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

struct Reference {
  double scale = 1.0;
  bool is_mean = true;
};

std::string stripped(std::string text) {
  while (text.starts_with(' ')) text.erase(0, 1);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::optional<Reference> reference_of(std::string text) {
  Reference reference;
  if (const auto at = text.find('*'); at != std::string::npos) {
    try {
      reference.scale = parse_value(stripped(text.substr(0, at))).as_double();
    } catch (const UsageError&) {
      return std::nullopt;
    }
    text = stripped(text.substr(at + 1));
  }
  if (text != "mean" && text != "median") return std::nullopt;
  reference.is_mean = text == "mean";
  return reference;
}

bool is_one(double x) { return std::fabs(x - 1.0) <= 1e-8 + 1e-5; }

/// scikit-learn's rule, by the names of classes and parameters.
bool is_l1_penalised(const Estimator& estimator, const Model& model) {
  const std::string name = estimator.name();
  if (name.find("Lasso") != std::string::npos) return true;
  if (name == "ElasticNet" || name == "LogisticRegression") {
    const Value ratio = estimator.get("l1_ratio");
    const bool is_l1 = name == "LogisticRegression" && estimator.get("penalty") == Value("l1");
    return is_l1 || (ratio.is_number() && is_one(ratio.as_double()));
  }
  if (name != "ElasticNetCV" && name != "LogisticRegressionCV") return false;
  const Tree tree = attributes_of(model);
  const auto* found = numbers_in(tree, "/l1_ratio_");
  return found != nullptr && !found->values.empty() && std::ranges::all_of(found->values, is_one);
}

}  // namespace

Vector importances_of(const Model& model, const std::string& getter, const Value& norm_order) {
  const Tree tree = attributes_of(model);
  const std::string path = path_of(getter);
  const TreeArray<double>* found = numbers_in(tree, path);
  const Index columns = model.features();
  if (found == nullptr || found->shape.empty() || found->shape.back() != columns) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("SelectFromModel: {} has no {} of {} columns; its estimator must be a linear "
                    "one, or importance_getter name what tells of each column",
                    model.expression(), getter == "auto" ? "coef_" : getter, columns));
  }
  const double order = norm_order.as_double();
  Vector all(columns);
  std::vector<double> sizes;
  for (Index c = 0; c < columns; ++c) {
    sizes.clear();
    for (auto i = static_cast<std::size_t>(c); i < found->values.size();
         i += static_cast<std::size_t>(columns)) {
      sizes.push_back(std::fabs(found->values[i]));
    }
    all[c] = found->shape.size() == 1 ? sizes.front() : norm_of(sizes, order);
  }
  return all;
}

bool is_threshold(const Value& value) {
  if (value.is_none() || value.is_number()) return true;
  return value.is_string() && reference_of(value.as_string()).has_value();
}

double threshold_of(const Value& threshold, const Estimator& estimator, const Model& model,
                    const Vector& importances) {
  if (threshold.is_number()) return threshold.as_double();
  if (threshold.is_none() && is_l1_penalised(estimator, model)) return 1e-5;
  const Reference reference =
      reference_of(threshold.is_none() ? "mean" : threshold.as_string()).value();
  return reference.scale * (reference.is_mean ? mean_of(importances) : median_of(importances));
}

// Of equal ones the first are taken.
std::vector<Index> important_columns(const Vector& importances, double threshold,
                                     const Value& max_features) {
  std::vector<Index> order(static_cast<std::size_t>(importances.size()));
  std::iota(order.begin(), order.end(), Index{0});
  if (max_features.is_int() && max_features.as_int() < importances.size()) {
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](Index c) { return importances[c]; });
    order.resize(static_cast<std::size_t>(max_features.as_int()));
    std::ranges::sort(order);
  }
  std::erase_if(order, [&](Index c) { return importances[c] < threshold; });
  return order;
}

}  // namespace superstep
