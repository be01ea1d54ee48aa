// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/kbins_discretizer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/learn/cluster/kmeans.hpp>

#include "learn/cluster/kmeans_model.hpp"
#include "learn/extremes.hpp"
#include "learn/preprocessing/order_values.hpp"
#include "learn/preprocessing/quantiles.hpp"
#include "learn/preprocessing/refuse_missing.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "KBinsDiscretizer";
constexpr double infinity = std::numeric_limits<double>::infinity();
/// Narrower bins are left out, as in scikit-learn.
constexpr double least_width = 1e-8;

using Edges = std::vector<double>;  ///< of one column, ascending

class BinsModel final : public Model {
 public:
  BinsModel(std::vector<Edges> edges, bool is_one_hot, FitReport report)
      : edges_(std::move(edges)), is_one_hot_(is_one_hot) {
    report_ = std::move(report);
    for (const Edges& e : edges_) {
      first_.push_back(width_);
      width_ += is_one_hot_ ? std::ssize(e) - 1 : 1;
    }
  }

  Index features() const override { return std::ssize(edges_); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return width_; }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  Index bin_of(std::size_t column, double value) const {
    if (std::isnan(value)) throw_missing(itself, static_cast<Index>(column));
    const Edges& e = edges_[column];
    return std::upper_bound(e.begin() + 1, e.end() - 1, value) - (e.begin() + 1);
  }

  std::vector<Edges> edges_;
  bool is_one_hot_;
  std::vector<Index> first_;  ///< output of each column
  Index width_ = 0;
};

void BinsModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = out.row(i);
    if (is_one_hot_) std::fill_n(to, width_, 0.0);
    for (std::size_t c = 0; c < edges_.size(); ++c) {
      const Index bin = bin_of(c, from[c]);
      if (is_one_hot_) {
        to[first_[c] + bin] = 1.0;
      } else {
        to[first_[c]] = static_cast<double>(bin);
      }
    }
  }
}

Schema BinsModel::columns_behind(const Schema& in) const {
  if (!is_one_hot_) return Schema::of_numbers(in.size(), in.names());
  std::vector<Column> made;
  for (std::size_t c = 0; c < edges_.size(); ++c) {
    for (std::size_t bin = 0; bin + 1 < edges_[c].size(); ++bin) {
      made.push_back({.name = fmt::format("{}_{}.0", in.name_of(static_cast<Index>(c)), bin)});
    }
  }
  return Schema(std::move(made));
}

void BinsModel::save(const AttributeWriter& out) const {
  Length columns, edges;
  out.size("n_features_in_", columns, features());
  std::vector<Index> bins;
  std::vector<double> all;
  for (const Edges& e : edges_) {
    bins.push_back(std::ssize(e) - 1);
    all.insert(all.end(), e.begin(), e.end());
  }
  out("n_bins_", bins, columns, 1);
  out("bin_edges_", Vector(VectorView(all.data(), std::ssize(all))), edges, {.infinite = true});
}

// ---- learning ----------------------------------------------------------------------------------

Index bins_of(const KBinsDiscretizerParams& p, Index column) {
  return p.n_bins.is_sequence() ? p.n_bins.items()[static_cast<std::size_t>(column)].as_int()
                                : p.n_bins.as_int();
}

Index most_bins_of(const KBinsDiscretizerParams& p) {
  Index most = 2;
  if (!p.n_bins.is_sequence()) return p.n_bins.as_int();
  for (const Value& v : p.n_bins.items()) most = std::max<Index>(most, v.as_int());
  return most;
}

bool is_bins(const Value& value) {
  const auto is_count = [](const Value& n) { return n.is_int() && n.as_int() >= 2; };
  if (!value.is_sequence()) return is_count(value);
  return !value.items().empty() && std::ranges::all_of(value.items(), is_count);
}

void check_bins(const KBinsDiscretizerParams& p, const Table& table) {
  if (p.n_bins.is_sequence() && std::ssize(p.n_bins.items()) != table.columns()) {
    throw UsageError(fmt::format("{}: n_bins lists {} numbers for {} columns", itself,
                                 p.n_bins.items().size(), table.columns()));
  }
  const bool is_of_weights =
      p.quantile_method == "inverted_cdf" || p.quantile_method == "averaged_inverted_cdf";
  if (p.strategy == "quantile" && table.data->has_weight() && !is_of_weights) {
    throw UsageError(
        fmt::format("{}: rows have weights, for which quantile_method is 'averaged_inverted_cdf' "
                    "or 'inverted_cdf', not '{}'",
                    itself, p.quantile_method));
  }
}

/// One column of a row.
class OneColumn final : public RowMap {
 public:
  OneColumn(Index columns, Index which) : columns_(columns), which_(which) {}
  Index columns_in() const override { return columns_; }
  Index columns_out() const override { return 1; }
  void apply(const double* in, Index rows, double* out) const override {
    for (Index i = 0; i < rows; ++i) out[i] = in[i * columns_ + which_];
  }

 private:
  Index columns_;
  Index which_;
};

/// The middles between the centres that k-means finds in a column, from evenly spaced ones.
class EdgesByKMeans {
 public:
  EdgesByKMeans(Engine& engine, const Table& table) : engine_(engine), table_(table) {}

  std::vector<Edges> run(const KBinsDiscretizerParams& p, const Extremes& extremes) {
    std::vector<KMeans> estimators;
    std::vector<Candidate> candidates;
    std::vector<Table> tables;
    std::vector<Index> columns;
    for (Index c = 0; c < table_.columns(); ++c) {
      if (extremes.is_constant(c)) continue;
      estimators.emplace_back(beginning(extremes.low[c], extremes.high[c], bins_of(p, c)));
      tables.push_back(table_.through(std::make_shared<OneColumn>(table_.columns(), c)));
      columns.push_back(c);
    }
    for (const KMeans& e : estimators) candidates.push_back({&e});
    std::vector<Trained> trained(candidates.size());
    std::vector<Engine::Work> works;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::span<const Candidate> one(&candidates[i], 1);
      works.push_back({estimators[i].footprint(1, 0, one), [&, i, one] {
                         trained[i] =
                             std::move(estimators[i].fit_batch(engine_, tables[i], one).front());
                       }});
    }
    engine_.side_by_side_where_there_is_room(std::move(works));
    std::vector<Edges> all(static_cast<std::size_t>(table_.columns()));
    for (std::size_t i = 0; i < trained.size(); ++i) {
      if (trained[i].failure) throw *trained[i].failure;
      const Index c = columns[i];
      all[static_cast<std::size_t>(c)] =
          between(dynamic_cast<const KMeansModel&>(*trained[i].model).centers(), extremes.low[c],
                  extremes.high[c]);
    }
    return all;
  }

 private:
  static KMeansParams beginning(double low, double high, Index bins) {
    const std::vector<double> edges = evenly_spaced(low, high, bins + 1);
    Value::Items init;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      init.push_back(Value::list({Value((edges[i + 1] + edges[i]) * 0.5)}));
    }
    return {.n_clusters = bins, .init = Value::list(std::move(init)), .n_init = 1};
  }

  static Edges between(const Matrix& centers, double low, double high) {
    std::vector<double> c(centers.data(), centers.data() + centers.rows());
    std::ranges::sort(c);
    Edges edges = {low};
    for (std::size_t i = 0; i + 1 < c.size(); ++i) edges.push_back((c[i + 1] + c[i]) * 0.5);
    edges.push_back(high);
    return edges;
  }

  Engine& engine_;
  const Table& table_;
};

std::vector<Edges> edges_by_quantiles(Engine& engine, const Table& table,
                                      const KBinsDiscretizerParams& p) {
  const auto fractions = [&](Index column) {
    std::vector<double> wanted = evenly_spaced(0.0, 100.0, bins_of(p, column) + 1);
    for (double& percent : wanted) percent /= 100.0;
    return wanted;
  };
  return table.data->has_weight()
             ? weighted_quantiles_by(engine, table, p.quantile_method, fractions)
             : quantiles_by(engine, table, p.quantile_method, fractions);
}

/// Edges that are far enough from the one before.
Edges without_narrow(const Edges& edges) {
  Edges kept;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (i == 0 || edges[i] - edges[i - 1] > least_width) kept.push_back(edges[i]);
  }
  return kept;
}

std::shared_ptr<Model> learnt(Engine& engine, const Table& table, const KBinsDiscretizerParams& p,
                              const Extremes& extremes) {
  std::vector<Edges> edges(static_cast<std::size_t>(table.columns()));
  if (p.strategy == "kmeans") edges = EdgesByKMeans(engine, table).run(p, extremes);
  if (p.strategy == "quantile") edges = edges_by_quantiles(engine, table, p);
  FitReport report;
  for (Index c = 0; c < table.columns(); ++c) {
    Edges& its = edges[static_cast<std::size_t>(c)];
    if (extremes.is_constant(c)) {
      its = {-infinity, infinity};
      report.warnings.push_back(fmt::format("column {} is constant: its only bin is 0", c));
      continue;
    }
    if (p.strategy == "uniform") {
      its = evenly_spaced(extremes.low[c], extremes.high[c], bins_of(p, c) + 1);
      continue;
    }
    const auto asked_for = its.size();
    its = without_narrow(its);
    if (its.size() < 2) its = {-infinity, infinity};
    if (its.size() == asked_for) continue;
    report.warnings.push_back(
        fmt::format("bins of column {} that are not wider than {} are left out; a smaller n_bins "
                    "asks for fewer",
                    c, least_width));
  }
  return std::make_shared<BinsModel>(std::move(edges), p.encode != "ordinal", std::move(report));
}

}  // namespace

const ParamTable<KBinsDiscretizerParams>& KBinsDiscretizer::param_table() {
  using P = KBinsDiscretizerParams;
  static const auto table =
      ParamTable<P>(itself, "Columns cut into intervals.")
          .add("n_bins", &P::n_bins, satisfies("an int >= 2, or a list of one a column", is_bins),
               "how many intervals")
          .add("encode", &P::encode, one_of({"onehot", "onehot-dense", "ordinal"}),
               "a column of 0 and 1 for each interval, or its number")
          .add("strategy", &P::strategy, one_of({"uniform", "quantile", "kmeans"}),
               "intervals of one width, of as many rows each, or between centres of k-means")
          .add("quantile_method", &P::quantile_method,
               one_of({"inverted_cdf", "averaged_inverted_cdf", "closest_observation",
                       "interpolated_inverted_cdf", "hazen", "weibull", "linear", "median_unbiased",
                       "normal_unbiased"}),
               "as numpy.percentile's method")
          .refuse("dtype", {nullptr, "float64"}, "outputs are float64")
          .add("subsample", &P::subsample, at_least(1), "without effect: all rows are looked at")
          .add("random_state", &P::random_state, at_least(0), "without effect: nothing is drawn")
          .positional(1);
  return table;
}

Index KBinsDiscretizer::most_columns_behind(const Schema& columns) const {
  return params().encode == "ordinal" ? columns.size() : columns.size() * most_bins_of(params());
}

Footprint KBinsDiscretizer::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  Footprint need{.sums = 2 * columns, .replicated = 4 * columns};
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const KBinsDiscretizer&>(*c.estimator).params();
    const Index bins = most_bins_of(p);
    if (p.strategy == "quantile") need = need | order_values_footprint(columns, 2 * (bins + 1));
    if (p.strategy == "kmeans") {
      const KMeans one(KMeansParams{.n_clusters = bins});
      const Candidate candidate{&one};
      need = need | one.footprint(1, 0, {&candidate, 1});
      need.row_doubles = std::max<Index>(need.row_doubles, 2);
    }
    need.replicated += columns * (bins + 1);
  }
  return need;
}

TrainingCost KBinsDiscretizer::cost(Index columns, Index, std::span<const Candidate> batch) const {
  TrainingCost cost{1, 1, 4.0 * static_cast<double>(columns)};
  const Index bins = most_bins_of(params());
  if (params().strategy == "quantile") {
    cost.passes += order_values_passes_for(columns, 2 * (bins + 1)) * std::ssize(batch);
    cost.most_passes = cost.passes;
    cost.flops_per_row *= 2.0;
  }
  if (params().strategy == "kmeans") {
    const KMeans one(KMeansParams{.n_clusters = bins});
    const Candidate candidate{&one};
    const TrainingCost of_one = one.cost(1, 0, {&candidate, 1});
    cost.passes += of_one.passes;
    cost.most_passes += of_one.most_passes;
    cost.flops_per_row += of_one.flops_per_row * static_cast<double>(columns);
  }
  return cost;
}

std::vector<Trained> KBinsDiscretizer::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  collectively(engine.comm(), [&] {
    for (const auto& c : batch) check_bins(c.params, table);
  });
  refuse_missing(engine, table, itself);
  const SplitPtr none;
  const Extremes extremes = extremes_of(engine, table, {&none, 1}).front();
  if (std::isnan(extremes.low[0])) throw_no_rows(table, nullptr);
  std::vector<Trained> models;
  for (const auto& c : batch) models.push_back(learnt(engine, table, c.params, extremes));
  return models;
}

std::shared_ptr<Model> KBinsDiscretizer::load_fitted(const AttributeReader& in) const {
  Length columns, count;
  in.size("n_features_in_", columns);
  std::vector<Index> bins;
  in("n_bins_", bins, columns, 1);
  Vector all;
  in("bin_edges_", all, count, {.infinite = true});
  std::vector<Edges> edges;
  Index at = 0;
  for (const Index n : bins) {
    if (n >= all.size() - at)
      throw DataError(fmt::format("{} is too short", in.path("bin_edges_")));
    edges.emplace_back(all.data() + at, all.data() + at + n + 1);
    at += n + 1;
    if (!std::ranges::is_sorted(edges.back())) {
      throw DataError(fmt::format("{} does not ascend", in.path("bin_edges_")));
    }
  }
  if (at != all.size()) throw DataError(fmt::format("{} is too long", in.path("bin_edges_")));
  return std::make_shared<BinsModel>(std::move(edges), params().encode != "ordinal", FitReport{});
}

}  // namespace superstep
