// SPDX-License-Identifier: BSD-3-Clause
// A look at some columns of a CSV file that is open.
#pragma once

#include <vector>

#include <superstep/data/csv_look.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

/// Reads some 32 MB at most.
CsvLook look_at(const CsvFile& file, const CsvColumns& columns, const std::vector<Index>& which);

}  // namespace superstep
