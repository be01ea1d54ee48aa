// SPDX-License-Identifier: BSD-3-Clause
// How large things may become in a generalised linear model: rows of a panel, the sample of rows
// that second derivatives come from, the matrices they go into.
#pragma once

#include "learn/linear_model/glm.hpp"

namespace superstep {

/// Rows whose columns stay near the core.
Index panel_rows(Index columns);
/// Of sparse rows.
Index sparse_panel_rows(Index columns);

/// Models whose margins for such a panel stay near it.
Index models_in_cache(Index outputs);

/// Whether a Gram matrix of so many columns is kept.
bool has_gram(Index columns);

/// Strides of the levels for so many blocks, ending with 1.
std::vector<Index> level_strides(Index blocks);

/// Whether so many training rows of each part say anything about the optimum.
bool is_trusted(std::span<const Index> rows, Index columns, Index outputs);

struct Sampling {
  RowSample sample;
  bool is_dense;  ///< all second derivatives of a model fit into one matrix
};
/// As many of `rows` as let second derivatives cost about what a gradient does in a batch, if they
/// are enough to be trusted.
Sampling choose_sample(Index rows, Index columns, Index outputs, Index tall);

/// Models that are trained together: as many as their second derivatives leave room for.
Index most_together(Index columns, Index outputs, bool is_dense);

}  // namespace superstep
