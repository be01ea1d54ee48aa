// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <superstep/core/error.hpp>
#include <superstep/math/functions.hpp>
#include <superstep/math/gaussian.hpp>
#include <superstep/math/links.hpp>

#include "learn/cells.hpp"
#include "learn/class_priors.hpp"
#include "learn/naive_bayes/class_statistics.hpp"

namespace superstep {

namespace {

// The model.

struct FittedNB {
  Matrix theta;
  Matrix var;  ///< epsilon is in it
  Vector class_prior;
  Vector class_count;
  double epsilon = 0.0;
  Labels classes;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns, classes;
  a.size("n_features_in_", columns, f.theta.cols());
  a("classes_", f.classes, classes);
  a("theta_", f.theta, classes, columns);
  a("var_", f.var, classes, columns, allowed::positive);
  a("class_prior_", f.class_prior, classes, allowed::not_negative);
  a("class_count_", f.class_count, classes, allowed::not_negative);
  a("epsilon_", f.epsilon, allowed::not_negative);
}

class GaussianNBModel final : public Model {
 public:
  GaussianNBModel(FittedNB fitted, FitReport report)
      : fitted_(std::move(fitted)),
        factors_((2.0 * fitted_.var.array()).sqrt().inverse()),
        start_(fitted_.class_prior.size()) {
    report_ = std::move(report);
    for (Index k = 0; k < start_.size(); ++k) {
      double log_volume = 0.0;
      for (Index c = 0; c < features(); ++c) {
        log_volume += math::log(2 * std::numbers::pi * fitted_.var(k, c));
      }
      start_[k] = math::log(fitted_.class_prior[k]) - 0.5 * log_volume;
    }
  }

  Index features() const override { return fitted_.theta.cols(); }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::predict_proba;
  }
  Index width(Method method) const override {
    return method == Method::predict ? 1 : fitted_.theta.rows();
  }
  const Labels* classes() const override { return &fitted_.classes; }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    if (method == Method::predict) return predict(x, out);
    joint_log_likelihood(x, out);
    math::softmax(out, out.columns);
  }
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override;
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  void joint_log_likelihood(math::ConstPanel x, math::Panel out) const {
    math::diagonal_gaussians(x, fitted_.theta, factors_, start_.data(), out);
  }
  void predict(math::ConstPanel x, math::Panel out) const;

  FittedNB fitted_;
  Matrix factors_;  ///< 1 / sqrt(2 var)
  Vector start_;    ///< log of a class's density at its centre
};

// Densities differ by the volume of the scaling, which is the same for all classes.
std::shared_ptr<const Model> GaussianNBModel::in_front_of(const AffineMap& map) const {
  if (!map.is_diagonal() || (map.factor().array() == 0.0).any()) return nullptr;
  const Vector inverse = map.factor().cwiseInverse();
  FittedNB raw = fitted_;
  for (Index k = 0; k < raw.theta.rows(); ++k) {
    const Vector from_offset = fitted_.theta.row(k).transpose() - map.offset();
    raw.theta.row(k) = from_offset.cwiseProduct(inverse) + map.centre();
  }
  raw.var = fitted_.var * inverse.cwiseAbs2().asDiagonal();
  if (!raw.theta.allFinite() || !raw.var.allFinite()) return nullptr;
  auto model = std::make_shared<GaussianNBModel>(std::move(raw), report_);
  model->set_expression(expression());
  return model;
}

void GaussianNBModel::predict(math::ConstPanel x, math::Panel out) const {
  constexpr Index tall = 256;
  Matrix z(std::min(tall, x.rows), start_.size());
  for (Index row = 0; row < x.rows; row += tall) {
    const Index rows = std::min(tall, x.rows - row);
    joint_log_likelihood(x.middle_rows(row, rows), math::Panel(z).middle_rows(0, rows));
    for (Index i = 0; i < rows; ++i) {
      Index best = 0;
      for (Index k = 1; k < z.cols(); ++k) {
        if (z(i, k) > z(i, best)) best = k;
      }
      out.row(row + i)[0] = static_cast<double>(best);
    }
  }
}

// Priors and smoothing.

/// As far as scikit-learn looks.
bool is_a_distribution(const Vector& priors) {
  return std::fabs(priors.sum() - 1.0) <= 1e-5 + 1e-8;
}

/// The priors given, with scikit-learn's conditions and words, or those the weights of the classes
/// tell.
Vector priors_of(const Value& given, const Vector& class_weight) {
  if (given.is_none()) return class_weight / class_weight.sum();
  Vector priors(static_cast<Index>(given.items().size()));
  for (Index k = 0; k < priors.size(); ++k) {
    priors[k] = given.items()[static_cast<std::size_t>(k)].as_double();
  }
  const auto refuse = [&](const char* why) {
    throw AgreedError(ExitCode::usage, fmt::format("{} (priors={}, {} classes)", why, given.repr(),
                                                   class_weight.size()));
  };
  if (priors.size() != class_weight.size()) refuse("Number of priors must match number of classes");
  if (!is_a_distribution(priors)) refuse("The sum of the priors should be 1");
  if (!(priors.minCoeff() >= 0.0)) refuse("Priors must be non-negative");
  return priors;
}

FittedNB fit_one(const GaussianNBParams& p, const ClassStatistics& s, const Labels& classes,
                 FitReport& report) {
  FittedNB fitted;
  fitted.theta = s.mean;
  fitted.epsilon = p.var_smoothing * s.variance_of_all.maxCoeff();
  fitted.var = s.variance.array() + fitted.epsilon;
  fitted.class_prior = priors_of(p.priors, s.weight);
  fitted.class_count = s.weight;
  fitted.classes = classes;
  for (Index k = 0; k < fitted.var.rows(); ++k) {
    Index column = 0;
    if (!(fitted.var.row(k).minCoeff(&column) > 0.0)) {
      throw AgreedError(
          ExitCode::bad_data,
          fmt::format("column {} does not vary within class {} and var_smoothing={} adds "
                      "nothing to its variance; leave the column out or raise "
                      "var_smoothing",
                      column, classes.text(k), p.var_smoothing));
    }
    if (!(s.weight[k] > 0.0)) {
      report.warnings.push_back(
          fmt::format("class {} has no row with a weight above zero and {}", classes.text(k),
                      p.priors.is_none() ? "will never be predicted" : "is taken to lie at zero"));
    }
  }
  return fitted;
}

}  // namespace

const ParamTable<GaussianNBParams>& GaussianNB::param_table() {
  static const auto table =
      ParamTable<GaussianNBParams>(
          "GaussianNB", "Naive Bayes: each class is a Gaussian with independent columns.")
          .add("priors", &GaussianNBParams::priors,
               satisfies("None or a list of numbers, one for each class", are_class_priors),
               "probabilities of the classes; None: as often as they occur")
          .add("var_smoothing", &GaussianNBParams::var_smoothing, at_least(0.0),
               "this part of the largest variance of a column is added to all variances");
  return table;
}

Footprint GaussianNB::footprint(Index columns, Index classes,
                                std::span<const Candidate> batch) const {
  // Sums for each class, with and without weights; deviations in a second pass, codes of cells and
  // classes.
  const Index cells = cells_of(batch);
  const Index group = 2 * classes * (2 * columns + 1);
  return {cells * group, columns + 1 + 2 * scratch_for_cells(cells, 0),
          3 * (cells + std::ssize(batch)) * group};
}

TrainingCost GaussianNB::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 2, 6.0 * static_cast<double>(columns)};
}

std::vector<Trained> GaussianNB::train(Engine& engine, const Table& table, Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) splits.push_back(c.split);
  const std::vector<ClassStatistics> statistics =
      class_statistics(engine, table, classes.size(), splits);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const AffineMapPtr& map = batch[i].features;
    models.push_back(attempt([&]() -> Trained {
      FitReport report;
      FittedNB fitted = fit_one(batch[i].params,
                                map ? class_statistics_behind(*map, statistics[i]) : statistics[i],
                                classes, report);
      return std::make_shared<GaussianNBModel>(std::move(fitted), std::move(report));
    }));
  }
  return models;
}

std::shared_ptr<Model> GaussianNB::load_fitted(const AttributeReader& in) const {
  FittedNB fitted;
  fields(in, fitted);
  if (!is_a_distribution(fitted.class_prior)) {
    throw DataError(fmt::format("{} does not add up to 1", in.path("class_prior_")));
  }
  return std::make_shared<GaussianNBModel>(std::move(fitted), FitReport{});
}

}  // namespace superstep
