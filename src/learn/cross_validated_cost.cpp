// SPDX-License-Identifier: BSD-3-Clause
// What choosing by cross-validation takes and costs: that of the fits it comes to.
#include <superstep/learn/cross_validated.hpp>

#include <algorithm>
#include <stdexcept>

#include <superstep/learn/linear_model/moment_regressor.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

namespace {

const CrossValidated& cross_validated(const Candidate& c) {
  return dynamic_cast<const CrossValidated&>(*c.estimator);
}

/// So many cells, to be counted only.
class Counted final : public Partition {
 public:
  explicit Counted(Index cells) : cells_(cells) {}
  Index cells() const override { return cells_; }
  void assign(const Block&, std::int32_t*) const override {
    throw std::logic_error("a partition that is only counted has no rows");
  }

 private:
  Index cells_;
};

/// The fits that candidates come to.
struct Planned {
  std::unique_ptr<Estimator> tried;
  std::vector<std::vector<Candidate>> folds{};  ///< of each fold
  std::vector<Candidate> gathered{};            ///< one of each split
  std::vector<Candidate> whole{};
  Index fits = 0;
  Index left_out = 0;  ///< without folds

  explicit Planned(std::span<const Candidate> batch)
      : tried(cross_validated(batch.front()).tried()) {
    for (const Candidate& c : batch) add(c);
  }

 private:
  void add(const Candidate& c) {
    const CrossValidated& estimator = cross_validated(c);
    if (estimator.leaves_one_out()) {
      ++left_out;
      whole.push_back({tried.get(), c.split, c.features});
      gathered.push_back(whole.back());
      return;
    }
    const Index k = estimator.folding(0).n_splits;
    const bool has_unused =
        c.split && std::ranges::find(c.split->roles, Role::unused) != c.split->roles.end();
    auto split = std::make_shared<Split>();
    const Index cells = k + (c.split ? 1 : 0) + (has_unused ? 1 : 0);
    split->partition = std::make_shared<Counted>(cells);
    split->roles.assign(static_cast<std::size_t>(cells), Role::train);
    split->train_rows = c.split ? c.split->train_rows : 0;
    whole.push_back({tried.get(), split, c.features});
    gathered.push_back(whole.back());
    for (Index i = 0; i < k; ++i) {
      const auto fold = std::make_shared<Split>(*split);
      folds.emplace_back(static_cast<std::size_t>(estimator.count()),
                         Candidate{tried.get(), fold, c.features});
      gathered.push_back(folds.back().front());
      fits += estimator.count();
    }
  }
};

/// Models that wait for their scores, and what judging one takes.
Footprint waiting(Index columns, Index classes, Index fits) {
  const Index outputs = classes > 2 ? classes : 1;
  return {.sums = 4 * classes + 8,
          .row_doubles = outputs + classes + 4,
          .replicated = 2 * (fits + 1) * ((columns + 1) * outputs + 64) + 16 * classes};
}

}  // namespace

Footprint CrossValidated::footprint(Index columns, Index classes,
                                    std::span<const Candidate> batch) const {
  const Planned planned(batch);
  Footprint need = planned.tried->footprint(columns, classes, planned.gathered) |
                   planned.tried->footprint(columns, classes, planned.whole);
  for (const auto& fold : planned.folds) {
    need = need | planned.tried->footprint(columns, classes, fold);
  }
  if (planned.left_out > 0) {
    Footprint all = leave_one_out_footprint(columns);
    all.sums *= planned.left_out;
    all.replicated *= planned.left_out;
    need = need + all;
  }
  return need + waiting(columns, classes, planned.fits);
}

Footprint CrossValidated::ample_footprint(Index columns, Index classes,
                                          std::span<const Candidate> batch) const {
  const Footprint least = footprint(columns, classes, batch);
  const Planned planned(batch);
  if (dynamic_cast<const MomentLearner*>(planned.tried.get()) != nullptr) return least;
  Footprint together = waiting(columns, classes, planned.fits);
  for (const auto& fold : planned.folds) {
    together = together + planned.tried->footprint(columns, classes, fold) + Engine::of_a_stack();
  }
  return least | together;
}

TrainingCost CrossValidated::cost(Index columns, Index classes,
                                  std::span<const Candidate> batch) const {
  const Planned planned(batch);
  std::vector<Candidate> all;
  for (const auto& fold : planned.folds) all.insert(all.end(), fold.begin(), fold.end());
  const TrainingCost last = planned.tried->cost(columns, classes, planned.whole);
  TrainingCost cost = last;
  if (!all.empty()) {
    const TrainingCost inner = planned.tried->cost(columns, classes, all);
    const bool is_told =
        (static_cast<unsigned>(find_metric(metric()).needs) & ~planned.tried->tells()) == 0;
    const Index judging = is_told ? 0 : 1;
    cost.passes = inner.passes + judging + last.passes - 1;
    cost.most_passes = inner.most_passes + judging + last.most_passes - 1;
    cost.flops_per_row = std::max(inner.flops_per_row, last.flops_per_row);
  }
  if (planned.left_out > 0) {
    ++cost.passes;
    ++cost.most_passes;
  }
  return cost;
}

}  // namespace superstep
