// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/min_max_scaler.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/cells.hpp"
#include "learn/extremes.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct FittedMinMax {
  Extremes data;
  Index rows = 0;
  double low = 0.0;  ///< feature_range
  double high = 1.0;

  FittedMinMax(const MinMaxScalerParams& params, Extremes data_, Index rows_)
      : data(std::move(data_)),
        rows(rows_),
        low(params.feature_range.items()[0].as_double()),
        high(params.feature_range.items()[1].as_double()) {}
  Vector scale() const { return (high - low) / without_zeros(data.high - data.low).array(); }
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns;
  a.size("n_features_in_", columns, f.data.low.size());
  a("data_min_", f.data.low, columns, allowed::finite_or_nan);
  a("data_max_", f.data.high, columns, allowed::finite_or_nan);
  a("n_samples_seen_", f.rows, 1);
  const Vector scale = f.scale();
  a.derived("data_range_", f.data.high - f.data.low);
  a.derived("scale_", scale);
  a.derived("min_", Vector(f.low - (f.data.low.array() * scale.array())));
}

class MinMaxScalerModel final : public ScalerModel {
 public:
  MinMaxScalerModel(FittedMinMax fitted, bool clip, FitReport report)
      : ScalerModel(fitted.data.low.size(), std::move(report)),
        fitted_(std::move(fitted)),
        clip_(clip),
        scale_(fitted_.scale()) {}

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    const double low = clip_ ? fitted_.low : -HUGE_VAL;
    const double high = clip_ ? fitted_.high : HUGE_VAL;
    // Not x scale_ + min_: the difference keeps the digits of columns far from zero.
    math::map_range(x, fitted_.data.low.data(), scale_.data(), fitted_.low, low, high, out);
  }
  AffineMapPtr affine() const override {
    if (clip_) return nullptr;
    return std::make_shared<AffineMap>(
        AffineMap::diagonal(fitted_.data.low, scale_, Vector::Constant(features(), fitted_.low)));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  FittedMinMax fitted_;
  bool clip_;
  Vector scale_;
};

bool is_range(const Value& value) {
  if (!value.is_sequence() || value.items().size() != 2) return false;
  const Value& low = value.items()[0];
  const Value& high = value.items()[1];
  return low.is_number() && high.is_number() && low.as_double() < high.as_double() &&
         std::isfinite(high.as_double() - low.as_double());
}

}  // namespace

const ParamTable<MinMaxScalerParams>& MinMaxScaler::param_table() {
  static const auto table =
      ParamTable<MinMaxScalerParams>("MinMaxScaler", "Every column mapped onto the same range.")
          .add("feature_range", &MinMaxScalerParams::feature_range,
               satisfies("a tuple (min, max) of numbers, min < max", is_range),
               "what the least and the greatest value of each column become")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("clip", &MinMaxScalerParams::clip, anything(),
               "keep values of other data inside feature_range")
          .positional(1);
  return table;
}

Footprint MinMaxScaler::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {.sums = 2 * cells * columns,
          .row_doubles = scratch_for_cells(cells, columns),
          .replicated = 6 * std::ssize(batch) * columns,
          .thread_doubles = 2 * columns};
}

TrainingCost MinMaxScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> MinMaxScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const std::vector<Index> rows = present_rows(engine, table, splits);
  const std::vector<Extremes> extremes = extremes_of(engine, table, splits);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    models.push_back(std::make_shared<MinMaxScalerModel>(
        FittedMinMax(batch[i].params, extremes[i], rows[i]), batch[i].params.clip,
        report_of_missing(extremes[i].low)));
  }
  return models;
}

std::shared_ptr<Model> MinMaxScaler::load_fitted(const AttributeReader& in) const {
  FittedMinMax fitted(params(), {}, 0);
  fields(in, fitted);
  if ((fitted.data.high.array() < fitted.data.low.array()).any()) {
    throw DataError(fmt::format("{} is above {}", in.path("data_min_"), in.path("data_max_")));
  }
  return std::make_shared<MinMaxScalerModel>(std::move(fitted), params().clip, FitReport{});
}

}  // namespace superstep
