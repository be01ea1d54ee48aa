// SPDX-License-Identifier: BSD-3-Clause
// Which columns a step is to see, as scikit-learn's ColumnTransformer lets it be said: a name or a
// number, a list of them, a mask, slice(...), make_column_selector(...).
#pragma once

#include <vector>

#include <superstep/core/value.hpp>
#include <superstep/data/schema.hpp>

namespace superstep {

/// Their numbers, in the order asked for; a column may be asked for twice. UsageError or DataError
/// names what there is not, and what there is.
std::vector<Index> selected_columns(const Value& columns, const Schema& schema);

/// UsageError where it cannot be a choice of columns, whatever the columns are.
void check_selection(const Value& columns);

}  // namespace superstep
