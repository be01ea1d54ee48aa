// SPDX-License-Identifier: BSD-3-Clause
// The sketch: the root looks at a few blocks spread over the dataset and tells everybody.
#pragma once

#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep {

/// Magnitudes, centres and spreads of the sampled rows, as the root found them. **Collective.**
std::vector<double> look_at_sample(const Communicator& comm, const Table& table);
/// What they say of the table.
Sketch sketch_of(const Table& table, const std::vector<double>& told);

}  // namespace superstep
