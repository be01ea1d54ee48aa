// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/spreads.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "learn/metrics/judged_rows.hpp"

namespace superstep {

namespace {

/// Targets or errors of a model's rows.
struct Values {
  double mean = 0.0;  ///< as the common sums have it, within the range
  double low = 0.0;
  double high = 0.0;
  double square = 0.0;  ///< around the mean
};

class Spreads {
 public:
  Spreads(Engine& engine, const Table& base, std::span<Judging* const> models)
      : engine_(engine), base_(base), models_(models.begin(), models.end()), rows_(models) {
    for (const Judging* model : models_) {
      const MetricStatistics& s = model->statistics;
      values_.push_back({s.target_mean});
      values_.push_back({s.error / s.weight});
    }
  }

  void run() {
    find_ranges();
    if (std::ranges::any_of(values_, [](const Values& v) { return v.low < v.high; })) add_up();
    for (std::size_t i = 0; i < models_.size(); ++i) {
      models_[i]->statistics.target_square = values_[2 * i].square;
      models_[i]->statistics.error_square = values_[2 * i + 1].square;
    }
  }

 private:
  /// Calls f(number of the values, value, weight) for the rows of positive weight.
  template <class F>
  void walk(const Block& block, Workspace& workspace, F&& f) const {
    rows_.walk(block, workspace, [&](std::size_t model, const OutputRows& rows) {
      const Index column = models_[model]->plan.column_of(Method::predict);
      for (Index i = 0; i < rows.outputs.rows; ++i) {
        const double w = rows.weight_of(i);
        if (!(w > 0.0)) continue;
        f(2 * model, rows.y[i], w);
        f(2 * model + 1, rows.y[i] - rows.outputs.row(i)[column], w);
      }
    });
  }

  void find_ranges() {
    const auto greatest =
        engine_.maximum(base_, 2 * std::ssize(values_),
                        [&](const Block& block, std::span<double> most, Workspace& workspace) {
                          walk(block, workspace, [&](std::size_t v, double value, double) {
                            most[2 * v] = std::max(most[2 * v], -value);
                            most[2 * v + 1] = std::max(most[2 * v + 1], value);
                          });
                        });
    for (std::size_t v = 0; v < values_.size(); ++v) {
      values_[v].low = -greatest[2 * v];
      values_[v].high = greatest[2 * v + 1];
      values_[v].mean = std::clamp(values_[v].mean, values_[v].low, values_[v].high);
    }
  }

  void add_up() {
    const Sketch sketch = engine_.sketch(base_);
    const int weight = sketch.rows_exponent + sketch.weight_exponent;
    SumShape shape;
    for (const Values& v : values_) {
      int range = 0;
      std::frexp(v.high - v.low, &range);
      shape.add(1, range + weight);
      shape.add(1, 2 * range + weight);
    }
    const Totals totals = engine_.superstep(
        base_, shape, [&](const Block& block, Partial& sums, Workspace& workspace) {
          walk(block, workspace, [&](std::size_t v, double value, double w) {
            const double from_mean = value - values_[v].mean;
            sums[static_cast<Index>(2 * v)][0] += w * from_mean;
            sums[static_cast<Index>(2 * v + 1)][0] += w * (from_mean * from_mean);
          });
        });
    for (std::size_t v = 0; v < values_.size(); ++v) {
      const double shift = totals.value(static_cast<Index>(2 * v));
      const double of_mean = shift * (shift / models_[v / 2]->statistics.weight);
      const double square = totals.value(static_cast<Index>(2 * v + 1));
      if (values_[v].low < values_[v].high) values_[v].square = std::max(0.0, square - of_mean);
    }
  }

  Engine& engine_;
  Table base_;
  std::vector<Judging*> models_;
  JudgedRows rows_;
  std::vector<Values> values_;  ///< targets and errors of each model
};

}  // namespace

void find_lost_spreads(Engine& engine, const Table& base, std::span<Judging* const> models) {
  std::vector<Judging*> some;
  for (Judging* model : models) {
    const bool is_asked = model->plan.needs(Statistic::squared_errors);
    if (is_asked && !model->failure && model->statistics.has_lost_spread) some.push_back(model);
  }
  if (!some.empty()) Spreads(engine, base, some).run();
}

}  // namespace superstep
