// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge_classifier.hpp>

#include <algorithm>
#include <bit>

#include "learn/cells.hpp"
#include "learn/class_weight.hpp"
#include "learn/linear_model/linear_classifier.hpp"
#include "learn/linear_model/ridge_equations.hpp"

namespace superstep {

const ParamTable<RidgeClassifierParams>& RidgeClassifier::param_table() {
  using P = RidgeClassifierParams;
  static const auto table = with_solver(
      with_alpha_and_intercept(ParamTable<P>("RidgeClassifier", "Ridge regression on classes."))
          .add("class_weight", &P::class_weight, class_weight_range(),
               "factor on the weights of a class's rows"));
  return table;
}

void RidgeClassifier::check_params() const {
  WithParams::check_params();
  check_solver(name(), params().solver, params().positive);
}

MomentFit RidgeClassifier::solve(const Moments& m) const { return equations_of(params()).solve(m); }

MomentFit RidgeClassifier::refine(const Moments& m, const Spectrum& spectrum) const {
  if (params().positive) return MomentLearner::refine(m, spectrum);
  return equations_of(params()).refine(m, spectrum);
}

std::shared_ptr<Model> RidgeClassifier::model_of(const Engine& engine, const Table& table,
                                                 MomentFit& fit) const {
  if (!fit.converged) fit.warnings.push_back(said_of_sweeps(name(), fit));
  return std::make_shared<LinearClassifier>(
      table.data->classes(engine.comm()), LinearFunction(fit.coef.transpose(), fit.intercept),
      Probabilities::none, FitReport{fit.n_iter, fit.converged, fit.warnings});
}

std::shared_ptr<Model> RidgeClassifier::load_fitted(const AttributeReader& in) const {
  SavedLinearClassifier saved = read_linear_classifier(in);
  const LinearFunction function = saved.function();
  return std::make_shared<LinearClassifier>(std::move(saved.classes), function, Probabilities::none,
                                            FitReport{});
}

// ---- class_weight ------------------------------------------------------------------------------

namespace {

const RidgeClassifierParams& params_of(const Candidate& c) {
  return dynamic_cast<const RidgeClassifier&>(*c.estimator).params();
}

/// How many rows of each class the splits train on, those with a weight above zero. **Collective.**
std::vector<Vector> rows_by_class(Engine& engine, const Table& table, Index classes,
                                  std::span<const SplitPtr> splits) {
  const Cells cells(splits);
  const auto tall = static_cast<std::size_t>(table.data->blocks().rows_per_block());
  SumShape shape;
  for (Index cell = 0; cell < cells.size(); ++cell) shape.add(classes, std::bit_width(tall));
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
          for_rows(block, rows, [&](Index i) {
            if (block.weight_of(i) > 0.0) sum[cell][static_cast<std::size_t>(block.y[i])] += 1.0;
          });
        });
      });
  std::vector<Vector> rows;
  for (const SplitPtr& split : splits) {
    const std::vector<double> counts = totals.combined(cells.with_role(split, Role::train));
    rows.emplace_back(VectorView(counts.data(), classes));
  }
  return rows;
}

/// Candidates that train on the same rows with the same weights.
struct WeightedGroup {
  SplitPtr split;
  Value class_weight;
  std::vector<std::size_t> members{};

  Table table{};
  std::vector<Candidate> candidates{};  ///< as they are for that table
};

std::vector<WeightedGroup> groups_by_weight(std::span<const Candidate> candidates) {
  std::vector<WeightedGroup> groups;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    const Value& weight = params_of(c).class_weight;
    const SplitPtr split = weight.is_none() ? nullptr : c.split;  // those without share all rows
    const auto same = [&](const WeightedGroup& g) {
      return g.split == split && g.class_weight == weight;
    };
    auto found = std::ranges::find_if(groups, same);
    if (found == groups.end()) found = groups.insert(groups.end(), {split, weight});
    found->members.push_back(i);
  }
  return groups;
}

}  // namespace

std::vector<Trained> RidgeClassifier::train_batch(Engine& engine, const Table& table,
                                                  std::span<const Candidate> candidates) const {
  std::vector<WeightedGroup> groups = groups_by_weight(candidates);
  if (groups.size() == 1 && groups.front().class_weight.is_none()) {
    return MomentLearner::train_batch(engine, table, candidates);
  }
  const Labels& classes = table.data->classes(engine.comm());
  std::vector<SplitPtr> splits;
  for (const WeightedGroup& g : groups) splits.push_back(g.split);
  const std::vector<Vector> rows = rows_by_class(engine, table, classes.size(), splits);
  std::vector<Trained> all(candidates.size());
  std::vector<Engine::Work> works;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    WeightedGroup& group = groups[g];
    group.table = group.split ? table.only(group.split, Role::train) : table;
    const bool is_weighted = !group.class_weight.is_none();
    if (is_weighted) {
      const Vector factors = class_factors(group.class_weight, name(), classes, rows[g]);
      group.table.class_weight =
          std::make_shared<std::vector<double>>(factors.begin(), factors.end());
    }
    for (const std::size_t i : group.members) {
      group.candidates.push_back(candidates[i]);
      if (is_weighted) group.candidates.back().split = nullptr;
      if (is_weighted) group.candidates.back().gathered = nullptr;
    }
    const auto train = [this, &engine, &group, &all] {
      std::vector<Trained> some = MomentLearner::train_batch(engine, group.table, group.candidates);
      for (std::size_t i = 0; i < some.size(); ++i) all[group.members[i]] = std::move(some[i]);
    };
    works.push_back({footprint_for(engine, *this, group.table, group.candidates), train});
  }
  engine.side_by_side_where_there_is_room(std::move(works));
  return all;
}

}  // namespace superstep
