// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/cart_model.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace superstep {

namespace {

/// Rows that go through all trees together, so that they and a tree stay in the cache.
constexpr Index rows_at_a_time = 512;

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f, Length& columns) {
  a.size("n_features_in_", columns, f.features);
  if (f.classes) {
    Length classes;
    a("classes_", *f.classes, classes);
  }
}

}  // namespace

CartModel::CartModel(FittedCart fitted, FitReport report)
    : fitted_(std::move(fitted)), walk_(fitted_.forest) {
  report_ = std::move(report);
}

bool CartModel::can(Method method) const {
  return method == Method::predict || (fitted_.classes && method == Method::predict_proba);
}

Index CartModel::width(Method method) const {
  return method == Method::predict_proba ? fitted_.classes->size() : 1;
}

void CartModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  for (Index first = 0; first < x.rows; first += rows_at_a_time) {
    const Index n = std::min(rows_at_a_time, x.rows - first);
    apply_to_few(method, x.middle_rows(first, n), out.middle_rows(first, n));
  }
}

void CartModel::apply_to_few(Method method, math::ConstPanel x, math::Panel out) const {
  if (!fitted_.classes || method == Method::predict_proba) return walk_.means(x, out);
  const Index classes = fitted_.classes->size();
  std::vector<double> parts(static_cast<std::size_t>(x.rows * classes));
  walk_.means(x, {parts.data(), x.rows, classes});
  for (Index i = 0; i < x.rows; ++i) {
    const double* row = parts.data() + i * classes;
    out.row(i)[0] = static_cast<double>(std::max_element(row, row + classes) - row);
  }
}

void CartModel::save(const AttributeWriter& out) const {
  Length columns;
  fields(out, fitted_, columns);
  trees::write(out, fitted_.forest);
  if (fitted_.oob_score) out("oob_score_", *fitted_.oob_score, allowed::finite_or_nan);
  out.derived("feature_importances_", trees::importances(fitted_.forest, fitted_.features));
}

std::shared_ptr<Model> CartModel::load(const AttributeReader& in, bool has_classes) {
  FittedCart f;
  if (has_classes) f.classes.emplace();
  Length columns;
  fields(in, f, columns);
  f.features = columns.value;
  const Index outputs = f.classes ? f.classes->size() : 1;
  f.forest = trees::read_cart_forest(in, f.features, outputs, has_classes);
  if (in.has("oob_score_")) in("oob_score_", f.oob_score.emplace(), allowed::finite_or_nan);
  in.derived("feature_importances_", trees::importances(f.forest, f.features));
  return std::make_shared<CartModel>(std::move(f), FitReport{});
}

}  // namespace superstep
