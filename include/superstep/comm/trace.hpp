// SPDX-License-Identifier: BSD-3-Clause
// What a rank did when, for those who want to see it: passes over its blocks and collectives, one
// event each. What lies between two events is work of its own, such as the update of the state.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <superstep/core/events.hpp>

namespace superstep {

class Communicator;

/// Seconds count from where the trace begins.
struct TraceRow {
  std::string phase{};  ///< what it is for
  const char* what =
      "";            ///< a literal: "pass", "load", "tasks", "targets", "sum", "broadcast", ...
  Index bytes = 0;   ///< of the rank's rows, or of what it gave to the collective
  Index blocks = 0;  ///< or tasks, that this rank did
  Index rows = 0;
  Index ranks = 0;       ///< that take part in the collective
  double own_s = 0.0;    ///< processor time of all threads between the row before and this one
  double begin_s = 0.0;  ///< when
  double wait_s = 0.0;   ///< of it, waiting for files or for the other ranks
  double end_s = 0.0;
  double busy_s = 0.0;  ///< processor time of all threads
};

/// Keeps what it hears, as long as it lives. The clock is at zero when it is made: behind a
/// barrier, so that those of all ranks begin together.
class Trace final : public Listener {
 public:
  explicit Trace(Events& events);
  void hear(const Event& event) override;
  const std::vector<TraceRow>& rows() const { return rows_; }

 private:
  double now_s() const;
  void add(const char* what, const Event& event);
  std::chrono::steady_clock::time_point zero_ = std::chrono::steady_clock::now();
  std::vector<TraceRow> rows_;
  std::string phase_;
  double begin_s_ = 0.0;
  double cpu_at_begin_s_ = 0.0;
  double cpu_at_end_s_ = 0.0;
  Listening listening_;
};

/// The rows of all ranks as CSV, on every rank:
/// rank,phase,what,bytes,blocks,rows,ranks,own_s,begin_s,wait_s,end_s,busy_s. **Collective.**
std::string trace_csv(const Communicator& comm, const Trace& trace);

}  // namespace superstep
