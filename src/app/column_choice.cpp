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
  std::vector<std::string> binary;
  for (const std::string& name : metrics) {
    const auto report = std::ranges::find(reports(), name, &Metric::name);
    const Metric& metric = report != reports().end() ? *report : find_metric(name);
    if (metric.has_positive || !metric.multiclass_error.empty()) binary.push_back(name);
  }
  if (binary.empty()) return;
  context.note(fmt::format("positive class of {}: {} (the other is {})", join(binary, "and"),
                           classes->value(positive == 0 ? 0 : 1).repr(),
                           classes->value(positive == 0 ? 1 : 0).repr()));
}

}  // namespace superstep::app
