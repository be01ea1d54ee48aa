// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/discriminant_analysis/quadratic_discriminant_analysis.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/math/functions.hpp>
#include <superstep/math/links.hpp>

#include "learn/class_moments.hpp"
#include "learn/class_priors.hpp"
#include "learn/decomposition/principal_axes.hpp"

namespace superstep {

const ParamTable<QuadraticDiscriminantAnalysisParams>&
QuadraticDiscriminantAnalysis::param_table() {
  using P = QuadraticDiscriminantAnalysisParams;
  static const auto table =
      ParamTable<P>("QuadraticDiscriminantAnalysis",
                    "Each class is a Gaussian with a covariance of its own.")
          .add("solver", &P::solver, one_of({"svd", "eigen"}),
               "which of reg_param ('svd') and shrinkage ('eigen') counts")
          .add("shrinkage", &P::shrinkage, between(0.0, 1.0),
               "part of each covariance that is replaced by its mean variance, with "
               "solver='eigen'; 'auto' is not supported")
          .add("priors", &P::priors,
               satisfies("None or a list of numbers, one for each class", are_class_priors),
               "probabilities of the classes; None: as often as they occur")
          .add("reg_param", &P::reg_param, between(0.0, 1.0),
               "part of each covariance that is replaced by the identity, with solver='svd'")
          .refuse("store_covariance", {false}, "they follow from rotations_ and scalings_")
          .add("tol", &P::tol, at_least(0.0), "no class may have a variance below it")
          .refuse("covariance_estimator", {nullptr}, "covariances are those of the rows");
  return table;
}

void QuadraticDiscriminantAnalysis::check_params() const {
  WithParams::check_params();
  if (params().shrinkage && params().solver == "svd") {
    throw UsageError(
        "QuadraticDiscriminantAnalysis: shrinkage goes with solver='eigen'; with solver='svd' "
        "reg_param does the like");
  }
}

namespace {

struct FittedClass {
  Matrix rotation;  ///< axes, one a column
  Vector scaling;   ///< variances along them
};

struct FittedQda {
  Labels classes;
  Matrix means;  ///< zeros for a class without rows
  Vector priors;
  std::vector<FittedClass> of_class;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns, classes;
  a.size("n_features_in_", columns, f.means.cols());
  a("classes_", f.classes, classes);
  a("means_", f.means, classes, columns);
  a("priors_", f.priors, classes, allowed::not_negative);
  if constexpr (!std::is_const_v<Fitted>) {
    f.of_class.resize(static_cast<std::size_t>(f.classes.size()));
  }
  for (std::size_t k = 0; k < f.of_class.size(); ++k) {
    a(fmt::format("rotations_/{}", k), f.of_class[k].rotation, columns, columns);
    a(fmt::format("scalings_/{}", k), f.of_class[k].scaling, columns, allowed::positive);
  }
}

class QdaModel final : public Model {
 public:
  QdaModel(FittedQda fitted, FitReport report) : fitted_(std::move(fitted)) {
    report_ = std::move(report);
    for (Index k = 0; k < classes_count(); ++k) {
      const FittedClass& c = fitted_.of_class[static_cast<std::size_t>(k)];
      means_.emplace_back(fitted_.means.row(k).transpose());
      weights_.emplace_back(c.rotation * c.scaling.cwiseSqrt().cwiseInverse().asDiagonal());
      double log_volume = 0.0;
      for (const double s : c.scaling) log_volume += math::log(s);
      start_.push_back(math::log(fitted_.priors[k]) - 0.5 * log_volume);
    }
  }

  Index features() const override { return fitted_.means.cols(); }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::predict_proba ||
           method == Method::decision_function;
  }
  Index width(Method method) const override {
    if (method == Method::predict) return 1;
    return method == Method::decision_function && classes_count() == 2 ? 1 : classes_count();
  }
  const Labels* classes() const override { return &fitted_.classes; }

  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    Matrix posterior(x.rows, classes_count());
    log_posterior(x, posterior);
    if (method == Method::predict_proba) math::softmax(math::Panel(posterior), classes_count());
    for (Index i = 0; i < x.rows; ++i) {
      const auto row = posterior.row(i);
      if (method == Method::predict) {
        Index best = 0;
        row.maxCoeff(&best);
        out.row(i)[0] = static_cast<double>(best);
      } else if (out.columns == 1) {
        out.row(i)[0] = row[1] - row[0];
      } else {
        std::copy_n(row.data(), out.columns, out.row(i));
      }
    }
  }

  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  Index classes_count() const { return fitted_.means.rows(); }

  void log_posterior(math::ConstPanel x, Matrix& out) const {
    Matrix along(x.rows, features());
    for (Index k = 0; k < classes_count(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      project(x, means_[at], weights_[at], along);
      for (Index i = 0; i < x.rows; ++i) {
        double square = 0.0;
        for (Index c = 0; c < along.cols(); ++c) square += along(i, c) * along(i, c);
        out(i, k) = start_[at] - 0.5 * square;
      }
    }
  }

  FittedQda fitted_;
  std::vector<Vector> means_;
  std::vector<Matrix> weights_;  ///< axes in units of the deviations along them
  std::vector<double> start_;    ///< log of a class's density at its mean, times its prior
};

/// One model, from the axes of its classes (null: no rows).
class Fit {
 public:
  using Axes = std::vector<std::shared_ptr<PrincipalAxesOf>>;

  Fit(const QuadraticDiscriminantAnalysis& estimator, const Labels& classes, const Axes& axes)
      : estimator_(estimator), p_(estimator.params()), classes_(classes), axes_(axes) {}

  /// **Collective.**
  std::shared_ptr<Model> run() const {
    const Index columns = any().moments().mean.size();
    FittedQda fitted;
    fitted.classes = classes_;
    fitted.means = Matrix::Zero(classes_.size(), columns);
    Vector weight = Vector::Zero(classes_.size());
    FitReport report;
    for (Index k = 0; k < classes_.size(); ++k) {
      PrincipalAxesOf* its = axes_[static_cast<std::size_t>(k)].get();
      if (its == nullptr) {
        fitted.of_class.push_back({Matrix::Identity(columns, columns), Vector::Ones(columns)});
        report.warnings.push_back(
            fmt::format("class {} has no row with a weight above zero and will never be predicted",
                        classes_.text(k)));
        continue;
      }
      weight[k] = its->moments().weight;
      fitted.means.row(k) = its->moments().mean.transpose();
      fitted.of_class.push_back(of_class(k, *its));
    }
    fitted.priors = class_priors(p_.priors, estimator_.name(), weight);
    return std::make_shared<QdaModel>(std::move(fitted), std::move(report));
  }

 private:
  PrincipalAxesOf& any() const {
    return **std::ranges::find_if(axes_, [](const auto& axes) { return axes != nullptr; });
  }

  FittedClass of_class(Index k, PrincipalAxesOf& axes) const {
    const Moments& m = axes.moments();
    if (m.rows == 1) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{}: class {} has only one row, which tells no covariance",
                                    estimator_.name(), classes_.text(k)));
    }
    // What the smallest variance is beside what is added to it.
    const Vector rough = axes.rough().singular.cwiseAbs2() / m.weight;
    const double least = regularised(rough).minCoeff();
    const PrincipalAxes& found = axes.exact_down_to(std::max(least, p_.tol) * m.weight);
    FittedClass fitted{found.axes.transpose(), regularised(found.singular.cwiseAbs2() / m.weight)};
    const Index small = (fitted.scaling.array() <= p_.tol).count();
    if (small > 0) throw_not_full(k, m, small);
    return fitted;
  }

  Vector regularised(const Vector& variance) const {
    if (p_.solver == "svd") return ((1.0 - p_.reg_param) * variance).array() + p_.reg_param;
    const double shrinkage = p_.shrinkage.value_or(0.0);
    return ((1.0 - shrinkage) * variance).array() + shrinkage * variance.mean();
  }

  [[noreturn]] void throw_not_full(Index k, const Moments& m, Index small) const {
    const bool is_svd = p_.solver == "svd";
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: the covariance matrix of class {} is not full rank: along {} of {} axes "
                    "its {} rows have a variance of at most tol={}; scale the columns, leave out "
                    "those that follow from others, or {}",
                    estimator_.name(), classes_.text(k), small, m.mean.size(), m.rows, p_.tol,
                    is_svd ? "increase reg_param" : "increase shrinkage"));
  }

  const QuadraticDiscriminantAnalysis& estimator_;
  const QuadraticDiscriminantAnalysisParams& p_;
  const Labels& classes_;
  const Axes& axes_;
};

}  // namespace

std::vector<Trained> QuadraticDiscriminantAnalysis::train_batch(
    Engine& engine, const Table& table, std::span<const Candidate> candidates) const {
  const Labels& classes = table.data->classes(engine.comm());
  const auto by_class = class_moments_for(engine, table, candidates);
  std::vector<View> views;
  for (const Candidate& c : candidates) {
    for (const Index k : present_classes(*by_class, table, c.split)) {
      views.push_back({by_class->splits.of(c.split, k), c.features});
    }
  }
  const auto axes = principal_axes(engine, by_class->splits.table(), views, by_class->sums);
  std::vector<Trained> all;
  auto next = axes.begin();
  for (const Candidate& c : candidates) {
    Fit::Axes its(static_cast<std::size_t>(classes.size()));
    for (const Index k : present_classes(*by_class, table, c.split)) {
      its[static_cast<std::size_t>(k)] = *next++;
    }
    const auto& estimator = dynamic_cast<const QuadraticDiscriminantAnalysis&>(*c.estimator);
    all.push_back(attempt([&] { return Fit(estimator, classes, its).run(); }));
  }
  return all;
}

std::shared_ptr<Model> QuadraticDiscriminantAnalysis::load_fitted(const AttributeReader& in) const {
  FittedQda fitted;
  fields(in, fitted);
  return std::make_shared<QdaModel>(std::move(fitted), FitReport{});
}

}  // namespace superstep
