// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/score.hpp>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>

#include "learn/metrics/judging.hpp"

namespace superstep {

std::vector<double> score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
                          std::span<const std::string> metrics, Index positive) {
  engine.set_task("score");
  const Judged one{ModelPtr(ModelPtr(), &model)};  // lent for the time of the call
  std::vector<Judging> all = prepare_judging(engine, data, std::span(&one, 1), metrics);
  all.front().plan.set_positive(positive);
  find_statistics(engine, data, all);
  const Judging& judging = all.front();
  if (judging.failure) throw *judging.failure;
  std::vector<double> values;
  collectively(engine.comm(), [&] {
    for (const Metric* metric : judging.plan.metrics()) {
      try {
        values.push_back(metric->value(judging.statistics));
      } catch (const DataError& e) {
        throw DataError(fmt::format("{} of {}: {}", metric->name, data->path(), e.what()));
      }
    }
  });
  return values;
}

}  // namespace superstep
