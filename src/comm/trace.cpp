// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/trace.hpp>

#include <fmt/format.h>

#include <span>

#include <superstep/comm/communicator.hpp>

namespace superstep {

void Trace::begin() {
  is_on_ = true;
  events_.clear();
  zero_ = std::chrono::steady_clock::now();
}

double Trace::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - zero_).count();
}

void Trace::add(const char* what, Index bytes, double begin_s, double wait_s) {
  events_.push_back({what, bytes, begin_s, wait_s, now_s()});
}

std::string trace_csv(const Communicator& comm) {
  std::string mine;
  for (const TraceEvent& e : comm.trace().events()) {
    mine += fmt::format("{},{},{},{:.7f},{:.7f},{:.7f}\n", comm.rank(), e.what, e.bytes, e.begin_s,
                        e.wait_s, e.end_s);
  }
  std::string all = "rank,what,bytes,begin_s,wait_s,end_s\n";
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(mine)))) {
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

}  // namespace superstep
