// SPDX-License-Identifier: BSD-3-Clause
// Replicated mathematics of many models: every rank could solve each of them and get the same bits,
// so each is solved once, and the results are exchanged.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <superstep/comm/communicator.hpp>

namespace superstep {

/// task(0), task(1), ... of `count` tasks, on every rank. A task sees replicated data only and does
/// not communicate: it runs on a thread of its own, so that a long one does not look like death.
/// Each is done on one rank, neighbours in order on the same one, as a rule. An exception there
/// ends the work on every rank. **Collective.**
std::vector<std::vector<double>> share_out(const Communicator& comm, Index count,
                                           const std::function<std::vector<double>(Index)>& task);

}  // namespace superstep
