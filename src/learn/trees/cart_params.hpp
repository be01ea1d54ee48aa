// SPDX-License-Identifier: BSD-3-Clause
// The rows of the parameter tables that trees and forests have, and the tasks that they say.
#pragma once

#include <concepts>
#include <string>

#include <superstep/core/params.hpp>
#include <superstep/learn/tree/cart_family.hpp>
#include "learn/trees/forests.hpp"

namespace superstep::trees {

template <class P>
concept ParamsOfClassifier = requires(P p) {
  p.class_weight;
};

/// None, 'balanced', 'balanced_subsample' where rows are drawn, or a dict of label: weight >= 0.
Range weights_of_classes(bool draws_rows);
Range rows_or_part(Index least, bool all_too);
Range features_range();
Range samples_range();

template <class P>
ParamTable<P> with_criterion(ParamTable<P> table) {
  if constexpr (ParamsOfClassifier<P>) {
    return std::move(table).add("criterion", &P::criterion, one_of({"gini", "entropy", "log_loss"}),
                                "what splits make smaller; 'entropy' and 'log_loss' are the same");
  } else {
    return std::move(table).add("criterion", &P::criterion,
                                one_of({"squared_error", "friedman_mse", "poisson"}),
                                "what splits make smaller; 'friedman_mse' is 'squared_error'; "
                                "'absolute_error' is not there");
  }
}

template <class P>
ParamTable<P> with_growth(ParamTable<P> table) {
  return std::move(table)
      .add("max_depth", &P::max_depth, at_least(1), "splits on the way to a leaf; None: no limit")
      .add("min_samples_split", &P::min_samples_split, rows_or_part(2, true),
           "rows in a node that is split, at least, or the part of all rows")
      .add("min_samples_leaf", &P::min_samples_leaf, rows_or_part(1, false),
           "rows in a leaf, at least, or the part of all rows")
      .add("min_weight_fraction_leaf", &P::min_weight_fraction_leaf, between(0.0, 0.5),
           "the part of all weights in a leaf, at least")
      .add("max_features", &P::max_features, features_range(),
           "columns that are looked at in a split; more where all of them are constant")
      .add("random_state", &P::random_state, at_least(0), "decides what is drawn; None: --seed")
      .add("max_leaf_nodes", &P::max_leaf_nodes, at_least(2),
           "of a tree, whose best leaf is split first then; None: no limit")
      .add("min_impurity_decrease", &P::min_impurity_decrease, at_least(0.0),
           "of the whole tree by a split, at least");
}

template <class P>
ParamTable<P> with_pruning(ParamTable<P> table) {
  if constexpr (ParamsOfClassifier<P>) {
    constexpr bool draws_rows = std::derived_from<P, ForestParams>;
    table = std::move(table).add(
        "class_weight", &P::class_weight, weights_of_classes(draws_rows),
        draws_rows
            ? "factors on the weights of the classes' rows; 'balanced': all classes weigh the "
              "same; 'balanced_subsample': in each tree"
            : "factors on the weights of the classes' rows; 'balanced': all classes weigh the "
              "same");
  }
  return std::move(table)
      .add("ccp_alpha", &P::ccp_alpha, at_least(0.0),
           "what a leaf costs: branches that do not pay are taken off the grown tree")
      .refuse("monotonic_cst", {Value()}, "there are no constraints");
}

/// The parameters of a single tree, behind those that the table has.
template <class P>
ParamTable<P> with_tree_params(ParamTable<P> table) {
  ParamTable<P> with =
      with_criterion(std::move(table))
          .add("splitter", &P::splitter, one_of({"best", "random"}),
               "whether the threshold of a column is its best one, or drawn from its values");
  return with_pruning(with_growth(std::move(with)));
}

/// Those of a forest.
template <class P>
ParamTable<P> with_forest_params(ParamTable<P> table) {
  ParamTable<P> with = with_criterion(
      std::move(table).add("n_estimators", &P::n_estimators, between(1, 1e6), "trees"));
  return with_pruning(
             with_growth(std::move(with))
                 .add("bootstrap", &P::bootstrap, anything(),
                      "whether each tree sees rows that are drawn, as often as they are")
                 .add("oob_score", &P::oob_score, anything(),
                      "whether oob_score_ is found: of the trees that have not seen a row")
                 .refuse("n_jobs", {Value(), 1, -1}, "ranks and --threads say how many work")
                 .refuse("verbose", {0, 1, 2}, "progress is shown unless --quiet")
                 .refuse("warm_start", {false}, "a fit knows nothing of earlier ones"))
      .add("max_samples", &P::max_samples, samples_range(),
           "rows that are drawn for a tree, or the part of all; None: as many as there are")
      .positional(1);
}

/// UsageError where something is wanted of rows that are drawn, and none are.
void check_draws(const std::string& estimator, const ForestParams& params, bool bootstrap);

/// What follows from the parameters alone.
CartTask task_of(const TreeParams& params, const std::string& criterion, const Value& max_features,
                 Index columns, std::uint64_t seed);

template <class P>
CartTask tree_task(const P& p, Index columns, std::uint64_t seed) {
  CartTask task = task_of(p, p.criterion, p.max_features, columns, seed);
  task.rules.draws_thresholds = p.splitter == "random";
  if constexpr (ParamsOfClassifier<P>) task.class_weight = p.class_weight;
  return task;
}

template <class P>
CartTask forest_task(const P& p, Index columns, std::uint64_t seed) {
  CartTask task = task_of(p, p.criterion, p.max_features, columns, seed);
  if constexpr (ParamsOfClassifier<P>) task.class_weight = p.class_weight;
  task.trees = p.n_estimators;
  task.bootstrap = p.bootstrap;
  task.max_samples = p.max_samples;
  task.wants_oob_score = p.oob_score;
  return task;
}

}  // namespace superstep::trees
