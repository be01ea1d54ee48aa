// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/trace.hpp>

#include <fmt/format.h>

#include <ctime>
#include <span>

#include <superstep/comm/communicator.hpp>

namespace superstep {

namespace {

double process_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

void Trace::begin() {
  is_on_ = true;
  events_.clear();
  zero_ = std::chrono::steady_clock::now();
  cpu_at_end_s_ = process_cpu_s();
}

double Trace::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - zero_).count();
}

void Trace::open() {
  if (!is_on_) return;
  cpu_at_begin_s_ = process_cpu_s();
  begin_s_ = now_s();
}

double Trace::open_for_s() const { return is_on_ ? now_s() - begin_s_ : 0.0; }

void Trace::close(const TraceEvent& event) {
  if (!is_on_) return;
  TraceEvent& kept = events_.emplace_back(event);
  kept.phase = phase_;
  kept.own_s = cpu_at_begin_s_ - cpu_at_end_s_;
  kept.begin_s = begin_s_;
  kept.end_s = now_s();
  cpu_at_end_s_ = process_cpu_s();
  kept.busy_s = cpu_at_end_s_ - cpu_at_begin_s_;
}

std::string trace_csv(const Communicator& comm) {
  std::string mine;
  for (const TraceEvent& e : comm.trace().events()) {
    mine += fmt::format("{},{},{},{},{},{},{},{:.7f},{:.7f},{:.7f},{:.7f},{:.7f}\n", comm.rank(),
                        e.phase, e.what, e.bytes, e.blocks, e.rows, e.ranks, e.own_s, e.begin_s,
                        e.wait_s, e.end_s, e.busy_s);
  }
  std::string all = "rank,phase,what,bytes,blocks,rows,ranks,own_s,begin_s,wait_s,end_s,busy_s\n";
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(mine)))) {
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

}  // namespace superstep
