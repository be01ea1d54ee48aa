// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/shuffle_split.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <superstep/core/philox.hpp>
#include <superstep/core/text.hpp>

#include "data/class_runs.hpp"
#include "data/partitions.hpp"
#include "select/group_census.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

constexpr std::uint32_t tie_purpose = 0x74696573;  // Philox stream of ties between classes
constexpr double default_test_size = 0.1;
constexpr double default_test_groups = 0.2;

bool is_size(const Value& value) { return value.is_none() || value.is_number(); }

/// `unit`: what is drawn, "rows".
template <class P>
ParamTable<P> shuffle_table(const char* name, const char* summary, const char* unit,
                            const char* default_size) {
  const std::string sizes = fmt::format("None, a float in (0, 1) or an int in [1, {})", unit);
  return ParamTable<P>(name, summary)
      .add("n_splits", &P::n_splits, at_least(1), "number of splits")
      .add("test_size", &P::test_size, satisfies(sizes, is_size),
           fmt::format("tested {}, a fraction (rounded up) or a number; None: those that do not "
                       "train, or {}",
                       unit, default_size))
      .add("train_size", &P::train_size, satisfies(sizes, is_size),
           fmt::format("training {}, a fraction (rounded down) or a number; None: those that are "
                       "not tested",
                       unit))
      .add("random_state", &P::random_state, at_least(0), "seed of the draws; None takes --seed")
      .positional(1);
}

struct Sizes {
  Index train = 0;
  Index test = 0;
};

void check_size(const char* name, const Value& size, Index n, const char* unit) {
  const bool is_fine =
      size.is_none() || (size.is_int() ? size.as_int() > 0 && size.as_int() < n
                                       : size.as_double() > 0.0 && size.as_double() < 1.0);
  if (is_fine) return;
  refuse_data(
      fmt::format("{}={} should be either positive and smaller than the number of {} {} or a "
                  "float in the (0, 1) range",
                  name, size.repr(), unit, n));
}

/// scikit-learn's rounding, and its words. `unit`: what there are n of.
Sizes sizes_of(const ShuffleSplitParams& p, Index n, double default_size, const char* unit) {
  const bool is_default = p.test_size.is_none() && p.train_size.is_none();
  const Value test = is_default ? Value(default_size) : p.test_size;
  const Value& train = p.train_size;
  check_size("test_size", test, n, unit);
  check_size("train_size", train, n, unit);
  if (train.is_real() && test.is_real() && train.as_double() + test.as_double() > 1.0) {
    refuse_data(
        fmt::format("The sum of test_size and train_size = {}, should be in the (0, 1) range. "
                    "Reduce test_size and/or train_size.",
                    format_double(train.as_double() + test.as_double())));
  }
  const auto rows = static_cast<double>(n);
  Sizes sizes;
  if (test.is_real()) sizes.test = static_cast<Index>(std::ceil(test.as_double() * rows));
  if (test.is_int()) sizes.test = test.as_int();
  if (train.is_real()) sizes.train = static_cast<Index>(std::floor(train.as_double() * rows));
  if (train.is_int()) sizes.train = train.as_int();
  if (train.is_none()) sizes.train = n - sizes.test;
  if (test.is_none()) sizes.test = n - sizes.train;
  if (sizes.train + sizes.test > n) {
    refuse_data(
        fmt::format("The sum of train_size and test_size = {}, should be smaller than the number "
                    "of {} {}. Reduce test_size and/or train_size.",
                    sizes.train + sizes.test, unit, n));
  }
  if (sizes.train == 0) {
    refuse_data(
        fmt::format("With n_{}={}, test_size={} and train_size={}, the resulting train set will be "
                    "empty. Adjust any of the aforementioned parameters.",
                    unit, n, test.repr(), train.repr()));
  }
  return sizes;
}

/// A split whose cells have these roles.
SplitPtr split_of(std::shared_ptr<const Partition> partition, std::vector<Role> roles,
                  const Sizes& sizes) {
  auto split = std::make_shared<Split>();
  split->partition = std::move(partition);
  split->roles = std::move(roles);
  split->train_rows = sizes.train;
  split->test_rows = sizes.test;
  return split;
}

/// How many of `draws` rows come from each class: in proportion to their sizes, the largest
/// remainders rounded up, ties between them drawn. No class gives more than it has.
std::vector<Index> proportional(const std::vector<Index>& counts, Index draws, RowRandom& random) {
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), Index{0}));
  std::vector<Index> drawn;
  std::vector<double> rest;
  for (const Index count : counts) {
    const double share = static_cast<double>(count) / all * static_cast<double>(draws);
    drawn.push_back(static_cast<Index>(std::floor(share)));
    rest.push_back(share - std::floor(share));
  }
  // Ties keep the order of a draw: they are shuffled first, then sorted without moving equals.
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (drawn[c] < counts[c]) order.push_back(c);
  }
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t c) { return rest[c]; });
  const Index missing = draws - std::accumulate(drawn.begin(), drawn.end(), Index{0});
  for (Index i = 0; i < missing; ++i) ++drawn[order[static_cast<std::size_t>(i)]];
  return drawn;
}

/// The classes that have one row, as a Python list; of many the first few.
std::string lonely_classes(const Labels& names, const std::vector<Index>& counts) {
  constexpr std::size_t most_shown = 10;
  std::vector<std::string> shown;
  for (std::size_t c = 0; c < counts.size() && shown.size() <= most_shown; ++c) {
    if (counts[c] < 2) shown.push_back(names.value(static_cast<Index>(c)).repr());
  }
  if (shown.size() > most_shown) shown.back() = "...";
  return fmt::format("[{}]", fmt::join(shown, ", "));
}

/// AgreedError in scikit-learn's words unless both sides can have a row of each class.
void check_classes(const Communicator& comm, Dataset& data, const ClassCensus& census,
                   const Sizes& sizes) {
  if (std::ranges::min(census.counts) < 2) {
    refuse_data(
        fmt::format("The least populated classes in y have only 1 member, which is too few. The "
                    "minimum number of groups for any class cannot be less than 2. Classes with "
                    "too few members are: {}. Remove them from {}, or use ShuffleSplit",
                    lonely_classes(data.classes(comm), census.counts), data.y_name()));
  }
  const auto check = [&](const char* name, Index size) {
    if (size >= std::ssize(census.counts)) return;
    refuse_data(fmt::format("The {} = {} should be greater or equal to the number of classes = {}",
                            name, size, census.counts.size()));
  };
  check("train_size", sizes.train);
  check("test_size", sizes.test);
}

/// Training rows, tested rows and the others of each class, for one split.
ClassRuns drawn_runs(const ClassCensus& census, const Sizes& sizes, Permutation order,
                     RowRandom random) {
  const std::vector<Index> train = proportional(census.counts, sizes.train, random);
  std::vector<Index> left(train.size());
  std::ranges::transform(census.counts, train, left.begin(), std::minus{});
  const std::vector<Index> test = proportional(left, sizes.test, random);
  ClassRuns runs{3, std::move(order), {}, census.counts};
  for (std::size_t c = 0; c < train.size(); ++c) {
    runs.ranks.push_back(train[c]);
    runs.ranks.push_back(train[c] + test[c]);
  }
  return runs;
}

}  // namespace

const ParamTable<ShuffleSplitParams>& ShuffleSplit::param_table() const {
  static const auto table = shuffle_table<ShuffleSplitParams>(
      "ShuffleSplit", "Training and test rows drawn anew for each split.", "rows", "0.1");
  return table;
}

Folds ShuffleSplit::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const Sizes sizes = sizes_of(params(), data->rows(), default_test_size, "samples");
  const std::uint64_t seed = seed_of(engine, params().random_state);
  Folds folds;
  for (Index i = 0; i < params().n_splits; ++i) {
    auto partition = std::make_shared<RunPartition>(
        std::vector<Index>{sizes.test, sizes.test + sizes.train},
        Permutation(data->rows(), seed, static_cast<std::uint64_t>(i)));
    folds.splits.push_back(
        split_of(std::move(partition), {Role::test, Role::train, Role::unused}, sizes));
  }
  return folds;
}

const ParamTable<ShuffleSplitParams>& StratifiedShuffleSplit::param_table() const {
  static const auto table = shuffle_table<ShuffleSplitParams>(
      "StratifiedShuffleSplit", "Rows of each class drawn anew for each split, in proportion.",
      "rows", "0.1");
  return table;
}

Folds StratifiedShuffleSplit::make_folds(Engine& engine,
                                         const std::shared_ptr<Dataset>& data) const {
  const Sizes sizes = sizes_of(params(), data->rows(), default_test_size, "samples");
  const ClassCensus census = class_census(engine.comm(), *data);
  check_classes(engine.comm(), *data, census, sizes);
  const std::uint64_t seed = seed_of(engine, params().random_state);
  const Philox ties(seed, tie_purpose);
  std::vector<ClassRuns> requests;
  for (Index i = 0; i < params().n_splits; ++i) {
    const auto stream = static_cast<std::uint64_t>(i);
    requests.push_back(drawn_runs(census, sizes, Permutation(data->rows(), seed, stream),
                                  RowRandom(ties, stream)));
  }
  Folds folds;
  for (auto& partition : partition_classes(engine.comm(), data, requests)) {
    folds.splits.push_back(
        split_of(std::move(partition), {Role::train, Role::test, Role::unused}, sizes));
  }
  return folds;
}

const ParamTable<GroupShuffleSplitParams>& GroupShuffleSplit::param_table() const {
  static const auto table = shuffle_table<GroupShuffleSplitParams>(
      "GroupShuffleSplit", "Training and test groups of --groups drawn anew for each split.",
      "groups", "0.2");
  return table;
}

Folds GroupShuffleSplit::make_folds(Engine& engine, const std::shared_ptr<Dataset>& data) const {
  const std::vector<Index> rows_of = group_sizes(engine, *data);
  const Index groups = std::ssize(rows_of);
  const Sizes sizes = sizes_of(params(), groups, default_test_groups, "groups");
  const std::uint64_t seed = seed_of(engine, params().random_state);
  std::vector<Index> positions(rows_of.size());
  Folds folds;
  for (Index i = 0; i < params().n_splits; ++i) {
    Permutation(groups, seed, static_cast<std::uint64_t>(i)).positions(0, groups, positions.data());
    std::vector<std::int32_t> cells;
    Sizes rows;
    for (std::size_t g = 0; g < rows_of.size(); ++g) {
      const bool is_test = positions[g] < sizes.test;
      const bool is_train = !is_test && positions[g] < sizes.test + sizes.train;
      cells.push_back(is_test ? 0 : is_train ? 1 : 2);
      if (is_test) rows.test += rows_of[g];
      if (is_train) rows.train += rows_of[g];
    }
    folds.splits.push_back(split_of(std::make_shared<GroupPartition>(data, 3, std::move(cells)),
                                    {Role::test, Role::train, Role::unused}, rows));
  }
  return folds;
}

}  // namespace superstep
