// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/boosting.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <superstep/core/error.hpp>
#include <superstep/engine/kept.hpp>
#include "learn/trees/boosting_rows.hpp"
#include "learn/trees/boosting_start.hpp"

namespace superstep::trees {

namespace {

/// Leaves of a tree that are split in one superstep, at most.
constexpr Index most_at_once = 32;
/// Columns that a thread searches at a time.
constexpr Index columns_at_a_time = 8;

template <class Archive, class T>
void keep(Archive& archive, std::vector<T>& values) {
  using Column = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  Column column = Eigen::Map<const Column>(values.data(), std::ssize(values));
  archive.sized(column);
  if constexpr (Archive::reads) values.assign(column.data(), column.data() + column.size());
}

template <class Archive>
void keep(Archive& archive, Forest& f) {
  keep(archive, f.begin);
  keep(archive, f.left);
  keep(archive, f.feature);
  keep(archive, f.threshold);
  keep(archive, f.bin);
  keep(archive, f.missing_left);
  keep(archive, f.value);
  keep(archive, f.gain);
  keep(archive, f.rows);
}

class Boosting {
 public:
  Boosting(Engine& engine, const Table& table, const std::string& name, Index max_bins,
           std::span<const BoostingTask> tasks)
      : engine_(engine), table_(table), models_(tasks.size()) {
    for (std::size_t m = 0; m < tasks.size(); ++m) models_[m].task = &tasks[m];
    std::vector<BoostingStart> starts;
    engine.side_by_side({{{.replicated = doubles_for_bin_edges(table.columns())},
                          [&] { edges_ = find_bin_edges(engine, table, max_bins); }},
                         {{}, [&] { starts = starts_of(engine, table, name, models_); }}});
    const Sketch sketch = engine.sketch(table);
    for (std::size_t m = 0; m < models_.size(); ++m) {
      models_[m].class_factors = starts[m].class_factors;
      models_[m].baseline = starts[m].baseline;
      if (tasks[m].begins_at_zero) models_[m].baseline.setZero();
      models_[m].is_done = starts[m].failure != nullptr || models_[m].task->max_iter == 0;
      failures_.push_back(starts[m].failure);
      set_first_units(sketch, models_[m]);
      if (tasks[m].loss == Loss::quantile && !models_[m].is_done) look_for_baseline(models_[m]);
    }
    has_columns_ = engine.has_room(
        table, ample(boosting_footprint(table.columns(), max_bins, tasks), table.columns()));
  }

  std::vector<BoostedOrFailure> run() {
    const BinLayout layout(edges_);
    const Digits digits = table_.rows() <= most_rows_with_many_digits ? Digits::many : Digits::few;
    digits_ = digits == Digits::many ? many_digits : few_digits;
    hessian_digits_ = digits == Digits::many ? many_digits : few_hessian_digits;
    BoostingRows rows(edges_, layout, digits, has_columns_, table_.data->blocks().size(),
                      engine_.options().threads);
    const Kept kept(engine_, [this](auto& archive) { fields(archive); });
    while (std::ranges::any_of(models_, [](const ModelState& m) { return !m.is_done; })) {
      kept.keep();
      iterate(layout, rows);
    }
    std::vector<BoostedOrFailure> all;
    for (std::size_t m = 0; m < models_.size(); ++m) {
      ModelState& model = models_[m];
      all.push_back({{std::move(model.baseline), std::move(model.forest), std::move(model.judged)},
                     failures_[m]});
    }
    return all;
  }

 private:
  template <class Archive>
  void fields(Archive& archive) {
    for (ModelState& m : models_) {
      keep(archive, m.forest);
      keep(archive, m.judged);
      archive.within(m.units.gradient_exponent, -1100, 1100);
      archive.within(m.units.hessian_exponent, -1100, 1100);
      archive.within(m.loss_exponent, -4000, 4000);
      archive.within(m.weight_exponent, -4000, 4000);
      archive.within(m.words, 0, std::int64_t{1} << 40);
      archive.flag(m.is_done);
      archive.flag(m.has_baseline);
      archive.finite(m.baseline);
      if constexpr (Archive::reads) {
        const bool is_whole = m.forest.trees() % m.task->outputs == 0;
        if (!is_whole || !m.forest.is_sound(edges_.columns())) refuse_journal();
        if (m.has_baseline) m.quantiles.reset();
      }
    }
  }

  void look_for_baseline(ModelState& m) const {
    m.has_baseline = m.task->begins_at_zero;
    if (!m.has_baseline) m.quantiles.emplace(m.task->quantile, table_.data->has_weight(), 1);
  }

  /// Derivatives of classes are bounded by the weights; those of numbers are looked for.
  void set_first_units(const Sketch& sketch, ModelState& model) const {
    const bool has_weights = table_.data->has_weight() || model.class_factors.size() > 0;
    const int weight = has_weights ? sketch.weight_exponent : 0;
    model.weight_exponent = weight;
    switch (model.task->loss) {
      case Loss::binary:
      case Loss::multinomial:
        model.units = {weight, model.task->steps == Steps::by_leaves ? weight : weight - 2};
        model.loss_exponent = weight;
        break;
      case Loss::quantile:
        model.units = {weight, weight};
        model.loss_exponent = weight + sketch.target().exponent;
        break;
      case Loss::squared:
        model.units = {weight + sketch.target().exponent, weight};
        model.loss_exponent = weight + 2 * sketch.target().exponent;
        break;
      case Loss::poisson:
      case Loss::gamma:
        model.units = {weight + std::max(sketch.target().exponent, 1),
                       weight + std::max(sketch.target().exponent, 1)};
        model.loss_exponent = model.units.gradient_exponent + 8;
        break;
    }
  }

  /// Every model that is not done grows a tree for each of its outputs.
  void iterate(const BinLayout& layout, BoostingRows& rows) {
    Index done = 0;
    for (ModelState& m : models_) {
      m.waits = false;
      done += m.is_done ? 1 : 0;
    }
    engine_.set_models(done, std::ssize(models_));
    while (std::ranges::any_of(models_, &ModelState::is_active)) {
      const Index entries = rows.begin(models_);
      const std::vector<std::int64_t> sums = engine_.tally(table_, entries, rows, rows.states());
      take(layout, sums);
      search(layout);
      for (ModelState& m : models_) {
        if (m.is_active() && !m.is_planting()) advance(m);
      }
    }
  }

  void take(const BinLayout& layout, std::span<const std::int64_t> sums) {
    const auto entries = static_cast<std::size_t>(histogram_entries(layout));
    const auto next = [&](std::size_t count) {
      const std::span<const std::int64_t> its = sums.first(count);
      sums = sums.subspan(count);
      return its;
    };
    for (ModelState& m : models_) {
      if (!m.is_active()) continue;
      const auto outputs = static_cast<std::size_t>(m.task->outputs);
      if (m.quantiles) {
        take_quantiles(m, next(static_cast<std::size_t>(m.quantiles->entries())));
        continue;
      }
      if (m.sums_leaves) {
        take_leaves(m, next);
        continue;
      }
      if (m.is_planting()) {
        PlantingTold told;
        std::memcpy(&told, next(planting_entries).data(), sizeof told);
        plant(layout, m, told, next(outputs * entries));
        continue;
      }
      for (Grower& grower : m.growing) {
        for (std::size_t i = 0; i < grower.wanted().size(); ++i) grower.absorb(i, next(entries));
      }
    }
  }

  /// Where all is known they are the baseline, or what leaves add.
  static void take_quantiles(ModelState& m, std::span<const std::int64_t> sums) {
    if (!m.quantiles->narrow(sums)) return;
    const std::vector<double> found = m.quantiles->values();
    m.quantiles.reset();
    if (m.has_baseline) {
      m.steps.push_back(found);
      m.sums_leaves = true;
      return;
    }
    m.baseline[0] = found.front();
    m.has_baseline = true;
    ++m.words;
  }

  /// A step of Newton's for each leaf; of several classes, which are one too many, a little
  /// shorter.
  template <class Next>
  static void take_leaves(ModelState& m, const Next& next) {
    const auto outputs = static_cast<double>(m.task->outputs);
    const double part = m.task->outputs > 1 ? (outputs - 1.0) / outputs : 1.0;
    const double unit = std::ldexp(1.0, m.units.gradient_exponent - m.units.hessian_exponent);
    for (const Grower& grower : m.growing) {
      std::vector<double>& steps = m.steps.emplace_back();
      for (std::size_t i = 0; i < grower.leaves().size(); ++i) {
        const std::span<const std::int64_t> sums = next(2);
        steps.push_back(sums[1] <= 0 ? 0.0
                                     : -part * unit * static_cast<double>(sums[0]) /
                                           static_cast<double>(sums[1]));
      }
    }
  }

  void plant(const BinLayout& layout, ModelState& m, const PlantingTold& told,
             std::span<const std::int64_t> histograms) const {
    if (!has_right_units(m, told)) return;
    if (m.is_judged() && ends_early(m, told)) return;
    const auto entries = static_cast<std::size_t>(histogram_entries(layout));
    GrowthRules rules = m.task->growth;
    rules.split.gradient_unit = std::ldexp(1.0, m.units.gradient_exponent - digits_);
    rules.split.hessian_unit = std::ldexp(1.0, m.units.hessian_exponent - hessian_digits_);
    for (Index k = 0; k < m.task->outputs; ++k) {
      rules.seed =
          m.task->seed + 0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(m.forest.trees() + k + 1);
      m.growing.emplace_back(layout, rules)
          .plant(histograms.subspan(static_cast<std::size_t>(k) * entries, entries));
    }
  }

  /// Gains are squares of gradients.
  static void require_squares(int exponent) {
    constexpr int most = 300;  // times a hessian and a number of rows
    if (exponent >= -most && exponent <= most) return;
    throw AgreedError(ExitCode::bad_data,
                      exponent > 0
                          ? "boosting overflows double precision; scale the targets, or lower "
                            "learning_rate"
                          : "boosting underflows double precision; scale the targets or weights");
  }

  /// Whether derivatives use most of their digits and none is too large; else they are made
  /// integers again, with others.
  bool has_right_units(ModelState& m, const PlantingTold& told) const {
    const bool has_many = digits_ == many_digits;
    const int may_waste = has_many ? 12 : 1;
    const auto right = [&](const std::int64_t(&above)[watched_exponents + 1], int& exponent) {
      if (above[0] > 0) {
        exponent += m.iteration() == 0 ? watched_exponents - 2 : 2;
        require_squares(exponent);
        return false;
      }
      int wasted = 0;
      while (wasted + 1 < watched_exponents && above[wasted + 1] == 0) ++wasted;
      const bool are_all_zero = above[watched_exponents] == 0;
      if (are_all_zero) return true;
      const bool is_right = wasted <= may_waste;
      if (!is_right) exponent -= wasted;
      require_squares(exponent);
      return is_right;
    };
    Units units = m.units;
    if (told.too_large > 0) {
      m.loss_exponent += 20;
      m.weight_exponent += 20;
      return false;
    }
    const bool both = right(told.gradients, units.gradient_exponent) &
                      right(told.hessians, units.hessian_exponent);
    if (both) return true;
    m.units = units;
    ++m.words;
    return false;
  }

  /// As scikit-learn: none of the last losses is better than the one before them.
  static bool ends_early(ModelState& m, const PlantingTold& told) {
    const auto sum = [](std::int64_t high, std::int64_t low) {
      return static_cast<double>(high) * 0x1p-20 + static_cast<double>(low) * 0x1p-60;
    };
    const double weight = std::ldexp(sum(told.weight_high, told.weight_low), m.weight_exponent);
    if (!(weight > 0.0)) {
      throw AgreedError(
          ExitCode::bad_data,
          "early stopping has no row to judge by; give a larger validation_fraction, or "
          "early_stopping=False");
    }
    const double loss = std::ldexp(sum(told.loss_high, told.loss_low), m.loss_exponent);
    const EarlyStopping& rule = *m.task->stopping;
    m.judged.push_back(loss / weight);
    const auto waited = static_cast<std::size_t>(rule.n_iter_no_change);
    if (rule.looks_at_last) {  // there is no loss before the first tree then
      if (m.judged.size() < waited + 2) return false;
      const std::span<const double> before = std::span(m.judged).last(waited + 1).first(waited);
      m.is_done = std::ranges::none_of(
          before, [&](double other) { return m.judged.back() + rule.tol < other; });
      return m.is_done;
    }
    if (m.iteration() == 0 || m.judged.size() < waited + 1) return false;
    const double before = m.judged[m.judged.size() - waited - 1] - rule.tol;
    m.is_done = std::ranges::none_of(std::span(m.judged).last(waited),
                                     [&](double later) { return later < before; });
    return m.is_done;
  }

  /// One node, whose columns are searched in groups.
  struct Search {
    Grower* grower;
    int node;
  };

  void search(const BinLayout& layout) {
    std::vector<Search> searches;
    for (ModelState& m : models_) {
      if (!m.is_active()) continue;
      for (Grower& grower : m.growing) {
        for (const int node : grower.searches()) searches.push_back({&grower, node});
      }
    }
    const Index groups = (layout.columns() + columns_at_a_time - 1) / columns_at_a_time;
    std::vector<Split> best(searches.size() * static_cast<std::size_t>(groups));
    engine_.on_threads(std::ssize(best), [&](Index i) {
      const Search& s = searches[static_cast<std::size_t>(i / groups)];
      Split& found = best[static_cast<std::size_t>(i)];
      const Index first = i % groups * columns_at_a_time;
      for (Index c = first; c < std::min(first + columns_at_a_time, layout.columns()); ++c) {
        if (!s.grower->looks_at(s.node, c)) continue;
        const Split split = s.grower->search(s.node, c);
        if (split.exists() && (!found.exists() || split.is_before(found))) found = split;
      }
    });
    for (std::size_t i = 0; i < searches.size(); ++i) {
      Split found;
      for (Index g = 0; g < groups; ++g) {
        const Split& other =
            best[i * static_cast<std::size_t>(groups) + static_cast<std::size_t>(g)];
        if (other.exists() && (!found.exists() || other.is_before(found))) found = other;
      }
      searches[i].grower->found(searches[i].node, found);
    }
    for (ModelState& m : models_) {
      for (Grower& grower : m.growing) grower.searched();
    }
  }

  void advance(ModelState& m) const {
    if (m.quantiles) return;
    if (m.sums_leaves) return finish(m);
    bool goes_on = false;
    for (Grower& grower : m.growing) goes_on = grower.advance(most_at_once) || goes_on;
    if (goes_on) return;
    if (m.task->loss == Loss::quantile) {
      m.quantiles.emplace(m.task->quantile, table_.data->has_weight(),
                          m.growing.front().leaves().size());
      return;
    }
    m.sums_leaves = m.task->steps == Steps::by_leaves;
    if (!m.sums_leaves) finish(m);
  }

  /// The trees of an iteration are there.
  void finish(ModelState& m) const {
    for (std::size_t k = 0; k < m.growing.size(); ++k) {
      const std::span<const double> steps =
          m.steps.empty() ? std::span<const double>() : m.steps[k];
      m.growing[k].harvest(edges_, m.task->learning_rate, steps, m.forest);
    }
    m.steps.clear();
    m.sums_leaves = false;
    m.grown = std::move(m.growing);
    m.growing.clear();
    m.waits = true;
    m.is_done = m.iteration() == m.task->max_iter;
    ++m.words;
  }

  Engine& engine_;
  const Table& table_;
  BinEdges edges_;
  std::vector<ModelState> models_;
  std::vector<std::shared_ptr<const AgreedError>> failures_;
  int digits_ = 0, hessian_digits_ = 0;
  bool has_columns_ = false;
};

}  // namespace

std::vector<BoostedOrFailure> boost(Engine& engine, const Table& table, Index max_bins,
                                    const std::string& name, std::span<const BoostingTask> tasks) {
  return Boosting(engine, table, name, max_bins, tasks).run();
}

Footprint ample(Footprint need, Index columns) {
  need.row_bytes += columns;
  return need;
}

Footprint boosting_footprint(Index columns, Index max_bins, std::span<const BoostingTask> tasks) {
  const BinEdges widest{std::vector<std::vector<double>>(
      static_cast<std::size_t>(columns),
      std::vector<double>(static_cast<std::size_t>(max_bins - 1)))};
  const BinLayout layout(widest);
  Index wanted = 0, kept = 0;
  for (const BoostingTask& task : tasks) {
    const Index leaves = task.growth.max_leaves == 0 ? most_at_once : task.growth.max_leaves;
    wanted += task.outputs * std::min(most_at_once, leaves);
    kept += task.outputs * Grower::histograms(task.growth, most_at_once);
  }
  Footprint need;
  // Integers of the threads, and those that come back.
  need.sums = 1;
  need.entries = wanted * histogram_entries(layout) / 2 + 1;
  need.thread_doubles = BoostingRows::bytes_of_worker(layout, wanted) / 8;
  need.replicated = kept * histogram_entries(layout) + doubles_for_bin_edges(columns) +
                    most_rows_with_many_digits * std::ssize(tasks);
  for (const BoostingTask& task : tasks) {
    need.row_doubles = std::max(need.row_doubles, 3 * task.outputs + 2);
  }
  need.row_bytes = BoostingRows::bytes_of_row(layout, tasks);
  return need;
}

TrainingCost boosting_cost(Index columns, std::span<const BoostingTask> tasks) {
  Index passes = 0;
  double flops = 0.0;
  for (const BoostingTask& task : tasks) {
    passes = std::max(passes, 10 * task.max_iter);
    // An update of a bin takes as long as some twenty operations; a tree takes two and a half of
    // them for each row and column, and as much again for what is done with rows.
    flops += 6.0 * static_cast<double>((columns + 20) * task.outputs);
  }
  return {passes + 2, 4 * passes + 2, flops};
}

}  // namespace superstep::trees
