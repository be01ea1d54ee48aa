// SPDX-License-Identifier: BSD-3-Clause
// A program of a user's own in which one rank goes wrong in the way and at the place that it is
// told. rank_fails.py runs it in every way and looks at how the job ends. This file may call MPI
// itself: going wrong behind the library's back is what it is for.
#include <mpi.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/engine/tasks.hpp>
#include <superstep/io/parallel_file.hpp>
#include <superstep/learn/linear_model/logistic_regression.hpp>
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

// Allocations of this process from `armed` on: the one of that number fails, once. Zero: none.
std::atomic<long> allocations_left = 0;

/// Where the rank fails.
struct Failure {
  const std::function<void()>& fail;
  std::string place;
  bool is_here;
  void at(const std::string& where) const {
    if (is_here && place == where) fail();
  }
};

double three_supersteps(superstep::Engine& engine, const superstep::Data& data,
                        const Failure& failure) {
  superstep::Table table;
  table.data = data.dataset();
  superstep::SumShape shape;
  shape.add(1, 40);
  double rows = 0.0;
  for (int step = 0; step < 3; ++step) {
    const auto totals = engine.superstep(
        table, shape,
        [&](const superstep::Block& block, superstep::Partial& sum, superstep::Workspace&) {
          if (step == 1) failure.at("map");
          sum[0][0] += static_cast<double>(block.rows);
        });
    if (step == 1) failure.at("between");
    rows = totals.value(0);
  }
  return rows;
}

struct Solution {
  double value = 0.0;
  template <class Archive>
  void fields(Archive& archive) {
    archive.number(value);
  }
};

void four_solves(superstep::Engine& engine, const Failure& failure) {
  superstep::tasks(engine, 4, [&] {
    return [&](superstep::Index i) {
      failure.at("solve");
      return Solution{static_cast<double>(i)};
    };
  });
}

void write_file(const superstep::Communicator& comm, const std::string& path,
                const Failure& failure) {
  auto file = superstep::ParallelFile::create(comm, path);
  const auto dataset =
      file.create_dataset("/v", superstep::float64_type(), {superstep::Index{comm.size()}});
  failure.at("write");
  const double value = comm.rank();
  file.write_rows(dataset, comm.rank(), 1, &value);
  file.commit();
}

void work(superstep::Engine& engine, superstep::Session& session, const superstep::Data& data,
          const std::string& data_path, const Failure& failure) {
  const double rows = three_supersteps(engine, data, failure);
  four_solves(engine, failure);
  if (&engine == &session.engine()) {
    write_file(engine.comm(), data_path + ".out", failure);
    failure.at("targets");
    data.dataset()->classes(engine.comm());
    failure.at("fit");
    superstep::LogisticRegression().fit(data);
  }
  if (allocations_left > 0) std::puts("not reached");
  allocations_left = 0;
  session.print("{} rows\n", rows);
}

}  // namespace

// Not inlined, so that the compiler sees no pair of new and free().
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (allocations_left > 0 && --allocations_left == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
/// Whoever asks so (std::stable_sort) can do without, so nothing fails there.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// usage: rank_fails DATA WAY RANK PLACE N [teams]: with teams, of two the one that RANK is in
// fails. N: of the allocation that fails, in the way "allocation".
int main(int argc, char** argv) {
  superstep::Session session(argc, argv);
  const auto data = session.open(argv[1]);
  const std::string way = argv[2];
  const long number = std::atol(argv[5]);
  const std::function<void()> arm = [number] { allocations_left = number; };
  const bool is_here = session.comm().rank() == std::atoi(argv[3]);
  const Failure failure{way == "allocation" ? arm : failures.at(way), argv[4], is_here};
  if (argc < 7) {
    work(session.engine(), session, data, argv[1], failure);
    return 0;
  }
  const superstep::Communicator team = session.comm().split(session.comm().rank() % 2);
  superstep::Engine engine(team, {});
  superstep::as_one(session.comm(), [&] { work(engine, session, data, argv[1], failure); });
}
