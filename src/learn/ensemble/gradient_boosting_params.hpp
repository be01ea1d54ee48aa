// SPDX-License-Identifier: BSD-3-Clause
// The parameters that GradientBoostingClassifier and GradientBoostingRegressor share, and what they
// say of a training.
#pragma once

#include <string>

#include <superstep/learn/ensemble/gradient_boosting.hpp>
#include "learn/trees/boosting.hpp"

namespace superstep {

/// But for the loss. `rows`: of the table; 0 where they do not matter.
trees::BoostingTask gradient_boosting_task(const GradientBoostingParams& p, SplitPtr split,
                                           Index columns, Index rows, std::uint64_t seed);

/// An int >= least or a float in (0, 1), as a part of the rows.
Range rows_or_part(Index least);
/// None, 'sqrt', 'log2', an int >= 1 or a float in (0, 1].
Range features_or_part();

template <class P>
ParamTable<P> with_gradient_boosting_params(ParamTable<P> table) {
  return std::move(table)
      .add("learning_rate", &P::learning_rate, at_least(0.0),
           "each tree adds that part of its step")
      .add("n_estimators", &P::n_estimators, at_least(1), "trees, or groups of one for each class")
      .add("subsample", &P::subsample, between(0.0, 1.0, Ends::open_left),
           "each tree sees that part of the rows, chosen by chance")
      .refuse("criterion", {"deprecated", "friedman_mse", "squared_error"},
              "both rate splits alike")
      .add("min_samples_split", &P::min_samples_split, rows_or_part(2),
           "rows of a node that is split, at least; a float: that part of all")
      .add("min_samples_leaf", &P::min_samples_leaf, rows_or_part(1),
           "rows in a leaf, at least; a float: that part of all")
      .refuse("min_weight_fraction_leaf", {0.0}, "min_samples_leaf bounds leaves by their rows")
      .add("max_depth", &P::max_depth, at_least(1), "of a tree; None: no limit")
      .add("min_impurity_decrease", &P::min_impurity_decrease, at_least(0.0),
           "by which a split lowers the variance of all rows, at least")
      .add("init", &P::init, one_of({Value(), "zero"}),
           "None: scores begin at what the classes' weights, or the mean, say; 'zero': at zero")
      .add("random_state", &P::random_state, at_least(0),
           "decides which rows and columns are drawn; None: --seed")
      .add("max_features", &P::max_features, features_or_part(),
           "columns that each node looks at, drawn for it; None: all")
      .add("verbose", &P::verbose, anything(), "without effect: progress is shown anyway")
      .add("max_leaf_nodes", &P::max_leaf_nodes, at_least(2), "of a tree; None: no limit")
      .refuse("warm_start", {false}, "a fit begins at the start")
      .add("validation_fraction", &P::validation_fraction, between(0.0, 1.0, Ends::open),
           "of the rows, those that are held out where n_iter_no_change is given, chosen by chance")
      .add("n_iter_no_change", &P::n_iter_no_change, at_least(1),
           "training ends when the loss of rows that are held out is better than none of the last "
           "so many; None: no rows are held out")
      .add("tol", &P::tol, at_least(0.0), "what counts as better")
      .refuse("ccp_alpha", {0.0}, "trees are not pruned");
}

}  // namespace superstep
