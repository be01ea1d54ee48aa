// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/collectively.hpp>

#include <new>

namespace superstep {

LocalStatus status_of_current_exception() {
  try {
    throw;
  } catch (const Error& e) {
    return {true, e.exit_code(), e.what()};
  } catch (const std::bad_alloc&) {
    return {true, ExitCode::memory,
            "out of memory on host " + host_name() +
                "; give each rank less to hold (--memory), or use more nodes"};
  } catch (const std::exception& e) {
    return {true, ExitCode::defect,
            std::string("a defect of the program: ") + e.what() + "; please report it"};
  } catch (...) {
    return {true, ExitCode::defect,
            "a defect of the program: an unknown exception; please report it"};
  }
}

void agree(const Communicator& comm, const LocalStatus& status) {
  const int none = comm.size();
  const Index first = comm.min(Index{status.failed ? comm.rank() : none});
  if (first == none) return;
  const int failing = static_cast<int>(first);
  const Index n_failed = comm.sum(Index{status.failed ? 1 : 0});
  const std::string message = comm.broadcast(status.message, failing);
  const Index code = comm.max(Index{comm.rank() == failing ? static_cast<int>(status.code) : 0});
  const std::string host = comm.broadcast(host_name(), failing);
  const bool is_local = comm.size() > 1 && n_failed < comm.size() && failing != 0;
  const std::string where =
      is_local ? " (rank " + std::to_string(comm.world_rank(failing)) + " on host " + host + ")"
               : std::string();
  throw AgreedError(static_cast<ExitCode>(code), message + where);
}

}  // namespace superstep
