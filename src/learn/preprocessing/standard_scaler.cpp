// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/standard_scaler.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <superstep/core/error.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// Weighted count, mean and variance of the values of each column that are not missing.
struct ColumnStatistics {
  Vector counts;
  Vector mean;
  Vector variance;
};

ColumnStatistics statistics_around(Engine& engine, const Table& table, const Sketch& sketch,
                                   const Vector& shift, const std::vector<int>& spread) {
  const int rows = sketch.rows_exponent + sketch.weight_exponent;
  std::vector<int> first, second;
  for (const int e : spread) {
    first.push_back(e + rows);
    second.push_back(2 * e + rows);
  }
  SumShape shape;
  const Index weight = shape.add(1, rows);
  const Index counts = shape.add(table.columns(), rows);
  const Index sums = shape.add(first);
  const Index squares = shape.add(second);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& b, Partial& sum, Workspace&) {
        for (Index i = 0; i < b.rows; ++i) sum[weight][0] += b.weight_of(i);
        math::column_moments_add({b.x, b.rows, b.columns}, b.weight, shift.data(),
                                 {sum[counts].data(), sum[sums].data(), sum[squares].data()});
      });
  if (!(totals.value(weight) > 0.0)) throw_no_rows(table);
  const Index columns = table.columns();
  const VectorView n(totals[counts].data(), columns);
  // A column without values gives 0 / 0: NaN, as in scikit-learn.
  const Vector offset = VectorView(totals[sums].data(), columns).cwiseQuotient(n);
  const Vector square = VectorView(totals[squares].data(), columns).cwiseQuotient(n);
  ColumnStatistics s{n, shift + offset, Vector(columns)};
  for (Index c = 0; c < columns; ++c) {
    const double variance = std::fma(-offset[c], offset[c], square[c]);
    s.variance[c] = variance < 0.0 ? 0.0 : variance;
  }
  return s;
}

ColumnStatistics statistics_of(Engine& engine, const Table& table) {
  const Sketch sketch = engine.sketch(table);
  const VectorView shift(sketch.shift.data(), table.columns());
  ColumnStatistics s = statistics_around(engine, table, sketch, shift, sketch.spread_exponents);
  // Where the blocks that were looked at lie far from the mean, their mean is no good centre.
  const Vector distance = (s.mean - shift).cwiseAbs();
  Vector better = shift;
  std::vector<int> spread = sketch.spread_exponents;
  bool is_better = false;
  for (Index c = 0; c < table.columns(); ++c) {
    if (!(distance[c] > 0x1p7 * std::sqrt(s.variance[c]))) continue;
    is_better = true;
    better[c] = s.mean[c];
    int& e = spread[static_cast<std::size_t>(c)];
    e = std::max(e, exponent_above(distance[c])) + 1;
  }
  return is_better ? statistics_around(engine, table, sketch, better, spread) : s;
}

Vector scale_of(const ColumnStatistics& s) {
  Vector scale = s.variance.cwiseSqrt();
  for (Index c = 0; c < scale.size(); ++c) {
    constexpr double eps = std::numeric_limits<double>::epsilon();
    const double drift = s.counts[c] * s.mean[c] * eps;
    const bool is_constant = s.variance[c] <= s.counts[c] * eps * s.variance[c] + drift * drift;
    if (is_constant) scale[c] = 1.0;
  }
  return scale;
}

/// scikit-learn's n_samples_seen_: one number, or one for each column where some miss values; whole
/// numbers without weights.
struct SamplesSeen {
  Vector counts;  ///< one a column
  bool is_whole;

  void save(const AttributeWriter& out) const {
    const bool all_equal = (counts.array() == counts[0]).all();
    const std::vector<Index> whole(counts.begin(), counts.end());
    if (all_equal && is_whole) out.add(name, whole[0]);
    if (all_equal && !is_whole) out.add(name, counts[0]);
    if (!all_equal && is_whole) out.add(name, whole);
    if (!all_equal && !is_whole) out.add(name, counts);
  }

  /// The types in the file tell which of the four it is.
  static SamplesSeen read(const AttributeReader& in, Index columns) {
    try {
      const std::vector<Index> whole = in.integers(name);
      Vector counts(columns);
      for (Index c = 0; c < columns; ++c)
        counts[c] = static_cast<double>(whole.size() == 1 ? whole[0]
                                                          : whole.at(static_cast<std::size_t>(c)));
      return {counts, true};
    } catch (const DataError&) {
    }
    try {
      return {Vector::Constant(columns, in.number(name)), false};
    } catch (const DataError&) {
      return {in.vector(name), false};
    }
  }

  static constexpr const char* name = "n_samples_seen_";
};

class StandardScalerModel final : public ScalerModel {
 public:
  StandardScalerModel(const StandardScalerParams& params, ColumnStatistics statistics, Vector scale,
                      bool whole_counts, FitReport report)
      : ScalerModel(statistics.counts.size(), std::move(report)),
        params_(params),
        statistics_(std::move(statistics)),
        scale_(std::move(scale)),
        whole_counts_(whole_counts),
        shift_(Vector::Zero(features())),
        factor_(Vector::Ones(features())) {
    if (params_.with_mean) shift_ = statistics_.mean;
    if (params_.with_std) factor_ = scale_.cwiseInverse();
  }

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    math::centre_and_scale(x, shift_.data(), factor_.data(), out);
  }

  void save(const AttributeWriter& out) const override {
    if (params_.with_mean || params_.with_std) out.add("mean_", statistics_.mean);
    if (params_.with_std) {
      out.add("var_", statistics_.variance);
      out.add("scale_", scale_);
    }
    SamplesSeen{statistics_.counts, whole_counts_}.save(out);
    out.add("n_features_in_", features());
  }

 private:
  StandardScalerParams params_;
  ColumnStatistics statistics_;
  Vector scale_;
  bool whole_counts_;
  Vector shift_;
  Vector factor_;
};

}  // namespace

const ParamTable<StandardScalerParams>& StandardScaler::param_table() const {
  static const auto table =
      ParamTable<StandardScalerParams>("StandardScaler",
                                       "Columns centred on their mean and scaled to unit variance.")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("with_mean", &StandardScalerParams::with_mean, anything(), "subtract the mean")
          .add("with_std", &StandardScalerParams::with_std, anything(),
               "divide by the standard deviation");
  return table;
}

Footprint StandardScaler::footprint(Index columns, Index, std::span<const Candidate>) const {
  return {3 * columns + 1, 0, 8 * columns};
}

TrainingCost StandardScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 2, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> StandardScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const ColumnStatistics statistics = statistics_of(engine, table);
  const Vector scale = scale_of(statistics);
  std::vector<Trained> models;
  for (const auto& c : batch) {
    const StandardScalerParams& p = c.params;
    models.push_back(std::make_shared<StandardScalerModel>(
        p, statistics, scale, !table.data->has_weight(), report_of_missing(statistics.mean)));
  }
  return models;
}

std::shared_ptr<Model> StandardScaler::load_fitted(const AttributeReader& in) const {
  ColumnStatistics s;
  Vector scale;
  const Index columns = in.integer("n_features_in_");
  if (params().with_mean || params().with_std) s.mean = in.vector("mean_");
  if (params().with_std) {
    s.variance = in.vector("var_");
    scale = in.vector("scale_");
  }
  const SamplesSeen seen = SamplesSeen::read(in, columns);
  s.counts = seen.counts;
  for (const Vector* v : {&s.mean, &s.variance, &scale, &s.counts}) {
    if (v->size() != 0 && v->size() != columns) {
      throw DataError("mean_, var_, scale_ and n_samples_seen_ differ in length");
    }
  }
  return std::make_shared<StandardScalerModel>(params(), std::move(s), std::move(scale),
                                               seen.is_whole, FitReport{});
}

}  // namespace superstep
