// SPDX-License-Identifier: BSD-3-Clause
// Teams: what shares no arithmetic (another family in an exchanged step, another prefix in front of
// k-means) is trained by several groups of ranks side by side, each data-parallel on all rows. It
// pays where the ranks are more than the blocks can feed, or passes are short beside the exchange
// that ends them. Who trains what is dealt out by predicted cost, and anew between rounds by
// measured cost; no result can tell.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/select/folded_data.hpp>

namespace superstep {

/// Candidates that one team trains together.
struct TeamTask {
  std::vector<std::size_t> candidates{};  ///< their places in the list
  std::string family{};                   ///< Estimator::family of all of them
  double seconds = 0.0;                   ///< predicted
  int only = -1;                          ///< the team that knows where they stopped; -1: any
};

/// Which team does which task: the longest first, each to the team that will be free first.
struct Deal {
  std::vector<int> team;        ///< by task
  std::vector<double> seconds;  ///< by team
  double longest() const;
};
Deal deal(std::span<const TeamTask> tasks, int teams);

/// What predictions are made from.
struct TeamCosts {
  const FoldedData& folds;
  Index classes = 0;
  int ranks = 1;
  int threads = 1;
  /// Seconds to train these candidates, of one family, with a team of so many ranks. Good for
  /// comparing: a thread is taken to do 5e10 operations a second, an exchange to take 10
  /// microseconds and 10 more for each doubling of the ranks.
  double seconds(std::span<const Estimator* const> candidates, int team_size) const;
};

/// The candidates as tasks for so many teams: a family is one task, because it shares passes, and
/// is cut in two only as long as the teams are predicted to be done earlier by a twentieth.
/// `only`: by candidate the team that it is bound to, or -1.
std::vector<TeamTask> tasks_for(const TeamCosts& costs,
                                std::span<const Estimator* const> candidates,
                                std::span<const int> only, int teams);

/// How many teams, of 1, 2, 4, ... 64, are predicted to be fastest: more than one only if that
/// saves a fifth.
int choose_teams(const TeamCosts& costs, std::span<const Estimator* const> candidates);

/// The team of this rank: teams have ranks on every node where nodes have enough of them, so that
/// no block is held twice; else whole nodes. **Collective.**
int team_of(const Communicator& comm, int teams);

}  // namespace superstep
