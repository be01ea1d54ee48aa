// SPDX-License-Identifier: BSD-3-Clause
#include "learn/ensemble/boosting_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

/// As scikit-learn: with 'auto', of more rows than that.
constexpr Index rows_without_early_stopping = 10'000;
/// Rows that go through all trees together, so that they and a tree stay in the cache.
constexpr Index rows_at_a_time = 256;

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f, Length& columns) {
  a.size("n_features_in_", columns, f.features);
  if (f.classes) {
    Length classes;
    a("classes_", *f.classes, classes);
  }
  Length outputs;
  a("baseline_prediction_", f.baseline, outputs);
}

}  // namespace

BoostingModel::BoostingModel(FittedBoosting fitted, trees::Loss loss, FitReport report)
    : fitted_(std::move(fitted)), walker_(fitted_.forest), loss_(loss) {
  report_ = std::move(report);
}

bool BoostingModel::can(Method method) const {
  if (method == Method::predict) return true;
  return fitted_.classes &&
         (method == Method::predict_proba || method == Method::decision_function);
}

Index BoostingModel::width(Method method) const {
  if (method == Method::predict_proba) return fitted_.classes->size();
  return method == Method::decision_function ? fitted_.baseline.size() : 1;
}

void BoostingModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  for (Index first = 0; first < x.rows; first += rows_at_a_time) {
    const Index n = std::min(rows_at_a_time, x.rows - first);
    apply_to_few(method, x.middle_rows(first, n), out.middle_rows(first, n));
  }
}

void BoostingModel::apply_to_few(Method method, math::ConstPanel x, math::Panel out) const {
  const Index outputs = fitted_.baseline.size();
  Matrix scores = fitted_.baseline.transpose().replicate(x.rows, 1);
  walker_.add_values(outputs, x, math::Panel(scores));
  const bool wants_class = method == Method::predict && fitted_.classes;
  if (method != Method::decision_function && !wants_class) {
    trees::exponentials(loss_, math::Panel(scores));
  }
  for (Index i = 0; i < x.rows; ++i) {
    double* const to = out.row(i);
    if (wants_class) {
      Index best = 0;
      if (outputs == 1) {
        best = scores(i, 0) > 0.0 ? 1 : 0;
      } else {
        scores.row(i).maxCoeff(&best);
      }
      to[0] = static_cast<double>(best);
    } else if (method == Method::predict_proba && outputs == 1) {
      to[0] = 1.0 - scores(i, 0);
      to[1] = scores(i, 0);
    } else {
      std::copy_n(scores.data() + i * outputs, outputs, to);
    }
  }
}

void BoostingModel::save(const AttributeWriter& out) const {
  Length columns;
  fields(out, fitted_, columns);
  trees::write(out, fitted_.forest);
  out.derived("feature_importances_", trees::importances(fitted_.forest, fitted_.features));
}

std::shared_ptr<Model> BoostingModel::load(const AttributeReader& in, bool has_classes,
                                           const std::function<trees::Loss(Index classes)>& loss) {
  FittedBoosting f;
  if (has_classes) f.classes.emplace();
  Length columns;
  fields(in, f, columns);
  f.features = columns.value;
  f.forest = trees::read_forest(in, f.features);
  in.derived("feature_importances_", trees::importances(f.forest, f.features));
  const Index classes = f.classes ? f.classes->size() : 0;
  const Index outputs = classes > 2 ? classes : 1;
  if (f.baseline.size() != outputs || classes == 1 || f.forest.trees() % outputs != 0) {
    throw DataError(fmt::format("{} has {} values, and there are {} trees for {} classes",
                                in.path("baseline_prediction_"), f.baseline.size(),
                                f.forest.trees(), classes));
  }
  FitReport report;
  report.n_iter = f.forest.trees() / outputs;
  return std::make_shared<BoostingModel>(std::move(f), loss(classes), std::move(report));
}

trees::BoostingTask boosting_task(const HistGradientBoostingParams& p, SplitPtr split, Index rows,
                                  std::uint64_t seed) {
  trees::BoostingTask task;
  const Index training = split ? split->train_rows : rows;
  task.split = std::move(split);
  task.learning_rate = p.learning_rate;
  task.max_iter = p.max_iter;
  task.growth.max_leaves = p.max_leaf_nodes.value_or(0);
  task.growth.max_depth = p.max_depth.value_or(0);
  task.growth.split.l2 = p.l2_regularization;
  task.growth.split.min_rows = p.min_samples_leaf;
  task.seed = p.random_state ? static_cast<std::uint64_t>(*p.random_state) : seed;
  const bool stops = p.early_stopping.is_bool() ? p.early_stopping.as_bool()
                                                : training > rows_without_early_stopping;
  if (stops) {
    task.stopping = {p.validation_fraction.value_or(0.0), p.n_iter_no_change, p.tol};
  }
  return task;
}

std::vector<Trained> train_boosting(Engine& engine, const Table& table, const std::string& name,
                                    std::span<const Index> max_bins,
                                    std::span<const trees::BoostingTask> tasks,
                                    const Labels* classes) {
  std::map<Index, std::vector<std::size_t>> by_bins;
  for (std::size_t i = 0; i < tasks.size(); ++i) by_bins[max_bins[i]].push_back(i);
  std::vector<Trained> trained(tasks.size());
  for (const auto& [bins, members] : by_bins) {
    std::vector<trees::BoostingTask> some;
    for (const std::size_t i : members) some.push_back(tasks[i]);
    std::vector<trees::BoostedOrFailure> all = trees::boost(engine, table, bins, name, some);
    for (std::size_t k = 0; k < members.size(); ++k) {
      Trained& one = trained[members[k]];
      one.failure = all[k].failure;
      if (one.failure) continue;
      trees::Boosted& b = all[k].boosted;
      FitReport report;
      report.n_iter = b.forest.trees() / some[k].outputs;
      FittedBoosting fitted{table.columns(), {}, std::move(b.baseline), std::move(b.forest)};
      if (classes != nullptr) fitted.classes = *classes;
      one.model =
          std::make_shared<BoostingModel>(std::move(fitted), some[k].loss, std::move(report));
    }
  }
  return trained;
}

}  // namespace superstep
