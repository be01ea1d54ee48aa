// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/estimator.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/pipeline.hpp>

namespace superstep {

Target Estimator::target() const {
  switch (kind()) {
    case Kind::classifier:
      return Target::classes;
    case Kind::regressor:
      return Target::numbers;
    case Kind::transformer:
    case Kind::clusterer:
      return Target::none;
  }
  return Target::none;
}

bool Estimator::can(Method method) const {
  switch (method) {
    case Method::predict:
      return kind() != Kind::transformer;
    case Method::predict_proba:
      return kind() == Kind::classifier;
    case Method::transform:
      return kind() == Kind::transformer || kind() == Kind::clusterer;
    case Method::decision_function:
    case Method::score_samples:
      break;
  }
  return false;
}

MayMiss Estimator::may_miss(const Schema*, const MayMiss&) const { return MayMiss::nowhere(); }

namespace {

std::string first_levels(const Column& column) {
  constexpr std::size_t most = 3;
  if (!column.levels || column.levels->empty()) return "";
  std::vector<std::string> words;
  for (const std::string& level : *column.levels) {
    if (words.size() == most) break;
    words.push_back(Value(shorten(level, 20)).repr());
  }
  return fmt::format(" ({}{})", fmt::join(words, ", "),
                     column.levels->size() > most ? ", ..." : "");
}

}  // namespace

void Estimator::check_columns(const Schema& columns) const {
  if (columns.size() == 0) {
    throw DataError(fmt::format("{} is given 0 columns: the step before it makes none", name()));
  }
  for (Index i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    if (column.is_number()) continue;
    const std::string what = column.kind == ColumnKind::text ? "free text" : "a category";
    throw DataError(fmt::format(
        "column {} is {}{}, but {} takes numbers; {}", Value(columns.name_of(i)).repr(), what,
        first_levels(column), name(),
        column.kind == ColumnKind::text
            ? "leave it out: ColumnTransformer([...]) takes the columns that it names; or "
              "begin with TfidfVectorizer()"
            : "put OneHotEncoder() or OrdinalEncoder() before it, for these columns by "
              "make_column_transformer((OneHotEncoder(), ['" +
                  columns.name_of(i) + "', ...]), remainder='passthrough')"));
  }
}

// ---- batches -----------------------------------------------------------------------------------

Index cells_of(std::span<const Candidate> batch) {
  std::set<const Partition*> partitions;
  for (const Candidate& c : batch) partitions.insert(c.split ? c.split->partition.get() : nullptr);
  Index cells = 0;
  for (const Partition* p : partitions) cells += p == nullptr ? 1 : p->cells();
  return std::max<Index>(cells, 1);
}

namespace {

/// Candidates that one call of train_batch can take, with what has to be done to the table first.
struct SubBatch {
  SplitPtr split{};
  AffineMapPtr features{};
  std::vector<std::size_t> members{};

  Table table{};
  std::vector<Candidate> candidates{};  ///< as they are for that table

  void see(const Table& all_rows, std::span<const Candidate> all) {
    table = all_rows;
    if (split) table = table.only(split, Role::train);
    if (features) table = table.through(features);
    for (const std::size_t i : members) {
      candidates.push_back(all[i]);
      if (split) candidates.back().split = nullptr;
      if (features) candidates.back().features = nullptr;
      if (!split && !features) continue;
      candidates.back().gathered = nullptr;  // of other rows
      candidates.back().judge = nullptr;     // who has to know the split
    }
  }
};

bool are_equal(const AffineMapPtr& a, const AffineMapPtr& b) {
  return a == b || (a && b && *a == *b);
}

std::vector<SubBatch> sub_batches(const Fusion& fusion, std::span<const Candidate> candidates) {
  std::vector<SubBatch> all;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    const bool map_is_fused =
        !c.features || (c.features->is_diagonal() ? fusion.diagonal_maps : fusion.dense_maps);
    const AffineMapPtr map = map_is_fused ? nullptr : c.features;
    const SplitPtr split = fusion.splits && map_is_fused ? nullptr : c.split;
    const auto same = [&](const SubBatch& s) {
      return s.split == split && are_equal(s.features, map);
    };
    auto found = std::ranges::find_if(all, same);
    if (found == all.end()) {
      all.push_back({split, map, {}});
      found = all.end() - 1;
    }
    found->members.push_back(i);
  }
  return all;
}

}  // namespace

// Each sub-batch sees rows of its own, so its candidates are counted as they are for these.
Footprint Estimator::ample_footprint(Index columns, Index classes,
                                     std::span<const Candidate> batch) const {
  const Footprint least = footprint(columns, classes, batch);
  const std::vector<SubBatch> subs = sub_batches(fusion(), batch);
  if (subs.size() == 1) return least;
  Footprint sum;
  for (const SubBatch& sub : subs) {
    std::vector<Candidate> members;
    for (const std::size_t i : sub.members) {
      members.push_back(batch[i]);
      if (sub.split) members.back().split = nullptr;
      if (sub.features) members.back().features = nullptr;
    }
    const Index seen = sub.features ? sub.features->columns_out() : columns;
    sum = sum + footprint(seen, classes, members) + Engine::of_a_stack();
  }
  return least | sum;
}

Index outcomes_of(const Communicator& comm, const Estimator& estimator, Dataset& data) {
  if (estimator.target() == Target::classes) return data.classes(comm).size();
  return estimator.target() == Target::numbers && data.targets() > 1 ? data.targets() : 0;
}

Footprint footprint_for(const Engine& engine, const Estimator& estimator, const Table& table,
                        std::span<const Candidate> candidates) {
  const Index classes = outcomes_of(engine.comm(), estimator, *table.data);
  Footprint need = estimator.footprint(table.columns(), classes, candidates);
  const auto reads_sparse = [&](const Candidate& c) {
    return c.estimator->reads_sparse(table.columns());
  };
  need.writes_out =
      need.writes_out || (table.is_sparse() && !std::ranges::all_of(candidates, reads_sparse));
  return need;
}

Footprint with_written_out(const Estimator& estimator, const Dataset& data, Footprint need) {
  need.writes_out =
      need.writes_out || (data.is_sparse() && !estimator.reads_sparse(data.columns()));
  return need;
}

std::vector<Trained> Estimator::fit_batch(Engine& engine, const Table& table,
                                          std::span<const Candidate> candidates) const {
  std::vector<Trained> all(candidates.size());
  std::vector<SubBatch> subs = sub_batches(fusion(), candidates);
  std::vector<Engine::Work> works;
  for (SubBatch& sub : subs) {
    sub.see(table, candidates);
    works.push_back({footprint_for(engine, *this, sub.table, sub.candidates), [&] {
                       std::vector<Trained> some = fit_each(engine, sub.table, sub.candidates);
                       for (std::size_t i = 0; i < some.size(); ++i) {
                         all[sub.members[i]] = std::move(some[i]);
                       }
                     }});
  }
  engine.side_by_side_where_there_is_room(std::move(works));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].model) all[i].model->set_expression(candidates[i].estimator->expression());
  }
  return all;
}

// Together; where that fails, halves, until those at fault are alone. Models do not depend on their
// batch mates, so nobody can tell.
std::vector<Trained> Estimator::fit_each(Engine& engine, const Table& table,
                                         std::span<const Candidate> candidates) const {
  try {
    return train_batch(engine, table, candidates);
  } catch (const BadValuesError&) {
    throw;
  } catch (const AgreedError& e) {
    if (!is_the_candidates_fault(e)) throw;
    if (candidates.size() == 1) {
      std::vector<Trained> failed(1);
      failed.front().failure = std::make_shared<AgreedError>(e);
      return failed;
    }
  }
  const std::size_t half = candidates.size() / 2;
  std::vector<Trained> all = fit_each(engine, table, candidates.first(half));
  for (Trained& t : fit_each(engine, table, candidates.subspan(half))) all.push_back(std::move(t));
  return all;
}

// ---- one model ---------------------------------------------------------------------------------

void check_target(const Estimator& estimator, const Dataset& data) {
  if (estimator.target() == Target::none) return;
  if (!data.has_y()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} needs targets, but {} has no {}; name them with --y",
                                  estimator.name(), data.path(), data.options().y));
  }
  if (estimator.target() == Target::numbers && data.y_is_text()) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{} needs numbers as targets, but {} holds text; use a classifier",
                    estimator.name(), data.y_name()));
  }
  if (!estimator.takes_targets()) {
    const Estimator* one = &estimator;
    while (const auto* pipeline = dynamic_cast<const Pipeline*>(one)) {
      one = pipeline->taker_of_one_target();
    }
    data.require_one_target(one->name() + " learns one");
  }
}

Candidate candidate_of(const Estimator& estimator, const Dataset& data, SplitPtr split) {
  Candidate candidate{&estimator, std::move(split)};
  candidate.columns = std::make_shared<const Schema>(data.schema());
  return candidate;
}

void require_columns(const Estimator& estimator, const Schema& columns) {
  try {
    estimator.check_columns(columns);
  } catch (const AgreedError&) {
    throw;
  } catch (const Error& e) {
    throw AgreedError(e.exit_code(), e.what());
  }
}

ModelPtr fit(Engine& engine, const Estimator& estimator, const std::shared_ptr<Dataset>& data) {
  estimator.check_params();
  check_target(estimator, *data);
  require_columns(estimator, data->schema());
  Table table;
  table.data = data;
  table.target = estimator.target();
  table.may_miss = estimator.may_miss(&data->schema(), MayMiss::everywhere());
  const Index classes = outcomes_of(engine.comm(), estimator, *data);
  const Candidate one = candidate_of(estimator, *data);
  const std::span<const Candidate> batch(&one, 1);
  engine.set_task(estimator.name(), estimator.cost(data->columns(), classes, batch).passes);
  const Footprint need =
      with_written_out(estimator, *data, estimator.footprint(data->columns(), classes, batch));
  const Footprint ample = with_written_out(
      estimator, *data, estimator.ample_footprint(data->columns(), classes, batch));
  if (ample == need) {
    engine.reserve(table, need);
  } else {
    engine.make_room(table, need, engine.beside_blocks(table, need, ample));
  }
  Trained trained = std::move(estimator.fit_batch(engine, table, batch).front());
  if (trained.failure) throw *trained.failure;
  trained.model->set_columns(data->schema());
  return trained.model;
}

}  // namespace superstep
