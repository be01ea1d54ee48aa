// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/linear_classifier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/math/links.hpp>

namespace superstep {

namespace {

void copy_rows(math::ConstPanel from, math::Panel to) {
  for (Index i = 0; i < from.rows; ++i) std::copy_n(from.row(i), from.columns, to.row(i));
}

void probabilities_of(math::ConstPanel z, bool two_sided, math::Panel out) {
  if (z.columns > 1) {
    copy_rows(z, out);
    math::softmax(out, z.columns);
    return;
  }
  // The smaller one of the two is computed, not left over from 1.
  Matrix both(z.rows, 2);
  for (Index i = 0; i < z.rows; ++i) {
    both(i, 1) = two_sided ? 2.0 * z.row(i)[0] : z.row(i)[0];
    both(i, 0) = -both(i, 1);
  }
  math::sigmoid(both);
  copy_rows(math::ConstPanel(both), out);
}

/// The code of the largest output, the first of equal ones.
void predict(math::ConstPanel z, math::Panel out) {
  for (Index i = 0; i < z.rows; ++i) {
    const double* row = z.row(i);
    out.row(i)[0] = z.columns == 1
                        ? (row[0] > 0.0 ? 1.0 : 0.0)
                        : static_cast<double>(std::max_element(row, row + z.columns) - row);
  }
}

}  // namespace

LinearClassifier::LinearClassifier(Labels classes, LinearFunction function,
                                   Probabilities probabilities, FitReport report)
    : classes_(std::move(classes)), function_(std::move(function)), probabilities_(probabilities) {
  report_ = std::move(report);
}

bool LinearClassifier::can(Method method) const {
  return method == Method::predict || method == Method::decision_function ||
         (method == Method::predict_proba && probabilities_ != Probabilities::none);
}

Index LinearClassifier::width(Method method) const {
  if (method == Method::predict) return 1;
  return method == Method::predict_proba ? classes_.size() : function_.outputs();
}

void LinearClassifier::apply(Method method, math::ConstPanel x, math::Panel out) const {
  Matrix z(x.rows, function_.outputs());
  function_.apply(x, z);
  LinearClassifier::apply_to_linear(method, z, out);
}

void LinearClassifier::apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const {
  if (method == Method::decision_function) {
    copy_rows(z, out);
  } else if (method == Method::predict_proba) {
    probabilities_of(z, probabilities_ == Probabilities::two_sided, out);
  } else {
    predict(z, out);
  }
}

std::shared_ptr<const Model> LinearClassifier::in_front_of(const AffineMap& map) const {
  return std::make_shared<LinearClassifier>(classes_, function_.in_front_of(map), probabilities_,
                                            FitReport{});
}

void LinearClassifier::save(const AttributeWriter& out) const {
  const SavedLinearClassifier saved{classes_, function_.coef(), function_.intercept()};
  Length columns, classes;
  linear_classifier_fields(out, saved, columns, classes);
}

void require_two_classes(const AttributeReader& in, const Labels& classes) {
  if (classes.size() >= 2) return;
  throw DataError(fmt::format("{} holds one class, where two are needed", in.path("classes_")));
}

SavedLinearClassifier read_linear_classifier(const AttributeReader& in) {
  SavedLinearClassifier saved;
  Length columns, classes;
  linear_classifier_fields(in, saved, columns, classes);
  require_two_classes(in, saved.classes);
  return saved;
}

}  // namespace superstep
