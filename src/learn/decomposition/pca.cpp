// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/decomposition/pca.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <superstep/core/error.hpp>
#include <superstep/math/products.hpp>

#include "learn/decomposition/minka.hpp"
#include "learn/decomposition/principal_axes.hpp"

namespace superstep {

namespace {

struct FittedPCA {
  Matrix components;  ///< one a row
  Vector explained_variance;
  Vector explained_variance_ratio;
  Vector singular_values;
  Vector mean;
  double noise_variance = 0.0;
  Index n_samples = 0;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns, components;
  a.size("n_features_in_", columns, f.components.cols());
  a.size("n_components_", components, f.components.rows());
  a("components_", f.components, components, columns);
  a("explained_variance_", f.explained_variance, components, allowed::not_negative);
  a("explained_variance_ratio_", f.explained_variance_ratio, components, allowed::any);
  a("singular_values_", f.singular_values, components, allowed::not_negative);
  a("mean_", f.mean, columns);
  a("n_samples_", f.n_samples, 1);
  a("noise_variance_", f.noise_variance, allowed::not_negative);
}

class PCAModel final : public Model {
 public:
  PCAModel(FittedPCA fitted, bool whiten, FitReport report)
      : fitted_(std::move(fitted)), weights_(fitted_.components.transpose()) {
    report_ = std::move(report);
    if (whiten) {
      // A component without variance stays small instead of becoming infinite, as in scikit-learn
      // from 1.3 on.
      constexpr double least = std::numeric_limits<double>::epsilon();
      const Vector scale = fitted_.explained_variance.cwiseSqrt().cwiseMax(least);
      weights_ = weights_ * scale.cwiseInverse().asDiagonal();
    }
  }

  Index features() const override { return weights_.rows(); }
  bool can(Method method) const override {
    return method == Method::transform || method == Method::score_samples;
  }
  Index width(Method method) const override {
    return method == Method::score_samples ? 1 : weights_.cols();
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    if (method == Method::score_samples) return score_samples(x, out);
    project(x, fitted_.mean, weights_, out);
  }
  AffineMapPtr affine() const override {
    return std::make_shared<AffineMap>(
        AffineMap::dense(fitted_.mean, weights_, Vector::Zero(weights_.cols())));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  void score_samples(math::ConstPanel x, math::Panel out) const;

  FittedPCA fitted_;
  Matrix weights_;  ///< columns x components, as the kernel takes it; whitening is in them
};

// The Gaussian of probabilistic PCA has the covariance C' diag(variance - noise) C + noise I
// (Bishop 2006, 12.2.1): along the components its variance is explained_variance_, across them the
// noise. What lies across is measured itself, not as a difference of squares.
void PCAModel::score_samples(math::ConstPanel x, math::Panel out) const {
  const Vector& variance = fitted_.explained_variance;
  const Index d = features(), k = variance.size();
  const double noise = fitted_.noise_variance;
  if (!(variance[k - 1] > 0.0) || (k < d && !(noise > 0.0))) {
    throw DataError(
        "PCA cannot score samples when some directions have no variance: the density is "
        "infinite; train it with fewer components");
  }
  const Vector deviation = variance.cwiseSqrt();
  const Matrix whitening = fitted_.components.transpose() * deviation.cwiseInverse().asDiagonal();
  const Matrix colouring = -(deviation.asDiagonal() * fitted_.components);
  const double across = static_cast<double>(d - k);
  const double log_volume = static_cast<double>(d) * std::log(2 * std::numbers::pi) +
                            variance.array().log().sum() + (k < d ? across * std::log(noise) : 0.0);
  Matrix t(x.rows, k), along(x.rows, d);
  project(x, fitted_.mean, whitening, t);
  math::multiply(t, colouring, along);
  for (Index i = 0; i < x.rows; ++i) {
    double square = t.row(i).squaredNorm();
    for (Index c = 0; c < d && k < d; ++c) {
      const double rest = (x.row(i)[c] - fitted_.mean[c]) + along(i, c);
      square = std::fma(rest / noise, rest, square);
    }
    out.row(i)[0] = -0.5 * (square + log_volume);
  }
}

// How many components.

bool is_count(const Value& value) {
  if (value.is_none()) return true;
  if (value.is_string()) return value.as_string() == "mle";
  if (value.is_int()) return value.as_int() >= 1;
  return value.is_real() && value.as_double() > 0.0 && value.as_double() < 1.0;
}

[[noreturn]] void refuse(const PCAParams& p, const std::string& why) {
  throw AgreedError(ExitCode::usage, fmt::format("n_components={} {} with svd_solver='{}'",
                                                 p.n_components.repr(), why, p.svd_solver));
}

/// scikit-learn's rules, and its words.
void check(const PCAParams& p, Index rows, Index columns) {
  const Index most = std::min(rows, columns);
  const bool is_truncated = p.svd_solver == "arpack" || p.svd_solver == "randomized";
  if (p.n_components.is_string()) {
    if (is_truncated) refuse(p, "cannot be a string");
    if (rows < columns) refuse(p, "is only supported if n_samples >= n_features");
  }
  const bool is_fraction = p.n_components.is_real();
  if ((is_fraction && is_truncated) ||
      (p.n_components.is_int() && p.n_components.as_int() > most)) {
    refuse(p, fmt::format("must be between 1 and min(n_samples, n_features)={}", most));
  }
  const Index count = p.n_components.is_int() ? p.n_components.as_int() : 1;
  if (p.svd_solver == "arpack" && count >= most) {
    refuse(p, fmt::format("must be strictly less than min(n_samples, n_features)={}", most));
  }
}

/// The least number of components that explain more than this fraction of the variance.
Index count_for(double fraction, const Vector& variance) {
  const double total = variance.sum();
  double explained = 0.0;
  Index k = 0;
  while (k < variance.size() && explained <= fraction) explained += variance[k++] / total;
  return k;
}

Index count_of(const PCAParams& p, PrincipalAxesOf& axes, Index most) {
  if (p.n_components.is_none()) return p.svd_solver == "arpack" ? most - 1 : most;
  if (p.n_components.is_int()) return p.n_components.as_int();
  const double degrees = axes.moments().weight - 1.0;
  if (p.n_components.is_real()) {
    return count_for(p.n_components.as_double(), axes.rough().spread.head(most));
  }
  const double least = axes.rough().spread[most - 1];
  return minka_dimension(axes.exact_down_to(least).spread / degrees, axes.moments().weight);
}

FittedPCA fit_one(const PCAParams& p, PrincipalAxesOf& axes, FitReport& report) {
  const Moments& moments = axes.moments();
  const Index most = std::min(moments.rows, moments.mean.size());
  const Index k = count_of(p, axes, most);
  // Of the components left out only the mean is of interest.
  double least = axes.rough().spread[k - 1];
  if (k < most) least = std::min(least, axes.rough().spread.segment(k, most - k).mean());
  const PrincipalAxes& found = axes.exact_down_to(least);
  const Vector variance = found.spread.head(most) / (moments.weight - 1.0);
  FittedPCA fitted;
  fitted.components = found.axes.topRows(k);
  fitted.singular_values = found.singular.head(k);
  fitted.explained_variance = variance.head(k);
  fitted.explained_variance_ratio = variance.head(k) / variance.sum();
  fitted.mean = moments.mean;
  fitted.n_samples = moments.rows;
  if (k < most) fitted.noise_variance = variance.tail(most - k).mean();
  const std::string warning = rank_warning(found, k, moments.rows);
  if (!warning.empty()) report.warnings.push_back(warning);
  return fitted;
}

}  // namespace

const ParamTable<PCAParams>& PCA::param_table() {
  static const auto table =
      ParamTable<PCAParams>("PCA", "The directions in which the rows vary most.")
          .add("n_components", &PCAParams::n_components,
               satisfies("None, 'mle', an int >= 1 or a float between 0 and 1", is_count),
               "how many components; None: all; a fraction: enough to explain more than this much "
               "of "
               "the variance; 'mle': Minka's guess")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("whiten", &PCAParams::whiten, anything(), "scale the components to unit variance")
          .add("svd_solver", &PCAParams::svd_solver,
               one_of({"auto", "full", "covariance_eigh", "arpack", "randomized"}),
               "all get the exact result; 'arpack' and 'randomized' take whole n_components only")
          .refuse("tol", {0.0}, "the result is exact to machine precision")
          .refuse("iterated_power", {"auto"}, "the result is exact, nothing is iterated")
          .refuse("n_oversamples", {10}, "the result is exact, nothing is sampled")
          .refuse("power_iteration_normalizer", {"auto"},
                  "the result is exact, nothing is iterated")
          .add("random_state", &PCAParams::random_state, at_least(0),
               "the exact result is that of any state: nothing is drawn")
          .positional(1);
  return table;
}

std::shared_ptr<Model> PCA::model_of(const Table& table, PrincipalAxesOf& axes) const {
  const Moments& moments = axes.moments();
  if (moments.rows < 2 || !(moments.weight > 1.0)) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("PCA needs at least 2 rows, and weights that count them; {} has {} "
                    "with a total weight of {}",
                    table.data->path(), moments.rows, moments.weight));
  }
  check(params(), moments.rows, moments.mean.size());
  FitReport report;
  FittedPCA fitted = fit_one(params(), axes, report);
  return std::make_shared<PCAModel>(std::move(fitted), params().whiten, std::move(report));
}

std::shared_ptr<Model> PCA::load_fitted(const AttributeReader& in) const {
  FittedPCA fitted;
  fields(in, fitted);
  return std::make_shared<PCAModel>(std::move(fitted), params().whiten, FitReport{});
}

}  // namespace superstep
