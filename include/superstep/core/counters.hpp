// SPDX-License-Identifier: BSD-3-Clause
// What a run is counted by. Every counter is one line of the table here: what an event adds to it,
// how it is put together over teams of ranks, and under which key results tell it.
#pragma once

#include <superstep/core/events.hpp>

namespace superstep {

/// Teams of ranks that work side by side: what they did at once counts once, as that of the team
/// that did most, or each rank counts for itself.
enum class OverTeams { most, own };

// type, name, over teams, key in --json ("": not among the costs), what an event e adds
// clang-format off
#define SUPERSTEP_COUNTERS(COUNTER) \
  COUNTER(Index, passes, most, "passes", e.ends(Event::Kind::pass) && !e.is_sample ? 1 : 0) \
  COUNTER(Index, sample_passes, most, "sample_passes", e.ends(Event::Kind::pass) && e.is_sample ? 1 : 0) \
  COUNTER(Index, supersteps, most, "supersteps", e.ends(Event::Kind::superstep) ? 1 : 0) \
  COUNTER(Index, repeated, most, "supersteps_repeated", e.ends(Event::Kind::repetition) ? 1 : 0) \
  COUNTER(Index, collectives, own, "collectives", e.ends(Event::Kind::collective) ? 1 : 0) \
  COUNTER(Index, allreduces, own, "allreduces", e.ends(Event::Kind::collective) && e.is_allreduce ? 1 : 0) \
  COUNTER(Index, bytes_reduced, own, "bytes_reduced", e.ends(Event::Kind::collective) ? e.bytes : 0) \
  COUNTER(double, seconds_map, own, "seconds_passes", e.ends(Event::Kind::pass) ? e.seconds : 0.0) \
  COUNTER(Index, blocks, own, "", e.ends(Event::Kind::pass) ? e.blocks : 0) \
  COUNTER(Index, blocks_streamed, own, "blocks_streamed", e.ends(Event::Kind::pass) ? e.blocks_streamed : 0) \
  COUNTER(double, seconds_read, own, "", e.has_read() ? e.wait_s : 0.0) \
  COUNTER(double, seconds_reduce, own, "", e.ends(Event::Kind::exchange) ? e.seconds : 0.0)
// clang-format on

/// What was counted on this rank.
struct Counters {
#define SUPERSTEP_COUNTER(type, name, over_teams, key, adds) type name = 0;
  SUPERSTEP_COUNTERS(SUPERSTEP_COUNTER)
#undef SUPERSTEP_COUNTER
  Counters& operator+=(const Counters& more) {
#define SUPERSTEP_COUNTER(type, name, over_teams, key, adds) name += more.name;
    SUPERSTEP_COUNTERS(SUPERSTEP_COUNTER)
#undef SUPERSTEP_COUNTER
    return *this;
  }
  bool operator==(const Counters&) const = default;
};

struct CounterInfo {
  const char* name;
  const char* key;
  OverTeams over_teams;
};

/// Calls `f(info, value)` for each counter, in the order of the table; of Counters or const ones.
template <class C, class F>
void for_each_counter(C& counters, F&& f) {
#define SUPERSTEP_COUNTER(type, name, over_teams, key, adds) \
  f(CounterInfo{#name, key, OverTeams::over_teams}, counters.name);
  SUPERSTEP_COUNTERS(SUPERSTEP_COUNTER)
#undef SUPERSTEP_COUNTER
}

/// Counts what it hears.
class Counting final : public Listener {
 public:
  void hear(const Event& e) override {
#define SUPERSTEP_COUNTER(type, name, over_teams, key, adds) counted.name += (adds);
    SUPERSTEP_COUNTERS(SUPERSTEP_COUNTER)
#undef SUPERSTEP_COUNTER
    if (e.more != nullptr) counted += *e.more;
  }
  Counters counted;
};

}  // namespace superstep
