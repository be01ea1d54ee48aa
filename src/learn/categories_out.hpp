// SPDX-License-Identifier: BSD-3-Clause
// What a transformer lets pass of a table: columns with categories are written as a table again.
#pragma once

#include <string>

#include <superstep/data/schema.hpp>
#include <superstep/io/parallel_file.hpp>

#include "data/table_writer.hpp"

namespace superstep {

/// DataError where values that stand for something else are no such thing: free text, which blocks
/// do not hold.
void require_no_texts(const Schema& columns);

/// The first value that is a category nobody knows: DataError. `first`: the number of the first
/// row.
void require_known_levels(const Schema& columns, Index first, Index rows, const double* values);

/// /table instead of /X.
class CategoriesOut {
 public:
  CategoriesOut(const std::string& path, const Schema& columns, Index rows);

  /// **Collective.**
  void create_in(ParallelFile& file);
  /// By the root.
  void write_levels(ParallelFile& file) const { writer_.put_number_levels(file); }
  /// A run of rows. FileError on this rank alone.
  void write(ParallelFile& file, Index first, Index rows, const double* values);

 private:
  RowFormat format_;
  TableWriter writer_;
};

}  // namespace superstep
