// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/label_match.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

namespace {

std::string listed(const Labels& labels) {
  constexpr Index most = 10;
  std::vector<std::string> texts;
  for (Index i = 0; i < std::min(most, labels.size()); ++i) {
    texts.push_back(labels.is_text() ? fmt::format("'{}'", labels.text(i)) : labels.text(i));
  }
  if (labels.size() > most) texts.push_back(fmt::format("{} more", labels.size() - most));
  return join(texts, "and");
}

}  // namespace

LabelMatch match_labels(const Labels& data, const Labels& model) {
  LabelMatch match{};
  for (Index i = 0; i < data.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Index code =
        data.is_text() ? model.find(data.texts()[at]) : model.find(data.numbers()[at]);
    match.codes.push_back(static_cast<double>(code));
    match.is_identity = match.is_identity && code == i;
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

Target target_of(const MetricPlan& plan) {
  return plan.needs(Statistic::pairs) ? Target::classes : target_of(plan.kind());
}

namespace {

std::string counted_targets(Index targets) {
  return targets == 1 ? "one target" : fmt::format("{} targets", targets);
}

}  // namespace

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
  if (target == Target::numbers && data.targets() != model.width(Method::predict)) {
    throw DataError(fmt::format(
        "{} holds {} in each row, but {} predicts {}; use the data the model was made for",
        data.y_name(), counted_targets(data.targets()), estimator_name(model),
        counted_targets(model.width(Method::predict))));
  }
  if (target == Target::classes && model.classes() != nullptr &&
      data.y_is_text() != model.classes()->is_text()) {
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

}  // namespace superstep
