// SPDX-License-Identifier: BSD-3-Clause
// A training is what it has been told: every estimator (half of them, drawn by the date) is stopped
// after every answer, its journal is written, everything else is thrown away, and a new training on
// other ranks, with other threads and too little memory for the blocks, ends with the same bytes
// without asking again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/engine/kept.hpp>
#include "mpi/every_estimator.hpp"

namespace superstep {
namespace {

using namespace test;

/// Some ranks with what they need to train.
struct Crew {
  Crew(const Communicator& comm_in, int threads_in)
      : comm(comm_in), threads(threads_in), data(Dataset::open(comm, file)) {}

  /// The models of one training, or nothing where the journal stopped it.
  std::vector<std::string> train(const Estimators& estimators, Journal* journal) {
    const Table table = table_for(comm, data, estimators);
    Engine engine(comm, {.memory = std::size_t{1} << 28, .threads = threads});
    engine.set_journal(journal);
    std::vector<std::string> models;
    try {
      models = models_of(engine, table, estimators);
    } catch (const AgreedError& e) {
      if (e.exit_code() != ExitCode::checkpointed) throw;
    }
    supersteps = engine.counters().supersteps;
    repeated = engine.counters().repeated;
    return models;
  }

  const Communicator& comm;
  int threads;
  std::shared_ptr<Dataset> data;
  Index supersteps = 0;
  Index repeated = 0;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest()
      : comm_(Communicator::world()),
        some_(comm_.split(comm_.rank() + 1 == comm_.size() && comm_.size() > 1 ? 1 : 0)) {
    write_data(comm_, 4 * 4096 + 77);
  }

  std::vector<std::byte> the_same_everywhere(const std::vector<std::byte>& bytes) {
    for (const auto& other : comm_.gather_all(bytes)) EXPECT_EQ(other, bytes);
    return bytes;
  }

  /// Stops after every answer, or after some of very many.
  void expect_to_go_on(const std::vector<std::string>& expressions) {
    const Estimators estimators = estimators_of(expressions);
    Crew all(comm_, 1), others(some_, 2);
    const std::vector<std::string> expected = all.train(estimators, nullptr);
    Journal whole;
    EXPECT_EQ(all.train(estimators, &whole), expected) << expressions.front();
    any_repeated_ = any_repeated_ || all.repeated > 0;
    const Index supersteps = all.supersteps;
    const std::vector<std::byte> bytes_of_whole = the_same_everywhere(whole.bytes());
    const Index answers = whole.answers();
    ASSERT_GT(answers, 0);
    const Index stride = std::max<Index>(1, answers / 16);
    for (Index stop = 1; stop <= answers; stop += stride) {
      Journal journal;
      Index told = 0;
      journal.tell([&] {
        if (++told == stop) throw AgreedError(ExitCode::checkpointed, "stopped");
      });
      EXPECT_TRUE(all.train(estimators, &journal).empty());
      const std::vector<std::byte> bytes = the_same_everywhere(journal.bytes());
      Journal again{std::span(bytes)};
      EXPECT_EQ(again.answers(), stop);
      EXPECT_EQ(others.train(estimators, &again), expected) << expressions.front() << stop;
      EXPECT_LE(others.supersteps, supersteps);
      EXPECT_EQ(again.answers(), answers);
    }
    Journal complete{std::span(std::as_const(bytes_of_whole))};
    EXPECT_EQ(others.train(estimators, &complete), expected);
    EXPECT_EQ(others.supersteps, 0);
  }

  bool any_repeated_ = false;
  Communicator comm_;
  Communicator some_;  ///< all ranks but the last, and the last alone
};

TEST_F(JournalTest, EveryEstimatorGoesOnWhereItStood) {
  for (const std::vector<std::string>& training : drawn_trainings(comm_)) {
    expect_to_go_on(training);
  }
  for (const std::vector<std::string>& training : every_training()) {
    if (any_repeated_) break;
    expect_to_go_on(training);
  }
  EXPECT_TRUE(any_repeated_);
}

TEST_F(JournalTest, AFailureIsAnAnswer) {
  Journal journal;
  Crew crew(comm_, 1);
  const Estimators estimators =
      estimators_of({"KMeans(n_clusters=17000)", "KMeans(n_clusters=2, max_iter=3)"});
  const std::vector<std::string> expected = crew.train(estimators, nullptr);
  EXPECT_THAT(expected.front(), testing::HasSubstr("n_samples"));
  EXPECT_EQ(crew.train(estimators, &journal), expected);
  const std::vector<std::byte> bytes = the_same_everywhere(journal.bytes());
  Journal again{std::span(bytes)};
  EXPECT_EQ(crew.train(estimators, &again), expected);
  EXPECT_EQ(crew.supersteps, 0);
}

TEST_F(JournalTest, AnotherTrainingsJournalIsRefused) {
  Journal journal;
  Crew crew(comm_, 1);
  const Estimators other = estimators_of({"MinMaxScaler()"});
  crew.train(estimators_of({"GaussianNB()"}), &journal);
  const std::vector<std::byte> bytes = journal.bytes();
  Journal again{std::span(bytes)};
  EXPECT_THROW(crew.train(other, &again), DataError);
}

TEST_F(JournalTest, DamagedBytesAreRefused) {
  Journal journal;
  Crew crew(comm_, 1);
  crew.train(estimators_of({"StandardScaler()"}), &journal);
  const std::vector<std::byte> bytes = journal.bytes();
  for (std::size_t length = 1; length < bytes.size(); length += 7) {
    EXPECT_THROW(Journal{std::span(bytes).first(length)}, DataError);
  }
  for (std::size_t i = 0; i < bytes.size(); i += 5) {
    std::vector<std::byte> other = bytes;
    other[i] ^= std::byte{0x10};
    EXPECT_THROW(Journal{std::span(other)}, DataError) << i;
  }
}

// ---- states ------------------------------------------------------------------------------------

/// Loops of many passes, whose state is no longer than what a few of these told.
const std::vector<std::vector<std::string>> long_loops = {
    {"KMeans(n_clusters=20, max_iter=60, tol=0.0, random_state=1)"},
    {"KMeans(n_clusters=9, init='random', n_init=3, max_iter=40, tol=0.0)",
     "KMeans(n_clusters=2, max_iter=5)"},
    {"LogisticRegression(C=1e6, l1_ratio=1.0, tol=1e-13, max_iter=400)"},
    {"LogisticRegression(tol=1e-13, max_iter=60)", "LogisticRegression(C=1e-3, max_iter=3)"}};

TEST_F(JournalTest, LoopsKeepTheirStateInPlaceOfWhatTheyWereTold) {
  for (const std::vector<std::string>& expressions : long_loops) {
    SCOPED_TRACE(expressions.front());
    Journal journal;
    std::vector<std::size_t> lengths;
    journal.tell([&] { lengths.push_back(journal.bytes().size()); });
    Crew(comm_, 1).train(estimators_of(expressions), &journal);
    EXPECT_EQ(journal.answers(), std::ssize(lengths));
    ASSERT_GE(journal.answers(), 20) << "no long loop";
    // However many answers come, it does not grow.
    const auto half = lengths.begin() + std::ssize(lengths) / 2;
    EXPECT_LE(*std::max_element(half, lengths.end()),
              *std::max_element(lengths.begin(), half) * 5 / 4);
    EXPECT_LT(journal.bytes().size(), *std::ranges::max_element(lengths)) << "results are shorter";
    expect_to_go_on(expressions);
  }
}

TEST_F(JournalTest, IsNoLongerThanTwoStatesAndAnAnswer) {
  constexpr std::size_t state = 300, answer = 50, first = 70, around = 100;
  Crew crew(comm_, 1);
  Engine engine(comm_, {.memory = std::size_t{1} << 28, .threads = 1});
  const auto ask = [&](std::size_t bytes) { return [=] { return std::vector<std::byte>(bytes); }; };
  std::vector<std::byte> stopped;
  for (const bool goes_on : {false, true}) {
    Journal journal{std::span(std::as_const(stopped))};
    engine.set_journal(&journal);
    journal.answer(Journal::Kind::look, ask(first));
    Index turn = 0, asked = 0;
    std::vector<double> held(state / sizeof(double));
    const Kept kept(engine, [&](auto& archive) {
      archive.within(turn, 0, 1000);
      for (double& value : held) archive.number(value);
    });
    EXPECT_EQ(turn > 0, goes_on);
    for (; turn < (goes_on ? 1000 : 600); ++turn) {
      kept.keep();
      journal.answer(Journal::Kind::sum, [&] { return ++asked, ask(answer)(); });
      EXPECT_LT(journal.bytes().size(), first + 2 * state + answer + around);
    }
    kept.keep();
    EXPECT_LT(asked, goes_on ? 410 : 601);
    EXPECT_EQ(journal.answers(), turn + 1);
    stopped = the_same_everywhere(journal.bytes());
    engine.set_journal(nullptr);
  }
}

// A hash that is right, a state that no training has: refused, or gone on from; nothing worse.
TEST_F(JournalTest, StatesAreNotBelieved) {
  for (const std::vector<std::string>& expressions : {long_loops[0], long_loops[3]}) {
    const Estimators estimators = estimators_of(expressions);
    Crew crew(comm_, 1);
    Journal journal;
    crew.train(estimators, &journal);
    const std::vector<std::byte> bytes = journal.bytes();
    Index refused = 0, taken = 0;
    for (std::size_t i = bytes.size() - 700; i < bytes.size(); i += 13) {
      std::vector<std::byte> other = bytes;
      other[i] ^= i % 2 == 0 ? std::byte{0xff} : std::byte{0x01};
      constexpr std::size_t head = 2 * sizeof(std::uint64_t);
      const std::uint64_t hash = hash_bytes(other.data() + head, other.size() - head);
      std::memcpy(other.data(), &hash, sizeof hash);
      try {
        Journal damaged{std::span(std::as_const(other))};
        crew.train(estimators, &damaged);
        ++taken;
      } catch (const DataError& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("journal"));
        ++refused;
      }
    }
    EXPECT_GT(refused, 0);
    EXPECT_GT(taken, 0);
  }
}

}  // namespace
}  // namespace superstep
