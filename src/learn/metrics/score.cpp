// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/score.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/apply.hpp>
#include <superstep/learn/metrics/plan.hpp>
#include <superstep/learn/metrics/ranking.hpp>
#include <superstep/learn/metrics/sums.hpp>
#include <superstep/learn/session.hpp>

namespace superstep {

namespace {

/// The labels of the data in terms of the model.
struct LabelMatch {
  std::vector<double> codes;  ///< the model's class code by the data's, -1 for an unknown label
  std::vector<std::string> unknown;  ///< labels that the model does not know
};

std::string listed(const Labels& labels) {
  constexpr Index most = 10;
  std::vector<std::string> texts;
  for (Index i = 0; i < std::min(most, labels.size()); ++i) {
    texts.push_back(labels.is_text() ? fmt::format("'{}'", labels.text(i)) : labels.text(i));
  }
  if (labels.size() > most) texts.push_back(fmt::format("{} more", labels.size() - most));
  return join(texts, "and");
}

LabelMatch match_labels(const Labels& data, const Labels& model) {
  LabelMatch match;
  for (Index i = 0; i < data.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Index code =
        data.is_text() ? model.find(data.texts()[at]) : model.find(data.numbers()[at]);
    match.codes.push_back(static_cast<double>(code));
    if (code < 0) match.unknown.push_back(data.text(i));
  }
  return match;
}

Target target_of(Kind kind) {
  switch (kind) {
    case Kind::classifier:
      return Target::classes;
    case Kind::regressor:
      return Target::numbers;
    case Kind::transformer:
    case Kind::clusterer:
      break;
  }
  return Target::none;
}

void check_targets(const Dataset& data, const Model& model, Target target) {
  if (target == Target::none) return;
  if (!data.has_y()) {
    throw DataError(fmt::format("{} has no targets ({}) to score against; name them with --y",
                                data.path(), data.options().y));
  }
  if (target == Target::numbers && data.y_is_text()) {
    throw DataError(
        fmt::format("{} holds text, but {} predicts numbers; use the data the model was "
                    "made for",
                    data.y_name(), estimator_name(model)));
  }
  if (target == Target::classes && data.y_is_text() != model.classes()->is_text()) {
    throw DataError(fmt::format(
        "{} holds {}, but the classes of the model are {}; use the data the "
        "model was made for",
        data.y_name(), data.y_is_text() ? "text" : "numbers", listed(*model.classes())));
  }
}

void check_labels(const Dataset& data, const Model& model, const MetricPlan& plan,
                  const LabelMatch& match) {
  if (match.unknown.empty()) return;
  for (const Metric* metric : plan.metrics()) {
    if (!metric->knows_all_labels) continue;
    throw DataError(fmt::format(
        "{} holds the label {}, which the model does not know (its classes are {}), so there is no "
        "{}; "
        "remove these rows, or choose a metric that counts them as misses, such as accuracy",
        data.y_name(), match.unknown.front(), listed(*model.classes()), metric->name));
  }
}

/// One scoring: what is needed of the model, and the pass that collects it.
class Scoring {
 public:
  Scoring(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
          const MetricPlan& plan, LabelMatch match)
      : engine_(engine),
        plan_(plan),
        match_(std::move(match)),
        outputs_(table_for(model, data, target_of(plan.kind())).through(output_map(model, plan))) {
    const auto add = [&](const std::vector<RankedColumn>& columns,
                         std::optional<ScoreRanking>& ranking) {
      if (columns.empty()) return;
      ranking.emplace(columns, plan.classes(), data->blocks(), engine.comm().size());
      rankings_.push_back(&*ranking);
    };
    add(plan.ranked_by_score(), by_score_);
    add(plan.ranked_by_probability(), by_probability_);
  }

  /// **Collective.**
  MetricStatistics run() {
    make_room();
    const Sketch sketch = engine_.sketch(outputs_);
    SumShape shape;
    const MetricSums sums(plan_, sketch, shape);
    const auto add = [&](const Block& block, Partial& partial, Workspace& workspace) {
      sums.add(rows_of(block, workspace), partial);
    };
    // What is no sum is collected beside them, in the one pass that is sure to see every block
    // once.
    const auto collect = [&](const Block& block, Partial& partial, Workspace& workspace) {
      const OutputRows rows = rows_of(block, workspace);
      sums.add(rows, partial);
      for (ScoreRanking* ranking : rankings_) ranking->add(rows);
      if (plan_.needs(Statistic::largest_error)) raise_largest(largest_error(plan_, rows));
    };
    Totals totals = engine_.superstep(outputs_, shape, collect, Overflow::report);
    if (!sums.hold(totals)) totals = engine_.superstep(outputs_, shape, add, Overflow::repeat);

    MetricStatistics s;
    collectively(engine_.comm(), [&] { s = sums.statistics(totals); });
    s.unknown_labels = static_cast<Index>(match_.unknown.size());
    if (plan_.needs(Statistic::largest_error))
      s.largest_error = engine_.comm().max(largest_.load());
    if (by_score_) s.by_score = by_score_->finish(engine_, outputs_, s.truth, match_.codes);
    if (by_probability_) {
      s.by_probability = by_probability_->finish(engine_, outputs_, s.truth, match_.codes);
    }
    return s;
  }

 private:
  void make_room();

  /// What the kernels see of a block: the class codes are the model's.
  OutputRows rows_of(const Block& block, Workspace& workspace) const {
    OutputRows rows{{block.x, block.rows, block.columns}, block.y, block.weight};
    if (plan_.kind() != Kind::classifier) return rows;
    double* codes = workspace.doubles(0, block.rows);
    for (Index i = 0; i < block.rows; ++i) {
      codes[i] = match_.codes[static_cast<std::size_t>(block.y[i])];
    }
    rows.y = codes;
    return rows;
  }

  void raise_largest(double value) {
    double seen = largest_.load();
    while (seen < value && !largest_.compare_exchange_weak(seen, value)) {
    }
  }

  Engine& engine_;
  const MetricPlan& plan_;
  LabelMatch match_;
  Table outputs_;
  std::optional<ScoreRanking> by_score_;
  std::optional<ScoreRanking> by_probability_;
  std::vector<ScoreRanking*> rankings_;
  std::atomic<double> largest_ = 0.0;
};

// Rankings get the memory with which one pass is enough, or else as much as there is.
void Scoring::make_room() {
  Footprint need;
  need.sums = 4 * plan_.classes() + 64;
  need.row_doubles = 1;
  double wanted = 0.0;
  double least = 0.0;
  for (const ScoreRanking* r : rankings_) {
    wanted += static_cast<double>(r->wanted_bytes());
    least += static_cast<double>(r->least_bytes());
  }
  least = std::min(least, wanted);
  for (double bytes = wanted;; bytes = std::max(least, bytes / 2)) {
    need.replicated = static_cast<Index>(bytes / sizeof(double));
    try {
      engine_.reserve(outputs_, need);
    } catch (const AgreedError& e) {
      if (bytes <= least || e.exit_code() != ExitCode::memory) throw;
      continue;
    }
    for (ScoreRanking* r : rankings_) {
      const auto all = static_cast<double>(r->wanted_bytes());
      const double some = std::min(all, static_cast<double>(r->least_bytes()));
      r->set_memory(static_cast<std::size_t>(std::max(some, bytes / wanted * all)));
    }
    return;
  }
}

}  // namespace

std::vector<double> score(Engine& engine, const Model& model, const std::shared_ptr<Dataset>& data,
                          std::span<const std::string> metrics) {
  const Communicator& comm = engine.comm();
  engine.set_task("score");
  std::optional<MetricPlan> plan;
  collectively(comm, [&] {
    plan.emplace(model, metrics);
    const Target target = target_of(plan->kind());
    table_for(model, data, target);
    check_targets(*data, model, target);
  });
  LabelMatch match;
  if (plan->kind() == Kind::classifier) {
    match = match_labels(data->classes(comm), *model.classes());
  }
  collectively(comm, [&] { check_labels(*data, model, *plan, match); });
  const MetricStatistics statistics = Scoring(engine, model, data, *plan, std::move(match)).run();
  std::vector<double> values;
  collectively(comm, [&] {
    for (const Metric* metric : plan->metrics()) {
      try {
        values.push_back(metric->value(statistics));
      } catch (const DataError& e) {
        throw DataError(fmt::format("{} of {}: {}", metric->name, data->path(), e.what()));
      }
    }
  });
  return values;
}

double Fitted::score(const Data& data) const {
  std::string metric;
  collectively(session_->comm(), [&] { metric = default_metric(*model_); });
  return score(data, metric);
}

double Fitted::score(const Data& data, const std::string& metric) const {
  return superstep::score(session_->engine(), *model_, data.dataset(), std::span(&metric, 1))
      .front();
}

}  // namespace superstep
