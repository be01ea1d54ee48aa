// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_selection/univariate_filter.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/feature_selection/selection_model.hpp"
#include "learn/feature_selection/univariate_scores.hpp"

namespace superstep {

namespace {

template <class Archive, class Scores>
void fields(const Archive& a, Scores& s, bool has_pvalues) {
  Length columns;
  a.size("n_features_in_", columns, s.scores.size());
  a("scores_", s.scores, columns, allowed::any);
  if (has_pvalues) a("pvalues_", s.pvalues, columns, allowed::not_negative_or_nan);
}

class FilterModel final : public SelectionModel {
 public:
  FilterModel(const std::string& whose, UnivariateScores scores, std::vector<Index> chosen,
              FitReport report)
      : SelectionModel(whose, scores.scores.size(), std::move(chosen), std::move(report)),
        scores_(std::move(scores)) {}
  void save(const AttributeWriter& out) const override {
    fields(out, scores_, scores_.pvalues.size() > 0);
    out.derived("support_", support());
  }
  using SelectionModel::support;

 private:
  UnivariateScores scores_;
};

/// As scikit-learn: what is not defined counts as the least number there is.
Vector without_nans(const Vector& scores) {
  return scores.unaryExpr(
      [](double s) { return std::isnan(s) ? std::numeric_limits<double>::lowest() : s; });
}

std::shared_ptr<FilterModel> model_of(const UnivariateFilter& filter, UnivariateScores scores) {
  FitReport report;
  std::vector<Index> chosen = filter.chosen(without_nans(scores.scores), report);
  return std::make_shared<FilterModel>(filter.name(), std::move(scores), std::move(chosen),
                                       std::move(report));
}

const UnivariateFilter& filter_of(const Candidate& c) {
  return dynamic_cast<const UnivariateFilter&>(*c.estimator);
}

bool is_mutual_information(const std::string& function) {
  return function == "mutual_info_classif" || function == "mutual_info_regression";
}

std::set<std::string> functions_of(std::span<const Candidate> batch) {
  std::set<std::string> all;
  for (const Candidate& c : batch) all.insert(filter_of(c).score_function());
  return all;
}

}  // namespace

Target UnivariateFilter::target() const { return target_of_scores(score_function()); }

Index UnivariateFilter::most_columns_behind(const Schema& columns) const {
  return columns_behind_selection(columns.size(), most_chosen(columns.size()));
}

Footprint UnivariateFilter::footprint(Index columns, Index classes,
                                      std::span<const Candidate> batch) const {
  Footprint need;
  for (const std::string& f : functions_of(batch)) {
    need = need | scores_footprint(f, columns, classes, batch);
  }
  return need;
}

TrainingCost UnivariateFilter::cost(Index columns, Index, std::span<const Candidate> batch) const {
  TrainingCost sum{0, 0, 0.0};
  for (const std::string& f : functions_of(batch)) {
    const TrainingCost one = scores_cost(f, columns);
    sum = {sum.passes + one.passes, sum.most_passes + one.most_passes,
           std::max(sum.flops_per_row, one.flops_per_row)};
  }
  return sum;
}

std::vector<Trained> UnivariateFilter::train_batch(Engine& engine, const Table& table,
                                                   std::span<const Candidate> candidates) const {
  std::map<std::string, std::vector<SplitPtr>> splits_of;
  for (const Candidate& c : candidates) {
    std::vector<SplitPtr>& splits = splits_of[filter_of(c).score_function()];
    if (std::ranges::find(splits, c.split) == splits.end()) splits.push_back(c.split);
  }
  std::map<std::string, std::vector<UnivariateScores>> found;
  for (const auto& [function, splits] : splits_of) {
    found[function] = univariate_scores(engine, table, function, splits);
  }
  std::vector<Trained> models;
  for (const Candidate& c : candidates) {
    const std::string& function = filter_of(c).score_function();
    const std::vector<SplitPtr>& splits = splits_of[function];
    const auto at = std::ranges::find(splits, c.split) - splits.begin();
    models.push_back(attempt([&]() -> Trained {
      return model_of(filter_of(c), found[function][static_cast<std::size_t>(at)]);
    }));
  }
  return models;
}

std::shared_ptr<Model> UnivariateFilter::load_fitted(const AttributeReader& in) const {
  UnivariateScores scores;
  fields(in, scores, in.has("pvalues_"));
  auto model = model_of(*this, std::move(scores));
  in.derived("support_", model->support());
  return model;
}

Range score_functions() {
  return satisfies("f_classif, f_regression, r_regression or chi2", [](const Value& v) {
    if (!v.is_string()) return false;
    const auto& all = univariate_functions();
    return is_mutual_information(v.as_string()) ||
           std::ranges::find(all, v.as_string()) != all.end();
  });
}

void check_score_function(const std::string& estimator, const std::string& function) {
  if (!is_mutual_information(function)) return;
  throw UsageError(fmt::format(
      "{}: {} compares every row with its nearest among all others, which is not done here; take "
      "{}",
      estimator, function, function.ends_with("classif") ? "f_classif" : "f_regression"));
}

}  // namespace superstep
