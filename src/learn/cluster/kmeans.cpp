// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/cluster/kmeans.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>

#include "learn/cluster/kmeans_model.hpp"
#include "learn/cluster/lloyd.hpp"
#include "learn/cluster/seeding.hpp"

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
  Range range = satisfies("'auto', 'warn' or an int >= 1", [](const Value& v) {
    if (v.is_string()) return v.as_string() == "auto" || v.as_string() == "warn";
    return v.is_int() && v.as_int() >= 1;
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

const ParamTable<KMeansParams>& KMeans::param_table() const {
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

Footprint KMeans::footprint(Index columns, Index, std::span<const Candidate>) const {
  const KMeansParams& p = params();
  const Index k = p.n_clusters;
  const Index one = lloyd_sums(k, columns);
  const Index runs = restarts(p);
  const Index pool = gives_centers(p) ? 0 : CandidatePool::rounds * CandidatePool::per_round(k);
  Footprint need;
  // An entry of a sum takes as much as three values of the copy that each thread makes of the
  // candidates.
  need.sums = std::max({std::clamp(one * runs, one, std::max(one, lloyd_most_sums)),
                        pool * (columns / 3 + 1), 2 * columns + 1});
  need.row_doubles = math::padded(columns) + 2;
  need.replicated = 4 * one * runs + 4 * pool * (columns + 4);
  return need;
}

std::shared_ptr<Model> KMeans::load_fitted(const AttributeReader& in) const {
  FitReport report;
  report.n_iter = in.integer("n_iter_");
  return std::make_shared<KMeansModel>(in.matrix("cluster_centers_"), in.number("inertia_"),
                                       report);
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

/// Trains all candidates; the members are called in this order.
class Training {
 public:
  Training(Engine& engine, const Table& table, std::span<const CandidateOf<KMeansParams>> batch)
      : engine_(engine),
        table_(table),
        batch_(batch),
        sketch_(engine.sketch(table)),
        origin_(sketch_.shift) {}

  void plan_starts();
  /// Counts the rows, finds the variances of the columns and draws the first rows, in one pass.
  void first_pass();
  void draw_candidates();
  void run();
  std::vector<Trained> models() const;

 private:
  std::uint64_t seed(const KMeansParams& p) const {
    return p.random_state ? static_cast<std::uint64_t>(*p.random_state) : engine_.options().seed;
  }
  CandidatePool& pool(const KMeansParams& p) { return pools_.at({seed(p), p.n_clusters}); }
  void check_rows(Index rows) const;
  const LloydRun& best(std::size_t candidate) const;

  Engine& engine_;
  const Table& table_;
  std::span<const CandidateOf<KMeansParams>> batch_;
  Sketch sketch_;
  Origin origin_;
  double mean_variance_ = 0.0;
  std::map<std::pair<std::uint64_t, Index>, CandidatePool> pools_;  ///< by seed and clusters
  std::deque<RandomRows> random_;                                   ///< by candidate and restart
  std::vector<Matrix> given_;                                       ///< by candidate
  std::vector<LloydRun> runs_;                                      ///< by candidate and restart
  std::vector<std::size_t> first_run_;
};

void Training::plan_starts() {
  for (const auto& c : batch_) {
    const KMeansParams& p = c.params;
    const Index k = p.n_clusters;
    if (gives_centers(p)) {
      given_.push_back(given_centers(p, table_, origin_));
    } else if (begins_at_random(p)) {
      for (Index r = 0; r < restarts(p); ++r) random_.emplace_back(seed(p), r, k, table_.columns());
    } else {
      pools_.try_emplace({seed(p), k}, seed(p), k, table_.columns());
    }
  }
}

void Training::first_pass() {
  const Index d = table_.columns();
  SumShape shape;
  std::vector<int> exponents, squares;
  for (const int e : sketch_.spread_exponents) {
    exponents.push_back(e + sketch_.rows_exponent);
    squares.push_back(2 * e + sketch_.rows_exponent);
  }
  const Index sums_run = shape.add(exponents);
  const Index squares_run = shape.add(squares);
  const Index count_run = shape.add(1, sketch_.rows_exponent);
  const auto map = [&](const Block& block, Partial& partial, Workspace& workspace) {
    origin_.panels(block, workspace, [&](const RowPanel& panel) {
      // As in scikit-learn variances know no weights, except that rows of weight zero are absent.
      double* present = nullptr;
      if (panel.weight != nullptr) {
        present = workspace.doubles(distance_slot, panel.x.rows);
        for (Index i = 0; i < panel.x.rows; ++i) present[i] = panel.weight[i] > 0.0 ? 1.0 : 0.0;
      }
      math::class_moments_add(panel.x, nullptr, present, nullptr,
                              {{partial[sums_run].data(), 1, d},
                               {partial[squares_run].data(), 1, d},
                               partial[count_run].data()});
      for (auto& [key, pool] : pools_) pool.look(panel, workspace);
      for (RandomRows& rows : random_) rows.look(panel);
    });
  };
  const Totals totals = engine_.superstep(table_, shape, map);
  const double rows = totals.value(count_run);
  check_rows(static_cast<Index>(rows));
  for (Index c = 0; c < d; ++c) {
    const double mean = totals[sums_run][static_cast<std::size_t>(c)] / rows;
    const double square = totals[squares_run][static_cast<std::size_t>(c)] / rows;
    mean_variance_ += std::max(square - mean * mean, 0.0) / static_cast<double>(d);
  }
}

void Training::check_rows(Index rows) const {
  for (const auto& c : batch_) {
    const KMeansParams& p = c.params;
    if (rows >= p.n_clusters) continue;
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: n_samples={} should be >= n_clusters={}.{} Use a smaller n_clusters, or "
                    "more rows",
                    table_.data->x_name(), rows, p.n_clusters,
                    rows < table_.rows() ? " Rows of weight zero do not count." : ""));
  }
}

void Training::draw_candidates() {
  for (auto& [key, pool] : pools_) pool.end_round(engine_.comm());
  for (;;) {
    std::vector<CandidatePool*> open;
    for (auto& [key, pool] : pools_) {
      if (pool.wants_round()) open.push_back(&pool);
    }
    if (open.empty()) break;
    engine_.rows(
        table_, 0,
        [&](const Block& block, double*, Workspace& workspace) {
          origin_.panels(block, workspace, [&](const RowPanel& panel) {
            for (CandidatePool* pool : open) pool->look(panel, workspace);
          });
        },
        [](Index, Index, const double*) {});
    for (CandidatePool* pool : open) pool->end_round(engine_.comm());
  }
  if (pools_.empty()) return;

  SumShape shape;
  for (const auto& [key, pool] : pools_) {
    shape.add(pool.size(), sketch_.rows_exponent + sketch_.weight_exponent);
  }
  const Totals weights = engine_.superstep(
      table_, shape, [&](const Block& block, Partial& partial, Workspace& workspace) {
        origin_.panels(block, workspace, [&](const RowPanel& panel) {
          Index run = 0;
          for (const auto& [key, pool] : pools_)
            pool.count(panel, workspace, partial[run++].data());
        });
      });
  Index run = 0;
  for (auto& [key, pool] : pools_) pool.set_weights(weights[run++]);
}

void Training::run() {
  auto given = given_.begin();
  auto random = random_.begin();
  for (const auto& c : batch_) {
    const KMeansParams& p = c.params;
    first_run_.push_back(runs_.size());
    for (Index r = 0; r < restarts(p); ++r) {
      LloydRun run;
      run.tolerance = p.tol * mean_variance_;
      run.max_iter = p.max_iter;
      if (gives_centers(p)) {
        run.centers = std::move(*given++);
      } else if (begins_at_random(p)) {
        run.centers = (random++)->centers(engine_.comm());
      } else {
        run.centers = pool(p).centers(r);
      }
      runs_.push_back(std::move(run));
    }
  }
  lloyd(engine_, table_, origin_, sketch_, runs_);
}

/// The restart with the least inertia, the first of equal ones.
const LloydRun& Training::best(std::size_t candidate) const {
  const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(first_run_[candidate]);
  return *std::ranges::min_element(begin, begin + restarts(batch_[candidate].params), {},
                                   &LloydRun::inertia);
}

std::vector<Trained> Training::models() const {
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const LloydRun& run = best(i);
    FitReport report;
    report.n_iter = run.n_iter;
    report.converged = run.converged;
    if (!run.converged) {
      report.warnings.push_back(
          fmt::format("KMeans stopped at max_iter={} before it converged; raise max_iter, "
                      "or tol",
                      batch_[i].params.max_iter));
    }
    if (run.filled < run.centers.rows()) {
      report.warnings.push_back(
          fmt::format("Number of distinct clusters ({}) found smaller than n_clusters ({}). "
                      "Possibly due to duplicate points in X; use a smaller n_clusters",
                      run.filled, run.centers.rows()));
    }
    Matrix centers = run.centers;
    for (Index j = 0; j < centers.rows(); ++j) {
      for (Index c = 0; c < centers.cols(); ++c) centers(j, c) += origin_[c];
    }
    models.push_back(
        std::make_shared<KMeansModel>(std::move(centers), run.inertia, std::move(report)));
  }
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
