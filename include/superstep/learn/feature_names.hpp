// SPDX-License-Identifier: BSD-3-Clause
// Names of columns: whether data have those a model was trained on, in scikit-learn's words.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/expression.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

/// How a model finds its columns in data that have names.
enum class ColumnOrder {
  as_trained,  ///< the names must be the model's, in its order
  by_name,     ///< each column is looked up; those the model does not know are left out
};

/// A model ready for some data, and a sentence if only one of the two has names (or empty).
struct MatchedModel {
  ModelPtr model;
  std::string warning;
};

/// Categories of the data are numbered as the model's from then on. The model itself or, by name,
/// behind a choice of columns: takes the columns of the data, gives what it gives for its own.
/// DataError if names are missing, unknown or in another order. The same on every rank, without
/// communication.
MatchedModel match_columns(const ModelPtr& model, Dataset& data,
                           ColumnOrder order = ColumnOrder::as_trained);

/// A name from a file as people are shown it: no control characters, at most so wide.
std::string shown_name(const std::string& name, std::size_t width = 60);

}  // namespace superstep
