// SPDX-License-Identifier: BSD-3-Clause
// One pass for many models: sums of each, scores to be ranked, largest errors; then the models
// whose sums broke their bounds once more.
#include <algorithm>
#include <atomic>
#include <optional>

#include <superstep/comm/collectively.hpp>
#include <superstep/learn/metrics/ranking.hpp>

#include "learn/metrics/judged_rows.hpp"
#include "learn/metrics/judging.hpp"
#include "learn/metrics/judging_cost.hpp"
#include "learn/metrics/medians.hpp"
#include "learn/metrics/pair_counter.hpp"
#include "learn/metrics/spreads.hpp"

namespace superstep {

namespace {

/// What of a model is no sum over blocks.
struct Extras {
  std::optional<ScoreRanking> by_score{};
  std::optional<ScoreRanking> by_probability{};
  std::optional<PairCounter> pairs{};
  std::optional<PairCounter> weighted_pairs{};
  std::atomic<double> largest_error = 0.0;

  void add(const MetricPlan& plan, const OutputRows& rows) {
    if (by_score) by_score->add(rows);
    if (by_probability) by_probability->add(rows);
    if (pairs) pairs->add(rows);
    if (weighted_pairs) weighted_pairs->add(rows);
    if (!plan.needs(Statistic::largest_error)) return;
    const double value = superstep::largest_error(plan, rows);
    double seen = largest_error.load();
    while (seen < value && !largest_error.compare_exchange_weak(seen, value)) {
    }
  }
};

class JudgingPass {
 public:
  JudgingPass(Engine& engine, const Table& base, std::span<Judging* const> models)
      : engine_(engine), base_(base), models_(models.begin(), models.end()) {}

  /// **Collective.**
  void run(const RankingMemory& memory) {
    make_rankings(memory);
    look_at_scales();
    collect();
    finish();
  }

 private:
  struct Member {
    explicit Member(Judging* one) : model(one) {}
    Judging* model;
    std::vector<int> output_exponents{};  ///< of each target
    Extras extras{};
  };
  using Members = std::vector<Member*>;

  void make_rankings(const RankingMemory& memory);
  void look_at_scales();
  void collect();
  void repeat(std::span<Member* const> members);
  void sum_again(std::span<Member* const> members);
  void finish();

  static std::vector<Judging*> models_of(std::span<Member* const> members);
  using Sums = std::vector<MetricSums>;  ///< of each target
  std::vector<Sums> sums_of(std::span<Member* const> members, SumShape& shape) const;
  static MetricStatistics statistics(const Sums& sums, const Totals& totals);
  Table outputs_of(const Judging& model) const;

  Engine& engine_;
  Table base_;
  std::vector<Judging*> models_;
  std::vector<std::unique_ptr<Member>> members_;
  Members all_;
  Sketch sketch_;
};

// In the one pass that is sure to see every row once, what is no sum is collected beside the sums.
void JudgingPass::make_rankings(const RankingMemory& memory) {
  const int ranks = engine_.comm().size();
  for (Judging* model : models_) {
    Member& member = *members_.emplace_back(std::make_unique<Member>(model));
    all_.push_back(&member);
    std::vector<ScoreRanking*> rankings;
    const auto add = [&](const std::vector<RankedColumn>& columns,
                         std::optional<ScoreRanking>& ranking) {
      if (columns.empty()) return;
      ranking.emplace(columns, model->plan.classes(),
                      most_rows(*base_.data, ranks, model->judged.split.get(), model->judged.role));
      rankings.push_back(&*ranking);
    };
    add(model->plan.ranked_by_score(), member.extras.by_score);
    add(model->plan.ranked_by_probability(), member.extras.by_probability);
    if (model->plan.needs(Statistic::score_curve)) member.extras.by_score->keep_curve();
    if (model->plan.needs(Statistic::pairs)) {
      member.extras.pairs.emplace(model->plan.column_of(Method::predict));
    }
    share_memory(rankings, memory);
  }
}

void JudgingPass::look_at_scales() {
  const JudgedRows rows(models_);
  const Kind kind = models_.front()->plan.kind();
  const bool are_outputs_summed = kind == Kind::regressor || kind == Kind::clusterer;
  sketch_ =
      engine_.sketch(are_outputs_summed ? base_.through(rows.scale_map(base_.columns())) : base_);
  // A bound that some weight is beyond costs nothing: what is counted has room for much more.
  const int grid = 61 - sketch_.weight_exponent;
  for (Member* m : all_) {
    if (!m->model->plan.needs(Statistic::weighted_pairs)) continue;
    m->extras.weighted_pairs.emplace(m->model->plan.column_of(Method::predict),
                                     base_.data->has_weight() ? std::optional(grid) : std::nullopt);
  }
  std::size_t column = 0;
  for (Member* m : all_) {
    for (Index t = 0; t < m->model->plan.targets(); ++t) {
      m->output_exponents.push_back(are_outputs_summed ? sketch_.exponents[column++] : 0);
    }
  }
}

std::vector<Judging*> JudgingPass::models_of(std::span<Member* const> members) {
  std::vector<Judging*> models;
  for (const Member* m : members) models.push_back(m->model);
  return models;
}

std::vector<JudgingPass::Sums> JudgingPass::sums_of(std::span<Member* const> members,
                                                    SumShape& shape) const {
  std::vector<Sums> all;
  for (const Member* m : members) {
    Sums& sums = all.emplace_back();
    for (const int exponent : m->output_exponents) {
      sums.emplace_back(m->model->plan, sketch_, exponent, shape, std::ssize(sums));
    }
  }
  return all;
}

MetricStatistics JudgingPass::statistics(const Sums& sums, const Totals& totals) {
  MetricStatistics s = sums.front().statistics(totals);
  for (std::size_t t = 1; t < sums.size(); ++t) {
    s.other_targets.push_back(sums[t].statistics(totals));
  }
  return s;
}

void JudgingPass::collect() {
  const JudgedRows rows(models_);
  SumShape shape;
  const std::vector<Sums> sums = sums_of(all_, shape);
  const Totals totals = engine_.superstep(
      base_, shape,
      [&](const Block& block, Partial& partial, Workspace& workspace) {
        rows.walk(block, workspace, [&](std::size_t i, Index target, const OutputRows& some) {
          sums[i][static_cast<std::size_t>(target)].add(some, partial);
          all_[i]->extras.add(all_[i]->model->plan, some);
        });
      },
      Overflow::report);
  Members again;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const auto holds = [&](const MetricSums& one) { return one.hold(totals); };
    if (std::ranges::all_of(sums[i], holds)) {
      all_[i]->model->statistics = statistics(sums[i], totals);
    } else {
      again.push_back(all_[i]);
    }
  }
  if (!again.empty()) repeat(again);
}

// Predictions that overflow make a failure of those they belong to: halves, until these are alone.
void JudgingPass::repeat(std::span<Member* const> members) {
  try {
    return sum_again(members);
  } catch (const AgreedError& e) {
    if (e.exit_code() != ExitCode::bad_data) throw;
    if (members.size() == 1) {
      members.front()->model->failure = std::make_shared<AgreedError>(e);
      return;
    }
  }
  repeat(members.first(members.size() / 2));
  repeat(members.subspan(members.size() / 2));
}

void JudgingPass::sum_again(std::span<Member* const> members) {
  const std::vector<Judging*> models = models_of(members);
  const JudgedRows rows(models);
  SumShape shape;
  const std::vector<Sums> sums = sums_of(members, shape);
  const Totals totals = engine_.superstep(
      base_, shape, [&](const Block& block, Partial& partial, Workspace& workspace) {
        rows.walk(block, workspace, [&](std::size_t i, Index target, const OutputRows& some) {
          sums[i][static_cast<std::size_t>(target)].add(some, partial);
        });
      });
  for (std::size_t i = 0; i < members.size(); ++i) {
    models[i]->statistics = statistics(sums[i], totals);
  }
}

/// The rows a model is judged by, as their outputs.
Table JudgingPass::outputs_of(const Judging& model) const {
  const Judged& judged = model.judged;
  const Table table = judged.split ? base_.only(judged.split, judged.role) : base_;
  return table.through(output_map(model.route, model.plan));
}

void JudgingPass::finish() {
  std::vector<double> largest;
  for (const Member* m : all_) largest.push_back(m->extras.largest_error.load());
  engine_.comm().max(std::span<double>(largest));
  for (std::size_t i = 0; i < all_.size(); ++i) {
    Judging& model = *all_[i]->model;
    MetricStatistics& s = model.statistics;
    s.largest_error = largest[i];
    s.unknown_labels = static_cast<Index>(model.labels.unknown.size());
    if (all_[i]->extras.weighted_pairs) {
      s.weighted_pairs = all_[i]->extras.weighted_pairs->finish(engine_.comm());
    }
    if (all_[i]->extras.pairs) s.pairs = all_[i]->extras.pairs->finish(engine_.comm());
    if (model.failure) continue;
    const auto rank = [&](std::optional<ScoreRanking>& ranking, Ranking& into) {
      if (!ranking) return;
      into = ranking->finish(engine_, outputs_of(model), s.truth, model.labels.codes);
      ranking.reset();
    };
    rank(all_[i]->extras.by_score, s.by_score);
    rank(all_[i]->extras.by_probability, s.by_probability);
  }
  find_lost_spreads(engine_, base_, models_);
  find_medians(engine_, base_, models_);
}

}  // namespace

void judge_together(Engine& engine, const Table& base, std::span<Judging* const> models,
                    const RankingMemory& memory) {
  JudgingPass(engine, base, models).run(memory);
}

}  // namespace superstep
