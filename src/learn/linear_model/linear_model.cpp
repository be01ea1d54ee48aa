// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/linear_model.hpp>

#include <algorithm>
#include <type_traits>

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

LinearModel::LinearModel(LinearFunction function, FittedAttributes others, FitReport report)
    : function_(std::move(function)), others_(std::move(others)) {
  report_ = std::move(report);
}

void LinearModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  function_.apply(x, out);
}

std::shared_ptr<const Model> LinearModel::in_front_of(const AffineMap& map) const {
  return std::make_shared<LinearModel>(function_.in_front_of(map));
}

void LinearModel::apply_to_linear(Method, math::ConstPanel z, math::Panel out) const {
  if (z.columns == 1) {  // a call for each row would take longer than the value
    for (Index i = 0; i < z.rows; ++i) out.row(i)[0] = z.row(i)[0];
    return;
  }
  for (Index i = 0; i < z.rows; ++i) std::copy_n(z.row(i), z.columns, out.row(i));
}

namespace {

template <class Archive, class Saved>
void fields(const Archive& a, Saved& f, bool has_targets) {
  Length columns;
  a.size("n_features_in_", columns, has_targets ? f.coefs.cols() : f.coef.size());
  if (has_targets) {
    Length targets;
    a("coef_", f.coefs, targets, columns);
    a("intercept_", f.intercepts, targets);
  } else {
    a("coef_", f.coef, columns);
    a("intercept_", f.intercept);
  }
  for (auto& [name, attribute] : f.others) {
    if (!a.has(name)) continue;
    std::visit(
        [&a, &key = name](auto& value) {
          using Value = std::remove_cvref_t<decltype(value)>;
          Length own;
          if constexpr (std::is_same_v<Value, Vector>) a(key, value, own, allowed::not_negative);
          if constexpr (std::is_same_v<Value, double>) a(key, value, allowed::any);
          if constexpr (std::is_same_v<Value, Index>) a(key, value);
        },
        attribute);
  }
}

}  // namespace

void LinearModel::save(const AttributeWriter& out) const {
  const bool has_targets = function_.outputs() > 1;
  const SavedLinearModel saved =
      has_targets ? SavedLinearModel{.coefs = function_.coef(),
                                     .intercepts = function_.intercept(),
                                     .others = others_}
                  : SavedLinearModel{.coef = coef(), .intercept = intercept(), .others = others_};
  fields(out, saved, has_targets);
}

SavedLinearModel read_linear_model(const AttributeReader& in, FittedAttributes expected,
                                   bool takes_targets) {
  SavedLinearModel saved{.others = std::move(expected)};
  const bool has_targets = takes_targets && in.has("intercept_") && !in.is_single("intercept_");
  fields(in, saved, has_targets);
  std::erase_if(saved.others, [&](const auto& other) { return !in.has(other.first); });
  return saved;
}

}  // namespace superstep
