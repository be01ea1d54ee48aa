// SPDX-License-Identifier: BSD-3-Clause
#include "learn/cluster/lloyd.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <superstep/engine/kept.hpp>
#include <superstep/math/assignment.hpp>
#include <superstep/math/distances.hpp>

#include "learn/cluster/row_pick.hpp"

namespace superstep {

namespace {

/// A run that takes part in the passes.
class ActiveRun {
 public:
  ActiveRun(LloydRun& run, const Sketch& sketch);

  bool is(const LloydRun& run) const { return &run_ == &run; }
  Index set() const { return run_.set; }
  Index clusters() const { return run_.centers.rows(); }
  Index columns() const { return run_.centers.cols(); }
  Index stride() const { return math::padded(columns()); }

  void declare(SumShape& shape);
  /// Adds a panel's rows to the sums of the centres nearest to them.
  void add(const RowPanel& panel, Workspace& workspace, Partial& partial) const;
  void take(const Totals& totals, const SumShape& shape);

  /// Empty clusters for which there is a row that lies beside its centre.
  std::vector<Index> to_relocate() const;
  /// Offers a panel's rows, the farthest from their centres first.
  void offer(const RowPanel& panel, Workspace& workspace, RowPick& pick) const;
  /// Gives each empty cluster one of the rows.
  void relocate(const std::vector<Index>& empty, const std::vector<RowPick::Row>& farthest);

  /// Moves the centres; returns whether the run is finished.
  bool move();

 private:
  math::ConstPanel centers() const { return {padded_.data(), clusters(), columns(), stride()}; }
  void expect(const Sketch& sketch);
  void prepare();

  LloydRun& run_;
  Matrix padded_;  ///< the centres, each followed by zeros
  math::PackedCenters packed_;
  bool is_last_look_;           ///< the centres stand; only their inertia is wanted
  std::vector<int> exponents_;  ///< of sums, weights and inertia
  Index sums_run_ = 0;
  Index weights_run_ = 0;
  Index inertia_run_ = 0;
  Matrix sums_;  ///< padded
  Vector weights_;
  double inertia_ = 0.0;
};

ActiveRun::ActiveRun(LloydRun& run, const Sketch& sketch)
    : run_(run), is_last_look_(run.is_done()), exponents_(run.exponents) {
  if (exponents_.empty()) expect(sketch);
  prepare();
}

void ActiveRun::expect(const Sketch& sketch) {
  const int of_rows = sketch.rows_exponent + sketch.weight_exponent;
  for (Index j = 0; j < clusters(); ++j) {
    for (const int spread : sketch.spread_exponents) exponents_.push_back(spread + of_rows);
    for (Index c = columns(); c < stride(); ++c) exponents_.push_back(exponent_above(0.0));
  }
  exponents_.insert(exponents_.end(), static_cast<std::size_t>(clusters()), of_rows);
  // Rows and centres lie within the spread of each column, the first centres perhaps beyond.
  double farthest = 0.0;
  for (Index c = 0; c < columns(); ++c) {
    const double spread = std::ldexp(1.0, sketch.spread_exponents[static_cast<std::size_t>(c)]);
    double reach = spread;
    for (Index j = 0; j < clusters(); ++j) reach = std::max(reach, std::fabs(run_.centers(j, c)));
    farthest += (reach + spread) * (reach + spread);
  }
  exponents_.push_back(exponent_above(farthest) + of_rows);
}

void ActiveRun::prepare() {
  padded_ = Matrix::Zero(clusters(), stride());
  padded_.leftCols(columns()) = run_.centers;
  packed_ = math::PackedCenters(run_.centers);
}

void ActiveRun::declare(SumShape& shape) {
  const std::span<const int> all(exponents_);
  const auto k = static_cast<std::size_t>(clusters());
  sums_run_ = shape.add(all.first(all.size() - k - 1));
  weights_run_ = shape.add(all.subspan(all.size() - k - 1, k));
  inertia_run_ = shape.add(all.last(1));
}

void ActiveRun::add(const RowPanel& panel, Workspace& workspace, Partial& partial) const {
  std::int32_t* index = workspace.integers(nearest_slot, panel.x.rows);
  math::nearest(panel.lanes, packed_, index, nullptr);
  partial[inertia_run_][0] += math::add_assigned(
      {panel.x.data, panel.x.rows, stride()}, index, panel.weight,
      {padded_.data(), clusters(), stride()},
      {{partial[sums_run_].data(), clusters(), stride()}, partial[weights_run_].data()});
}

void ActiveRun::take(const Totals& totals, const SumShape& shape) {
  sums_ = MatrixView(totals[sums_run_].data(), clusters(), stride());
  weights_ = VectorView(totals[weights_run_].data(), clusters());
  inertia_ = totals.value(inertia_run_);
  // What was learnt of the bounds is kept: the next shape may be composed of other runs.
  const auto begin = static_cast<std::size_t>(shape.run(sums_run_).entry_begin);
  for (std::size_t i = 0; i < exponents_.size(); ++i) exponents_[i] = shape.exponents()[begin + i];
}

// ---- empty clusters ----------------------------------------------------------------------------

std::vector<Index> ActiveRun::to_relocate() const {
  std::vector<Index> empty;
  // Where every row lies on its centre there are fewer different rows than clusters.
  if (is_last_look_ || inertia_ == 0.0) return empty;
  for (Index j = 0; j < clusters(); ++j) {
    if (weights_[j] == 0.0) empty.push_back(j);
  }
  return empty;
}

void ActiveRun::offer(const RowPanel& panel, Workspace& workspace, RowPick& pick) const {
  const Index rows = panel.x.rows;
  std::int32_t* index = workspace.integers(nearest_slot, rows);
  double* distance = workspace.doubles(distance_slot, rows);
  math::nearest(panel.lanes, packed_, index, nullptr);
  math::squared_distances(panel.x, centers(), index, distance);
  std::vector<double> values(static_cast<std::size_t>(columns()) + 2);
  for (Index i = 0; i < rows; ++i) {
    if (-distance[i] > pick.limit() || panel.weight_of(i) == 0.0) continue;
    values[0] = static_cast<double>(index[i]);
    values[1] = panel.weight_of(i);
    std::copy_n(panel.x.row(i), columns(), values.begin() + 2);
    pick.offer(-distance[i], panel.row(i), values);
  }
}

void ActiveRun::relocate(const std::vector<Index>& empty,
                         const std::vector<RowPick::Row>& farthest) {
  for (std::size_t i = 0; i < std::min(empty.size(), farthest.size()); ++i) {
    const std::vector<double>& values = farthest[i].values;
    const auto from = static_cast<Index>(values[0]);
    const double weight = values[1];
    for (Index c = 0; c < columns(); ++c) {
      const double x = weight * values[static_cast<std::size_t>(c) + 2];
      sums_(from, c) -= x;
      sums_(empty[i], c) = x;
    }
    // A rest of rounding is no cluster.
    const double rest = weights_[from] - weight;
    weights_[from] = rest > 1e-9 * weight ? rest : 0.0;
    weights_[empty[i]] = weight;
  }
}

// ---- the step ----------------------------------------------------------------------------------

bool ActiveRun::move() {
  bool finished = is_last_look_;
  if (!is_last_look_) {
    ++run_.n_iter;
    double shift = 0.0;
    bool stands = true;
    for (Index j = 0; j < clusters(); ++j) {
      // A cluster that lost its only row to an empty one stays where it was.
      if (!(weights_[j] > 0.0)) continue;
      for (Index c = 0; c < columns(); ++c) {
        const double to = sums_(j, c) / weights_[j];
        const double by = to - run_.centers(j, c);
        shift += by * by;
        stands = stands && by == 0.0;
        run_.centers(j, c) = to;
      }
    }
    // The sums are exact: as soon as no label changes, no bit of a centre does, and the sums just
    // taken are those of the final centres.
    run_.converged = shift <= run_.tolerance;
    finished = stands;
    is_last_look_ = run_.converged || run_.n_iter == run_.max_iter;
    prepare();
  }
  run_.exponents = exponents_;
  run_.inertia = inertia_;
  run_.filled = (weights_.array() > 0.0).count();
  return finished;
}

/// The runs of each set of rows.
class RunsBySet {
 public:
  explicit RunsBySet(Index sets) : runs_(static_cast<std::size_t>(sets)) {}
  void add(ActiveRun* run) { runs_[static_cast<std::size_t>(run->set())].push_back(run); }
  const std::vector<ActiveRun*>& of(Index set) const {
    return runs_[static_cast<std::size_t>(set)];
  }

 private:
  std::vector<std::vector<ActiveRun*>> runs_;
};

/// What the passes look at.
struct Rows {
  Engine& engine;
  const Table& table;
  const TrainingRows& training;
  const Origin& origin;
};

/// The runs whose empty clusters ask for rows get them, all from one pass.
void relocate(const Rows& rows, const std::vector<std::unique_ptr<ActiveRun>>& runs) {
  struct Request {
    ActiveRun* run;
    std::vector<Index> empty;
    std::unique_ptr<RowPick> pick;
  };
  std::vector<std::vector<Request>> requests(static_cast<std::size_t>(rows.training.size()));
  bool any = false;
  for (const auto& run : runs) {
    std::vector<Index> empty = run->to_relocate();
    if (empty.empty()) continue;
    any = true;
    auto pick = std::make_unique<RowPick>(static_cast<Index>(empty.size()), run->columns() + 2);
    requests[static_cast<std::size_t>(run->set())].push_back(
        {run.get(), std::move(empty), std::move(pick)});
  }
  if (!any) return;
  const auto of = [&](Index set) -> const std::vector<Request>& {
    return requests[static_cast<std::size_t>(set)];
  };
  RowPicks picks;
  for (const auto& some : requests) {
    for (const Request& r : some) picks.add(*r.pick);
  }
  const std::vector<std::byte> exchanged = rows.engine.look(
      rows.table,
      [&](const Block& block, Workspace& workspace) {
        rows.training.panels(
            rows.origin, block, workspace, [&](Index set) { return !of(set).empty(); },
            [&](Index set, const RowPanel& panel) {
              for (const Request& r : of(set)) r.run->offer(panel, workspace, *r.pick);
            });
      },
      picks);
  const auto farthest = RowPicks::rows(exchanged);
  auto next = farthest.begin();
  for (const auto& some : requests) {
    for (const Request& r : some) r.run->relocate(r.empty, *next++);
  }
}

void iterate(const Rows& rows, const std::vector<std::unique_ptr<ActiveRun>>& runs) {
  SumShape shape;
  RunsBySet sets(rows.training.size());
  for (const auto& run : runs) {
    run->declare(shape);
    sets.add(run.get());
  }
  const Totals totals = rows.engine.superstep(
      rows.table, shape, [&](const Block& block, Partial& partial, Workspace& workspace) {
        rows.training.panels(
            rows.origin, block, workspace, [&](Index set) { return !sets.of(set).empty(); },
            [&](Index set, const RowPanel& panel) {
              RowPanel seen = panel;
              for (const ActiveRun* run : sets.of(set)) {
                run->add(seen, workspace, partial);
                seen.lanes.next = nullptr;  // fetched once
              }
            });
      });
  for (const auto& run : runs) run->take(totals, shape);
  relocate(rows, runs);
}

}  // namespace

Index lloyd_sums(Index clusters, Index columns) {
  return clusters * (math::padded(columns) + 1) + 1;
}

namespace {

/// The runs that share a pass, and those that wait for their turn.
class Turns {
 public:
  Turns(std::span<LloydRun> runs, const Sketch& sketch) : runs_(runs), sketch_(sketch) {}

  /// Whoever has room takes part; false: all runs have ended.
  bool fill() {
    for (; next_ < runs_.size(); ++next_) {
      LloydRun& run = runs_[next_];
      if (run.is_done()) continue;
      const Index size = lloyd_sums(run.centers.rows(), run.centers.cols());
      if (!active_.empty() && sums_ + size > lloyd_most_sums) break;
      begin(run);
    }
    return !active_.empty();
  }
  const std::vector<std::unique_ptr<ActiveRun>>& active() const { return active_; }
  Index ended() const { return static_cast<Index>(next_ - active_.size()); }
  void move() {
    std::erase_if(active_, [&](const std::unique_ptr<ActiveRun>& run) {
      if (!run->move()) return false;
      sums_ -= lloyd_sums(run->clusters(), run->columns());
      return true;
    });
  }

  template <class Archive>
  void fields(Archive& archive) {
    for (LloydRun& run : runs_) run.fields(archive);
    archive.within(next_, 0, runs_.size());
    for (LloydRun& run : runs_.first(next_)) {
      bool takes_part = std::ranges::any_of(active_, [&](const auto& a) { return a->is(run); });
      archive.flag(takes_part);
      if (Archive::reads && takes_part) begin(run);
    }
  }

 private:
  void begin(LloydRun& run) {
    active_.push_back(std::make_unique<ActiveRun>(run, sketch_));
    sums_ += lloyd_sums(run.centers.rows(), run.centers.cols());
  }

  std::span<LloydRun> runs_;
  const Sketch& sketch_;
  std::vector<std::unique_ptr<ActiveRun>> active_;
  Index sums_ = 0;  ///< of the active ones
  std::size_t next_ = 0;
};

}  // namespace

void lloyd(Engine& engine, const Table& table, const TrainingRows& rows, const Origin& origin,
           const Sketch& sketch, std::span<LloydRun> runs) {
  Turns turns(runs, sketch);
  const Kept kept(engine, [&](auto& archive) { turns.fields(archive); });
  for (;;) {
    kept.keep();
    if (!turns.fill()) return;
    engine.set_models(turns.ended(), static_cast<Index>(runs.size()));
    iterate({engine, table, rows, origin}, turns.active());
    turns.move();
  }
}

}  // namespace superstep
