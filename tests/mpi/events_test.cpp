// SPDX-License-Identifier: BSD-3-Clause
// What is told of a run: the events of a fit in order, those of a search, and counters over teams.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <superstep/select/search.hpp>

#include "mpi/held_out.hpp"

namespace superstep {
namespace {

using Kind = Event::Kind;
using Moment = Event::Moment;

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() : comm_(Communicator::world()) {}
  Communicator comm_;
};

/// What was heard, with copies of the texts.
struct Recorder : Listener {
  explicit Recorder(Events& events) : listening(events, *this) {}
  void hear(const Event& event) override {
    heard.push_back(event);
    names.emplace_back(event.name);
    counting.hear(event);
  }
  std::vector<Event> heard;
  std::vector<std::string> names;
  Counting counting;
  Listening listening;
};

// The sums of a pass are exchanged once it has ended, and what began ends before anything else of
// its kind begins.
TEST_F(EventsTest, OfAFitComeInOrder) {
  Table table;
  table.data = write_folds(comm_, {.classes = 2}).all;
  table.target = Target::classes;
  table.data->classes(comm_);
  Engine engine(comm_, {.memory = roomy, .threads = 2});
  const Recorder recorder(comm_.events());
  const auto estimator = make_estimator("make_pipeline(StandardScaler(), LogisticRegression())");
  const Candidate candidate{estimator.get()};
  const Trained trained = estimator->fit_batch(engine, table, std::span(&candidate, 1)).front();
  ASSERT_TRUE(trained.model);

  std::vector<Kind> open;
  Index passes = 0, sums = 0, number = 0;
  std::string named;
  Kind last = Kind::task;
  for (std::size_t i = 0; i < recorder.heard.size(); ++i) {
    const Event& e = recorder.heard[i];
    if (e.moment == Moment::goes_on) continue;
    const bool takes_time = e.kind != Kind::superstep && e.kind != Kind::repetition &&
                            e.kind != Kind::task && e.kind != Kind::silence;
    if (!takes_time) continue;
    if (e.moment == Moment::begins) {
      // Blocks are there already, or solves are too few to be told of.
      if (!open.empty() && (open.back() == Kind::load || open.back() == Kind::tasks)) {
        open.pop_back();
      }
      EXPECT_TRUE(open.empty() || (open.back() == Kind::exchange && e.kind == Kind::collective));
      open.push_back(e.kind);
    } else {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), e.kind);
      open.pop_back();
      EXPECT_GE(e.seconds, e.wait_s);
    }
    if (e.kind == Kind::pass && e.moment == Moment::begins) {
      ++passes;
      // The steps of a pipeline are tasks of their own.
      EXPECT_TRUE(e.number == number + 1 || e.number == 1) << e.number;
      number = e.number;
      named = recorder.names[i];
      EXPECT_TRUE(passes > 1 || named.starts_with("StandardScaler")) << named;
      EXPECT_EQ(e.rows == n_rows, !e.is_sample);
    }
    if (e.kind == Kind::exchange && e.moment == Moment::begins) {
      EXPECT_EQ(last, Kind::pass);
    }
    if (e.ends(Kind::collective) && std::string(e.what) == "sum" && e.is_allreduce) ++sums;
    last = e.kind;
  }
  EXPECT_TRUE(open.empty());
  EXPECT_GT(passes, 3);
  EXPECT_EQ(named, "LogisticRegression");
  EXPECT_GE(sums, passes);
  Counters of_engine = engine.counters();
  EXPECT_EQ(passes, of_engine.passes + of_engine.sample_passes);
  // Who counts all that is told of the run has what the engine and the ranks have counted.
  of_engine.collectives = recorder.counting.counted.collectives;
  of_engine.allreduces = recorder.counting.counted.allreduces;
  of_engine.bytes_reduced = recorder.counting.counted.bytes_reduced;
  EXPECT_EQ(of_engine, recorder.counting.counted);
}

const std::vector<std::string> families = {
    "make_pipeline(StandardScaler(), LogisticRegression())",
    "make_pipeline(StandardScaler(), GaussianNB())",
    "make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=3))",
    "make_pipeline(StandardScaler(), PCA(n_components=2), GaussianNB())",
};

TEST_F(EventsTest, CountersOverTeamsAreOfTheTeamThatDidMostOrOfEachRank) {
  const FoldedData folds{write_folds(comm_, {.classes = 3}).all, striped_splits()};
  std::vector<std::unique_ptr<Estimator>> owned;
  std::vector<const Estimator*> candidates;
  for (const std::string& e : families) {
    owned.push_back(make_estimator(e));
    candidates.push_back(owned.back().get());
  }
  for (int teams = 1; teams <= std::min(comm_.size(), 3); ++teams) {
    SCOPED_TRACE(std::to_string(teams) + " teams");
    Engine engine(comm_, {.memory = roomy, .threads = 1});
    Evaluator evaluator(engine, folds, {.metrics = {"accuracy"}, .teams = teams});
    Counting own;
    std::set<int> at_work;
    {
      // Not of the other teams.
      struct Here : Listener {
        explicit Here(Counting& into) : own(into) {}
        void hear(const Event& e) override {
          if (e.kind != Kind::other_teams) own.hear(e);
        }
        Counting& own;
      } here(own);
      const Listening listening(engine.events(), here);
      for (const Outcomes& o : evaluator.evaluate(candidates)) at_work.insert(o.front().team);
    }
    std::vector<double> here, counted;
    for_each_counter(own.counted,
                     [&](const CounterInfo&, auto v) { here.push_back(static_cast<double>(v)); });
    for_each_counter(engine.counters(), [&](const CounterInfo&, auto v) {
      counted.push_back(static_cast<double>(v));
    });
    std::size_t i = 0;
    for_each_counter(own.counted, [&](const CounterInfo& info, auto) {
      const double most = comm_.max(here[i]);
      if (info.over_teams == OverTeams::most) {
        EXPECT_EQ(counted[i], most) << info.name;
      } else {
        EXPECT_EQ(counted[i], here[i]) << info.name;
      }
      ++i;
    });
    EXPECT_GT(engine.counters().passes, 0);
    EXPECT_EQ(at_work.size(), static_cast<std::size_t>(teams)) << "teams stood idle";
  }
}

TEST_F(EventsTest, OfASearchTellHowFarItIs) {
  const FoldedData folds{write_folds(comm_, {.classes = 2}).all, striped_splits()};
  const auto estimator = make_estimator("LogisticRegression()");
  SearchOptions options{.strategy = Strategy::halving, .resource = "max_iter"};
  options.min_resources = 2;
  options.max_resources = 18;
  options.scoring = {"accuracy"};
  options.refit = "accuracy";
  const Search search(*estimator, expand_grid("{'C': [0.01, 0.1, 1.0, 10.0, 100.0]}"), options);
  struct Shown : Listener {
    void hear(const Event& e) override {
      if (e.kind != Kind::search) return;
      if (e.moment == Moment::goes_on) told.push_back(*e.search);
      has_ended = e.moment == Moment::ends;
    }
    std::vector<SearchState> told;
    bool has_ended = false;
  } shown;
  Engine engine(comm_, {.memory = roomy, .threads = 1});
  const Listening listening(comm_.events(), shown);
  const SearchResult result = search.run(engine, [&](double) { return folds; });
  EXPECT_TRUE(shown.has_ended);
  ASSERT_GE(shown.told.size(), 4u);
  for (std::size_t i = 1; i < shown.told.size(); ++i) {
    EXPECT_GE(shown.told[i].fits_done, shown.told[i - 1].fits_done);
    EXPECT_GE(shown.told[i].work_done, shown.told[i - 1].work_done);
  }
  const SearchState& last = shown.told.back();
  EXPECT_EQ(last.fits_done, last.fits);
  EXPECT_GT(last.stopped, 0);
  ASSERT_TRUE(last.best_mean);
  EXPECT_EQ(last.best_params.front().first, "C");
}

}  // namespace
}  // namespace superstep
