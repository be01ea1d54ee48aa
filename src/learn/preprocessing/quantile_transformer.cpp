// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/quantile_transformer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/preprocessing/normal_quantile.hpp"
#include "learn/preprocessing/order_values.hpp"
#include "learn/preprocessing/quantiles.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// scikit-learn's: what lies so close to the least or the greatest quantile is taken for it, and no
/// probability comes closer to 0 or 1.
constexpr double threshold = 1e-7;

using Quantiles = std::vector<double>;  ///< of a column, ascending; NaN where it has no values

/// Straight lines between the points (x, y), as numpy.interp: ascending, constant beyond the ends.
double interpolated(double value, const Quantiles& x, const std::vector<double>& y) {
  if (value < x.front()) return y.front();
  const auto above = std::upper_bound(x.begin(), x.end(), value);
  if (above == x.end()) return y.back();
  const auto j = static_cast<std::size_t>(above - x.begin()) - 1;
  if (x[j] == value) return y[j];
  return (y[j + 1] - y[j]) / (x[j + 1] - x[j]) * (value - x[j]) + y[j];
}

/// The same from the other end: of equal points the first counts.
double interpolated_downwards(double value, const Quantiles& x, const std::vector<double>& y) {
  if (value > x.back()) return y.back();
  const auto at = std::lower_bound(x.begin(), x.end(), value);
  if (at == x.begin()) return y.front();
  const auto j = static_cast<std::size_t>(at - x.begin());
  if (x[j] == value) return y[j];
  return -((y[j] - y[j - 1]) / (x[j] - x[j - 1]) * (x[j] - value) - y[j]);
}

class QuantileModel final : public ScalerModel {
 public:
  QuantileModel(std::vector<Quantiles> quantiles, bool is_normal, FitReport report)
      : ScalerModel(std::ssize(quantiles), std::move(report)),
        quantiles_(std::move(quantiles)),
        references_(evenly_spaced(0.0, 1.0, std::ssize(quantiles_.front()))),
        is_normal_(is_normal) {}
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      for (std::size_t c = 0; c < quantiles_.size(); ++c) {
        out.row(i)[c] = mapped(x.row(i)[c], quantiles_[c]);
      }
    }
  }
  void save(const AttributeWriter& out) const override;

 private:
  double mapped(double value, const Quantiles& quantiles) const;
  double of_normal(double p) const { return std::clamp(normal_quantile(p), least_, -least_); }

  std::vector<Quantiles> quantiles_;
  std::vector<double> references_;
  bool is_normal_;
  double least_ = normal_quantile(threshold - std::numeric_limits<double>::epsilon());
};

double QuantileModel::mapped(double value, const Quantiles& q) const {
  if (std::isnan(value) || std::isnan(q.front())) return std::numeric_limits<double>::quiet_NaN();
  const bool is_least = is_normal_ ? value - threshold < q.front() : value == q.front();
  const bool is_greatest = is_normal_ ? value + threshold > q.back() : value == q.back();
  if (is_least) return is_normal_ ? least_ : 0.0;
  if (is_greatest) return is_normal_ ? -least_ : 1.0;
  // Of values that fill several quantiles, the middle.
  const double p =
      0.5 * (interpolated(value, q, references_) + interpolated_downwards(value, q, references_));
  if (!is_normal_) return p;
  return p <= 0.0 ? least_ : p >= 1.0 ? -least_ : of_normal(p);
}

void QuantileModel::save(const AttributeWriter& out) const {
  Length columns, count;
  out.size("n_features_in_", columns, features());
  Matrix all(std::ssize(references_), features());
  for (Index c = 0; c < features(); ++c) {
    all.col(c) = VectorView(quantiles_[static_cast<std::size_t>(c)].data(), all.rows());
  }
  out("quantiles_", all, count, columns, allowed::finite_or_nan);
}

Index quantiles_for(const QuantileTransformerParams& p, Index rows) {
  return std::max<Index>(1, std::min(p.n_quantiles, rows));
}

std::vector<Quantiles> learnt(Engine& engine, const Table& table, Index count) {
  std::vector<double> fractions = evenly_spaced(0.0, 1.0, count);
  for (double& f : fractions) f = f * 100.0 / 100.0;  // as scikit-learn hands them to NumPy
  auto quantiles = quantiles_by(engine, table, "linear", [&](Index) { return fractions; });
  for (Quantiles& q : quantiles) {
    if (q.empty()) q.assign(fractions.size(), std::numeric_limits<double>::quiet_NaN());
  }
  return quantiles;
}

}  // namespace

const ParamTable<QuantileTransformerParams>& QuantileTransformer::param_table() {
  using P = QuantileTransformerParams;
  static const auto table =
      ParamTable<P>("QuantileTransformer", "Columns mapped onto a uniform or normal distribution.")
          .add("n_quantiles", &P::n_quantiles, at_least(1),
               "how many quantiles are found, at most as many as there are rows")
          .add("output_distribution", &P::output_distribution, one_of({"uniform", "normal"}),
               "what is made of each column")
          .refuse("ignore_implicit_zeros", {false, true}, "rows are dense")
          .add("subsample", &P::subsample, at_least(1), "without effect: all rows are looked at")
          .add("random_state", &P::random_state, at_least(0), "without effect: nothing is drawn")
          .refuse("copy", {true, false}, "the data are never changed");
  return table;
}

void QuantileTransformer::check_params() const {
  EstimatorOf::check_params();
  if (params().subsample && params().n_quantiles > *params().subsample) {
    throw UsageError(
        fmt::format("QuantileTransformer: n_quantiles={} cannot be greater than subsample={}; set "
                    "subsample=None",
                    params().n_quantiles, *params().subsample));
  }
}

Footprint QuantileTransformer::footprint(Index columns, Index,
                                         std::span<const Candidate> batch) const {
  Footprint need;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const QuantileTransformer&>(*c.estimator).params();
    need = need | order_values_footprint(columns, 2 * p.n_quantiles);
    need.replicated += columns * p.n_quantiles;
  }
  return need;
}

TrainingCost QuantileTransformer::cost(Index columns, Index, std::span<const Candidate>) const {
  const Index passes = order_values_passes_for(columns, 2 * params().n_quantiles);
  return {passes, passes, 40.0 * static_cast<double>(columns)};
}

std::vector<Trained> QuantileTransformer::train(Engine& engine, const Table& table,
                                                Batch batch) const {
  std::map<Index, std::vector<Quantiles>> found;
  std::vector<Trained> models;
  for (const auto& c : batch) {
    const Index count = quantiles_for(c.params, table.rows());
    if (!found.contains(count)) found[count] = learnt(engine, table, count);
    const std::vector<Quantiles>& quantiles = found[count];
    Vector first(table.columns());
    for (Index i = 0; i < first.size(); ++i) {
      first[i] = quantiles[static_cast<std::size_t>(i)].front();
    }
    FitReport report = report_of_missing(first);
    if (count < c.params.n_quantiles) {
      report.warnings.push_back(fmt::format("there are {} rows, so {} quantiles are found, not {}",
                                            table.rows(), count, c.params.n_quantiles));
    }
    models.push_back(std::make_shared<QuantileModel>(
        quantiles, c.params.output_distribution == "normal", std::move(report)));
  }
  return models;
}

std::shared_ptr<Model> QuantileTransformer::load_fitted(const AttributeReader& in) const {
  Length columns, count;
  in.size("n_features_in_", columns);
  Matrix all;
  in("quantiles_", all, count, columns, allowed::finite_or_nan);
  if (all.rows() < 1) throw DataError(fmt::format("{} is empty", in.path("quantiles_")));
  std::vector<Quantiles> quantiles;
  for (Index c = 0; c < all.cols(); ++c) {
    const Vector q = all.col(c);
    const bool has_none = std::isnan(q[0]);
    const bool is_whole = has_none ? q.array().isNaN().all()
                                   : !q.array().isNaN().any() && std::is_sorted(q.begin(), q.end());
    if (!is_whole) throw DataError(fmt::format("{} does not ascend", in.path("quantiles_")));
    quantiles.emplace_back(q.begin(), q.end());
  }
  return std::make_shared<QuantileModel>(std::move(quantiles),
                                         params().output_distribution == "normal", FitReport{});
}

}  // namespace superstep
