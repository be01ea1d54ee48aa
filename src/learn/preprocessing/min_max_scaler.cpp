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

/// The extremes of each column, NaN where there is no value.
Extremes extremes_of(Engine& engine, const Table& table) {
  const Index columns = table.columns();
  // The least value is the greatest of the negatives.
  const std::vector<double> greatest = engine.maximum(
      table, 2 * columns, [&](const Block& block, std::span<double> out, Workspace& workspace) {
        double* low = workspace.doubles(0, columns);
        for (Index c = 0; c < columns; ++c) low[c] = -out[static_cast<std::size_t>(c)];
        double* high = out.data() + columns;
        for_present_rows(block, [&](math::ConstPanel x) { math::column_range_add(x, low, high); });
        for (Index c = 0; c < columns; ++c) out[static_cast<std::size_t>(c)] = -low[c];
      });
  // Adding 0 makes one zero of both: which of them was met first depends on the order.
  const auto value = [](double v) { return std::isinf(v) ? NAN : v + 0.0; };
  Extremes e{Vector(columns), Vector(columns)};
  for (Index c = 0; c < columns; ++c) {
    e.low[c] = value(-greatest[static_cast<std::size_t>(c)]);
    e.high[c] = value(greatest[static_cast<std::size_t>(columns + c)]);
  }
  return e;
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

Footprint MinMaxScaler::footprint(Index columns, Index, std::span<const Candidate>) const {
  return {2 * columns, 0, 4 * columns};
}

TrainingCost MinMaxScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> MinMaxScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const Index rows = present_rows(engine, table);
  const Extremes extremes = extremes_of(engine, table);
  std::vector<Trained> models;
  for (const auto& c : batch) {
    const MinMaxScalerParams& p = c.params;
    models.push_back(
        std::make_shared<MinMaxScalerModel>(p, extremes, rows, report_of_missing(extremes.low)));
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
