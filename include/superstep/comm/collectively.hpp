// SPDX-License-Identifier: BSD-3-Clause
// Turns a failure of one rank into the same failure of all, so that nobody waits for somebody who
// left.
#pragma once

#include <exception>
#include <string>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/error.hpp>

namespace superstep {

/// What a rank has to say of its own work, before the ranks agree.
struct LocalStatus {
  bool failed = false;
  ExitCode code = ExitCode::done;
  std::string message;
};

/// The exception in flight as a status; call inside a catch block.
LocalStatus status_of_current_exception();

/// Throws AgreedError on every rank, with the message of the lowest failing rank. Returns when none
/// has failed. A message that every failing rank shares names no rank. **Collective.**
void agree(const Communicator& comm, const LocalStatus& status);

/// Runs `f` on every rank; if it throws anywhere, every rank throws AgreedError with the message of
/// the lowest failing rank. `f` must not communicate. **Collective.**
template <class F>
void collectively(const Communicator& comm, F&& f) {
  LocalStatus status;
  try {
    f();
  } catch (...) {
    status = status_of_current_exception();
  }
  agree(comm, status);
}

/// Runs `f` in parts of the ranks, such as teams: it communicates within the part, and what a part
/// has agreed on (AgreedError) becomes everybody's failure. What only one rank knows of is thrown
/// on there: it ends the job, as the others of its part wait for a rank that cannot go on.
/// **Collective.**
template <class F>
void as_one(const Communicator& everybody, F&& f) {
  LocalStatus status;
  try {
    f();
  } catch (const AgreedError&) {
    status = status_of_current_exception();
  }
  agree(everybody, status);
}

/// Runs `f` on the root only; a failure there is thrown on every rank. **Collective.**
template <class F>
void on_root(const Communicator& comm, F&& f) {
  collectively(comm, [&] {
    if (comm.is_root()) f();
  });
}

}  // namespace superstep
