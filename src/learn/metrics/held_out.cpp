// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/held_out.hpp>

#include <fmt/format.h>

#include <set>

#include <superstep/comm/collectively.hpp>
#include <superstep/learn/apply.hpp>

#include "learn/metrics/formulas.hpp"
#include "learn/metrics/judging.hpp"
#include "learn/metrics/judging_cost.hpp"
#include "learn/metrics/model_tree.hpp"

namespace superstep {

std::vector<Judging> prepare_judging(Engine& engine, const std::shared_ptr<Dataset>& data,
                                     std::span<const Judged> judged,
                                     std::span<const std::string> metrics) {
  const Communicator& comm = engine.comm();
  std::vector<Judging> all;
  collectively(comm, [&] {
    for (const Judged& j : judged) {
      MetricPlan plan(*j.model, metrics);
      const Target target = target_of(plan);
      table_for(*j.model, data, target);
      check_targets(*data, *j.model, target);
      all.push_back({j, std::move(plan), route_of(j.model), {}});
    }
  });
  if (all.empty() || target_of(all.front().plan) != Target::classes) return all;
  const Labels& labels = data->classes(comm);
  if (all.front().plan.kind() != Kind::classifier) return all;
  collectively(comm, [&] {
    for (Judging& j : all) {
      j.labels = match_labels(labels, *j.classes());
      check_labels(*data, *j.judged.model, j.plan, j.labels);
    }
  });
  return all;
}

namespace {

JudgingCost cost_of(const Judging& j, const Dataset& data, int ranks) {
  const Index rows = most_rows(data, ranks, j.judged.split.get(), j.judged.role);
  return judging_cost(j.plan, data, rows, ModelTree::weights(j.route),
                      ModelTree::scratch(j.route, j.plan));
}

/// All rows, for models like this one.
Table table_for_all(const std::shared_ptr<Dataset>& data, const Judging& model) {
  Table base;
  base.data = data;
  base.target = target_of(model.plan);
  base.may_miss = model.judged.model->may_miss();
  return base;
}

/// Those whose rows may hold NaN go apart from those that refuse it.
void find_statistics_alike(Engine& engine, const Table& base, std::span<Judging* const> models) {
  std::vector<JudgingCost> costs;
  std::set<const Partition*> partitions;
  for (const Judging* j : models) {
    costs.push_back(cost_of(*j, *base.data, engine.comm().size()));
    if (j->judged.split) partitions.insert(j->judged.split->partition.get());
  }
  const JudgingRoom room = room_for(*base.data, std::ssize(partitions), costs);
  const Footprint there = engine.make_room(base, room.least, room.wanted);
  for (const PassCut& cut : cut_into_passes(costs, there)) {
    judge_together(engine, base, models.subspan(cut.begin, cut.end - cut.begin), cut.memory);
  }
}

}  // namespace

void find_statistics(Engine& engine, const std::shared_ptr<Dataset>& data,
                     std::vector<Judging>& all) {
  std::vector<std::pair<MayMiss, std::vector<Judging*>>> alike;
  for (Judging& j : all) {
    if (j.is_told()) continue;
    const MayMiss where = j.judged.model->may_miss();
    auto found = std::ranges::find_if(alike, [&](const auto& a) { return a.first == where; });
    if (found == alike.end()) found = alike.insert(alike.end(), {where, {}});
    found->second.push_back(&j);
  }
  for (auto& [where, models] : alike) {
    find_statistics_alike(engine, table_for_all(data, *models.front()), models);
  }
  for (Judging& j : all) {
    if (j.is_told()) j.statistics = *j.judged.known;
  }
}

namespace {

Judgement judgement_of(const Judging& j) {
  Judgement judgement;
  for (const Metric* metric : j.plan.metrics()) {
    double value = std::numeric_limits<double>::quiet_NaN();
    std::string complaint;
    bool has_failed = false;
    try {
      if (j.failure) throw DataError(j.failure->what());
      value = value_of(*metric, j.statistics);
    } catch (const formulas::Undefined& e) {
      value = e.value;
      complaint = e.what();
    } catch (const DataError& e) {
      has_failed = true;
      complaint = e.what();
    }
    if (!complaint.empty()) complaint = fmt::format("{}: {}", metric->name, complaint);
    judgement.values.push_back(value);
    judgement.complaints.push_back(std::move(complaint));
    judgement.has_failed.push_back(has_failed);
  }
  return judgement;
}

}  // namespace

std::vector<std::shared_ptr<const MetricStatistics>> find_out(
    Engine& engine, const std::shared_ptr<Dataset>& data, std::span<const Judged> judged,
    std::span<const std::string> metrics) {
  std::vector<Judging> all = prepare_judging(engine, data, judged, metrics);
  std::vector<std::shared_ptr<const MetricStatistics>> found(all.size());
  // Blocks that lie in memory without the targets would have to be read again.
  if (!engine.has_room(table_for_all(data, all.front()), {})) return found;
  find_statistics(engine, data, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].failure) continue;
    found[i] = std::make_shared<MetricStatistics>(std::move(all[i].statistics));
  }
  return found;
}

std::vector<Judgement> judge(Engine& engine, const std::shared_ptr<Dataset>& data,
                             std::span<const Judged> judged, std::span<const std::string> metrics) {
  engine.set_task("score");
  std::vector<Judging> all = prepare_judging(engine, data, judged, metrics);
  find_statistics(engine, data, all);
  std::vector<Judgement> judgements;
  for (const Judging& j : all) judgements.push_back(judgement_of(j));
  return judgements;
}

}  // namespace superstep
