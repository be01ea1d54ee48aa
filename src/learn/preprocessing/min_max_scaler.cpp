// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/min_max_scaler.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct Extremes {
  Vector low;
  Vector high;
};

/// The extremes of each column among the rows each split trains on, NaN where there is no value.
std::vector<Extremes> extremes_of(Engine& engine, const Table& table,
                                  std::span<const SplitPtr> splits) {
  const Index columns = table.columns();
  // The least value is the greatest of the negatives.
  const std::vector<Vector> greatest = greatest_of(
      engine, table, splits, 2 * columns,
      [&](const Block& block, std::span<double> out, Workspace& workspace) {
        double* low = workspace.doubles(0, columns);
        for (Index c = 0; c < columns; ++c) low[c] = -out[static_cast<std::size_t>(c)];
        double* high = out.data() + columns;
        for_present_rows(block, [&](math::ConstPanel x) { math::column_range_add(x, low, high); });
        for (Index c = 0; c < columns; ++c) out[static_cast<std::size_t>(c)] = -low[c];
      });
  // Adding 0 makes one zero of both: which of them was met first depends on the order.
  const auto value = [](double v) { return std::isinf(v) ? NAN : v + 0.0; };
  std::vector<Extremes> extremes;
  for (const Vector& g : greatest) {
    extremes.push_back({(-g.head(columns)).unaryExpr(value), g.tail(columns).unaryExpr(value)});
  }
  return extremes;
}

class MinMaxScalerModel final : public ScalerModel {
 public:
  MinMaxScalerModel(const MinMaxScalerParams& params, Extremes data, Index rows, FitReport report)
      : ScalerModel(data.low.size(), std::move(report)),
        data_(std::move(data)),
        rows_(rows),
        low_(params.feature_range.items()[0].as_double()),
        high_(params.feature_range.items()[1].as_double()),
        clip_(params.clip) {
    scale_ = (high_ - low_) / without_zeros(data_.high - data_.low).array();
  }

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    const double low = clip_ ? low_ : -HUGE_VAL;
    const double high = clip_ ? high_ : HUGE_VAL;
    // Not x scale_ + min_: the difference keeps the digits of columns far from zero.
    math::map_range(x, data_.low.data(), scale_.data(), low_, low, high, out);
  }
  AffineMapPtr affine() const override {
    if (clip_) return nullptr;
    return std::make_shared<AffineMap>(
        AffineMap::diagonal(data_.low, scale_, Vector::Constant(features(), low_)));
  }

  void save(const AttributeWriter& out) const override {
    out.add("scale_", scale_);
    out.add("min_", Vector(low_ - (data_.low.array() * scale_.array())));
    out.add("data_min_", data_.low);
    out.add("data_max_", data_.high);
    out.add("data_range_", Vector(data_.high - data_.low));
    out.add("n_samples_seen_", rows_);
    out.add("n_features_in_", features());
  }

 private:
  Extremes data_;
  Index rows_;
  double low_;
  double high_;
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

const ParamTable<MinMaxScalerParams>& MinMaxScaler::param_table() const {
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
  const Index splits = std::ssize(batch);
  return {2 * cells_of(batch) * columns, columns, 8 * splits * columns};
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
    models.push_back(std::make_shared<MinMaxScalerModel>(batch[i].params, extremes[i], rows[i],
                                                         report_of_missing(extremes[i].low)));
  }
  return models;
}

std::shared_ptr<Model> MinMaxScaler::load_fitted(const AttributeReader& in) const {
  Extremes extremes{in.vector("data_min_"), in.vector("data_max_")};
  if (extremes.low.size() != extremes.high.size()) {
    throw DataError("data_min_ and data_max_ differ in length");
  }
  return std::make_shared<MinMaxScalerModel>(params(), std::move(extremes),
                                             in.integer("n_samples_seen_"), FitReport{});
}

}  // namespace superstep
