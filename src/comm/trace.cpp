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

/// Of what has a row; these do not overlap.
const char* name_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::collective:
      return event.what;
    case Event::Kind::load:
      return "load";
    case Event::Kind::pass:
      return "pass";
    case Event::Kind::tasks:
      return "tasks";
    case Event::Kind::targets:
      return "targets";
    default:
      return nullptr;
  }
}

}  // namespace

Trace::Trace(Events& events) : cpu_at_end_s_(process_cpu_s()), listening_(events, *this) {}

double Trace::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - zero_).count();
}

void Trace::hear(const Event& event) {
  if (event.moment == Event::Moment::goes_on) return;
  const bool is_new_phase =
      event.kind == Event::Kind::task || (event.kind == Event::Kind::pass && !event.name.empty());
  if (is_new_phase) phase_ = event.name;
  const char* const what = name_of(event);
  if (what == nullptr) return;
  if (event.moment == Event::Moment::ends) return add(what, event);
  cpu_at_begin_s_ = process_cpu_s();
  begin_s_ = now_s();
}

void Trace::add(const char* what, const Event& event) {
  TraceRow& row = rows_.emplace_back();
  row.phase = phase_;
  row.what = what;
  row.bytes = event.bytes;
  row.blocks = event.blocks;
  row.rows = event.rows;
  row.ranks = event.ranks;
  row.own_s = cpu_at_begin_s_ - cpu_at_end_s_;
  row.begin_s = begin_s_;
  row.wait_s = event.wait_s;
  row.end_s = now_s();
  cpu_at_end_s_ = process_cpu_s();
  row.busy_s = cpu_at_end_s_ - cpu_at_begin_s_;
}

std::string trace_csv(const Communicator& comm, const Trace& trace) {
  std::string mine;
  for (const TraceRow& r : trace.rows()) {
    mine += fmt::format("{},{},{},{},{},{},{},{:.7f},{:.7f},{:.7f},{:.7f},{:.7f}\n", comm.rank(),
                        r.phase, r.what, r.bytes, r.blocks, r.rows, r.ranks, r.own_s, r.begin_s,
                        r.wait_s, r.end_s, r.busy_s);
  }
  std::string all = "rank,phase,what,bytes,blocks,rows,ranks,own_s,begin_s,wait_s,end_s,busy_s\n";
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(mine)))) {
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

}  // namespace superstep
