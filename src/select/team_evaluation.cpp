// SPDX-License-Identifier: BSD-3-Clause
// Evaluation by teams of ranks: rounds in which every team trains some of what is left, until
// nothing is. After a round everybody knows all outcomes and what they took.
#include <algorithm>
#include <chrono>
#include <map>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/learn/metrics/held_out.hpp>
#include <superstep/select/evaluation.hpp>

namespace superstep {

namespace {

using Clock = std::chrono::steady_clock;

void put(ByteWriter& out, const FoldOutcome& o) {
  out.put(o.test).put(o.train).put(o.failure).put(o.undefined).put(o.is_fitted);
  out.put(o.fit_s).put(o.score_s);
  out.put(o.report.n_iter).put(o.report.converged).put(std::uint64_t{o.report.warnings.size()});
  for (const std::string& warning : o.report.warnings) out.put(warning);
}

FoldOutcome get(ByteReader& in) {
  FoldOutcome o;
  o.test = in.values<double>();
  o.train = in.values<double>();
  o.failure = in.text();
  o.undefined = in.text();
  o.is_fitted = in.get<bool>();
  o.fit_s = in.get<double>();
  o.score_s = in.get<double>();
  o.report.n_iter = in.get<Index>();
  o.report.converged = in.get<bool>();
  o.report.warnings.resize(in.get<std::uint64_t>());
  for (std::string& warning : o.report.warnings) warning = in.text();
  return o;
}

/// Teams that never wait for each other take all they have been dealt; where there is more to come,
/// half of a fair share, so that the rest can be dealt out by what this took. The tasks are taken
/// in their order, one at least.
std::vector<std::size_t> taken_in_a_round(std::span<const TeamTask> tasks, const Deal& dealt,
                                          int team) {
  double all = 0.0;
  for (const TeamTask& task : tasks) all += task.seconds;
  const double enough = all / static_cast<double>(dealt.seconds.size()) / 2.0;
  std::vector<std::size_t> taken;
  double sum = 0.0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (dealt.team[i] != team) continue;
    if (!taken.empty() && sum >= enough) break;
    taken.push_back(i);
    sum += tasks[i].seconds;
  }
  return taken;
}

/// What families took so far, beside what was predicted.
class Measured {
 public:
  void add(const TeamTask& task, double seconds) {
    for (Sums* sums : {&by_family_[task.family], &all_}) {
      sums->predicted += task.seconds;
      sums->measured += seconds;
    }
  }
  /// The tasks with what they will take by now: as the rest of their family did, or as all did.
  std::vector<TeamTask> corrected(std::span<const TeamTask> tasks) const {
    std::vector<TeamTask> result(tasks.begin(), tasks.end());
    for (TeamTask& task : result) {
      const auto found = by_family_.find(task.family);
      const Sums& sums = found == by_family_.end() ? all_ : found->second;
      if (sums.predicted > 0.0) task.seconds *= sums.measured / sums.predicted;
    }
    return result;
  }

 private:
  struct Sums {
    double predicted = 0.0;
    double measured = 0.0;
  };
  std::map<std::string, Sums> by_family_;
  Sums all_;
};

/// The rounds, as one rank sees them.
class TeamRun {
 public:
  TeamRun(Evaluator& evaluator, const Communicator& everybody, const Communicator& team, int number,
          int teams, std::span<const Estimator* const> candidates,
          std::span<const Outcomes* const> earlier)
      : evaluator_(evaluator),
        everybody_(everybody),
        team_(team),
        number_(number),
        teams_(teams),
        candidates_(candidates),
        earlier_(earlier),
        outcomes_(candidates.size(), Outcomes(evaluator.folds().splits.size())) {}

  /// Trains some of the tasks, at least one of each team that has any, and removes them.
  void round(std::vector<TeamTask>& left);
  std::vector<Outcomes>& outcomes() { return outcomes_; }

 private:
  std::vector<std::byte> train(const TeamTask& task, std::size_t place);
  void take(std::span<const std::byte> bytes, int team, std::vector<TeamTask>& left);

  Evaluator& evaluator_;
  const Communicator& everybody_;
  const Communicator& team_;
  int number_;
  int teams_;
  std::span<const Estimator* const> candidates_;
  std::span<const Outcomes* const> earlier_;
  std::vector<Outcomes> outcomes_;
  Measured measured_;
};

void TeamRun::round(std::vector<TeamTask>& left) {
  const std::vector<TeamTask> now = measured_.corrected(left);
  const Deal dealt = deal(now, teams_);
  std::vector<std::byte> report = ByteWriter().put(number_).take();
  as_one(everybody_, [&] {
    for (const std::size_t i : taken_in_a_round(now, dealt, number_)) {
      const std::vector<std::byte> done = train(left[i], i);
      report.insert(report.end(), done.begin(), done.end());
    }
  });
  if (!team_.is_root()) report.clear();
  for (const std::vector<std::byte>& bytes : everybody_.gather_all(report)) {
    if (bytes.empty()) continue;
    const int team = ByteReader(bytes).get<int>();
    take(std::span(bytes).subspan(sizeof team), team, left);
  }
  std::erase_if(left, [](const TeamTask& task) { return task.candidates.empty(); });
}

std::vector<std::byte> TeamRun::train(const TeamTask& task, std::size_t place) {
  std::vector<const Estimator*> members;
  std::vector<const Outcomes*> reached;
  for (const std::size_t c : task.candidates) {
    members.push_back(candidates_[c]);
    if (!earlier_.empty()) reached.push_back(earlier_[c]);
  }
  const auto start = Clock::now();
  std::vector<Outcomes> found = evaluator_.evaluate(members, nullptr, reached);
  ByteWriter report;
  report.put(std::uint64_t{place});
  report.put(std::chrono::duration<double>(Clock::now() - start).count());
  for (std::size_t k = 0; k < found.size(); ++k) {
    for (const FoldOutcome& o : found[k]) put(report, o);
    outcomes_[task.candidates[k]] = std::move(found[k]);
  }
  return report.take();
}

// What this rank trained itself it keeps, with models and states.
void TeamRun::take(std::span<const std::byte> bytes, int team, std::vector<TeamTask>& left) {
  ByteReader in(bytes);
  while (!in.at_end()) {
    TeamTask& task = left[in.get<std::uint64_t>()];
    measured_.add(task, in.get<double>());
    for (const std::size_t c : task.candidates) {
      for (FoldOutcome& mine : outcomes_[c]) {
        FoldOutcome theirs = get(in);
        if (team != number_) mine = std::move(theirs);
        mine.team = team;
      }
    }
    task.candidates.clear();
  }
}

}  // namespace

/// A team as each of its ranks sees it. Its engine and ledger last as long as the evaluator, so
/// that prefixes are found again by later rungs.
struct Evaluator::Team {
  Team(Engine& all, int number_, const FoldedData& folds, EvaluationOptions options)
      : number(number_),
        comm(all.comm().split(number)),
        engine(comm,
               {all.budget().bytes, all.options().threads, all.options().seed, all.budget().source,
                all.options().taken},
               &all.events()),
        evaluator(engine, folds, [&] {
          options.teams = 1;
          options.error_score.raises = false;  // all ranks look at the outcomes of all teams
          return options;
        }()) {
    // The same is left for work as all ranks together have: what is held, what messages take.
    engine.hold(all.budget().taken - std::min(all.budget().taken, engine.budget().taken));
  }

  int number;
  Communicator comm;
  Engine engine;
  Evaluator evaluator;
  Index found = 0;  ///< in the ledger, that the ledger of all ranks has counted
};

Evaluator::Evaluator(Engine& engine, FoldedData folds, EvaluationOptions options)
    : engine_(engine), folds_(std::move(folds)), options_(std::move(options)) {}

Evaluator::~Evaluator() = default;

TeamCosts Evaluator::team_costs(const Estimator& estimator) const {
  return {folds_, classes_of(estimator), engine_.comm().size(), engine_.fewest_threads()};
}

int Evaluator::best_teams(std::span<const Estimator* const> candidates) const {
  return choose_teams(team_costs(*candidates.front()), candidates);
}

std::vector<TeamTask> Evaluator::team_tasks(std::span<const Estimator* const> candidates,
                                            std::span<const Outcomes* const> earlier) const {
  std::vector<int> only(candidates.size(), -1);
  for (std::size_t c = 0; c < earlier.size(); ++c) {
    if (earlier[c] != nullptr) only[c] = earlier[c]->front().team;
  }
  return tasks_for(team_costs(*candidates.front()), candidates, only, options_.teams);
}

/// Blocks lie once on every node, beside the most that training and judging one task needs.
bool Evaluator::share_blocks(std::span<const TeamTask> tasks,
                             std::span<const Estimator* const> candidates) {
  Footprint most;
  for (const TeamTask& task : tasks) {
    std::vector<const Estimator*> members;
    for (const std::size_t c : task.candidates) members.push_back(candidates[c]);
    const std::vector<Candidate> fits = all_fits(members);
    most = most | need(fits) |
           judging_room(*folds_.data, classes_of(*members.front()), team_->comm.size(), fits,
                        options_.metrics)
               .least;
  }
  const Index blocks = folds_.data->blocks().size();
  const auto part = [&](const Communicator& c) { return share_of(blocks, c.rank(), c.size()); };
  const std::vector<Share> wanted = {part(team_->comm), part(engine_.comm())};
  const auto learns_from_targets = [](const Estimator* e) { return e->target() != Target::none; };
  const auto found = std::ranges::find_if(candidates, learns_from_targets);
  const Estimator& asks = found == candidates.end() ? *candidates.front() : **found;
  if (!engine_.share_blocks(table_for(asks), most, wanted)) return false;
  team_->engine.borrow_blocks(engine_);
  return true;
}

std::optional<std::vector<Outcomes>> Evaluator::evaluate_in_teams(
    std::span<const Estimator* const> candidates, Watcher* watcher,
    std::span<const Outcomes* const> earlier) {
  const Communicator& everybody = engine_.comm();
  std::vector<TeamTask> left = team_tasks(candidates, earlier);
  if (!team_) {
    team_ = std::make_unique<Team>(engine_, team_of(everybody, options_.teams), folds_, options_);
  }
  if (!share_blocks(left, candidates)) return std::nullopt;

  const auto fits = [&](std::size_t n) { return static_cast<Index>(n * folds_.splits.size()); };
  TeamRun run(team_->evaluator, everybody, team_->comm, team_->number, options_.teams, candidates,
              earlier);
  while (!left.empty()) {
    run.round(left);
    std::size_t waiting = 0;
    for (const TeamTask& task : left) waiting += task.candidates.size();
    if (watcher == nullptr) continue;
    watcher->ended(fits(candidates.size() - waiting), fits(candidates.size()));
  }
  count_team_work();
  return std::move(run.outcomes());
}

/// What teams do at once counts once: the team that did most.
void Evaluator::count_team_work() {
  const Communicator& everybody = engine_.comm();
  engine_.count_teams();
  const Index found = team_->engine.ledger().found();
  engine_.ledger().count(everybody.sum(team_->comm.is_root() ? found - team_->found : Index{0}));
  team_->found = found;
}

}  // namespace superstep
