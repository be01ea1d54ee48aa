// SPDX-License-Identifier: BSD-3-Clause
// How trees do on the rows that they have not seen.
#pragma once

#include "learn/trees/rows_of_trees.hpp"

namespace superstep::trees {

/// Accuracy, or r2 of numbers, of the means over those trees that have not seen the row; rows that
/// all trees have seen do not count, and are told in `seen_by_all`. Not a number where no row does.
/// **Collective.**
double oob_score(Engine& engine, const CodedTable& coded, const RowsOfTask& rows,
                 const CartForest& forest, Index& seen_by_all);

/// Doubles that a rank holds for it.
Index doubles_for_oob_score(Index rows, Index trees);

}  // namespace superstep::trees
