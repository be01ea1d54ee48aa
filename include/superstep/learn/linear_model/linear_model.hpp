// SPDX-License-Identifier: BSD-3-Clause
// What linear models share once fitted: the function x -> x coef' + intercept, and the model of a
// regressor that predicts it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <superstep/learn/model.hpp>

namespace superstep {

/// z = x coef' + intercept for every row: one output for a regressor or a binary classifier, one
/// for each class of a multinomial one.
class LinearFunction {
 public:
  LinearFunction() = default;
  /// coef: outputs x features, as scikit-learn writes coef_; one intercept for each output.
  LinearFunction(const Matrix& coef, Vector intercept);
  /// One output.
  LinearFunction(const Vector& coef, double intercept);

  Index features() const { return weights_.rows(); }
  Index outputs() const { return weights_.cols(); }
  /// outputs x features
  Matrix coef() const { return weights_.transpose(); }
  /// features x outputs
  const Matrix& weights() const { return weights_; }
  const Vector& intercept() const { return intercept_; }

  /// x: rows x features() -> z: rows x outputs(). A row's values depend on that row alone.
  void apply(math::ConstPanel x, math::Panel z) const;
  /// The same function of the rows in front of the map.
  LinearFunction in_front_of(const AffineMap& map) const;

 private:
  Matrix weights_;  ///< features x outputs, as the kernel takes it
  Vector intercept_;
};

/// A fitted attribute beside coef_ and intercept_: n_iter_, dual_gap_, singular_.
using FittedAttribute = std::variant<double, Index, Vector>;
using FittedAttributes = std::vector<std::pair<std::string, FittedAttribute>>;

/// The model of every regressor that is linear in x: predict is the function itself. Writes coef_
/// as a vector of features and intercept_ as a number, of several targets as targets x features and
/// a vector; n_features_in_, and what else the estimator found. A generalised linear model derives
/// from it and puts its inverse link behind LinearModel::apply.
class LinearModel : public Model {
 public:
  LinearModel(const Vector& coef, double intercept, FittedAttributes others, FitReport report)
      : LinearModel(LinearFunction(coef, intercept), std::move(others), std::move(report)) {}
  LinearModel(LinearFunction function, FittedAttributes others, FitReport report);
  explicit LinearModel(LinearFunction function) : function_(std::move(function)) {}

  Index features() const override { return function_.features(); }
  bool can(Method method) const override { return method == Method::predict; }
  Index width(Method) const override { return function_.outputs(); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override;
  const LinearFunction* linear() const override { return &function_; }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

  const LinearFunction& function() const { return function_; }
  Vector coef() const { return function_.coef().row(0); }
  double intercept() const { return function_.intercept()[0]; }

 private:
  LinearFunction function_;
  FittedAttributes others_;
};

/// What `save` wrote of a LinearModel: coef_, intercept_ and, where the file has them, the
/// attributes listed. The variant's type says how each is read.
struct SavedLinearModel {
  Vector coef{};  ///< of one target, as is the intercept
  double intercept = 0.0;
  Matrix coefs{};  ///< of several: targets x features
  Vector intercepts{};
  FittedAttributes others{};

  bool has_targets() const { return coefs.size() > 0; }
  LinearFunction function() const {
    return has_targets() ? LinearFunction(coefs, intercepts) : LinearFunction(coef, intercept);
  }
};
SavedLinearModel read_linear_model(const AttributeReader& in, FittedAttributes expected,
                                   bool takes_targets = false);

}  // namespace superstep
