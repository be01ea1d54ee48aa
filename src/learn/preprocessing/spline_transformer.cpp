// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/spline_transformer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/extremes.hpp"
#include "learn/preprocessing/b_splines.hpp"
#include "learn/preprocessing/order_values.hpp"
#include "learn/preprocessing/quantiles.hpp"
#include "learn/preprocessing/refuse_missing.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "SplineTransformer";

using Knots = std::vector<double>;  ///< of one column

enum class Beyond { error, constant, linear, goes_on, periodic };

Beyond beyond_of(const std::string& extrapolation) {
  if (extrapolation == "error") return Beyond::error;
  if (extrapolation == "constant") return Beyond::constant;
  if (extrapolation == "linear") return Beyond::linear;
  return extrapolation == "continue" ? Beyond::goes_on : Beyond::periodic;
}

/// How many splines a column has of so many knots.
Index splines_of(const SplineTransformerParams& p, Index knots) {
  return p.extrapolation == "periodic" ? knots - 1 : knots + p.degree - 1;
}

Index knots_of(const SplineTransformerParams& p) {
  return p.knots.is_sequence() ? std::ssize(p.knots.items()) : p.n_knots;
}

/// The splines of a column, and what they are at both ends.
class ColumnSplines {
 public:
  ColumnSplines(Knots knots, Index degree, Beyond beyond, Index column)
      : splines_(std::move(knots), degree),
        beyond_(beyond),
        column_(column),
        outputs_(beyond == Beyond::periodic ? splines_.count() - degree : splines_.count()) {
    const auto all = [&](double x, bool is_slope) {
      std::vector<double> values(static_cast<std::size_t>(degree + 1)), whole(values.size());
      const Index first = is_slope ? splines_.slopes_at(x, values) : splines_.at(x, values);
      whole.assign(static_cast<std::size_t>(splines_.count()), 0.0);
      std::ranges::copy(values, whole.begin() + first);
      return whole;
    };
    at_low_ = all(splines_.low(), false);
    at_high_ = all(splines_.high(), false);
    slope_low_ = all(splines_.low(), true);
    slope_high_ = all(splines_.high(), true);
  }
  const Knots& knots() const { return splines_.knots(); }
  Index outputs() const { return outputs_; }

  /// Sets the outputs; `values` is scratch.
  void apply(double x, bool missing_is_fine, std::vector<double>& values, double* out) const {
    std::fill_n(out, outputs_, 0.0);
    if (std::isnan(x)) {
      if (!missing_is_fine) throw_missing(itself, column_);
      return;
    }
    const bool is_within = x >= splines_.low() && x <= splines_.high();
    if (beyond_ == Beyond::periodic) {
      inside(around(x), values, out);
    } else if (is_within || beyond_ == Beyond::goes_on) {
      inside(x, values, out);
    } else {
      outside(x, out);
    }
  }

 private:
  void inside(double x, std::vector<double>& values, double* out) const {
    values.resize(static_cast<std::size_t>(splines_.degree() + 1));
    const Index first = splines_.at(x, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // The last splines of a period are its first.
      const Index at = first + static_cast<Index>(i);
      out[at < outputs_ ? at : at - outputs_] += values[i];
    }
  }

  /// As NumPy's %.
  double around(double x) const {
    const double period = splines_.high() - splines_.low();
    if (!(period > 0.0)) return 0.0;
    double rest = std::fmod(x - splines_.low(), period);
    if (rest < 0.0) rest += period;
    return splines_.low() + rest;
  }

  void outside(double x, double* out) const {
    if (std::isnan(splines_.low())) return;
    const bool is_low = x < splines_.low();
    const Index degree = splines_.degree();
    const std::vector<double>& value = is_low ? at_low_ : at_high_;
    const std::vector<double>& slope = is_low ? slope_low_ : slope_high_;
    switch (beyond_) {
      case Beyond::constant:
        for (Index j = 0; j < degree; ++j) {
          const Index at = is_low ? j : outputs_ - 1 - j;
          out[at] = value[static_cast<std::size_t>(at)];
        }
        return;
      case Beyond::linear:
        for (Index j = 0; j < (degree <= 1 ? degree + 1 : degree); ++j) {
          const Index at = is_low ? j : outputs_ - 1 - j;
          const double from = is_low ? splines_.low() : splines_.high();
          const auto i = static_cast<std::size_t>(at);
          out[at] = value[i] + (x - from) * slope[i];
        }
        return;
      case Beyond::error:
      case Beyond::goes_on:
      case Beyond::periodic:
        throw DataError(fmt::format(
            "{}: its column {} holds {}, beyond the knots from {} to {}; another extrapolation "
            "takes it",
            itself, column_, x, splines_.low(), splines_.high()));
    }
  }

  BSplines splines_;
  Beyond beyond_;
  Index column_;
  Index outputs_;
  std::vector<double> at_low_, at_high_, slope_low_, slope_high_;
};

class SplineModel final : public Model {
 public:
  SplineModel(const std::vector<Knots>& knots, const SplineTransformerParams& params)
      : includes_bias_(params.include_bias), missing_is_fine_(params.handle_missing == "zeros") {
    for (const Knots& k : knots) {
      columns_.emplace_back(k, params.degree, beyond_of(params.extrapolation),
                            std::ssize(columns_));
    }
  }
  Index features() const override { return std::ssize(columns_); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return features() * outputs_of_column(); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss(missing_is_fine_); }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  Index outputs_of_column() const { return columns_.front().outputs() - (includes_bias_ ? 0 : 1); }

  std::vector<ColumnSplines> columns_;
  bool includes_bias_;
  bool missing_is_fine_;
};

void SplineModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  std::vector<double> values, made(static_cast<std::size_t>(columns_.front().outputs()));
  const Index each = outputs_of_column();
  for (Index i = 0; i < x.rows; ++i) {
    double* to = out.row(i);
    for (std::size_t c = 0; c < columns_.size(); ++c, to += each) {
      columns_[c].apply(x.row(i)[c], missing_is_fine_, values, made.data());
      std::copy_n(made.begin(), each, to);
    }
  }
}

Schema SplineModel::columns_behind(const Schema& in) const {
  std::vector<std::string> names;
  for (Index c = 0; c < in.size(); ++c) {
    for (Index j = 0; j < outputs_of_column(); ++j) {
      names.push_back(fmt::format("{}_sp_{}", in.name_of(c), j));
    }
  }
  return Schema::of_numbers(std::ssize(names), names);
}

void SplineModel::save(const AttributeWriter& out) const {
  Length columns, knots;
  out.size("n_features_in_", columns, features());
  Matrix all(std::ssize(columns_.front().knots()), features());
  for (Index c = 0; c < features(); ++c) {
    all.col(c) = VectorView(columns_[static_cast<std::size_t>(c)].knots().data(), all.rows());
  }
  out("knots_", all, knots, columns, allowed::finite_or_nan);
}

// ---- learning ----------------------------------------------------------------------------------

/// Knots of a column with as many more before and behind as the degree asks for.
Knots extended(const Knots& base, Index degree, bool is_periodic) {
  Knots all;
  const auto n = std::ssize(base);
  const auto at = [&](Index i) { return base[static_cast<std::size_t>(i)]; };
  if (is_periodic) {
    const double period = base.back() - base.front();
    for (Index i = n - 1 - degree; i < n - 1; ++i) all.push_back(at(i) - period);
    all.insert(all.end(), base.begin(), base.end());
    for (Index i = 1; i <= degree; ++i) all.push_back(at(i) + period);
    return all;
  }
  const double low = at(1) - at(0), high = at(n - 1) - at(n - 2);
  const auto k = static_cast<double>(degree);
  if (degree > 0) all = evenly_spaced(at(0) - k * low, at(0) - low, degree);
  all.insert(all.end(), base.begin(), base.end());
  if (degree == 0) return all;
  const Knots behind = evenly_spaced(at(n - 1) + high, at(n - 1) + k * high, degree);
  all.insert(all.end(), behind.begin(), behind.end());
  return all;
}

bool are_knots(const Value& value) {
  if (value == Value("uniform") || value == Value("quantile")) return true;
  if (!value.is_sequence() || value.items().size() < 2) return false;
  const Value* before = nullptr;
  for (const Value& row : value.items()) {
    if (!row.is_sequence() || row.items().empty()) return false;
    if (before != nullptr && before->items().size() != row.items().size()) return false;
    for (std::size_t c = 0; c < row.items().size(); ++c) {
      const Value& v = row.items()[c];
      if (!v.is_number() || !std::isfinite(v.as_double())) return false;
      if (before != nullptr && !(before->items()[c].as_double() < v.as_double())) return false;
    }
    before = &row;
  }
  return true;
}

std::vector<Knots> given_knots(const Value& rows, Index columns) {
  if (std::ssize(rows.items().front().items()) != columns) {
    throw UsageError(fmt::format("{}: knots are given for {} columns, but there are {}", itself,
                                 rows.items().front().items().size(), columns));
  }
  std::vector<Knots> knots(static_cast<std::size_t>(columns));
  for (const Value& row : rows.items()) {
    for (std::size_t c = 0; c < knots.size(); ++c) knots[c].push_back(row.items()[c].as_double());
  }
  return knots;
}

/// Finds knots for a batch: extremes once.
class KnotFinder {
 public:
  KnotFinder(Engine& engine, const Table& table) : engine_(engine), table_(table) {}

  std::vector<Knots> find(const SplineTransformerParams& p) {
    if (p.knots.is_sequence()) return given_knots(p.knots, table_.columns());
    return p.knots == Value("quantile") ? by_quantiles(p.n_knots) : by_range(p.n_knots);
  }

 private:
  std::vector<Knots> by_range(Index count) {
    const SplitPtr none;
    if (extremes_.low.size() == 0) extremes_ = extremes_of(engine_, table_, {&none, 1}).front();
    std::vector<Knots> knots;
    for (Index c = 0; c < table_.columns(); ++c) {
      const bool is_empty = std::isnan(extremes_.low[c]);
      knots.push_back(evenly_spaced(is_empty ? 0.0 : extremes_.low[c],
                                    is_empty ? 0.0 : extremes_.high[c], count));
    }
    return knots;
  }

  std::vector<Knots> by_quantiles(Index count) {
    std::vector<double> fractions = evenly_spaced(0.0, 1.0, count);
    for (double& f : fractions) f = 100.0 * f / 100.0;  // as scikit-learn hands them to NumPy
    const auto wanted = [&](Index) { return fractions; };
    auto knots = table_.data->has_weight()
                     ? weighted_quantiles_by(engine_, table_, "inverted_cdf", wanted)
                     : quantiles_by(engine_, table_, "linear", wanted);
    for (Knots& k : knots) {
      if (k.empty()) k.assign(fractions.size(), std::numeric_limits<double>::quiet_NaN());
    }
    return knots;
  }

  Engine& engine_;
  const Table& table_;
  Extremes extremes_{};
};

}  // namespace

const ParamTable<SplineTransformerParams>& SplineTransformer::param_table() {
  using P = SplineTransformerParams;
  static const auto table =
      ParamTable<P>(itself, "B-splines of every column.")
          .add("n_knots", &P::n_knots, at_least(2), "knots of each column, unless they are given")
          .add("degree", &P::degree, between(0, 64), "of the polynomials between knots")
          .add("knots", &P::knots,
               satisfies("'uniform', 'quantile' or a list of ascending lists, one number a column",
                         are_knots),
               "evenly spaced, with as many rows between them, or where they are given")
          .add("extrapolation", &P::extrapolation,
               one_of({"error", "constant", "linear", "continue", "periodic"}),
               "what values beyond the knots become")
          .add("include_bias", &P::include_bias, anything(),
               "keep the last spline of each column: together they sum up to 1")
          .refuse("order", {"C", "F"}, "how arrays are kept is decided here")
          .add("handle_missing", &P::handle_missing, one_of({"error", "zeros"}),
               "refuse missing values, or make zeros of them")
          .refuse("sparse_output", {false, true}, "how arrays are kept is decided here")
          .positional(2);
  return table;
}

void SplineTransformer::check_params() const {
  EstimatorOf::check_params();
  const Index knots = knots_of(params());
  if (params().extrapolation == "periodic" && knots <= params().degree) {
    throw UsageError(
        fmt::format("Periodic splines require degree < n_knots. Got n_knots={} and degree={}.",
                    knots, params().degree));
  }
}

Index SplineTransformer::most_columns_behind(const Schema& columns) const {
  const Index each = splines_of(params(), knots_of(params()));
  return columns.size() * (each - (params().include_bias ? 0 : 1));
}

Footprint SplineTransformer::footprint(Index columns, Index,
                                       std::span<const Candidate> batch) const {
  Footprint need{.sums = 2 * columns, .replicated = 2 * columns};
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const SplineTransformer&>(*c.estimator).params();
    if (p.knots == Value("quantile")) need = need | order_values_footprint(columns, 2 * p.n_knots);
    need.replicated += columns * 8 * (knots_of(p) + 2 * p.degree);
  }
  return need;
}

TrainingCost SplineTransformer::cost(Index columns, Index, std::span<const Candidate>) const {
  if (params().knots.is_sequence()) return {0, 0, 0.0};
  const Index passes = params().knots == Value("quantile")
                           ? order_values_passes_for(columns, 2 * params().n_knots)
                           : 1;
  return {passes, passes, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> SplineTransformer::train(Engine& engine, const Table& table,
                                              Batch batch) const {
  if (std::ranges::any_of(batch,
                          [](const auto& c) { return c.params.handle_missing == "error"; })) {
    refuse_missing(engine, table, itself);
  }
  KnotFinder finder(engine, table);
  std::vector<Trained> models;
  for (const auto& c : batch) {
    if (table.rows() < 2) {
      throw AgreedError(ExitCode::bad_data, fmt::format("{} needs 2 rows at least, {} has {}",
                                                        itself, table.data->path(), table.rows()));
    }
    std::vector<Knots> knots;
    collectively(engine.comm(), [&] {
      if (c.params.knots.is_sequence()) given_knots(c.params.knots, table.columns());
    });
    for (const Knots& base : finder.find(c.params)) {
      knots.push_back(extended(base, c.params.degree, c.params.extrapolation == "periodic"));
    }
    models.push_back(std::make_shared<SplineModel>(knots, c.params));
  }
  return models;
}

std::shared_ptr<Model> SplineTransformer::load_fitted(const AttributeReader& in) const {
  Length columns, count{knots_of(params()) + 2 * params().degree, "the estimator"};
  in.size("n_features_in_", columns);
  Matrix all;
  in("knots_", all, count, columns, allowed::finite_or_nan);
  std::vector<Knots> knots;
  for (Index c = 0; c < all.cols(); ++c) {
    const Vector k = all.col(c);
    const bool has_none = k.array().isNaN().all();
    if (!has_none && (k.array().isNaN().any() || !std::is_sorted(k.begin(), k.end()))) {
      throw DataError(fmt::format("{} does not ascend", in.path("knots_")));
    }
    knots.emplace_back(k.begin(), k.end());
  }
  return std::make_shared<SplineModel>(knots, params());
}

}  // namespace superstep
