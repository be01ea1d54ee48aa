// SPDX-License-Identifier: BSD-3-Clause
// A program of a user's own in which one rank goes wrong in the middle of a superstep, in the way
// that argv[2] says. rank_fails.py runs it in every way and looks at how the job ends. This file
// may call MPI itself: going wrong behind the library's back is what it is for.
#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/learn/session.hpp>

namespace {

[[noreturn]] void sleep_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

const std::map<std::string, std::function<void()>> failures = {
    {"none", [] {}},
    {"throw", [] { throw std::runtime_error("injected exception"); }},
    {"io_error", [] { throw superstep::FileError("injected I/O error"); }},
    {"out_of_memory", [] { throw std::bad_alloc(); }},
    {"abort", [] { std::abort(); }},
    {"exit_0", [] { std::_Exit(0); }},
    {"exit_1", [] { std::_Exit(1); }},
    {"finalize_exit_0",
     [] {
       MPI_Finalize();
       std::_Exit(0);
     }},
    {"finalize_exit_1",
     [] {
       MPI_Finalize();
       std::_Exit(1);
     }},
    {"sigkill", [] { raise(SIGKILL); }},
    {"sigsegv", [] { raise(SIGSEGV); }},
    {"stall", [] { sleep_for_ever(); }},
    {"stop", [] { raise(SIGSTOP); }},
};

void three_supersteps(superstep::Session& session, superstep::Engine& engine,
                      const superstep::Data& data, const std::function<void()>& fail,
                      int failing_rank) {
  superstep::Table table;
  table.data = data.dataset();
  superstep::SumShape shape;
  shape.add(1, 40);
  for (int step = 0; step < 3; ++step) {
    const auto totals = engine.superstep(
        table, shape,
        [&](const superstep::Block& block, superstep::Partial& sum, superstep::Workspace&) {
          if (step == 1 && session.comm().rank() == failing_rank) fail();
          sum[0][0] += static_cast<double>(block.rows);
        });
    session.print("step {}: {} rows\n", step, totals.value(0));
  }
}

}  // namespace

// usage: rank_fails DATA WAY RANK [teams]: with teams, of two the one that RANK is in fails.
int main(int argc, char** argv) {
  superstep::Session session(argc, argv);
  const auto data = session.open(argv[1]);
  const auto& fail = failures.at(argv[2]);
  const int failing_rank = std::atoi(argv[3]);
  if (argc < 5) {
    three_supersteps(session, session.engine(), data, fail, failing_rank);
    return 0;
  }
  const superstep::Communicator team = session.comm().split(session.comm().rank() % 2);
  superstep::Engine engine(team, {});
  superstep::collectively(session.comm(),
                          [&] { three_supersteps(session, engine, data, fail, failing_rank); });
}
