// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/discriminant_analysis/linear_discriminant_analysis.hpp>

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/comm/answering.hpp>
#include <superstep/core/error.hpp>
#include <superstep/math/functions.hpp>

#include "learn/class_moments.hpp"
#include "learn/class_priors.hpp"
#include "learn/decomposition/principal_axes.hpp"
#include "learn/discriminant_analysis/within_classes.hpp"
#include "learn/linear_model/linear_classifier.hpp"
#include "learn/views.hpp"

namespace superstep {

const ParamTable<LinearDiscriminantAnalysisParams>& LinearDiscriminantAnalysis::param_table() {
  using P = LinearDiscriminantAnalysisParams;
  static const auto table =
      ParamTable<P>("LinearDiscriminantAnalysis", "Classes are Gaussians with one covariance.")
          .add("solver", &P::solver, one_of({"svd", "lsqr", "eigen"}),
               "'svd' leaves directions of little variance out, 'lsqr' and 'eigen' take shrinkage; "
               "'lsqr' does not transform")
          .add("shrinkage", &P::shrinkage, between(0.0, 1.0),
               "part of each class's covariance that is replaced by its mean variance; 'auto' is "
               "not supported")
          .add("priors", &P::priors,
               satisfies("None or a list of numbers, one for each class", are_class_priors),
               "probabilities of the classes; None: as often as they occur")
          .add("n_components", &P::n_components, at_least(1),
               "how many directions transform gives; None: one fewer than classes")
          .refuse("store_covariance", {false}, "with 'lsqr' and 'eigen' it is always there")
          .add("tol", &P::tol, at_least(0.0),
               "of solver='svd': directions with a deviation of at most tol, columns scaled to 1, "
               "are left out")
          .refuse("covariance_estimator", {nullptr}, "the covariance is that of the rows")
          .positional(1);
  return table;
}

void LinearDiscriminantAnalysis::check_params() const {
  WithParams::check_params();
  if (params().shrinkage && params().solver == "svd") {
    throw UsageError(
        "LinearDiscriminantAnalysis: shrinkage goes with solver='lsqr' or solver='eigen'");
  }
}

namespace {

struct FittedLda {
  SavedLinearClassifier linear;
  Matrix means;
  Vector priors;
  Matrix scalings;  ///< columns x directions; empty for 'lsqr'
  Vector xbar;      ///< with 'svd'
  Vector explained_variance_ratio;
  Matrix covariance;      ///< with 'lsqr' and 'eigen'
  Index transformed = 0;  ///< of the directions
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f, const std::string& solver) {
  Length columns, classes, directions, explained;
  linear_classifier_fields(a, f.linear, columns, classes, {.infinite = true});
  a("means_", f.means, classes, columns);
  a("priors_", f.priors, classes, allowed::not_negative);
  if (solver != "svd") a("covariance_", f.covariance, columns, columns);
  if (solver == "lsqr") return;
  a("scalings_", f.scalings, columns, directions);
  a("explained_variance_ratio_", f.explained_variance_ratio, explained, allowed::any);
  if (solver == "svd") a("xbar_", f.xbar, columns);
}

class LdaModel final : public LinearClassifier {
 public:
  LdaModel(FittedLda fitted, std::string solver, FitReport report)
      : LinearClassifier(fitted.linear.classes, fitted.linear.function(), Probabilities::softmax,
                         std::move(report)),
        fitted_(std::move(fitted)),
        solver_(std::move(solver)) {
    if (solver_ != "lsqr") weights_ = fitted_.scalings.leftCols(fitted_.transformed);
  }
  bool can(Method method) const override {
    return (method == Method::transform && solver_ != "lsqr") || LinearClassifier::can(method);
  }
  Index width(Method method) const override {
    return method == Method::transform ? weights_.cols() : LinearClassifier::width(method);
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    if (method != Method::transform) return LinearClassifier::apply(method, x, out);
    project(x, fitted_.xbar, weights_, out);
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_, solver_); }

 private:
  FittedLda fitted_;
  std::string solver_;
  Matrix weights_;
};

/// The entry of largest size of each column is positive, the first of equal ones.
void fix_signs(Matrix& directions) {
  for (Index c = 0; c < directions.cols(); ++c) {
    Index row = 0;
    directions.col(c).cwiseAbs().maxCoeff(&row);
    if (directions(row, c) < 0.0) directions.col(c) *= -1.0;
  }
}

/// One model, from what the classes have within and between them. Replicated: no communication.
class Fit {
 public:
  Fit(const LinearDiscriminantAnalysis& estimator, const Labels& classes,
      const WithinClasses& within)
      : estimator_(estimator), p_(estimator.params()), within_(within) {
    fitted_.linear.classes = classes;
    fitted_.means = within.means;
    fitted_.priors = class_priors(p_.priors, estimator.name(), within.weight);
    fitted_.priors /= fitted_.priors.sum();
    if (!p_.priors.is_none()) say_of_priors();
    for (Index k = 0; k < classes.size(); ++k) {
      if (within.weight[k] > 0.0) continue;
      report_.warnings.push_back(
          fmt::format("class {} has no row with a weight above zero and will never be predicted",
                      classes.text(k)));
    }
    const Index most = std::min(present() - 1, within.means.cols());
    if (p_.n_components.value_or(1) > most) refuse_components(most);
    components_ = p_.n_components.value_or(most);
  }

  /// Whether the moments do not tell the inverse of the covariance, where one is needed.
  bool lacks_digits() const {
    if (p_.solver == "svd") return false;
    const ScaledCholesky cholesky(covariance(), 0.0);
    return !cholesky.resolves(within_.noise());
  }

  std::shared_ptr<Model> run() {
    if (p_.solver == "svd") {
      solve_svd();
    } else {
      solve_covariance();
    }
    fitted_.explained_variance_ratio.conservativeResize(
        std::min(components_, fitted_.explained_variance_ratio.size()));
    fitted_.transformed = std::min(components_, fitted_.scalings.cols());
    finish();
    return std::make_shared<LdaModel>(std::move(fitted_), p_.solver, std::move(report_));
  }

 private:
  Index present() const { return (within_.weight.array() > 0.0).count(); }
  double rows() const { return within_.weight.sum(); }

  void say_of_priors() {
    double sum = 0.0;
    for (const Value& v : p_.priors.items()) sum += v.as_double();
    if (std::fabs(sum - 1.0) <= 1e-5) return;
    report_.warnings.push_back("the priors do not sum to 1: rescaled");
  }

  [[noreturn]] void refuse_components(Index most) const {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: n_components={} cannot be larger than min(n_features, "
                                  "n_classes - 1), which is {} here",
                                  estimator_.name(), *p_.n_components, most));
  }

  /// Deviations of the means from that of all, weighted by the root of their priors.
  Matrix between() const {
    const Vector root = (fitted_.priors * rows() / static_cast<double>(present() - 1)).cwiseSqrt();
    return root.asDiagonal() * (fitted_.means.rowwise() - fitted_.xbar.transpose());
  }

  void solve_svd() {
    fitted_.xbar = fitted_.means.transpose() * fitted_.priors;
    const Matrix whitened = within_.whitening(p_.tol);
    const ThinSvd found = thin_svd(between() * whitened);
    const Index rank = std::count_if(found.values.begin(), found.values.end(),
                                     [&](double s) { return s > p_.tol * found.values[0]; });
    const double all = found.values.squaredNorm();
    fitted_.explained_variance_ratio = found.values.cwiseAbs2() / (all > 0.0 ? all : 1.0);
    fitted_.scalings = whitened * found.V.leftCols(rank);
    fix_signs(fitted_.scalings);
    const Matrix coef = (fitted_.means.rowwise() - fitted_.xbar.transpose()) * fitted_.scalings;
    fitted_.linear.coef = coef * fitted_.scalings.transpose();
    fitted_.linear.intercept =
        -0.5 * coef.rowwise().squaredNorm() - fitted_.linear.coef * fitted_.xbar;
  }

  Matrix covariance() const {
    return within_.covariance(fitted_.priors, p_.shrinkage.value_or(0.0));
  }

  void solve_covariance() {
    fitted_.covariance = covariance();
    const ScaledCholesky cholesky(fitted_.covariance, 0.0);
    if (!cholesky.resolves(within_.noise())) refuse_dependent();
    fitted_.linear.coef.resize(fitted_.means.rows(), fitted_.means.cols());
    for (Index k = 0; k < fitted_.means.rows(); ++k) {
      fitted_.linear.coef.row(k) = cholesky.solve(fitted_.means.row(k).transpose()).transpose();
    }
    fitted_.linear.intercept =
        -0.5 * fitted_.linear.coef.cwiseProduct(fitted_.means).rowwise().sum();
    if (p_.solver == "eigen") solve_eigen(cholesky);
  }

  /// The generalised eigenvectors of what is between the classes and within them.
  void solve_eigen(const ScaledCholesky& cholesky) {
    const Matrix outside =
        within_.covariance_of_all(p_.shrinkage.value_or(0.0)) - fitted_.covariance;
    Index constant = 0;
    if (!(fitted_.covariance.diagonal().minCoeff(&constant) > 0.0)) refuse_constant(constant);
    const Matrix R = cholesky.factor();
    const auto solved = [&](const Matrix& B) -> Matrix {
      return R.triangularView<Eigen::Upper>().transpose().solve(Eigen::MatrixXd(B));
    };
    const Matrix whole = solved(solved(outside).transpose());
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> found(0.5 * (whole + whole.transpose()));
    const Eigen::MatrixXd vectors = found.eigenvectors().rowwise().reverse();
    fitted_.scalings = R.triangularView<Eigen::Upper>().solve(vectors);
    fix_signs(fitted_.scalings);
    fitted_.explained_variance_ratio = found.eigenvalues().reverse() / found.eigenvalues().sum();
  }

  [[noreturn]] void refuse_constant(Index column) const {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: column {} does not vary within the classes, so that solver='eigen' has no "
                    "solution; leave it out, use solver='svd', or a shrinkage above zero",
                    estimator_.name(), column));
  }

  [[noreturn]] void refuse_dependent() const {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: within the classes some columns follow from others, or nearly, so that "
                    "solver='{}' has no solution; use solver='svd', or a shrinkage above zero",
                    estimator_.name(), p_.solver));
  }

  /// Priors; of two classes the difference.
  void finish() {
    Vector& intercept = fitted_.linear.intercept;
    for (Index k = 0; k < intercept.size(); ++k) intercept[k] += math::log(fitted_.priors[k]);
    if (intercept.size() != 2) return;
    const Matrix coef = fitted_.linear.coef.row(1) - fitted_.linear.coef.row(0);
    fitted_.linear.coef = coef;
    intercept = Vector{{intercept[1] - intercept[0]}};
  }

  const LinearDiscriminantAnalysis& estimator_;
  const LinearDiscriminantAnalysisParams& p_;
  const WithinClasses& within_;
  FittedLda fitted_;
  FitReport report_;
  Index components_ = 0;
};

}  // namespace

std::vector<Trained> LinearDiscriminantAnalysis::train_batch(
    Engine& engine, const Table& table, std::span<const Candidate> candidates) const {
  const Labels& classes = table.data->classes(engine.comm());
  const auto by_class = class_moments_for(engine, table, candidates);
  std::vector<View> views;
  for (const Candidate& c : candidates) views.push_back({c.split, c.features});
  std::vector<Trained> all(candidates.size());
  for (const auto& [view, members] : grouped(views)) {
    // As the first pass tells it, and where some candidate needs more digits of a covariance.
    std::optional<WithinClasses> within, sharper;
    const auto look = [&, &seen = view](double bearable) {
      return WithinClasses(engine, table, *by_class, seen.split, seen.features, bearable);
    };
    for (const std::size_t i : members) {
      const auto& estimator =
          dynamic_cast<const LinearDiscriminantAnalysis&>(*candidates[i].estimator);
      all[i] = attempt([&]() -> Trained {
        if (!within) within.emplace(look(Moments::most_amplification));
        bool lacks_digits = false;
        answering(engine.comm(),
                  [&] { lacks_digits = Fit(estimator, classes, *within).lacks_digits(); });
        if (lacks_digits && !sharper) sharper.emplace(look(16.0));
        WithinClasses& its = lacks_digits ? *sharper : *within;
        if (estimator.params().solver == "svd") its.prepare(estimator.params().tol);
        std::shared_ptr<Model> model;
        answering(engine.comm(), [&] { model = Fit(estimator, classes, its).run(); });
        return model;
      });
    }
  }
  return all;
}

std::shared_ptr<Model> LinearDiscriminantAnalysis::load_fitted(const AttributeReader& in) const {
  FittedLda fitted;
  fields(in, fitted, params().solver);
  require_two_classes(in, fitted.linear.classes);
  const Vector& priors = fitted.priors;
  for (Index k = 0; k < fitted.linear.intercept.size(); ++k) {
    const double value = fitted.linear.intercept[k];
    const Index loser = priors.size() > 2 ? k : (value > 0.0 ? 0 : 1);
    const bool is_of_impossible = priors[loser] == 0.0 && (value < 0.0 || priors.size() == 2);
    if (std::isfinite(value) || is_of_impossible) continue;
    throw DataError(fmt::format("{} holds {} for a class that has a probability",
                                in.path("intercept_"), value));
  }
  fitted.transformed = std::min(fitted.explained_variance_ratio.size(), fitted.scalings.cols());
  return std::make_shared<LdaModel>(std::move(fitted), params().solver, FitReport{});
}

}  // namespace superstep
