// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/cluster/kmeans.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>

#include "learn/cluster/kmeans_model.hpp"
#include "learn/cluster/lloyd.hpp"
#include "learn/cluster/seeding.hpp"
#include "learn/cluster/training_rows.hpp"

namespace superstep {

// ---- parameters --------------------------------------------------------------------------------

namespace {

bool is_row(const Value& value) {
  return value.is_sequence() && std::ranges::all_of(value.items(), [](const Value& v) {
           return v.is_number() && std::isfinite(v.as_double());
         });
}

bool are_centers(const Value& value) {
  if (!value.is_sequence() || value.items().empty()) return false;
  return std::ranges::all_of(value.items(), [&](const Value& row) {
    return is_row(row) && row.items().size() == value.items().front().items().size();
  });
}

Range init_range() {
  const std::vector<std::string> names = {"k-means++", "k-means||", "random"};
  Range range = satisfies(
      "'k-means++', 'k-means||', 'random' or a list with a list of numbers for each centre",
      [=](const Value& v) {
        if (!v.is_string()) return are_centers(v);
        return std::ranges::find(names, v.as_string()) != names.end();
      });
  range.names = names;
  return range;
}

Range n_init_range() {
  Range range = satisfies("'auto', 'warn' or an int from 1 to 10000", [](const Value& v) {
    if (v.is_string()) return v.as_string() == "auto" || v.as_string() == "warn";
    return v.is_int() && v.as_int() >= 1 && v.as_int() <= 10'000;
  });
  range.names = {"auto", "warn"};
  return range;
}

bool gives_centers(const KMeansParams& p) { return !p.init.is_string(); }
bool begins_at_random(const KMeansParams& p) {
  return p.init.is_string() && p.init.as_string() == "random";
}

/// How often Lloyd's algorithm is run.
Index restarts(const KMeansParams& p) {
  if (gives_centers(p)) return 1;
  if (p.n_init.is_int()) return static_cast<Index>(p.n_init.as_int());
  return p.n_init.as_string() == "auto" && !begins_at_random(p) ? 1 : 10;
}

}  // namespace

const ParamTable<KMeansParams>& KMeans::param_table() {
  static const auto table =
      ParamTable<KMeansParams>(
          "KMeans",
          "K-means clustering by Lloyd's algorithm; all restarts share their passes. "
          "The model keeps no labels_: predict gives the cluster of every row, "
          "transform its distances to the centres.")
          .add("n_clusters", &KMeansParams::n_clusters, at_least(1), "number of clusters")
          .add("init", &KMeansParams::init, init_range(),
               "where the centres begin: rows chosen far from each other ('k-means++' and "
               "'k-means||' are one: "
               "candidates drawn by k-means||, of which weighted k-means++ chooses), random rows, "
               "or the centres given")
          .add("n_init", &KMeansParams::n_init, n_init_range(),
               "how often to begin anew; the run with the least inertia is kept. 'warn': 10; "
               "'auto': "
               "10 for 'random', else 1. Given centres are used once")
          .add("max_iter", &KMeansParams::max_iter, at_least(1), "most iterations of a run")
          .add("tol", &KMeansParams::tol, at_least(0.0),
               "a run has converged when the squared step of all centres is at most tol times the "
               "mean "
               "variance of the columns")
          .add("random_state", &KMeansParams::random_state, at_least(0),
               "seed of the random choices; None: that of --seed")
          .refuse("verbose", {0, false}, "progress is shown for every estimator alike")
          .refuse("copy_x", {true, false}, "the data are never changed")
          .refuse("algorithm", {"lloyd", "elkan", "auto", "full"},
                  "all of them give the same model; Lloyd's steps are what is computed")
          .positional(1);
  return table;
}

Footprint KMeans::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  std::set<const Split*> sets;
  std::set<std::tuple<const Split*, std::optional<Index>, Index>> pools;
  Index most = 0;  // sums of the largest run
  Index all = 0;
  Index picked = 0;
  for (const Candidate& c : batch) {
    const KMeansParams& p = dynamic_cast<const KMeans&>(*c.estimator).params();
    const Index one = lloyd_sums(p.n_clusters, columns);
    most = std::max(most, one);
    all += one * restarts(p);
    sets.insert(c.split.get());
    if (begins_at_random(p)) {
      picked += restarts(p) * p.n_clusters;
    } else if (!gives_centers(p)) {
      pools.insert({c.split.get(), p.random_state, CandidatePool::capacity_for(p.n_clusters)});
    }
  }
  Index pooled = 0;
  for (const auto& [split, seed, capacity] : pools) {
    pooled += CandidatePool::rounds * CandidatePool::per_round(capacity);
  }
  Footprint need;
  need.sums = std::max({std::min(all, std::max(most, lloyd_most_sums)), pooled,
                        static_cast<Index>(sets.size()) * (2 * columns + 1)});
  // A row's number in its fold and its cell take one double.
  need.row_doubles = 2 * math::padded(columns) + 4;
  need.replicated = 6 * need.sums + 2 * all + 5 * (pooled + picked) * (columns + 4);
  return need;
}

TrainingCost KMeans::cost(Index columns, Index, std::span<const Candidate> batch) const {
  constexpr Index usual_steps = 20;
  TrainingCost cost;
  Index centers = 0, most_steps = 0;
  for (const Candidate& c : batch) {
    const KMeansParams& p = dynamic_cast<const KMeans&>(*c.estimator).params();
    centers += p.n_clusters * restarts(p);
    most_steps = std::max(most_steps, p.max_iter);
  }
  const Index seeding = CandidatePool::rounds + 1;
  cost.passes = seeding + std::min(usual_steps, most_steps) + 1;
  cost.most_passes = seeding + most_steps + 1;
  cost.flops_per_row = 2.0 * static_cast<double>(columns * centers);
  return cost;
}

std::shared_ptr<Model> KMeans::load_fitted(const AttributeReader& in) const {
  return KMeansModel::read(in, params().n_clusters);
}

// ---- training ----------------------------------------------------------------------------------

namespace {

Matrix given_centers(const KMeansParams& p, const Table& table, const Origin& origin) {
  const Value::Items& rows = p.init.items();
  const auto k = static_cast<Index>(rows.size());
  const auto columns = static_cast<Index>(rows.front().items().size());
  const auto refuse = [&](const std::string& what) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("KMeans: The shape of the initial centers ({}, {}) does not "
                                  "match the number of {}; give a list of n_clusters "
                                  "rows with one number for each column",
                                  k, columns, what));
  };
  if (k != p.n_clusters) refuse(fmt::format("clusters {}", p.n_clusters));
  if (columns != table.columns()) refuse(fmt::format("features of the data {}", table.columns()));
  Matrix centers(k, columns);
  for (Index j = 0; j < k; ++j) {
    const Value::Items& row = rows[static_cast<std::size_t>(j)].items();
    for (Index c = 0; c < columns; ++c) {
      centers(j, c) = row[static_cast<std::size_t>(c)].as_double() - origin[c];
    }
  }
  return centers;
}

/// Where the runs of a candidate stood when its fit ended.
struct KMeansState : StageState {
  explicit KMeansState(std::vector<LloydRun> runs_) : runs(std::move(runs_)) {}
  std::vector<LloydRun> runs;
};

/// Trains all candidates; the members are called in this order.
class Training {
 public:
  Training(Engine& engine, const Table& table, std::span<const CandidateOf<KMeansParams>> batch)
      : engine_(engine),
        table_(table),
        batch_(batch),
        plans_(batch.size()),
        sketch_(engine.sketch(table)),
        origin_(sketch_.shift) {}

  void plan_starts();
  /// Counts the rows, finds the variances of the columns and draws the first rows, in one pass.
  void first_pass();
  void draw_candidates();
  void run();
  std::vector<Trained> models() const;

 private:
  /// What candidates with the same set of training rows share.
  struct OfSet {
    double rows = 0.0;  ///< that count
    double mean_variance = 0.0;
  };
  /// Set of training rows, seed, capacity: candidates that agree in these share a pool.
  using PoolKey = std::tuple<Index, std::uint64_t, Index>;
  /// Set of training rows, seed, restart.
  using DrawKey = std::tuple<Index, std::uint64_t, Index>;
  struct Plan {
    Index set = 0;
    Matrix given{};
    std::size_t first_run = 0;
    const KMeansState* earlier = nullptr;  ///< goes on from there
    std::shared_ptr<const AgreedError> failure{};
    std::shared_ptr<const MetricStatistics> held_out{};
  };

  std::uint64_t seed(const KMeansParams& p) const {
    return p.random_state ? static_cast<std::uint64_t>(*p.random_state) : engine_.options().seed;
  }
  PoolKey pool_key(std::size_t candidate) const {
    const KMeansParams& p = batch_[candidate].params;
    return {plans_[candidate].set, seed(p), CandidatePool::capacity_for(p.n_clusters)};
  }
  DrawKey draw_key(std::size_t candidate, Index restart) const {
    return {plans_[candidate].set, seed(batch_[candidate].params), restart};
  }
  bool draws_from_pool(std::size_t candidate) const {
    const KMeansParams& p = batch_[candidate].params;
    const Plan& plan = plans_[candidate];
    return !plan.failure && plan.earlier == nullptr && !gives_centers(p) && !begins_at_random(p);
  }
  void declare(SumShape& shape) const;
  void take(const Totals& totals);
  void check_rows(std::size_t candidate);
  void drop_pools_of_failures();
  void weigh_candidates();
  void fill_starts_from_pools();
  std::span<const LloydRun> runs_of(std::size_t candidate) const;
  void judge_beside(const std::function<void()>& look);
  std::shared_ptr<KMeansModel> model_of(const LloydRun& run, FitReport report) const;
  Trained model(std::size_t candidate) const;

  Engine& engine_;
  const Table& table_;
  std::span<const CandidateOf<KMeansParams>> batch_;
  std::vector<Plan> plans_;
  Sketch sketch_;
  Origin origin_;
  TrainingRows rows_;
  std::vector<OfSet> sets_;
  std::map<PoolKey, CandidatePool> pools_;
  std::map<DrawKey, RandomRows> draws_;
  std::vector<LloydRun> runs_;  ///< by candidate and restart
};

void Training::plan_starts() {
  std::map<DrawKey, Index> most;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const KMeansParams& p = batch_[i].params;
    Plan& plan = plans_[i];
    plan.set = rows_.number_of(batch_[i].split);
    plan.earlier = dynamic_cast<const KMeansState*>(batch_[i].resume.get());
    if (plan.earlier != nullptr) continue;
    if (gives_centers(p)) {
      try {
        plan.given = given_centers(p, table_, origin_);
      } catch (const AgreedError& e) {
        plan.failure = std::make_shared<AgreedError>(e);
      }
    } else if (begins_at_random(p)) {
      for (Index r = 0; r < restarts(p); ++r) {
        Index& clusters = most[draw_key(i, r)];
        clusters = std::max(clusters, p.n_clusters);
      }
    } else {
      const PoolKey key = pool_key(i);
      pools_.try_emplace(key, std::get<1>(key), std::get<2>(key), table_.columns());
    }
  }
  for (const auto& [key, clusters] : most) {
    draws_.try_emplace(key, std::get<1>(key), std::get<2>(key), clusters, table_.columns());
  }
}

// Of each set: sums of the columns, of their squares, and the number of rows.
void Training::declare(SumShape& shape) const {
  std::vector<int> exponents, squares;
  for (const int e : sketch_.spread_exponents) {
    exponents.push_back(e + sketch_.rows_exponent);
    squares.push_back(2 * e + sketch_.rows_exponent);
  }
  for (Index set = 0; set < rows_.size(); ++set) {
    shape.add(exponents);
    shape.add(squares);
    shape.add(1, sketch_.rows_exponent);
  }
}

void Training::first_pass() {
  const auto begins = [](const Plan& plan) { return plan.earlier == nullptr; };
  if (std::ranges::none_of(plans_, begins)) return;
  const Index d = table_.columns();
  SumShape shape;
  declare(shape);
  const auto look = [&](Index set, const RowPanel& panel, Partial& partial, Workspace& workspace) {
    // As in scikit-learn variances know no weights, except that rows of weight zero are absent.
    double* present = nullptr;
    if (panel.weight != nullptr) {
      present = workspace.doubles(distance_slot, panel.x.rows);
      for (Index i = 0; i < panel.x.rows; ++i) present[i] = panel.weight[i] > 0.0 ? 1.0 : 0.0;
    }
    const Index run = 3 * set;
    math::class_moments_add(
        panel.x, nullptr, present, nullptr,
        {{partial[run].data(), 1, d}, {partial[run + 1].data(), 1, d}, partial[run + 2].data()});
    for (auto& [key, pool] : pools_) {
      if (std::get<0>(key) == set) pool.look(panel, workspace);
    }
    for (auto& [key, draw] : draws_) {
      if (std::get<0>(key) == set) draw.look(panel);
    }
  };
  const auto map = [&](const Block& block, Partial& partial, Workspace& workspace) {
    rows_.panels(
        origin_, block, workspace, [](Index) { return true; },
        [&](Index set, const RowPanel& panel) { look(set, panel, partial, workspace); });
  };
  RowPicks picks;
  for (auto& [key, pool] : pools_) picks.add(pool.pick());
  for (auto& [key, draw] : draws_) picks.add(draw.pick());
  const auto [totals, exchanged] = engine_.superstep(table_, shape, map, picks);
  take(totals);
  auto rows = RowPicks::rows(exchanged);
  auto next = rows.begin();
  for (auto& [key, pool] : pools_) pool.end_round(*next++);
  for (auto& [key, draw] : draws_) draw.end(std::move(*next++));
  for (std::size_t i = 0; i < batch_.size(); ++i) check_rows(i);
  drop_pools_of_failures();
}

void Training::take(const Totals& totals) {
  const auto d = static_cast<std::size_t>(table_.columns());
  for (Index set = 0; set < rows_.size(); ++set) {
    OfSet of{totals.value(3 * set + 2), 0.0};
    for (std::size_t c = 0; c < d && of.rows > 0.0; ++c) {
      const double mean = totals[3 * set][c] / of.rows;
      const double square = totals[3 * set + 1][c] / of.rows;
      of.mean_variance += std::max(square - mean * mean, 0.0) / static_cast<double>(d);
    }
    sets_.push_back(of);
  }
}

void Training::check_rows(std::size_t candidate) {
  const KMeansParams& p = batch_[candidate].params;
  Plan& plan = plans_[candidate];
  const auto rows = static_cast<Index>(sets_[static_cast<std::size_t>(plan.set)].rows);
  if (plan.failure || rows >= p.n_clusters) return;
  const SplitPtr& split = rows_.split(plan.set);
  const Index of = split ? split->train_rows : table_.rows();
  plan.failure = std::make_shared<AgreedError>(
      ExitCode::bad_data,
      fmt::format("{}: n_samples={} should be >= n_clusters={}.{} Use a smaller n_clusters, or "
                  "more rows",
                  table_.data->x_name(), rows, p.n_clusters,
                  rows < of ? " Rows of weight zero do not count." : ""));
}

void Training::drop_pools_of_failures() {
  std::set<PoolKey> wanted;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (draws_from_pool(i)) wanted.insert(pool_key(i));
  }
  std::erase_if(pools_, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

void Training::draw_candidates() {
  for (;;) {
    std::vector<std::vector<CandidatePool*>> open(static_cast<std::size_t>(rows_.size()));
    bool any = false;
    for (auto& [key, pool] : pools_) {
      if (!pool.wants_round()) continue;
      open[static_cast<std::size_t>(std::get<0>(key))].push_back(&pool);
      any = true;
    }
    if (!any) break;
    const auto of = [&](Index set) -> const std::vector<CandidatePool*>& {
      return open[static_cast<std::size_t>(set)];
    };
    RowPicks picks;
    for (const auto& pools : open) {
      for (CandidatePool* pool : pools) picks.add(pool->pick());
    }
    const std::vector<std::byte> exchanged = engine_.look(
        table_,
        [&](const Block& block, Workspace& workspace) {
          rows_.panels(
              origin_, block, workspace, [&](Index set) { return !of(set).empty(); },
              [&](Index set, const RowPanel& panel) {
                for (CandidatePool* pool : of(set)) pool->look(panel, workspace);
              });
        },
        picks);
    const auto rows = RowPicks::rows(exchanged);
    auto next = rows.begin();
    for (const auto& pools : open) {
      for (CandidatePool* pool : pools) pool->end_round(*next++);
    }
  }
  if (!pools_.empty()) weigh_candidates();
}

void Training::weigh_candidates() {
  SumShape shape;
  std::set<Index> sets;
  for (const auto& [key, pool] : pools_) {
    shape.add(pool.size(), sketch_.rows_exponent + sketch_.weight_exponent);
    sets.insert(std::get<0>(key));
  }
  const Totals weights = engine_.superstep(
      table_, shape, [&](const Block& block, Partial& partial, Workspace& workspace) {
        rows_.panels(
            origin_, block, workspace, [&](Index set) { return sets.contains(set); },
            [&](Index set, const RowPanel& panel) {
              Index run = 0;
              for (const auto& [key, pool] : pools_) {
                if (std::get<0>(key) == set) pool.count(panel, workspace, partial[run].data());
                ++run;
              }
            });
      });
  Index run = 0;
  for (auto& [key, pool] : pools_) pool.set_weights(weights[run++]);
}

void Training::run() {
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const KMeansParams& p = batch_[i].params;
    Plan& plan = plans_[i];
    plan.first_run = runs_.size();
    if (plan.failure) continue;
    for (Index r = 0; r < restarts(p); ++r) {
      if (plan.earlier != nullptr) {
        LloydRun& run = runs_.emplace_back(plan.earlier->runs[static_cast<std::size_t>(r)]);
        run.set = plan.set;
        run.max_iter = p.max_iter;
        continue;
      }
      LloydRun run;
      run.set = plan.set;
      run.tolerance = p.tol * sets_[static_cast<std::size_t>(plan.set)].mean_variance;
      run.max_iter = p.max_iter;
      if (gives_centers(p)) {
        run.centers = plan.given;
      } else if (begins_at_random(p)) {
        run.centers = draws_.at(draw_key(i, r)).centers(p.n_clusters);
      }
      runs_.push_back(std::move(run));
    }
  }
  fill_starts_from_pools();
  const bool is_one_run = std::ranges::all_of(
      batch_, [](const auto& candidate) { return restarts(candidate.params) == 1; });
  LookAtTheEnd last_look;
  if (is_one_run && judge_for(batch_) != nullptr) {
    last_look = [this](const std::function<void()>& look) { judge_beside(look); };
  }
  lloyd(engine_, table_, rows_, origin_, sketch_, runs_, last_look);
}

/// The centres are those of the models; only what training tells of them is wanted still.
void Training::judge_beside(const std::function<void()>& look) {
  const HeldOutJudge& judge = *judge_for(batch_);
  if (!judge.has_room(engine_, table_)) return look();
  std::vector<HeldOutJudge::Subject> subjects;
  std::vector<Plan*> plans;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (plans_[i].failure) continue;
    const LloydRun& run = runs_of(i).front();
    subjects.push_back({batch_[i].judge->whole(model_of(run, {})), batch_[i].split});
    plans.push_back(&plans_[i]);
  }
  judge.judge_beside(engine_, look, subjects);
  for (std::size_t i = 0; i < plans.size(); ++i) plans[i]->held_out = subjects[i].statistics;
}

// Choosing from a pool is replicated mathematics, but for hundreds of runs it takes longer than a
// pass: every rank chooses for some of the runs.
void Training::fill_starts_from_pools() {
  const Communicator& comm = engine_.comm();
  const Index d = table_.columns();
  std::vector<double> mine;
  std::vector<std::size_t> runs;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (!draws_from_pool(i)) continue;
    const KMeansParams& p = batch_[i].params;
    for (Index r = 0; r < restarts(p); ++r) {
      const bool is_mine = runs.size() % static_cast<std::size_t>(comm.size()) ==
                           static_cast<std::size_t>(comm.rank());
      const std::size_t run = plans_[i].first_run + static_cast<std::size_t>(r);
      runs.push_back(run);
      runs_[run].centers.resize(p.n_clusters, d);
      if (!is_mine) continue;
      const Matrix centers = pools_.at(pool_key(i)).centers(p.n_clusters, r);
      mine.insert(mine.end(), centers.data(), centers.data() + centers.size());
      comm.answer();
    }
  }
  const auto all = comm.gather_all(std::as_bytes(std::span(mine)));
  std::vector<std::size_t> taken(all.size(), 0);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t rank = i % all.size();
    Matrix& centers = runs_[runs[i]].centers;
    const std::size_t bytes = static_cast<std::size_t>(centers.size()) * sizeof(double);
    std::memcpy(centers.data(), all[rank].data() + taken[rank], bytes);
    taken[rank] += bytes;
  }
}

std::span<const LloydRun> Training::runs_of(std::size_t candidate) const {
  return std::span(runs_).subspan(plans_[candidate].first_run,
                                  static_cast<std::size_t>(restarts(batch_[candidate].params)));
}

Trained Training::model(std::size_t candidate) const {
  if (plans_[candidate].failure) {
    Trained failed;
    failed.failure = plans_[candidate].failure;
    return failed;
  }
  const std::span<const LloydRun> runs = runs_of(candidate);
  // The restart with the least inertia, the first of equal ones.
  const LloydRun& run = *std::ranges::min_element(runs, {}, &LloydRun::inertia);
  FitReport report;
  report.n_iter = run.n_iter;
  report.converged = run.converged;
  if (!run.converged) {
    report.warnings.push_back(
        fmt::format("KMeans stopped at max_iter={} before it converged; raise max_iter, or tol",
                    batch_[candidate].params.max_iter));
  }
  if (run.filled < run.centers.rows()) {
    report.warnings.push_back(
        fmt::format("Number of distinct clusters ({}) found smaller than n_clusters ({}). "
                    "Possibly due to duplicate points in X; use a smaller n_clusters",
                    run.filled, run.centers.rows()));
  }
  Trained trained = model_of(run, std::move(report));
  trained.tell_all(plans_[candidate].held_out);
  trained.state = std::make_shared<KMeansState>(std::vector<LloydRun>(runs.begin(), runs.end()));
  return trained;
}

std::shared_ptr<KMeansModel> Training::model_of(const LloydRun& run, FitReport report) const {
  Matrix centers = run.centers;
  for (Index j = 0; j < centers.rows(); ++j) {
    for (Index c = 0; c < centers.cols(); ++c) centers(j, c) += origin_[c];
  }
  return std::make_shared<KMeansModel>(std::move(centers), run.inertia, std::move(report));
}

std::vector<Trained> Training::models() const {
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch_.size(); ++i) models.push_back(model(i));
  return models;
}

}  // namespace

std::vector<Trained> KMeans::train(Engine& engine, const Table& table, Batch batch) const {
  Training training(engine, table, batch);
  training.plan_starts();
  training.first_pass();
  training.draw_candidates();
  training.run();
  return training.models();
}

}  // namespace superstep
