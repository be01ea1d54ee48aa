// SPDX-License-Identifier: BSD-3-Clause
// Long work of one rank that has no place to answer the watch from: a solve of thousands of
// columns, fsync of a large file.
#pragma once

#include <functional>

#include <superstep/comm/communicator.hpp>

namespace superstep {

/// Runs `work` on a thread of its own while this one, which alone may talk to other ranks, answers
/// the watch. `work` must not communicate; what it throws is thrown on. In a job of one rank, and
/// where no thread can be started, it is just called.
void answering(const Communicator& comm, const std::function<void()>& work);

}  // namespace superstep
