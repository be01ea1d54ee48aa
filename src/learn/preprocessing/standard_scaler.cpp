// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/standard_scaler.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <superstep/core/error.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/column_statistics.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

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

struct FittedStandard {
  StandardScalerParams params;
  ColumnStatistics statistics;
  Vector scale;
  bool whole_counts = true;  ///< rows, not weights
};

constexpr const char* samples_seen = "n_samples_seen_";

// As scikit-learn: one number, or one for each column where some miss values; whole without
// weights.
void counts_field(const AttributeWriter& out, const FittedStandard& f, Length& columns) {
  const Vector& counts = f.statistics.counts;
  const bool all_equal = (counts.array() == counts[0]).all();
  const std::vector<Index> whole(counts.begin(), counts.end());
  if (all_equal && f.whole_counts) out(samples_seen, whole[0]);
  if (all_equal && !f.whole_counts) out(samples_seen, counts[0]);
  if (!all_equal && f.whole_counts) out(samples_seen, whole, columns);
  if (!all_equal && !f.whole_counts) out(samples_seen, counts, columns);
}

void counts_field(const AttributeReader& in, FittedStandard& f, Length& columns) {
  Vector& counts = f.statistics.counts;
  f.whole_counts = in.holds_integers(samples_seen);
  if (!in.is_single(samples_seen)) {
    std::vector<Index> whole;
    if (!f.whole_counts) return in(samples_seen, counts, columns, allowed::not_negative);
    in(samples_seen, whole, columns);
    counts.resize(columns.value);
    std::ranges::copy(whole, counts.begin());
    return;
  }
  Index whole = 0;
  double weight = 0.0;
  if (f.whole_counts) {
    in(samples_seen, whole);
    weight = static_cast<double>(whole);
  } else {
    in(samples_seen, weight, allowed::not_negative);
  }
  counts = Vector::Constant(columns.value, weight);
}

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns;
  a.size("n_features_in_", columns, f.statistics.counts.size());
  if (f.params.with_mean || f.params.with_std) {
    a("mean_", f.statistics.mean, columns, allowed::finite_or_nan);
  }
  if (f.params.with_std) {
    a("var_", f.statistics.variance, columns, allowed::not_negative_or_nan);
    a("scale_", f.scale, columns, allowed::positive_or_nan);
  }
  counts_field(a, f, columns);
}

/// NaN stands for a column of which no row had a value, and for nothing else.
void check_nans(const AttributeReader& in, const FittedStandard& f) {
  const auto check = [&](const char* name, const Vector& values) {
    for (Index c = 0; c < values.size(); ++c) {
      const bool is_missing = f.statistics.counts[c] == 0.0;
      if (std::isnan(values[c]) == is_missing) continue;
      throw DataError(fmt::format("{} of column {} is {}, where {} says that {}", in.path(name), c,
                                  values[c], in.path(samples_seen),
                                  is_missing ? "no row has a value" : "rows have values"));
    }
  };
  if (f.params.with_mean || f.params.with_std) check("mean_", f.statistics.mean);
  if (!f.params.with_std) return;
  check("var_", f.statistics.variance);
  check("scale_", f.scale);
}

class StandardScalerModel final : public ScalerModel {
 public:
  StandardScalerModel(FittedStandard fitted, FitReport report)
      : ScalerModel(fitted.statistics.counts.size(), std::move(report)),
        fitted_(std::move(fitted)),
        shift_(Vector::Zero(features())),
        scale_(Vector::Ones(features())) {
    if (fitted_.params.with_mean) shift_ = fitted_.statistics.mean;
    if (fitted_.params.with_std) scale_ = fitted_.scale;
    factor_ = scale_.cwiseInverse();
  }

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    math::centre_and_scale(x, shift_.data(), factor_.data(), out);
  }
  bool keeps_sparse() const override { return !fitted_.params.with_mean; }
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override {
    put_each(in, rows, out, [&](Index column, double value) { return value * factor_[column]; });
  }
  AffineMapPtr affine() const override {
    return std::make_shared<AffineMap>(AffineMap::divided(shift_, scale_));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  FittedStandard fitted_;
  Vector shift_;
  Vector scale_;
  Vector factor_;  ///< 1 / scale
};

}  // namespace

const ParamTable<StandardScalerParams>& StandardScaler::param_table() {
  static const auto table =
      ParamTable<StandardScalerParams>("StandardScaler",
                                       "Columns centred on their mean and scaled to unit variance.")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("with_mean", &StandardScalerParams::with_mean, anything(), "subtract the mean")
          .add("with_std", &StandardScalerParams::with_std, anything(),
               "divide by the standard deviation");
  return table;
}

Footprint StandardScaler::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {cells * statistics_sums(columns), scratch_for_cells(cells, columns),
          8 * std::ssize(batch) * columns};
}

TrainingCost StandardScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 2, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> StandardScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const std::vector<ColumnStatistics> statistics =
      statistics_of(engine, table, splits_of_batch(batch), Weighing::by_row);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const ColumnStatistics& s = statistics[i];
    models.push_back(std::make_shared<StandardScalerModel>(
        FittedStandard{batch[i].params, s, scale_of(s), !table.data->has_weight()},
        report_of_missing(s.mean)));
  }
  return models;
}

std::shared_ptr<Model> StandardScaler::load_fitted(const AttributeReader& in) const {
  FittedStandard fitted{params(), {}, {}};
  fields(in, fitted);
  check_nans(in, fitted);
  return std::make_shared<StandardScalerModel>(std::move(fitted), FitReport{});
}

}  // namespace superstep
