// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/decomposition/truncated_svd.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/math/products.hpp>

#include "learn/decomposition/principal_axes.hpp"
#include "learn/decomposition/wide_svd.hpp"
#include "learn/features.hpp"

namespace superstep {

namespace {

struct FittedSVD {
  Matrix components;  ///< one a row
  Vector explained_variance;
  Vector explained_variance_ratio;
  Vector singular_values;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns, components;
  a.size("n_features_in_", columns, f.components.cols());
  a("components_", f.components, components, columns);
  a("explained_variance_", f.explained_variance, components, allowed::not_negative);
  a("explained_variance_ratio_", f.explained_variance_ratio, components, allowed::any);
  a("singular_values_", f.singular_values, components, allowed::not_negative);
}

class TruncatedSVDModel final : public Model {
 public:
  TruncatedSVDModel(FittedSVD fitted, FitReport report)
      : fitted_(std::move(fitted)), weights_(fitted_.components.transpose()) {
    report_ = std::move(report);
  }

  Index features() const override { return weights_.rows(); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return weights_.cols(); }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    math::multiply(x, weights_, out);
  }
  void apply_sparse(Method, const SparseRows& x, Index rows, math::Panel out) const override {
    with_sparse(x, rows, [&](auto panel) { math::multiply(panel, weights_, nullptr, out); });
  }
  Index sparse_scratch(Method) const override { return 0; }
  AffineMapPtr affine() const override {
    return std::make_shared<AffineMap>(
        AffineMap::dense(Vector::Zero(features()), weights_, Vector::Zero(weights_.cols())));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  FittedSVD fitted_;
  Matrix weights_;  ///< columns x components, as the kernel takes it
};

void check(const TruncatedSVDParams& p, Index rows, Index columns) {
  std::string problem;
  if (columns < 2) {
    problem = fmt::format("found 1 feature while a minimum of 2 is required by TruncatedSVD");
  } else if (p.n_components > columns) {
    problem = fmt::format("n_components({}) must be <= n_features({})", p.n_components, columns);
  } else if (p.algorithm == "arpack" && p.n_components >= std::min(rows, columns)) {
    problem = fmt::format(
        "n_components({}) must be < min(n_samples, n_features)({}) with algorithm='arpack'",
        p.n_components, std::min(rows, columns));
  }
  if (!problem.empty()) {
    throw AgreedError(columns < 2 ? ExitCode::bad_data : ExitCode::usage, problem);
  }
}

}  // namespace

const ParamTable<TruncatedSVDParams>& TruncatedSVD::param_table() {
  static const auto table =
      ParamTable<TruncatedSVDParams>("TruncatedSVD",
                                     "The largest singular values and vectors of the rows.")
          .add("n_components", &TruncatedSVDParams::n_components, at_least(1),
               "how many singular values")
          .add("algorithm", &TruncatedSVDParams::algorithm, one_of({"randomized", "arpack"}),
               "both get the exact result; of more than 8,192 columns randomized's is found by "
               "iterations, and arpack is refused")
          .add("n_iter", &TruncatedSVDParams::n_iter, at_least(0),
               "iterations where there are more than 8,192 columns; else the result is exact")
          .refuse("n_oversamples", {10}, "the result is exact, nothing is sampled")
          .refuse("power_iteration_normalizer", {"auto"},
                  "the result is exact, nothing is iterated")
          .add("random_state", &TruncatedSVDParams::random_state, at_least(0),
               "of the start where there are more than 8,192 columns; else nothing is drawn")
          .refuse("tol", {0.0}, "the result is exact to machine precision")
          .positional(1);
  return table;
}

void TruncatedSVD::check_columns(const Schema& columns) const {
  Estimator::check_columns(columns);
  if (params().algorithm != "arpack" || !is_wide(columns.size())) return;
  throw AgreedError(
      ExitCode::usage,
      fmt::format("TruncatedSVD(algorithm='arpack') of {} columns: beyond 8,192 there is "
                  "algorithm='randomized' alone, which is the nearer the larger n_iter is",
                  format_count(columns.size())));
}

std::shared_ptr<Model> TruncatedSVD::model_of(const Table&, PrincipalAxesOf& axes) const {
  const Moments& moments = axes.moments();
  check(params(), moments.rows, moments.mean.size());
  // A matrix has no more singular values than rows.
  const Index k = std::min(params().n_components, moments.rows);
  const double least = axes.rough().singular[k - 1];
  const PrincipalAxes& found = axes.exact_down_to(least * least);
  FittedSVD fitted;
  fitted.components = found.axes.topRows(k);
  fitted.singular_values = found.singular.head(k);
  fitted.explained_variance = found.spread.head(k) / moments.weight;
  fitted.explained_variance_ratio = found.spread.head(k) / moments.gram.trace();
  FitReport report;
  const std::string warning = rank_warning(found, k, moments.rows);
  if (!warning.empty()) report.warnings.push_back(warning);
  return std::make_shared<TruncatedSVDModel>(std::move(fitted), std::move(report));
}

WideTask TruncatedSVD::wide_task() const {
  return {.components = params().n_components,
          .iterations = params().n_iter,
          .seed = static_cast<std::uint64_t>(params().random_state.value_or(0))};
}

std::shared_ptr<Model> TruncatedSVD::model_of(const WideSVD& found) const {
  check(params(), found.rows, found.axes.cols());
  const Index k = std::min(params().n_components, found.rows);
  FittedSVD fitted;
  fitted.components = found.axes.topRows(k);
  fitted.singular_values = found.singular.head(k);
  fitted.explained_variance = found.spread.head(k) / found.weight;
  fitted.explained_variance_ratio = found.spread.head(k) / found.total;
  return std::make_shared<TruncatedSVDModel>(std::move(fitted), FitReport{});
}

std::shared_ptr<Model> TruncatedSVD::load_fitted(const AttributeReader& in) const {
  FittedSVD fitted;
  fields(in, fitted);
  return std::make_shared<TruncatedSVDModel>(std::move(fitted), FitReport{});
}

}  // namespace superstep
