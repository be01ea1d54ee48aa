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
  const char* what = "";  ///< a literal: "pass", "sum", "broadcast", ...
  Index bytes = 0;        ///< of the rank's rows, or of the message
  double begin_s = 0.0;
  double wait_s = 0.0;  ///< of it, waiting for files or for the other ranks
  double end_s = 0.0;
};

/// Switched off until begin() is called; costs nothing then.
class Trace {
 public:
  /// Forgets everything and sets the clock to zero; call it behind a barrier.
  void begin();
  bool is_on() const { return is_on_; }
  double now_s() const;
  /// An event that ends now. Only from the thread that started MPI.
  void add(const char* what, Index bytes, double begin_s, double wait_s);
  const std::vector<TraceEvent>& events() const { return events_; }

 private:
  bool is_on_ = false;
  std::chrono::steady_clock::time_point zero_;
  std::vector<TraceEvent> events_;
};

/// The events of all ranks as CSV, on every rank: rank,what,bytes,begin_s,wait_s,end_s.
/// **Collective.**
std::string trace_csv(const Communicator& comm);

}  // namespace superstep
