// SPDX-License-Identifier: BSD-3-Clause
// One stream of events: who is told what, and that every counter of the table counts.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <superstep/core/counters.hpp>

namespace superstep {
namespace {

struct Recorder : Listener {
  void hear(const Event& event) override { kinds.push_back(event.kind); }
  std::vector<Event::Kind> kinds;
};

TEST(Events, GoOnToTheStreamBeyond) {
  Events run;
  Events engine(&run), team(&engine);
  Recorder of_run, of_engine, of_team;
  const Listening a(run, of_run), b(engine, of_engine);
  {
    const Listening c(team, of_team);
    team.publish({.kind = Event::Kind::pass});
  }
  team.publish({.kind = Event::Kind::task});
  run.publish({.kind = Event::Kind::collective});
  using enum Event::Kind;
  EXPECT_EQ(of_team.kinds, (std::vector{pass}));
  EXPECT_EQ(of_engine.kinds, (std::vector{pass, task}));
  EXPECT_EQ(of_run.kinds, (std::vector{pass, task, collective}));
}

TEST(Events, AStretchBeginsGoesOnAndEnds) {
  struct Moments : Listener {
    void hear(const Event& event) override {
      moments.push_back(event.moment);
      seconds = event.seconds;
    }
    std::vector<Event::Moment> moments;
    double seconds = -1.0;
  } heard;
  Events events;
  const Listening listening(events, heard);
  const Stretch stretch(events, {.kind = Event::Kind::load});
  stretch.goes_on(0.5);
  const double before_s = stretch.seconds();
  stretch.end({.blocks = 3});
  using enum Event::Moment;
  EXPECT_EQ(heard.moments, (std::vector{begins, goes_on, ends}));
  EXPECT_GE(heard.seconds, before_s);
}

/// Of every kind and moment, with something in every field that can be counted.
std::vector<Event> all_events() {
  std::vector<Event> all;
  for (int kind = 0; kind <= static_cast<int>(Event::Kind::other_teams); ++kind) {
    for (const auto moment : {Event::Moment::begins, Event::Moment::goes_on, Event::Moment::ends}) {
      for (const bool is_so : {false, true}) {
        Event event{.kind = static_cast<Event::Kind>(kind), .moment = moment};
        event.bytes = event.blocks = event.blocks_streamed = event.rows = event.ranks = 1;
        event.is_sample = event.is_allreduce = is_so;
        event.seconds = event.wait_s = 0.25;
        all.push_back(event);
      }
    }
  }
  return all;
}

// A counter that is added to the table is looked at here, too.
TEST(Counters, EveryLineOfTheTableCountsAndIsToldUnderAKeyOfItsOwn) {
  Counting once, twice;
  for (const Event& event : all_events()) {
    once.hear(event);
    twice.hear(event);
    twice.hear(event);
  }
  std::vector<double> sums;
  std::set<std::string> names, keys;
  std::size_t shown = 0;
  for_each_counter(once.counted, [&](const CounterInfo& info, auto value) {
    EXPECT_GT(value, 0) << info.name;
    sums.push_back(static_cast<double>(value));
    names.insert(info.name);
    if (*info.key == '\0') return;
    keys.insert(info.key);
    ++shown;
  });
  EXPECT_EQ(names.size(), sums.size());
  EXPECT_EQ(keys.size(), shown);
  EXPECT_EQ(sizeof(Counters), sums.size() * sizeof(double)) << "a counter that is in no line";
  Counters added = once.counted;
  added += once.counted;
  EXPECT_EQ(added, twice.counted);
}

TEST(Counters, WhatOtherTeamsDidCountsToo) {
  const Counters more{.passes = 3, .seconds_read = 0.5};
  Counting counting;
  counting.hear({.kind = Event::Kind::pass});
  counting.hear({.kind = Event::Kind::other_teams, .more = &more});
  EXPECT_EQ(counting.counted, (Counters{.passes = 4, .seconds_read = 0.5}));
}

}  // namespace
}  // namespace superstep
