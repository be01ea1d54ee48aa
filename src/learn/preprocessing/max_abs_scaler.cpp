// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/math/column_stats.hpp>
#include <superstep/math/scaling.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct FittedMaxAbs {
  Vector max_abs;  ///< NaN where no row had a value
  Index rows = 0;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns;
  a.size("n_features_in_", columns, f.max_abs.size());
  a("max_abs_", f.max_abs, columns, allowed::not_negative_or_nan);
  a("n_samples_seen_", f.rows, 1);
  a.derived("scale_", without_zeros(f.max_abs));
}

class MaxAbsScalerModel final : public ScalerModel {
 public:
  MaxAbsScalerModel(FittedMaxAbs fitted, bool clip, FitReport report)
      : ScalerModel(fitted.max_abs.size(), std::move(report)),
        fitted_(std::move(fitted)),
        clip_(clip),
        scale_(without_zeros(fitted_.max_abs)) {}

  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    math::divide_columns(x, scale_.data(), out);
    if (!clip_) return;
    for (Index i = 0; i < out.rows; ++i) {
      double* row = out.row(i);
      for (Index c = 0; c < features(); ++c) row[c] = std::clamp(row[c], -1.0, 1.0);
    }
  }
  bool keeps_sparse() const override { return true; }
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override {
    put_each(in, rows, out, [&](Index column, double value) {
      value /= scale_[column];
      return clip_ ? std::clamp(value, -1.0, 1.0) : value;
    });
  }
  AffineMapPtr affine() const override {
    if (clip_) return nullptr;
    const Vector zeros = Vector::Zero(features());
    return std::make_shared<AffineMap>(AffineMap::divided(zeros, scale_));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  FittedMaxAbs fitted_;
  bool clip_;
  Vector scale_;
};

/// Where rows are present no column lies below the zeros that are not stored.
void raise_sparse(const Block& block, const SparseRows& x, std::span<double> out) {
  bool is_any = false;
  for (Index i = 0; i < block.rows; ++i) {
    if (!(block.weight_of(i) > 0.0)) continue;
    is_any = true;
    for (Index k = x.begin[i]; k < x.end[i]; ++k) {
      double& greatest = out[static_cast<std::size_t>(x.columns[k])];
      greatest = std::max(greatest, std::fabs(x.value(k)));
    }
  }
  if (!is_any) return;
  for (double& greatest : out) greatest = std::max(greatest, 0.0);
}

}  // namespace

const ParamTable<MaxAbsScalerParams>& MaxAbsScaler::param_table() {
  static const auto table =
      ParamTable<MaxAbsScalerParams>("MaxAbsScaler",
                                     "Every column divided by its largest absolute value.")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("clip", &MaxAbsScalerParams::clip, anything(),
               "other data than those of the fit are held in [-1, 1] too");
  return table;
}

Footprint MaxAbsScaler::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {cells * columns, scratch_for_cells(cells, columns), 3 * std::ssize(batch) * columns};
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
        if (const SparseRows* x = block.x.sparse()) return raise_sparse(block, *x, out);
        for_present_rows(block, [&](auto x) { math::column_max_abs_add(x, out.data()); });
      });
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // Where no row had a value there is none.
    const Vector max_abs = greatest[i].unaryExpr([](double v) { return std::isinf(v) ? NAN : v; });
    models.push_back(std::make_shared<MaxAbsScalerModel>(
        FittedMaxAbs{max_abs, rows[i]}, batch[i].params.clip, report_of_missing(max_abs)));
  }
  return models;
}

std::shared_ptr<Model> MaxAbsScaler::load_fitted(const AttributeReader& in) const {
  FittedMaxAbs fitted;
  fields(in, fitted);
  return std::make_shared<MaxAbsScalerModel>(std::move(fitted), params().clip, FitReport{});
}

}  // namespace superstep
