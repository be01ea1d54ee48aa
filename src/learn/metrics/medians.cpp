// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/medians.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/number_keys.hpp"
#include "learn/metrics/judged_rows.hpp"

namespace superstep {

namespace {

constexpr int digit_bits = 11;
constexpr Index digits = Index{1} << digit_bits;

/// One median that is looked for.
struct Search {
  std::size_t model;        ///< number among the models of the pass
  Index target;             ///< of its targets
  bool of_errors;           ///< absolute errors, else targets
  std::uint64_t known = 0;  ///< the first bits of the key, the others zero
  double below = 0.0;       ///< what weighs less
  double half = 0.0;
  bool ends_there = false;  ///< the two halves meet between this number and the next
  double median = 0.0;
};

class Medians {
 public:
  Medians(Engine& engine, const Table& base, std::span<Judging* const> models)
      : engine_(engine), base_(base), models_(models.begin(), models.end()), rows_(models) {
    for (std::size_t i = 0; i < models.size(); ++i) {
      const MetricPlan& plan = models[i]->plan;
      for (Index t = 0; t < plan.targets(); ++t) {
        if (plan.needs(Statistic::median_error)) searches_.push_back({i, t, true});
        if (plan.needs(Statistic::error_of_median)) searches_.push_back({i, t, false});
      }
    }
  }

  void run() {
    const Sketch sketch = engine_.sketch(base_);
    weight_exponent_ = sketch.rows_exponent + sketch.weight_exponent;
    for (int seen = 64; seen > 0; seen -= digit_bits) {
      find_digit(std::max(0, seen - digit_bits), seen);
    }
    look_beyond();
    for (const Search& s : searches_) {
      if (s.of_errors) statistics(s).median_error = s.median;
    }
    add_errors_of_medians(sketch);
  }

 private:
  MetricStatistics& statistics(const Search& s) const {
    return models_[s.model]->statistics.of_target(s.target);
  }
  double number(const Search& s, const OutputRows& rows, Index i) const {
    if (!s.of_errors) return rows.y[i];
    const Index column = models_[s.model]->plan.column_of(Method::predict);
    return std::fabs(rows.y[i] - rows.outputs.row(i)[column]);
  }
  /// Calls f(number of the search, row's number, weight) for the rows of positive weight.
  template <class F>
  void walk(const Block& block, Workspace& workspace, F&& f) const {
    rows_.walk(block, workspace, [&](std::size_t model, Index target, const OutputRows& rows) {
      for (std::size_t s = 0; s < searches_.size(); ++s) {
        if (searches_[s].model != model || searches_[s].target != target) continue;
        for (Index i = 0; i < rows.outputs.rows; ++i) {
          const double w = rows.weight_of(i);
          if (w > 0.0) f(s, number(searches_[s], rows, i), w);
        }
      }
    });
  }
  void find_digit(int shift, int seen);
  void look_beyond();
  void add_errors_of_medians(const Sketch& sketch);

  Engine& engine_;
  Table base_;
  std::vector<Judging*> models_;
  JudgedRows rows_;
  std::vector<Search> searches_;
  int weight_exponent_ = 0;
};

/// The next digit of every key: the bits from `shift` up to `seen`, from where on they are known.
void Medians::find_digit(int shift, int seen) {
  SumShape shape;
  for (std::size_t s = 0; s < searches_.size(); ++s) shape.add(digits, weight_exponent_);
  const std::uint64_t mask = (std::uint64_t{1} << (seen - shift)) - 1;
  const auto above = [&](std::uint64_t key) { return seen == 64 ? 0 : key >> seen; };
  const Totals totals =
      engine_.superstep(base_, shape, [&](const Block& block, Partial& sums, Workspace& workspace) {
        walk(block, workspace, [&](std::size_t s, double value, double w) {
          const std::uint64_t key = key_of_number(value);
          if (above(key) != above(searches_[s].known)) return;
          sums[static_cast<Index>(s)][(key >> shift) & mask] += w;
        });
      });
  for (std::size_t s = 0; s < searches_.size(); ++s) {
    Search& search = searches_[s];
    const std::span<const double> weights = totals[static_cast<Index>(s)].first(digits);
    if (seen == 64) {
      double all = 0.0;
      for (const double w : weights) all += w;
      search.half = 0.5 * all;
    }
    std::size_t digit = 0;
    double up_to = search.below;
    for (std::size_t d = 0; d < weights.size(); ++d) {
      if (weights[d] == 0.0) continue;
      search.below = up_to;
      digit = d;
      up_to += weights[d];
      if (up_to >= search.half) break;
    }
    search.known |= static_cast<std::uint64_t>(digit) << shift;
    search.ends_there = up_to - search.half <= std::numeric_limits<double>::epsilon();
  }
}

/// Where as much weighs up to a number as beyond it, the median lies between it and the next.
void Medians::look_beyond() {
  const auto next =
      engine_.maximum(base_, std::ssize(searches_),
                      [&](const Block& block, std::span<double> largest, Workspace& workspace) {
                        walk(block, workspace, [&](std::size_t s, double value, double) {
                          const bool is_beyond = key_of_number(value) > searches_[s].known;
                          if (is_beyond) largest[s] = std::max(largest[s], -value);
                        });
                      });
  for (std::size_t s = 0; s < searches_.size(); ++s) {
    Search& search = searches_[s];
    search.median = number_of_key(search.known);
    if (search.ends_there && std::isfinite(next[s])) {
      search.median = 0.5 * (search.median - next[s]);
    }
  }
}

void Medians::add_errors_of_medians(const Sketch& sketch) {
  if (std::ranges::all_of(searches_, &Search::of_errors)) return;
  SumShape shape;
  for (const Search& s : searches_) {
    const int spread = sketch.target(s.target).spread_exponent;
    shape.add(1, std::max(spread, -200) + 3 + weight_exponent_);
  }
  const Totals totals =
      engine_.superstep(base_, shape, [&](const Block& block, Partial& sums, Workspace& workspace) {
        walk(block, workspace, [&](std::size_t s, double value, double w) {
          sums[static_cast<Index>(s)][0] += w * std::fabs(value - searches_[s].median);
        });
      });
  for (std::size_t s = 0; s < searches_.size(); ++s) {
    if (searches_[s].of_errors) continue;
    statistics(searches_[s]).absolute_error_of_median = totals.value(static_cast<Index>(s));
  }
}

}  // namespace

Index median_sums(const MetricPlan& plan) {
  return digits * ((plan.needs(Statistic::median_error) ? 1 : 0) +
                   (plan.needs(Statistic::error_of_median) ? 1 : 0));
}

void find_medians(Engine& engine, const Table& base, std::span<Judging* const> models) {
  std::vector<Judging*> some;
  for (Judging* model : models) {
    if (!model->failure && median_sums(model->plan) > 0) some.push_back(model);
  }
  if (!some.empty()) Medians(engine, base, some).run();
}

}  // namespace superstep
