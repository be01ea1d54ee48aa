// SPDX-License-Identifier: BSD-3-Clause
// Whether the parts of a dataset go together. DataErrors say what does not, and what to name
// instead.
#pragma once

#include <string>
#include <vector>

#include <superstep/io/dataset_layout.hpp>

#include "data/feature_reader.hpp"

namespace superstep {

/// Rows x columns of numbers, not empty.
void check_shape_of_x(const DatasetLayout& x);
/// One target in each row, or several numbers.
void check_targets(const FeatureReader& x, const DatasetLayout& y);
/// One value in each row.
void check_length(const FeatureReader& x, const DatasetLayout& other, const char* option);
/// Names that do not fit belong to the features of the standard layout: beside others they are
/// none.
std::vector<std::string> read_names(const DatasetLayout& names, const DatasetLayout& x);
/// Of sparse rows, where the names are as many as their columns; else none.
std::vector<std::string> read_names(const SparseLayout& x);

}  // namespace superstep
