// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_selection/selection_model.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

SelectionModel::SelectionModel(const std::string& whose, Index features, std::vector<Index> chosen,
                               FitReport report)
    : features_(features), chosen_(std::move(chosen)) {
  report_ = std::move(report);
  if (!chosen_.empty()) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: no features were selected: either the data is too noisy or "
                                "the selection test too strict",
                                whose));
}

Schema SelectionModel::columns_behind(const Schema& in) const {
  if (in.has_names()) return in.chosen(chosen_);
  std::vector<std::string> names;
  for (const Index c : chosen_) names.push_back(fmt::format("x{}", c));
  return Schema::of_numbers(std::ssize(names), names);
}

AffineMapPtr SelectionModel::affine() const {
  if (features_ > most_columns_of_affine_selection) return nullptr;
  const Index n = std::ssize(chosen_);
  const Vector none = Vector::Zero(features_);
  if (n == features_) {
    return std::make_shared<AffineMap>(AffineMap::diagonal(none, Vector::Ones(n), none));
  }
  Matrix weights = Matrix::Zero(features_, n);
  for (Index i = 0; i < n; ++i) weights(chosen_[static_cast<std::size_t>(i)], i) = 1.0;
  return std::make_shared<AffineMap>(AffineMap::dense(none, std::move(weights), Vector::Zero(n)));
}

void SelectionModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = out.row(i);
    for (const Index c : chosen_) *to++ = from[c];
  }
}

Vector SelectionModel::support() const {
  Vector all = Vector::Zero(features_);
  for (const Index c : chosen_) all[c] = 1.0;
  return all;
}

}  // namespace superstep
