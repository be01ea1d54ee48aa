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
  double mean = 0.0;    ///< as the common sums have it, within the range
  double weight = 0.0;  ///< of the rows
  double low = 0.0;
  double high = 0.0;
  double square = 0.0;  ///< around the mean
};

class Spreads {
 public:
  Spreads(Engine& engine, const Table& base, std::span<Judging* const> models)
      : engine_(engine), base_(base), models_(models.begin(), models.end()), rows_(models) {
    for (Judging* model : models_) {
      first_.push_back(values_.size());
      for (Index t = 0; t < model->plan.targets(); ++t) {
        const MetricStatistics& s = model->statistics.of_target(t);
        values_.push_back({s.target_mean, s.weight});
        values_.push_back({s.error / s.weight, s.weight});
      }
    }
  }

  void run() {
    find_ranges();
    if (std::ranges::any_of(values_, [](const Values& v) { return v.low < v.high; })) add_up();
    for (std::size_t i = 0; i < models_.size(); ++i) {
      for (Index t = 0; t < models_[i]->plan.targets(); ++t) {
        const std::size_t v = values_of(i, t);
        models_[i]->statistics.of_target(t).target_square = values_[v].square;
        models_[i]->statistics.of_target(t).error_square = values_[v + 1].square;
      }
    }
  }

 private:
  /// The number of the targets; the errors' is the next.
  std::size_t values_of(std::size_t model, Index target) const {
    return first_[model] + 2 * static_cast<std::size_t>(target);
  }
  /// Calls f(number of the values, value, weight) for the rows of positive weight.
  template <class F>
  void walk(const Block& block, Workspace& workspace, F&& f) const {
    rows_.walk(block, workspace, [&](std::size_t model, Index target, const OutputRows& rows) {
      const std::size_t v = values_of(model, target);
      const Index column = models_[model]->plan.column_of(Method::predict);
      for (Index i = 0; i < rows.outputs.rows; ++i) {
        const double w = rows.weight_of(i);
        if (!(w > 0.0)) continue;
        f(v, rows.y[i], w);
        f(v + 1, rows.y[i] - rows.outputs.row(i)[column], w);
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
      const double of_mean = shift * (shift / values_[v].weight);
      const double square = totals.value(static_cast<Index>(2 * v + 1));
      if (values_[v].low < values_[v].high) values_[v].square = std::max(0.0, square - of_mean);
    }
  }

  Engine& engine_;
  Table base_;
  std::vector<Judging*> models_;
  JudgedRows rows_;
  std::vector<Values> values_;      ///< targets and errors of each model's targets
  std::vector<std::size_t> first_;  ///< where those of a model begin
};

}  // namespace

void find_lost_spreads(Engine& engine, const Table& base, std::span<Judging* const> models) {
  std::vector<Judging*> some;
  for (Judging* model : models) {
    const bool is_asked = model->plan.needs(Statistic::squared_errors);
    bool has_lost = model->statistics.has_lost_spread;
    for (const MetricStatistics& s : model->statistics.other_targets) {
      has_lost = has_lost || s.has_lost_spread;
    }
    if (is_asked && !model->failure && has_lost) some.push_back(model);
  }
  if (!some.empty()) Spreads(engine, base, some).run();
}

}  // namespace superstep
