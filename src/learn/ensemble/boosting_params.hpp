// SPDX-License-Identifier: BSD-3-Clause
// The rows of the parameter tables that both estimators of boosting on histograms have.
#pragma once

namespace superstep {

template <class P>
ParamTable<P> with_boosting_params(ParamTable<P> table) {
  const auto is_early = [](const Value& v) {
    return v.is_bool() || (v.is_string() && v.as_string() == "auto");
  };
  return std::move(table)
      .add("learning_rate", &P::learning_rate, greater_than(0.0),
           "each tree adds that part of its step")
      .add("max_iter", &P::max_iter, at_least(1), "trees, or groups of one for each class")
      .add("max_leaf_nodes", &P::max_leaf_nodes, at_least(2), "of a tree; None: no limit")
      .add("max_depth", &P::max_depth, at_least(1), "of a tree; None: no limit")
      .add("min_samples_leaf", &P::min_samples_leaf, at_least(1), "rows in a leaf, at least")
      .add("l2_regularization", &P::l2_regularization, at_least(0.0),
           "added to the hessians of a leaf")
      .refuse("max_features", {1.0}, "all columns are looked at in each split")
      .add("max_bins", &P::max_bins, between(2, 255),
           "columns are cut into so many intervals at most; what is missing has one more")
      .refuse("categorical_features", {"from_dtype", Value()},
              "categories are to be encoded first (OrdinalEncoder, OneHotEncoder)")
      .refuse("monotonic_cst", {Value()}, "there are no constraints")
      .refuse("interaction_cst", {Value()}, "there are no constraints")
      .refuse("warm_start", {false}, "a fit begins at the start")
      .add("early_stopping", &P::early_stopping, satisfies("'auto', True or False", is_early),
           "whether training ends when rows that are held out do not improve; 'auto': of more than "
           "10,000 rows")
      .refuse("scoring", {"loss"}, "rows that are held out are judged by the loss")
      .add("validation_fraction", &P::validation_fraction, between(0.0, 1.0, Ends::open),
           "of the rows, those that are held out for that, chosen by their places; None: the rows "
           "that train judge")
      .add("n_iter_no_change", &P::n_iter_no_change, at_least(1),
           "iterations without an improvement after which training ends")
      .add("tol", &P::tol, at_least(0.0), "what counts as an improvement")
      .add("verbose", &P::verbose, anything(), "without effect: progress is shown anyway")
      .add("random_state", &P::random_state, at_least(0),
           "decides which rows are held out and how gradients are rounded; None: --seed");
}

}  // namespace superstep
