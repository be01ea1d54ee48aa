// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/score.hpp>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>

#include "learn/metrics/judging.hpp"

namespace superstep {

Scores score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
             std::span<const std::string> metrics, std::span<const std::string> reports,
             Index positive) {
  engine.set_task("score");
  const Judged one{ModelPtr(ModelPtr(), &model)};  // lent for the time of the call
  std::vector<std::string> names(metrics.begin(), metrics.end());
  names.insert(names.end(), reports.begin(), reports.end());
  std::vector<Judging> all = prepare_judging(engine, data, std::span(&one, 1), names);
  all.front().plan.choose_positive(positive);
  find_statistics(engine, data, all);
  Judging& judging = all.front();
  if (judging.failure) throw *judging.failure;
  Scores scores;
  collectively(engine.comm(), [&] {
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const Metric& metric = *judging.plan.metrics()[i];
      try {
        scores.values.push_back(value_of(metric, judging.statistics));
      } catch (const DataError& e) {
        throw DataError(fmt::format("{} of {}: {}", metric.name, data->path(), e.what()));
      }
    }
  });
  scores.statistics = std::move(judging.statistics);
  return scores;
}

std::vector<double> score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
                          std::span<const std::string> metrics, Index positive) {
  return score(engine, model, data, metrics, {}, positive).values;
}

}  // namespace superstep
