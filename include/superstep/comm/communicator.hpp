// SPDX-License-Identifier: BSD-3-Clause
// MPI as the engine uses it: a handle that cannot be copied, a handful of collectives on values,
// and a watch that ends the job when a rank stops answering. <mpi.h> is included by the .cpp file
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/counters.hpp>
#include <superstep/core/events.hpp>
#include <superstep/core/types.hpp>

namespace superstep {

/// Starts MPI and ends it, unless nobody launched this process (is_launched): one process alone
/// needs no MPI; who wants it nevertheless calls MPI_Init before. Does not finalise while an
/// exception unwinds: the other ranks are in other calls then, MPI_Finalize would wait for them for
/// ever, and the message would never be printed.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  /// Ends MPI now, for a program that will not come back to the destructor. **Collective.**
  static void finalize();

 private:
  int exceptions_at_birth_;
  bool owns_mpi_;
};

/// A group of ranks. All members marked Collective must be called by every rank in the same order.
///
/// Every collective first waits for all ranks in a loop that answers life signs, so that a rank
/// that is stopped or lost ends the job with one message instead of hanging it (see watch_limit_s).
/// A rank that was silent itself before it came, at replicated work as a rule, gives the others
/// twice as long.
class Communicator {
 public:
  /// All ranks; one where MPI was not started. **Collective.**
  static Communicator world();
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  ~Communicator();

  int rank() const;
  int size() const;
  bool is_root() const { return rank() == 0; }

  /// **Collective.**
  void barrier() const;
  /// In place: every rank gets the sum over the ranks. Integers, so the order cannot be seen.
  /// **Collective.**
  void sum(std::span<std::int64_t> values) const;
  /// In place maximum; no value may be NaN. **Collective.**
  void max(std::span<double> values) const;
  Index sum(Index value) const;    ///< **Collective.**
  Index max(Index value) const;    ///< **Collective.**
  Index min(Index value) const;    ///< **Collective.**
  double max(double value) const;  ///< **Collective.**
  /// The root's bytes or text on every rank. **Collective.**
  void broadcast(std::vector<std::byte>& bytes, int root = 0) const;
  std::string broadcast(std::string text, int root = 0) const;   ///< **Collective.**
  void broadcast(std::span<double> values, int root = 0) const;  ///< **Collective.**
  /// The bytes of every rank, by rank, on every rank. **Collective.**
  std::vector<std::vector<std::byte>> gather_all(std::span<const std::byte> bytes) const;
  /// Sends `outgoing[r]` to rank r; returns what each rank sent here. **Collective.**
  std::vector<std::vector<std::byte>> exchange(
      const std::vector<std::vector<std::byte>>& outgoing) const;
  /// The ranks that give the same `part`, in the order they have here. Part of this group, which
  /// must outlive it: who works in the part goes on answering the watch of the whole.
  /// **Collective.**
  Communicator split(int part) const;
  /// The ranks on this node, likewise. **Collective.**
  Communicator on_node() const;
  /// How many of the ranks run on this node. **Collective.**
  int ranks_on_node() const;
  /// The number that a rank of this group has among all ranks.
  int world_rank(int rank) const;

  /// Whether there are others in the job who might ask for a sign of life.
  bool is_watched() const;
  /// Answers the watch of other ranks. Cheap; call between pieces of long local work, from the
  /// thread that started MPI.
  void answer() const;
  /// Ends the whole job with this exit code, without waiting for anybody.
  [[noreturn]] void abort(int code) const;

  /// What happens on this rank, of this group and of those split from it: collectives, what engines
  /// do, and whatever else is published there.
  Events& events() const;
  /// What was counted of it; payloads as given, with one rank too.
  const Counters& counters() const;

 private:
  struct State;
  class Call;
  friend struct NativeHandle;
  explicit Communicator(std::unique_ptr<State> state);
  static Communicator of(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Bytes that one message of MPI may carry, at most and at first 1 GiB: longer ones go in pieces,
/// because MPI counts in int. The same on every rank; tests set few.
void set_longest_message(std::size_t bytes);

/// Seconds a rank may be silent while others wait for it, before it is asked; silent for as long
/// again, the job ends with ExitCode::rank_lost. SUPERSTEP_WATCHDOG in the environment, else 60.
double watch_limit_s();

/// The name of this computer, for messages.
std::string host_name();

}  // namespace superstep
