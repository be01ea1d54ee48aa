// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/functions.hpp>
#include <superstep/math/gaussian.hpp>
#include <superstep/math/links.hpp>

namespace superstep {

namespace {

/// Weight, means and variances of the rows of each class; zeros for a class without weight.
struct ClassStatistics {
  Vector weight;
  Matrix mean;      ///< classes x columns
  Matrix variance;  ///< likewise
  /// The largest variance of a column over all rows, each counted once whatever its weight.
  double largest_variance = 0.0;
};

/// Where deviations are taken from: one row for all classes, or one for each.
struct Centres {
  Matrix points;
  std::vector<int> spread;  ///< |x_c - centre| < 2^e, about
};

/// The rows' deviations from the centre of their class.
math::ConstPanel deviations(const Block& block, const Matrix& centres, Workspace& workspace) {
  double* out = workspace.doubles(0, block.rows * block.columns);
  for (Index i = 0; i < block.rows; ++i) {
    const double* x = block.x + i * block.columns;
    const double* centre = centres.data() + static_cast<Index>(block.y[i]) * block.columns;
    double* to = out + i * block.columns;
    for (Index c = 0; c < block.columns; ++c) to[c] = x[c] - centre[c];
  }
  return {out, block.rows, block.columns};
}

/// 1 for the rows with a weight above zero.
const double* present(const Block& block, Workspace& workspace) {
  double* out = workspace.doubles(1, block.rows);
  for (Index i = 0; i < block.rows; ++i) out[i] = block.weight[i] > 0.0 ? 1.0 : 0.0;
  return out;
}

/// Weights, sums and sums of squares of the deviations of some groups of rows.
struct MomentRuns {
  Index weights, sums, squares;

  MomentRuns(SumShape& shape, Index groups, const std::vector<int>& spread, int rows) {
    std::vector<int> first, second;
    for (Index k = 0; k < groups; ++k) {
      for (const int e : spread) {
        first.push_back(e + rows);
        second.push_back(2 * e + rows);
      }
    }
    weights = shape.add(groups, rows);
    sums = shape.add(first);
    squares = shape.add(second);
  }
  math::ClassMoments of(Partial& sum, Index groups, Index columns) const {
    return {math::Panel(sum[sums].data(), groups, columns),
            math::Panel(sum[squares].data(), groups, columns), sum[weights].data()};
  }
};

/// Mean deviation and variance of one group and column.
struct Spread {
  double offset;
  double variance;
};
Spread spread_of(double weight, double sum, double square) {
  const double offset = sum / weight;
  return {offset, std::max(std::fma(-offset, offset, square / weight), 0.0)};
}

double largest_of(const Totals& totals, const MomentRuns& runs) {
  double largest = 0.0;
  for (std::size_t c = 0; c < totals[runs.sums].size(); ++c) {
    const double n = totals.value(runs.weights);
    largest =
        std::max(largest, spread_of(n, totals[runs.sums][c], totals[runs.squares][c]).variance);
  }
  return largest;
}

ClassStatistics statistics_around(Engine& engine, const Table& table, const Sketch& sketch,
                                  Index classes, const Centres& centres) {
  const int rows = sketch.rows_exponent;
  const Index columns = table.columns();
  const bool is_common = centres.points.rows() == 1;
  SumShape shape;
  const MomentRuns by_class(shape, classes, centres.spread, rows + sketch.weight_exponent);
  // Without weights all rows together are the sum of the classes.
  const bool counts_all = is_common && table.data->has_weight();
  const MomentRuns of_all(shape, counts_all ? 1 : 0, centres.spread, rows);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        const double* shift = is_common ? centres.points.data() : nullptr;
        const math::ConstPanel x = is_common ? math::ConstPanel(block.x, block.rows, columns)
                                             : deviations(block, centres.points, workspace);
        math::class_moments_add(x, block.y, block.weight, shift,
                                by_class.of(sum, classes, columns));
        if (counts_all) {
          math::class_moments_add(x, nullptr, present(block, workspace), shift,
                                  of_all.of(sum, 1, columns));
        }
      });
  ClassStatistics s;
  s.weight = VectorView(totals[by_class.weights].data(), classes);
  s.mean = s.variance = Matrix::Zero(classes, columns);
  for (Index k = 0; k < classes; ++k) {
    for (Index c = 0; c < columns && s.weight[k] > 0.0; ++c) {
      const auto at = static_cast<std::size_t>(k * columns + c);
      const Spread found =
          spread_of(s.weight[k], totals[by_class.sums][at], totals[by_class.squares][at]);
      s.mean(k, c) = centres.points(is_common ? 0 : k, c) + found.offset;
      s.variance(k, c) = found.variance;
    }
  }
  if (counts_all) {
    s.largest_variance = largest_of(totals, of_all);
  } else {
    const RowVector mean = s.weight.transpose() * s.mean / s.weight.sum();
    const RowVector variance =
        s.weight.transpose() *
        (s.variance.array() + (s.mean.rowwise() - mean).array().square()).matrix() / s.weight.sum();
    s.largest_variance = variance.maxCoeff();
  }
  return s;
}

/// The means of the classes as centres, if the present ones are farther away than the variances
/// bear.
bool improve(Centres& centres, const ClassStatistics& s) {
  bool is_far = false;
  std::vector<int> spread = centres.spread;
  Matrix means = s.mean;
  for (Index k = 0; k < s.mean.rows(); ++k) {
    if (!(s.weight[k] > 0.0)) means.row(k) = centres.points.row(0);
    for (Index c = 0; c < s.mean.cols(); ++c) {
      const double distance = std::fabs(means(k, c) - centres.points(0, c));
      is_far = is_far || distance * distance > 0x1p14 * s.variance(k, c);
      int& e = spread[static_cast<std::size_t>(c)];
      e = std::max(e, exponent_above(distance) + 1);
    }
  }
  if (is_far) centres = {std::move(means), std::move(spread)};
  return is_far;
}

ClassStatistics statistics_of(Engine& engine, const Table& table, Index classes) {
  const Sketch sketch = engine.sketch(table);
  Centres centres{Eigen::Map<const RowVector>(sketch.shift.data(), table.columns()),
                  sketch.spread_exponents};
  ClassStatistics s = statistics_around(engine, table, sketch, classes, centres);
  if (!(s.weight.sum() > 0.0)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} has no row with a weight above zero; check {}",
                                  table.data->path(), table.data->options().weight));
  }
  if (improve(centres, s)) {
    const double largest = s.largest_variance;
    s = statistics_around(engine, table, sketch, classes, centres);
    if (table.data->has_weight()) s.largest_variance = largest;
  }
  return s;
}

// The model.

struct FittedNB {
  Matrix theta;
  Matrix var;  ///< epsilon is in it
  Vector class_prior;
  Vector class_count;
  double epsilon = 0.0;
  Labels classes;
};

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
  void save(const AttributeWriter& out) const override {
    out.add("classes_", fitted_.classes);
    out.add("theta_", fitted_.theta);
    out.add("var_", fitted_.var);
    out.add("class_prior_", fitted_.class_prior);
    out.add("class_count_", fitted_.class_count);
    out.add("epsilon_", fitted_.epsilon);
    out.add("n_features_in_", features());
  }

 private:
  void joint_log_likelihood(math::ConstPanel x, math::Panel out) const {
    math::diagonal_gaussians(x, fitted_.theta, factors_, start_.data(), out);
  }
  void predict(math::ConstPanel x, math::Panel out) const;

  FittedNB fitted_;
  Matrix factors_;  ///< 1 / sqrt(2 var)
  Vector start_;    ///< log of a class's density at its centre
};

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

bool are_priors(const Value& value) {
  if (value.is_none()) return true;
  return value.is_sequence() &&
         std::ranges::all_of(value.items(), [](const Value& v) { return v.is_number(); });
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
  if (!(std::fabs(priors.sum() - 1.0) <= 1e-5 + 1e-8)) refuse("The sum of the priors should be 1");
  if (!(priors.minCoeff() >= 0.0)) refuse("Priors must be non-negative");
  return priors;
}

FittedNB fit_one(const GaussianNBParams& p, const ClassStatistics& s, const Labels& classes,
                 FitReport& report) {
  FittedNB fitted;
  fitted.theta = s.mean;
  fitted.epsilon = p.var_smoothing * s.largest_variance;
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

const ParamTable<GaussianNBParams>& GaussianNB::param_table() const {
  static const auto table =
      ParamTable<GaussianNBParams>(
          "GaussianNB", "Naive Bayes: each class is a Gaussian with independent columns.")
          .add("priors", &GaussianNBParams::priors,
               satisfies("None or a list of numbers, one for each class", are_priors),
               "probabilities of the classes; None: as often as they occur")
          .add("var_smoothing", &GaussianNBParams::var_smoothing, at_least(0.0),
               "this part of the largest variance of a column is added to all variances");
  return table;
}

Footprint GaussianNB::footprint(Index columns, Index classes, std::span<const Candidate>) const {
  // Sums for each class and for all rows; deviations in a second pass.
  const Index sums = (classes + 1) * (2 * columns + 1);
  return {sums, columns + 1, 6 * sums};
}

TrainingCost GaussianNB::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 2, 6.0 * static_cast<double>(columns)};
}

std::vector<Trained> GaussianNB::train(Engine& engine, const Table& table, Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  const ClassStatistics statistics = statistics_of(engine, table, classes.size());
  std::vector<Trained> models;
  for (const auto& c : batch) {
    const GaussianNBParams& p = c.params;
    FitReport report;
    FittedNB fitted = fit_one(p, statistics, classes, report);
    models.push_back(std::make_shared<GaussianNBModel>(std::move(fitted), std::move(report)));
  }
  return models;
}

std::shared_ptr<Model> GaussianNB::load_fitted(const AttributeReader& in) const {
  FittedNB fitted{in.matrix("theta_"),       in.matrix("var_"),     in.vector("class_prior_"),
                  in.vector("class_count_"), in.number("epsilon_"), in.labels("classes_")};
  const Index classes = fitted.classes.size();
  if (fitted.theta.rows() != classes || fitted.class_prior.size() != classes ||
      fitted.var.rows() != classes || fitted.var.cols() != fitted.theta.cols()) {
    throw DataError("theta_, var_, class_prior_ and classes_ do not fit together");
  }
  return std::make_shared<GaussianNBModel>(std::move(fitted), FitReport{});
}

}  // namespace superstep
