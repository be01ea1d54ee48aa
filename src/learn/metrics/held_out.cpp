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
  for (const bool takes_nan : {false, true}) {
    std::vector<Judging*> models;
    for (Judging& j : all) {
      if (!j.is_told() && j.judged.model->takes_nan() == takes_nan) models.push_back(&j);
    }
    if (models.empty()) continue;
    Table base;
    base.data = data;
    base.target = target_of(models.front()->plan);
    base.nan_is_fine = takes_nan;
    find_statistics_alike(engine, base, models);
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
