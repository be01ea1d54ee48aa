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
#include "learn/extremes.hpp"
#include "learn/features.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// Weighted count, mean and variance of the values of each column that are not missing.
struct ColumnStatistics {
  Vector counts;
  Vector mean;
  Vector variance;
};

/// Where deviations are taken from.
struct Centre {
  Vector shift;
  std::vector<int> spread;  ///< |x_c - shift_c| < 2^e, about
};

/// The sums of each cell around one centre.
class CellSums {
 public:
  /// **Collective**, one superstep.
  CellSums(Engine& engine, const Table& table, const Sketch& sketch, const Cells& cells,
           Centre centre)
      : centre_(std::move(centre)), totals_(run(engine, table, sketch, cells, centre_)) {}

  const Centre& centre() const { return centre_; }

  /// Of some cells together; none without weight.
  std::optional<ColumnStatistics> of(std::span<const Index> cells) const {
    const auto together = [&](Index run) {
      std::vector<Index> runs;
      for (const Index cell : cells) runs.push_back(runs_of_a_cell * cell + run);
      const std::vector<double> values = totals_.combined(runs);
      return Vector(VectorView(values.data(), std::ssize(values)));
    };
    if (cells.empty() || !(together(weight)[0] > 0.0)) return std::nullopt;
    const Vector n = together(counts);
    // A column without values gives 0 / 0: NaN, as in scikit-learn.
    const Vector offset = together(sums).cwiseQuotient(n);
    const Vector square = together(squares).cwiseQuotient(n);
    ColumnStatistics s{n, centre_.shift + offset, Vector(n.size())};
    for (Index c = 0; c < n.size(); ++c) {
      const double variance = std::fma(-offset[c], offset[c], square[c]);
      s.variance[c] = variance < 0.0 ? 0.0 : variance;
    }
    return s;
  }

 private:
  enum Run : Index { weight, counts, sums, squares, runs_of_a_cell };

  static Totals run(Engine& engine, const Table& table, const Sketch& sketch, const Cells& cells,
                    const Centre& centre) {
    const int rows = sketch.rows_exponent + sketch.weight_exponent;
    std::vector<int> first, second;
    for (const int e : centre.spread) {
      first.push_back(e + rows);
      second.push_back(2 * e + rows);
    }
    SumShape shape;
    for (Index c = 0; c < cells.size(); ++c) {
      shape.add(1, rows);
      shape.add(table.columns(), rows);
      shape.add(first);
      shape.add(second);
    }
    return engine.superstep(
        table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
          cells.each(block, workspace, [&](Index cell, const Cells::Rows& its_rows) {
            const Index base = runs_of_a_cell * cell;
            for_rows(block, its_rows,
                     [&](Index i) { sum[base + weight][0] += block.weight_of(i); });
            for_parts(block, its_rows, workspace, [&](const Block& b) {
              with_features(b, [&](auto x) {
                math::column_moments_add(x, b.weight, centre.shift.data(),
                                         {sum[base + counts].data(), sum[base + sums].data(),
                                          sum[base + squares].data()});
              });
            });
          });
        });
  }

  Centre centre_;
  Totals totals_;
};

/// In standard deviations: what a variance may lie from where deviations were taken from.
constexpr double most_distance = 0x1p7;

/// A centre that lies in the rows, if the present one lies so far from their mean that variances
/// lose digits.
std::optional<Centre> improved(const Centre& centre, const ColumnStatistics& s) {
  const Vector distance = (s.mean - centre.shift).cwiseAbs();
  Centre better = centre;
  bool is_better = false;
  for (Index c = 0; c < distance.size(); ++c) {
    if (!(distance[c] > most_distance * std::sqrt(s.variance[c]))) continue;
    is_better = true;
    better.shift[c] = s.mean[c];
    int& e = better.spread[static_cast<std::size_t>(c)];
    e = std::max(e, exponent_above(distance[c])) + 1;
  }
  if (!is_better) return std::nullopt;
  return better;
}

/// A constant column has its value for a mean, and no variance.
void set_constants(const Extremes& extremes, ColumnStatistics& s) {
  for (Index c = 0; c < s.mean.size(); ++c) {
    if (!extremes.is_constant(c)) continue;
    s.mean[c] = extremes.low[c];
    s.variance[c] = 0.0;
  }
}

/// The number of a split some of whose columns lie too far from where deviations were taken from.
struct LostSplit {
  std::size_t split;
  Vector shift;
};

/// The rows of some splits lie far from all the others, or columns are constant there: the
/// extremes tell which, and around what the rest is summed.
void look_again(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
                const std::vector<LostSplit>& lost, std::vector<ColumnStatistics>& found) {
  if (lost.empty()) return;
  const Sketch sketch = engine.sketch(table);
  std::vector<SplitPtr> its_splits;
  for (const LostSplit& l : lost) its_splits.push_back(splits[l.split]);
  const std::vector<Extremes> extremes = extremes_of(engine, table, its_splits);
  for (std::size_t k = 0; k < lost.size(); ++k) {
    const Extremes& e = extremes[k];
    const SplitPtr& split = its_splits[k];
    ColumnStatistics& s = found[lost[k].split];
    set_constants(e, s);
    Centre own{s.mean, sketch.spread_exponents};
    bool is_more = false;
    for (Index c = 0; c < s.mean.size(); ++c) {
      if (std::isnan(e.low[c])) {
        own.shift[c] = 0.0;
        continue;
      }
      own.shift[c] = std::clamp(s.mean[c], e.low[c], e.high[c]);
      const double reach = std::max(e.high[c] - own.shift[c], own.shift[c] - e.low[c]);
      own.spread[static_cast<std::size_t>(c)] = exponent_above(reach);
      const double distance = std::fabs(s.mean[c] - lost[k].shift[c]);
      const bool is_lost = distance > most_distance * std::sqrt(s.variance[c]);
      is_more = is_more || (is_lost && !e.is_constant(c));
    }
    if (!is_more) continue;
    const SplitPtr none;
    const Index cell = 0;
    const Table its_rows = split ? table.only(split, Role::train) : table;
    const CellSums third(engine, its_rows, sketch, Cells({&none, 1}), std::move(own));
    s = third.of({&cell, 1}).value();
    set_constants(e, s);
  }
}

/// Of the rows each split trains on. The centre is common to a partition's splits, and depends on
/// all its rows, so that a split does not see which others there are.
std::vector<ColumnStatistics> statistics_of(Engine& engine, const Table& table,
                                            std::span<const SplitPtr> splits) {
  const Sketch sketch = engine.sketch(table);
  const Cells all_cells(splits);
  const CellSums first(engine, table, sketch, all_cells,
                       {VectorView(sketch.shift.data(), table.columns()), sketch.spread_exponents});
  std::vector<ColumnStatistics> found(splits.size());
  std::vector<LostSplit> lost;
  for (const std::vector<std::size_t>& members : by_partition(splits)) {
    std::vector<SplitPtr> its_splits;
    for (const std::size_t i : members) its_splits.push_back(splits[i]);
    const Cells its_cells(its_splits);
    const auto whole = first.of(all_cells.of_partition(its_splits.front()));
    std::optional<CellSums> second;
    if (const auto better = whole ? improved(first.centre(), *whole) : std::nullopt) {
      second.emplace(engine, table, sketch, its_cells, *better);
    }
    for (const std::size_t i : members) {
      const SplitPtr& split = splits[i];
      auto s = second ? second->of(its_cells.with_role(split, Role::train))
                      : first.of(all_cells.with_role(split, Role::train));
      if (!s) throw_no_rows(table, split);
      found[i] = std::move(*s);
      const Centre& centre = second ? second->centre() : first.centre();
      if (improved(centre, found[i])) lost.push_back({i, centre.shift});
    }
  }
  look_again(engine, table, splits, lost, found);
  return found;
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
  return {cells * (3 * columns + 1), scratch_for_cells(cells, columns),
          8 * std::ssize(batch) * columns};
}

TrainingCost StandardScaler::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 2, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> StandardScaler::train(Engine& engine, const Table& table, Batch batch) const {
  const std::vector<ColumnStatistics> statistics =
      statistics_of(engine, table, splits_of_batch(batch));
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
