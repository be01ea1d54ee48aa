// SPDX-License-Identifier: BSD-3-Clause
// Statistics of many models, each on rows of its own: what judge() and score() are made of.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/learn/metrics/held_out.hpp>
#include <superstep/learn/metrics/plan.hpp>
#include <superstep/learn/metrics/statistics.hpp>

#include "learn/metrics/label_match.hpp"
#include "learn/metrics/route.hpp"

namespace superstep {

/// A model that is being judged.
struct Judging {
  Judged judged;
  MetricPlan plan;
  Route route;
  LabelMatch labels;  ///< of a classifier

  // What comes of it.
  MetricStatistics statistics{};
  std::shared_ptr<const AgreedError> failure{};  ///< there are no statistics

  bool is_told() const { return (plan.needs() & ~judged.told) == 0 && judged.known != nullptr; }
  const Labels* classes() const { return judged.model->classes(); }
};

/// With plans, checked against the data. AgreedError as judge() says. **Collective.**
std::vector<Judging> prepare_judging(Engine& engine, const std::shared_ptr<Dataset>& data,
                                     std::span<const Judged> judged,
                                     std::span<const std::string> metrics);

/// Fills in statistics and failures. **Collective.**
void find_statistics(Engine& engine, const std::shared_ptr<Dataset>& data,
                     std::vector<Judging>& all);

/// Where rankings go in one pass: all that they want, or so many bytes for those of the only model.
struct RankingMemory {
  bool fits = true;
  std::size_t bytes = 0;
};

/// One superstep for some of the models, and what it takes to mend bounds and finish rankings that
/// did not fit. `base`: all rows, without maps. **Collective.**
void judge_together(Engine& engine, const Table& base, std::span<Judging* const> models,
                    const RankingMemory& memory);

}  // namespace superstep
