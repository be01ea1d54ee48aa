// SPDX-License-Identifier: BSD-3-Clause
// How the targets of a dataset are written again.
#pragma once

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/row_source.hpp>

namespace superstep {

/// Whole numbers stay so; text stays text, and an enumeration one. **Collective.**
TargetFormat format_of_targets(const Communicator& comm, Dataset& data);

}  // namespace superstep
