// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>

#include <cmath>

#include <superstep/math/column_stats.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

class MaxAbsScalerModel final : public ScalerModel {
 public:
  MaxAbsScalerModel(Vector max_abs, Index rows, FitReport report)
      : ScalerModel(max_abs.size(), std::move(report)),
        max_abs_(std::move(max_abs)),
        scale_(without_zeros(max_abs_)),
        rows_(rows) {}

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    math::divide_columns(x, scale_.data(), out);
  }
  AffineMapPtr affine() const override {
    const Vector zeros = Vector::Zero(features());
    return std::make_shared<AffineMap>(AffineMap::diagonal(zeros, scale_.cwiseInverse(), zeros));
  }

  void save(const AttributeWriter& out) const override {
    out.add("scale_", scale_);
    out.add("max_abs_", max_abs_);
    out.add("n_samples_seen_", rows_);
    out.add("n_features_in_", features());
  }

 private:
  Vector max_abs_;
  Vector scale_;
  Index rows_;
};

}  // namespace

const ParamTable<MaxAbsScalerParams>& MaxAbsScaler::param_table() const {
  static const auto table =
      ParamTable<MaxAbsScalerParams>("MaxAbsScaler",
                                     "Every column divided by its largest absolute value.")
          .refuse("copy", {true, false}, "the data are never changed");
  return table;
}

Footprint MaxAbsScaler::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index splits = std::ssize(batch);
  return {cells_of(batch) * columns, columns, 4 * splits * columns};
}

TrainingCost MaxAbsScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> MaxAbsScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const std::vector<Index> rows = present_rows(engine, table, splits);
  const std::vector<Vector> greatest = greatest_of(
      engine, table, splits, table.columns(),
      [](const Block& block, std::span<double> out, Workspace&) {
        for_present_rows(block,
                         [&](math::ConstPanel x) { math::column_max_abs_add(x, out.data()); });
      });
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // Where no row had a value there is none.
    const Vector max_abs = greatest[i].unaryExpr([](double v) { return std::isinf(v) ? NAN : v; });
    models.push_back(
        std::make_shared<MaxAbsScalerModel>(max_abs, rows[i], report_of_missing(max_abs)));
  }
  return models;
}

std::shared_ptr<Model> MaxAbsScaler::load_fitted(const AttributeReader& in) const {
  return std::make_shared<MaxAbsScalerModel>(in.vector("max_abs_"), in.integer("n_samples_seen_"),
                                             FitReport{});
}

}  // namespace superstep
