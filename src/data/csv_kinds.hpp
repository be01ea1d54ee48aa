// SPDX-License-Identifier: BSD-3-Clause
// What each column of a CSV file becomes, and what the user should know of it.
#pragma once

#include <string>
#include <vector>

#include <superstep/data/import.hpp>
#include "data/csv_columns.hpp"
#include "data/csv_scan.hpp"

namespace superstep {

/// The features in the order of the file. DataError when a cell is not what --types asks for, text
/// is no UTF-8, or numbers are needed (--layout matrix, targets and weights) and there are others.
std::vector<TableColumn> table_columns(const std::string& path, const CsvColumns& columns,
                                       const CsvFindings& findings, const CsvOptions& options);

/// Whether they are written column by column.
bool needs_table(const std::vector<TableColumn>& features, const CsvOptions& options);

/// Adds to `imported.notes`.
void add_notes_of_kinds(const CsvColumns& columns, const CsvFindings& findings,
                        const std::vector<TableColumn>& features, const CsvOptions& options,
                        ImportedSource& imported);

}  // namespace superstep
