// SPDX-License-Identifier: BSD-3-Clause
#include "app/column_choice.hpp"

#include <algorithm>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/feature_names.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep::app {

void ColumnChoice::describe(CommandLine& line) {
  line.flag("reorder-columns", by_name,
            "take the columns by their names in the model's order and leave out those it does not "
            "know (they must be numbers all the same); without it names must be the model's");
}

ModelPtr ColumnChoice::match(Context& context, const Fitted& model, const Data& data) const {
  MatchedModel matched;
  collectively(context.comm(), [&] {
    matched = match_columns(model.shared_model(), *data.dataset(),
                            by_name ? ColumnOrder::by_name : ColumnOrder::as_trained);
  });
  if (!matched.warning.empty()) context.warn(matched.warning);
  return matched.model;
}

void note_positive_class(const Context& context, const Model& model,
                         const std::vector<std::string>& metrics, Index positive) {
  const Labels* classes = model.classes();
  if (classes == nullptr || classes->size() != 2) return;
  // Metrics that refuse more than two classes look at one of them.
  std::vector<std::string> about[2];
  for (const std::string& name : metrics) {
    const Metric& metric = find_metric_or_report(name);
    if (!metric.has_positive && metric.multiclass_error.empty()) continue;
    about[positive < 0 ? positive_class(metric, *classes) : positive].push_back(name);
  }
  for (const Index of : {1, 0}) {
    if (about[of].empty()) continue;
    context.note(fmt::format("positive class of {}: {} (the other is {})", join(about[of], "and"),
                             classes->value(of).repr(), classes->value(1 - of).repr()));
  }
}

}  // namespace superstep::app
