// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/power_transformer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/column_statistics.hpp"
#include "learn/preprocessing/power_likelihood.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

struct FittedPowers {
  PowerTransformerParams params;
  Vector lambdas;
  Vector mean, scale;  ///< of what the powers make, where it is standardised
};

PowerMethod method_of(const PowerTransformerParams& p) {
  return p.method == "box-cox" ? PowerMethod::box_cox : PowerMethod::yeo_johnson;
}

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns;
  a.size("n_features_in_", columns, f.lambdas.size());
  a("lambdas_", f.lambdas, columns);
  if (!f.params.standardize) return;
  a("mean_", f.mean, columns, allowed::finite_or_nan);
  a("scale_", f.scale, columns, allowed::positive_or_nan);
}

class PowerModel final : public ScalerModel {
 public:
  explicit PowerModel(FittedPowers fitted, FitReport report = {})
      : ScalerModel(fitted.lambdas.size(), std::move(report)),
        fitted_(std::move(fitted)),
        method_(method_of(fitted_.params)) {}
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      for (Index c = 0; c < features(); ++c) out.row(i)[c] = mapped(x.row(i)[c], c);
    }
  }
  void save(const AttributeWriter& out) const override { fields(out, fitted_); }

 private:
  double mapped(double x, Index c) const {
    if (method_ == PowerMethod::box_cox && x <= 0.0) {
      throw DataError(
          fmt::format("The Box-Cox transformation can only be applied to strictly positive data: "
                      "PowerTransformer met {} in its column {}",
                      x, c));
    }
    const double y = power_of(method_, x, fitted_.lambdas[c]);
    return fitted_.params.standardize ? (y - fitted_.mean[c]) / fitted_.scale[c] : y;
  }

  FittedPowers fitted_;
  PowerMethod method_;
};

/// scikit-learn's rule for a variance that is only rounding.
bool is_rounding(double variance, double mean, double count) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double drift = count * mean * eps;
  return variance <= count * eps * variance + drift * drift;
}

/// What a column keeps Box and Cox from.
void check_columns_for(PowerMethod method, const Extremes& e,
                       const std::vector<char>& is_constant) {
  if (method == PowerMethod::yeo_johnson) return;
  for (Index c = 0; c < e.low.size(); ++c) {
    const char* problem = nullptr;
    if (e.low[c] <= 0.0) {
      problem = "The Box-Cox transformation can only be applied to strictly positive data";
    } else if (std::isnan(e.low[c])) {
      problem = "Column must not be all nan";
    } else if (is_constant[static_cast<std::size_t>(c)] != 0) {
      problem = "Data must not be constant";
    }
    if (problem == nullptr) continue;
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("PowerTransformer: {} (column {})", problem, c));
  }
}

/// What is learnt of a table.
class PowerFit {
 public:
  PowerFit(Engine& engine, const Table& table)
      : engine_(engine), table_(table), raw_(statistics(table)), extremes_(ends()) {
    for (Index c = 0; c < table.columns(); ++c) {
      const bool has_none = std::isnan(extremes_.low[c]);
      is_constant_.push_back(has_none || extremes_.is_constant(c) ||
                             is_rounding(raw_.variance[c], raw_.mean[c], raw_.counts[c]));
    }
  }

  Trained run(const PowerTransformerParams& p) {
    const PowerMethod method = method_of(p);
    check_columns_for(method, extremes_, is_constant_);
    if (!lambdas_.contains(method)) {
      lambdas_[method] =
          likeliest_powers(engine_, table_, method, raw_.mean, extremes_, is_constant_);
    }
    FittedPowers fitted{p, lambdas_[method], {}, {}};
    if (p.standardize) {
      FittedPowers bare = fitted;
      bare.params.standardize = false;
      const auto powers = std::make_shared<const PowerModel>(std::move(bare));
      const ColumnStatistics s = statistics(table_.through(row_map(powers)));
      fitted.mean = s.mean;
      fitted.scale = s.variance.cwiseSqrt();
      for (Index c = 0; c < fitted.scale.size(); ++c) {
        if (is_rounding(s.variance[c], s.mean[c], s.counts[c])) fitted.scale[c] = 1.0;
      }
    }
    return std::make_shared<PowerModel>(std::move(fitted), report_of_missing(raw_.mean));
  }

 private:
  ColumnStatistics statistics(const Table& table) {
    const SplitPtr none;
    return statistics_of(engine_, table, {&none, 1}, Weighing::none).front();
  }

  /// Of all rows, those without weight among them.
  Extremes ends() {
    const Index n = table_.columns();
    const auto found =
        engine_.maximum(table_, 2 * n, [n](const Block& block, std::span<double> out, Workspace&) {
          const double* x = block.x.doubles();
          for (Index i = 0; i < block.rows * n; ++i) {
            const auto c = static_cast<std::size_t>(i % n);
            if (std::isnan(x[i])) continue;
            out[c] = std::max(out[c], -x[i]);
            out[c + static_cast<std::size_t>(n)] =
                std::max(out[c + static_cast<std::size_t>(n)], x[i]);
          }
        });
    const auto value = [](double v) { return std::isinf(v) ? NAN : v + 0.0; };
    const VectorView all(found.data(), 2 * n);
    return {(-all.head(n)).unaryExpr(value), all.tail(n).unaryExpr(value)};
  }

  Engine& engine_;
  const Table& table_;
  ColumnStatistics raw_;
  Extremes extremes_;
  std::vector<char> is_constant_;
  std::map<PowerMethod, Vector> lambdas_;
};

}  // namespace

const ParamTable<PowerTransformerParams>& PowerTransformer::param_table() {
  using P = PowerTransformerParams;
  static const auto table =
      ParamTable<P>("PowerTransformer",
                    "Columns made more like a normal distribution by a power of each.")
          .add("method", &P::method, one_of({"yeo-johnson", "box-cox"}),
               "which powers; 'box-cox' takes positive values only")
          .add("standardize", &P::standardize, anything(), "centre and scale what the powers make")
          .refuse("copy", {true, false}, "the data are never changed")
          .positional(1);
  return table;
}

Footprint PowerTransformer::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  Footprint need =
      likeliest_powers_footprint(columns) | Footprint{.sums = statistics_sums(columns)};
  need.row_doubles = 2 * columns;  // what the powers make, for their statistics
  need.replicated += 16 * columns * std::ssize(batch);
  return need;
}

TrainingCost PowerTransformer::cost(Index columns, Index, std::span<const Candidate>) const {
  const Index others = params().standardize ? 3 : 2;
  return {likeliest_powers_passes + others, 4 * likeliest_powers_passes,
          100.0 * static_cast<double>(columns)};
}

std::vector<Trained> PowerTransformer::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  PowerFit fit(engine, table);
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(attempt([&] { return fit.run(c.params); }));
  }
  return models;
}

std::shared_ptr<Model> PowerTransformer::load_fitted(const AttributeReader& in) const {
  FittedPowers fitted{params(), {}, {}, {}};
  fields(in, fitted);
  // Both are NaN for a column without values, and for no other.
  for (Index c = 0; c < fitted.mean.size(); ++c) {
    if (std::isnan(fitted.mean[c]) == std::isnan(fitted.scale[c])) continue;
    throw DataError(fmt::format("{} and {} do not fit together in column {}", in.path("mean_"),
                                in.path("scale_"), c));
  }
  return std::make_shared<PowerModel>(std::move(fitted));
}

}  // namespace superstep
