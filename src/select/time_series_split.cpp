// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/time_series_split.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>

#include "data/partitions.hpp"
#include "select/rules.hpp"

namespace superstep {

const ParamTable<TimeSeriesSplitParams>& TimeSeriesSplit::param_table() const {
  using P = TimeSeriesSplitParams;
  static const auto table =
      ParamTable<P>("TimeSeriesSplit", "Every test run is predicted from the rows before it.")
          .add("n_splits", &P::n_splits, stated(">= 2"), "number of test runs")
          .add("max_train_size", &P::max_train_size, at_least(0),
               "most rows that train, the latest; 0 as None: all before the gap")
          .add("test_size", &P::test_size, at_least(1),
               "rows of a test run; None: rows / (n_splits + 1)")
          .add("gap", &P::gap, at_least(0), "rows left out between training and test rows")
          .positional(1);
  return table;
}

void TimeSeriesSplit::check_params() const {
  SplitterOf::check_params();
  check_fold_count(params().n_splits);
}

namespace {

struct Run {
  Index begin = 0;
  Index end = 0;
  bool holds(Index row) const { return begin <= row && row < end; }
};

struct Runs {
  Run train;
  Run test;
};

std::vector<Runs> runs_of(const TimeSeriesSplitParams& p, const Dataset& data) {
  const Index n = data.rows();
  if (p.n_splits + 1 > n) {
    refuse_data(
        fmt::format("Cannot have number of folds={} greater than the number of samples={}. Use "
                    "fewer splits, or more rows of {}",
                    p.n_splits + 1, n, data.x_name()));
  }
  const Index test_size = p.test_size.value_or(n / (p.n_splits + 1));
  // Not n - gap - test_size n_splits <= 0, which may overflow.
  if (p.gap >= n || test_size > (n - p.gap - 1) / p.n_splits) {
    refuse_data(fmt::format(
        "Too many splits={} for number of samples={} with test_size={} and gap={}. Use fewer "
        "splits, a smaller test_size or gap, or more rows of {}",
        p.n_splits, n, test_size, p.gap, data.x_name()));
  }
  std::vector<Runs> runs;
  for (Index i = p.n_splits; i > 0; --i) {
    const Index test = n - i * test_size;
    const Index end = test - p.gap;
    const bool is_cut = p.max_train_size.value_or(0) > 0 && *p.max_train_size < end;
    runs.push_back({{is_cut ? end - *p.max_train_size : 0, end}, {test, test + test_size}});
  }
  return runs;
}

}  // namespace

Folds TimeSeriesSplit::make_folds(Engine&, const std::shared_ptr<Dataset>& data) const {
  const std::vector<Runs> runs = runs_of(params(), *data);
  std::vector<Index> starts;
  for (const Runs& r : runs) {
    starts.insert(starts.end(), {r.train.begin, r.train.end, r.test.begin, r.test.end});
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::erase_if(starts, [&](Index at) { return at == 0 || at == data->rows(); });

  const auto partition = std::make_shared<RunPartition>(starts);
  starts.insert(starts.begin(), 0);
  Folds folds;
  for (const Runs& r : runs) {
    auto split = std::make_shared<Split>();
    split->partition = partition;
    for (const Index at : starts) {
      split->roles.push_back(r.train.holds(at)  ? Role::train
                             : r.test.holds(at) ? Role::test
                                                : Role::unused);
    }
    split->train_rows = r.train.end - r.train.begin;
    split->test_rows = r.test.end - r.test.begin;
    folds.splits.push_back(std::move(split));
  }
  return folds;
}

}  // namespace superstep
