// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/robust_scaler.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/math/scaling.hpp>

#include "learn/preprocessing/normal_quantile.hpp"
#include "learn/preprocessing/order_values.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct FittedRobust {
  RobustScalerParams params;
  Vector centre;
  Vector scale;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f, Index features) {
  Length columns;
  a.size("n_features_in_", columns, features);
  if (f.params.with_centering) a("center_", f.centre, columns, allowed::finite_or_nan);
  if (f.params.with_scaling) a("scale_", f.scale, columns, allowed::positive_or_nan);
}

class RobustModel final : public ScalerModel {
 public:
  RobustModel(FittedRobust fitted, Index columns)
      : ScalerModel(columns, FitReport{}),
        fitted_(std::move(fitted)),
        shift_(fitted_.params.with_centering ? fitted_.centre : Vector::Zero(columns)),
        scale_(fitted_.params.with_scaling ? fitted_.scale : Vector::Ones(columns)) {}
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      for (Index c = 0; c < features(); ++c) {
        out.row(i)[c] = (x.row(i)[c] - shift_[c]) / scale_[c];
      }
    }
  }
  AffineMapPtr affine() const override {
    return std::make_shared<AffineMap>(AffineMap::divided(shift_, scale_));
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_, features()); }

 private:
  FittedRobust fitted_;
  Vector shift_;
  Vector scale_;
};

FittedRobust fitted_of(const RobustScalerParams& params, const Matrix& quantiles,
                       const Vector& medians) {
  FittedRobust fitted{params, medians, Vector()};
  if (!params.with_scaling) return fitted;
  const double low = params.quantile_range[0] / 100.0;
  const double high = params.quantile_range[1] / 100.0;
  // As scikit-learn: what is close to zero does not scale.
  fitted.scale = without_zeros((quantiles.row(1) - quantiles.row(0)).transpose());
  if (params.unit_variance) fitted.scale /= normal_quantile(high) - normal_quantile(low);
  return fitted;
}

}  // namespace

const ParamTable<RobustScalerParams>& RobustScaler::param_table() {
  using P = RobustScalerParams;
  static const auto table =
      ParamTable<P>("RobustScaler",
                    "Columns centred on their median and scaled by a range of quantiles.")
          .add("with_centering", &P::with_centering, anything(), "subtract the median")
          .add("with_scaling", &P::with_scaling, anything(), "divide by the range of the quantiles")
          .add("quantile_range", &P::quantile_range,
               satisfies("two percentages, 0 <= low < high <= 100",
                         [](const Value& v) {
                           if (!v.is_sequence() || v.items().size() != 2) return false;
                           const auto& q = v.items();
                           if (!q[0].is_number() || !q[1].is_number()) return false;
                           return q[0].as_double() >= 0.0 && q[1].as_double() <= 100.0 &&
                                  q[0].as_double() < q[1].as_double();
                         }),
               "the two quantiles, in per cent")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("unit_variance", &P::unit_variance, anything(),
               "normally distributed columns have variance 1 behind it");
  return table;
}

Footprint RobustScaler::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  Footprint need = order_values_footprint(columns, 2 + 4 * std::ssize(batch));
  need.replicated += 4 * columns * std::ssize(batch);
  return need;
}

TrainingCost RobustScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {order_values_passes, order_values_passes, 8.0 * static_cast<double>(columns)};
}

std::vector<Trained> RobustScaler::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<double> fractions = {0.5};
  for (const auto& c : batch) {
    for (const double percent : c.params.quantile_range) fractions.push_back(percent / 100.0);
  }
  const Matrix found = quantiles_of(engine, table, fractions);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Matrix its = found.middleRows(1 + 2 * static_cast<Index>(i), 2);
    models.push_back(std::make_shared<RobustModel>(
        fitted_of(batch[i].params, its, found.row(0).transpose()), table.columns()));
  }
  return models;
}

std::shared_ptr<Model> RobustScaler::load_fitted(const AttributeReader& in) const {
  FittedRobust fitted{params(), {}, {}};
  Length columns;
  in.size("n_features_in_", columns);
  fields(in, fitted, columns.value);
  return std::make_shared<RobustModel>(std::move(fitted), columns.value);
}

}  // namespace superstep
