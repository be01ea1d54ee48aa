// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/registry.hpp>

#include <fmt/format.h>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/learn/cluster/kmeans.hpp>
#include <superstep/learn/decomposition/pca.hpp>
#include <superstep/learn/decomposition/truncated_svd.hpp>
#include <superstep/learn/linear_model/elastic_net.hpp>
#include <superstep/learn/linear_model/lasso.hpp>
#include <superstep/learn/linear_model/linear_regression.hpp>
#include <superstep/learn/linear_model/logistic_regression.hpp>
#include <superstep/learn/linear_model/poisson_regressor.hpp>
#include <superstep/learn/linear_model/ridge.hpp>
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>
#include <superstep/learn/preprocessing/min_max_scaler.hpp>
#include <superstep/learn/preprocessing/standard_scaler.hpp>

namespace superstep {

namespace {

template <class E>
RegisteredEstimator entry(std::string module) {
  static const E prototype;
  return {std::move(module), &prototype.param_table(),
          []() -> std::unique_ptr<Estimator> { return std::make_unique<E>(); }};
}

}  // namespace

const std::vector<RegisteredEstimator>& registry() {
  static const std::vector<RegisteredEstimator> all = {
      entry<KMeans>("cluster"),
      entry<PCA>("decomposition"),
      entry<TruncatedSVD>("decomposition"),
      entry<ElasticNet>("linear_model"),
      entry<Lasso>("linear_model"),
      entry<LinearRegression>("linear_model"),
      entry<LogisticRegression>("linear_model"),
      entry<PoissonRegressor>("linear_model"),
      entry<Ridge>("linear_model"),
      entry<GaussianNB>("naive_bayes"),
      entry<MaxAbsScaler>("preprocessing"),
      entry<MinMaxScaler>("preprocessing"),
      entry<StandardScaler>("preprocessing"),
  };
  return all;
}

const RegisteredEstimator& find_estimator(std::string_view name) {
  std::vector<std::string> names;
  for (const RegisteredEstimator& e : registry()) {
    if (e.table->estimator() == name) return e;
    names.push_back(e.table->estimator());
  }
  throw UsageError(fmt::format("there is no estimator '{}'; {} (`superstep help` lists them all)",
                               name, did_you_mean(name, names)));
}

namespace {

std::unique_ptr<Estimator> make_one(const EstimatorExpression& expression) {
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

ModelPtr model_of(const Tree& tree, const std::string& path) {
  const auto* format = tree.find_attribute("format");
  if (format == nullptr || !std::holds_alternative<std::string>(*format) ||
      std::get<std::string>(*format) != format_name) {
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
  const auto* expression = tree.find_attribute("estimator");
  if (expression == nullptr || !std::holds_alternative<std::string>(*expression)) {
    throw DataError(
        fmt::format("{} does not say which estimator it is; the file is damaged", path));
  }
  try {
    const auto& text = std::get<std::string>(*expression);
    const auto estimator = make_estimator(text);
    return estimator->load(AttributeReader(tree, "/"));
  } catch (const Error& e) {
    throw DataError(fmt::format("{} is no valid model: {}", path, e.what()));
  }
}

}  // namespace

void save_model(const Communicator& comm, const Model& model, const std::string& path) {
  on_root(comm, [&] {
    Tree tree;
    tree.set("format", std::string(format_name));
    tree.set("version", format_version);
    tree.set("estimator", model.expression());
    model.save(AttributeWriter(tree, "/"));
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
