// SPDX-License-Identifier: BSD-3-Clause
// The distinct values of a column, over all ranks, and rows as positions among them.
#pragma once

#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/block.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/labels.hpp>
#include <superstep/io/row_reader.hpp>

namespace superstep {

/// Whether its values are texts, or the names of an enumeration.
bool is_text(const RowReader& reader);

/// A column whose values are to be told apart.
struct DistinctIn {
  const BlockPlan& blocks;
  const RowReader& reader;
  Index most;
  const std::string& complaint;  ///< where there are more
  std::string name;
  LabelRoom room;
};

/// The distinct values of a column, over all ranks. **Collective.**
Labels labels_of(const Communicator& comm, const DistinctIn& in);

/// Positions in the list, -1 for what is not there.
void encode(const RowReader& reader, const Labels& labels, Index first, Index count, double* out);

}  // namespace superstep
