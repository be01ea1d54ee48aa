// SPDX-License-Identifier: BSD-3-Clause
// A classifier whose decisions are linear functions of a row: one for two classes (the second where
// it is positive), else one for each class (the largest wins).
#pragma once

#include <memory>

#include <superstep/learn/linear_model/linear_model.hpp>

namespace superstep {

/// How probabilities follow from the decisions.
enum class Probabilities {
  none,
  softmax,    ///< of two classes the sigmoid
  two_sided,  ///< the decisions of two classes are -z and z
};

class LinearClassifier : public Model {
 public:
  LinearClassifier(Labels classes, LinearFunction function, Probabilities probabilities,
                   FitReport report);

  Index features() const override { return function_.features(); }
  bool can(Method method) const override;
  Index width(Method method) const override;
  const Labels* classes() const override { return &classes_; }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  const LinearFunction* linear() const override { return &function_; }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override;
  /// Of the same decisions and probabilities, and nothing else.
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override;
  void save(const AttributeWriter& out) const override;

  const LinearFunction& function() const { return function_; }

 private:
  Labels classes_;
  LinearFunction function_;
  Probabilities probabilities_;
};

/// What a linear classifier's file holds: n_features_in_, classes_, coef_, intercept_.
struct SavedLinearClassifier {
  Labels classes;
  Matrix coef;
  Vector intercept;

  LinearFunction function() const { return {coef, intercept}; }
};
/// `columns` and `classes` are those of whatever else the file holds.
template <class Archive, class Saved>
void linear_classifier_fields(const Archive& a, Saved& f, Length& columns, Length& classes,
                              Allowed intercepts = allowed::finite) {
  a.size("n_features_in_", columns, f.coef.cols());
  a("classes_", f.classes, classes);
  const Index k = f.classes.size();
  Length outputs{k == 2 ? 1 : k, a.path("classes_")};
  a("coef_", f.coef, outputs, columns);
  a("intercept_", f.intercept, outputs, intercepts);
}
/// DataError for fewer than two classes.
SavedLinearClassifier read_linear_classifier(const AttributeReader& in);
void require_two_classes(const AttributeReader& in, const Labels& classes);

}  // namespace superstep
