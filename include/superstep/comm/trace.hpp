// SPDX-License-Identifier: BSD-3-Clause
// What a rank did when, for those who want to see it: passes over its blocks and collectives, one
// event each. What lies between two events is work of its own, such as the update of the state.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class Communicator;

/// Seconds count from Trace::begin.
struct TraceEvent {
  const char* what = "";  ///< a literal: "pass", "load", "tasks", "sum", "broadcast", ...
  Index bytes = 0;        ///< of the rank's rows, or of what it gave to the collective
  Index blocks = 0;       ///< or tasks, that this rank did
  Index rows = 0;
  Index ranks = 0;      ///< that take part in the collective
  double wait_s = 0.0;  ///< of it, waiting for files or for the other ranks
  // Filled in by the trace.
  double busy_s = 0.0;  ///< processor time of all threads
  double own_s = 0.0;   ///< the same, between the event before and this one
  double begin_s = 0.0;
  double end_s = 0.0;
  std::string phase{};
};

/// Switched off until begin() is called; costs nothing then. Only for the thread that started MPI.
class Trace {
 public:
  /// Forgets everything and sets the clock to zero; call it behind a barrier.
  void begin();
  bool is_on() const { return is_on_; }
  /// What the coming events are for.
  void set_phase(const std::string& phase) { phase_ = phase; }
  /// An event begins; events do not overlap.
  void open();
  /// Since open().
  double open_for_s() const;
  /// It has ended.
  void close(const TraceEvent& event);
  const std::vector<TraceEvent>& events() const { return events_; }

 private:
  double now_s() const;
  bool is_on_ = false;
  std::chrono::steady_clock::time_point zero_;
  std::vector<TraceEvent> events_;
  std::string phase_;
  double begin_s_ = 0.0;
  double cpu_at_begin_s_ = 0.0;
  double cpu_at_end_s_ = 0.0;
};

/// The events of all ranks as CSV, on every rank:
/// rank,phase,what,bytes,blocks,rows,ranks,own_s,begin_s,wait_s,end_s,busy_s. **Collective.**
std::string trace_csv(const Communicator& comm);

}  // namespace superstep
