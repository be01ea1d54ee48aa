// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/linear_model.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/math/products.hpp>

namespace superstep {

LinearFunction::LinearFunction(const Matrix& coef, Vector intercept)
    : weights_(coef.transpose()), intercept_(std::move(intercept)) {}

LinearFunction::LinearFunction(const Vector& coef, double intercept)
    : weights_(coef), intercept_(Vector::Constant(1, intercept)) {}

void LinearFunction::apply(math::ConstPanel x, math::Panel z) const {
  math::multiply(x, weights_, intercept_.data(), z);
}

// ((x - c) W + o) coef' + b = x (W coef') + b + (o - c W) coef'
LinearFunction LinearFunction::in_front_of(const AffineMap& map) const {
  LinearFunction f;
  f.weights_ = map.times(weights_);
  const Vector constant = map.offset() - map.transposed_times(map.centre()).col(0);
  f.intercept_ = intercept_ + weights_.transpose() * constant;
  return f;
}

LinearModel::LinearModel(const Vector& coef, double intercept, FittedAttributes others,
                         FitReport report)
    : function_(coef, intercept), others_(std::move(others)) {
  report_ = std::move(report);
}

void LinearModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  function_.apply(x, out);
}

std::shared_ptr<const Model> LinearModel::in_front_of(const AffineMap& map) const {
  return std::make_shared<LinearModel>(function_.in_front_of(map));
}

void LinearModel::apply_to_linear(Method, math::ConstPanel z, math::Panel out) const {
  for (Index i = 0; i < z.rows; ++i) out.row(i)[0] = z.row(i)[0];
}

void LinearModel::save(const AttributeWriter& out) const {
  out.add("coef_", coef());
  out.add("intercept_", intercept());
  out.add("n_features_in_", features());
  for (const auto& [name, attribute] : others_) {
    std::visit([&, &key = name](const auto& value) { out.add(key, value); }, attribute);
  }
}

SavedLinearModel read_linear_model(const AttributeReader& in, FittedAttributes expected) {
  SavedLinearModel saved{in.vector("coef_"), in.number("intercept_"), {}};
  if (in.integer("n_features_in_") != saved.coef.size()) {
    throw DataError(fmt::format("coef_ has {} values, n_features_in_ says {}", saved.coef.size(),
                                in.integer("n_features_in_")));
  }
  for (auto& [name, attribute] : expected) {
    if (!in.has(name)) continue;
    if (std::holds_alternative<double>(attribute)) attribute = in.number(name);
    if (std::holds_alternative<Index>(attribute)) attribute = in.integer(name);
    if (std::holds_alternative<Vector>(attribute)) attribute = in.vector(name);
    saved.others.emplace_back(name, std::move(attribute));
  }
  return saved;
}

}  // namespace superstep
