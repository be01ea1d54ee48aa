// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/teams.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace superstep {

namespace {

constexpr double operations_per_s = 5e10;  // of one thread
constexpr double exchange_s = 1e-5;        // of a superstep, and for each doubling of the ranks
constexpr double setup_s = 5e-3;           // of teams: communicators, shared blocks, threads

Index ceil_of(Index a, Index b) { return (a + b - 1) / b; }

/// Both halves of a task that is cut.
std::pair<TeamTask, TeamTask> halves_of(const TeamTask& task) {
  const auto middle = task.candidates.begin() + std::ssize(task.candidates) / 2;
  TeamTask first = task, second = task;
  first.candidates.assign(task.candidates.begin(), middle);
  second.candidates.assign(middle, task.candidates.end());
  return {std::move(first), std::move(second)};
}

}  // namespace

double Deal::longest() const { return *std::ranges::max_element(seconds); }

Deal deal(std::span<const TeamTask> tasks, int teams) {
  Deal dealt{std::vector<int>(tasks.size()), std::vector<double>(static_cast<std::size_t>(teams))};
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Those that are bound to a team come first: the others are dealt out around them.
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const bool a_is_bound = tasks[a].only >= 0, b_is_bound = tasks[b].only >= 0;
    return a_is_bound != b_is_bound ? a_is_bound : tasks[a].seconds > tasks[b].seconds;
  });
  for (const std::size_t i : order) {
    const auto freest = std::ranges::min_element(dealt.seconds) - dealt.seconds.begin();
    const int team = tasks[i].only >= 0 ? tasks[i].only : static_cast<int>(freest);
    dealt.team[i] = team;
    dealt.seconds[static_cast<std::size_t>(team)] += tasks[i].seconds;
  }
  return dealt;
}

double TeamCosts::seconds(std::span<const Estimator* const> candidates, int team_size) const {
  std::vector<Candidate> fits;
  for (const Estimator* estimator : candidates) {
    for (const SplitPtr& split : folds.splits) {
      fits.push_back(candidate_of(*estimator, *folds.data, split));
    }
  }
  const TrainingCost cost = candidates.front()->cost(folds.data->columns(), classes, fits);
  const BlockPlan& blocks = folds.data->blocks();
  const Index rows_of_the_busiest = std::min(
      blocks.rows(), ceil_of(blocks.size(), Index{team_size} * threads) * blocks.rows_per_block());
  const double pass_s =
      static_cast<double>(rows_of_the_busiest) * cost.flops_per_row / operations_per_s;
  const double reduce_s = exchange_s * (1.0 + std::ceil(std::log2(team_size)));
  return static_cast<double>(cost.passes + 1) * (pass_s + reduce_s);  // one more to judge them
}

std::vector<TeamTask> tasks_for(const TeamCosts& costs,
                                std::span<const Estimator* const> candidates,
                                std::span<const int> only, int teams) {
  const int team_size = std::max(1, costs.ranks / teams);
  const auto predict = [&](TeamTask& task) {
    std::vector<const Estimator*> members;
    for (const std::size_t c : task.candidates) members.push_back(candidates[c]);
    task.seconds = costs.seconds(members, team_size);
  };
  std::map<std::pair<std::string, int>, std::size_t> place_of;
  std::vector<TeamTask> tasks;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const std::string family = candidates[c]->family();
    const auto [place, is_new] = place_of.try_emplace({family, only[c]}, tasks.size());
    if (is_new) tasks.push_back({{}, family, 0.0, only[c]});
    tasks[place->second].candidates.push_back(c);
  }
  for (TeamTask& task : tasks) predict(task);
  for (double longest = deal(tasks, teams).longest();;) {
    const auto largest = std::ranges::max_element(
        tasks, {}, [](const TeamTask& t) { return t.candidates.size() > 1 ? t.seconds : -1.0; });
    if (largest->candidates.size() < 2) break;
    auto [first, second] = halves_of(*largest);
    predict(first);
    predict(second);
    std::vector<TeamTask> cut = tasks;
    cut[static_cast<std::size_t>(largest - tasks.begin())] = std::move(first);
    cut.push_back(std::move(second));
    const double with_cut = deal(cut, teams).longest();
    if (with_cut > 0.95 * longest) break;
    longest = with_cut;
    tasks = std::move(cut);
  }
  return tasks;
}

int choose_teams(const TeamCosts& costs, std::span<const Estimator* const> candidates) {
  const std::vector<int> anywhere(candidates.size(), -1);
  const auto longest = [&](int teams) {
    return deal(tasks_for(costs, candidates, anywhere, teams), teams).longest();
  };
  int best = 1;
  double best_s = 0.8 * longest(1);
  const int most = std::min(
      costs.ranks, static_cast<int>(std::min<std::size_t>(candidates.size(), std::size_t{64})));
  for (int teams = 2; teams <= most; teams *= 2) {
    const double s = setup_s + longest(teams);
    if (s >= best_s) continue;
    best = teams;
    best_s = s;
  }
  return best;
}

int team_of(const Communicator& comm, int teams) {
  const Communicator node = comm.on_node();
  const bool nodes_have_enough = comm.min(Index{node.size()}) >= teams;
  return nodes_have_enough ? node.rank() * teams / node.size() : comm.rank() * teams / comm.size();
}

}  // namespace superstep
