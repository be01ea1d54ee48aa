// SPDX-License-Identifier: BSD-3-Clause
// The collectives on any number of ranks, and failures that all ranks agree on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/communicator.hpp>

namespace superstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Bytes = std::vector<std::byte>;

/// As many bytes as the ranks' numbers say, some messages empty.
Bytes message(int from, int to) {
  return Bytes(static_cast<std::size_t>((from * 3 + to) % 4 * 1000), std::byte(16 * from + to));
}

class CommTest : public ::testing::Test {
 protected:
  CommTest() : comm_(Communicator::world()) {}
  int rank() const { return comm_.rank(); }
  int size() const { return comm_.size(); }
  Communicator comm_;
};

TEST_F(CommTest, SumsMaximaAndMinima) {
  const Index n = size();
  std::vector<std::int64_t> sums = {1, rank(), std::int64_t{1} << 40, -rank()};
  comm_.sum(sums);
  EXPECT_EQ(sums, (std::vector<std::int64_t>{n, n * (n - 1) / 2, n << 40, -n * (n - 1) / 2}));
  std::vector<double> maxima = {0.5 * rank(), -1.0 - rank(), rank() == 0 ? HUGE_VAL : -HUGE_VAL};
  comm_.max(maxima);
  EXPECT_EQ(maxima, (std::vector<double>{0.5 * (size() - 1), -1.0, HUGE_VAL}));
  EXPECT_EQ(comm_.sum(Index{2}), 2 * n);
  EXPECT_EQ(comm_.max(Index{-rank()}), 0);
  EXPECT_EQ(comm_.min(Index{-rank()}), 1 - n);
  EXPECT_EQ(comm_.max(-2.0 * rank()), 0.0);
  std::vector<std::int64_t> nothing;
  comm_.sum(nothing);
}

TEST_F(CommTest, BroadcastFromAnyRank) {
  for (int root = 0; root < size(); ++root) {
    const Bytes sent = message(root, 1);
    Bytes bytes = rank() == root ? sent : Bytes(17);  // whatever was there is replaced
    comm_.broadcast(bytes, root);
    EXPECT_EQ(bytes, sent);
    const std::string text = "of " + std::to_string(root);
    EXPECT_EQ(comm_.broadcast(rank() == root ? text : std::string("mine"), root), text);
    EXPECT_EQ(comm_.broadcast(rank() == root ? std::string() : std::string("mine"), root), "");
    std::vector<double> values = {rank() + 0.5, -0.0};
    comm_.broadcast(values, root);
    EXPECT_EQ(values[0], root + 0.5);
    EXPECT_TRUE(std::signbit(values[1]));
  }
}

TEST_F(CommTest, GatherAllKeepsTheOrderOfRanks) {
  const std::vector<Bytes> all = comm_.gather_all(message(rank(), 0));
  ASSERT_EQ(all.size(), static_cast<std::size_t>(size()));
  for (int r = 0; r < size(); ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], message(r, 0));
}

TEST_F(CommTest, ExchangeBringsEachMessageToItsRank) {
  std::vector<Bytes> outgoing;
  for (int to = 0; to < size(); ++to) outgoing.push_back(message(rank(), to));
  const std::vector<Bytes> incoming = comm_.exchange(outgoing);
  ASSERT_EQ(incoming.size(), static_cast<std::size_t>(size()));
  for (int from = 0; from < size(); ++from) {
    EXPECT_EQ(incoming[static_cast<std::size_t>(from)], message(from, rank())) << "from " << from;
  }
}

// Everything again in pieces of a few bytes, as messages are cut that MPI cannot carry at once.
TEST_F(CommTest, LongMessagesGoInPieces) {
  set_longest_message(24);
  std::vector<std::int64_t> sums;
  std::vector<double> maxima, values(31);
  for (int i = 0; i < 29; ++i) {
    sums.push_back(i + rank());
    maxima.push_back(i * (rank() + 1));
  }
  comm_.sum(sums);
  comm_.max(maxima);
  for (int i = 0; i < 29; ++i) {
    const auto k = static_cast<std::size_t>(i);
    EXPECT_EQ(sums[k], size() * i + size() * (size() - 1) / 2);
    EXPECT_EQ(maxima[k], i * size());
  }
  const int root = size() - 1;
  if (rank() == root) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 7;
  }
  comm_.broadcast(std::span(values), root);
  EXPECT_EQ(values[30], 30.0 / 7);
  const std::string text(1000, 'a' + static_cast<char>(root));
  EXPECT_EQ(comm_.broadcast(rank() == root ? text : "", root), text);
  const auto all = comm_.gather_all(message(rank(), 1));
  std::vector<Bytes> outgoing;
  for (int to = 0; to < size(); ++to) outgoing.push_back(message(rank(), to));
  const auto incoming = comm_.exchange(outgoing);
  for (int r = 0; r < size(); ++r) {
    EXPECT_EQ(all[static_cast<std::size_t>(r)], message(r, 1));
    EXPECT_EQ(incoming[static_cast<std::size_t>(r)], message(r, rank()));
  }
  set_longest_message(std::size_t{1} << 30);
}

/// 1.1 GiB of values that tell their place and who made them.
Bytes long_message(int from) {
  Bytes bytes((std::size_t{11} << 30) / 10 / 8 * 8);
  for (std::size_t i = 0; i < bytes.size() / 8; ++i) {
    const std::uint64_t value = i * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(from);
    std::memcpy(bytes.data() + 8 * i, &value, 8);
  }
  return bytes;
}

// In earnest: what MPI counts in int overflows at 2 GiB. Not with the others: two ranks take 13 GiB
// (mpirun -n 2 mpi_comm --gtest_also_run_disabled_tests --gtest_filter='*MoreThanTwoGiB').
TEST_F(CommTest, DISABLED_MessagesOfMoreThanTwoGiB) {
  const Bytes mine = long_message(rank());
  {
    const auto all = comm_.gather_all(mine);
    for (int r = 0; r < size(); ++r) {
      EXPECT_TRUE(all[static_cast<std::size_t>(r)] == long_message(r)) << r;
    }
  }
  {
    Bytes twice = rank() == 0 ? mine : Bytes();
    if (rank() == 0) twice.insert(twice.end(), mine.begin(), mine.end());
    comm_.broadcast(twice);
    Bytes expected = long_message(0);
    EXPECT_EQ(twice.size(), 2 * expected.size());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), twice.end() - std::ssize(expected)));
  }
  {
    std::vector<Bytes> outgoing(static_cast<std::size_t>(size()));
    for (Bytes& bytes : outgoing) bytes = mine;
    const auto incoming = comm_.exchange(outgoing);
    for (int r = 0; r < size(); ++r) {
      EXPECT_TRUE(incoming[static_cast<std::size_t>(r)] == long_message(r)) << r;
    }
  }
  std::vector<std::int64_t> sums((std::size_t{22} << 30) / 10 / 8, rank() + 1);
  comm_.sum(sums);
  EXPECT_TRUE(std::ranges::all_of(sums, [&](auto v) { return v == size() * (size() + 1) / 2; }));
}

TEST_F(CommTest, AllRanksAreOnThisNode) { EXPECT_EQ(comm_.ranks_on_node(), size()); }

/// What collectively() throws when `f` does on some ranks.
template <class F>
std::optional<AgreedError> agreed(const Communicator& comm, F&& f) {
  try {
    collectively(comm, f);
  } catch (const AgreedError& e) {
    return e;
  }
  return std::nullopt;
}

TEST_F(CommTest, NobodyFails) {
  int calls = 0;
  EXPECT_FALSE(agreed(comm_, [&] { ++calls; }).has_value());
  EXPECT_EQ(calls, 1);
  on_root(comm_, [&] { ++calls; });
  EXPECT_EQ(calls, comm_.is_root() ? 2 : 1);
}

TEST_F(CommTest, LowestFailingRankIsHeardByAll) {
  // Ranks 1 and up fail, in different ways.
  const auto error = agreed(comm_, [&] {
    if (rank() == 1) throw DataError("the second rank's words");
    if (rank() > 1) throw FileError("words of rank " + std::to_string(rank()));
  });
  ASSERT_EQ(error.has_value(), size() > 1);
  if (!error) return;
  EXPECT_EQ(error->exit_code(), ExitCode::bad_data);
  EXPECT_THAT(error->what(), HasSubstr("the second rank's words (rank 1 on host "));
  EXPECT_THAT(error->what(), Not(HasSubstr("words of rank")));
}

TEST_F(CommTest, LastRankAloneIsHeard) {
  const int last = size() - 1;
  const auto error = agreed(comm_, [&] {
    if (rank() == last) throw std::bad_alloc();
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->exit_code(), ExitCode::memory);
  EXPECT_THAT(error->what(), HasSubstr("out of memory on host " + host_name()));
}

TEST_F(CommTest, WhatEveryRankSaysNamesNoRank) {
  const auto error = agreed(comm_, [] { throw UsageError("a wrong option"); });
  ASSERT_TRUE(error.has_value());
  EXPECT_STREQ(error->what(), "a wrong option");
  EXPECT_EQ(error->exit_code(), ExitCode::usage);
}

TEST_F(CommTest, FailureOfTheRootIsEverybodys) {
  try {
    on_root(comm_, [] { throw FileError("cannot open it"); });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::file);
    EXPECT_STREQ(e.what(), "cannot open it");
  }
}

TEST_F(CommTest, WhatIsNoErrorIsADefect) {
  const auto error = agreed(comm_, [] { throw std::logic_error("impossible"); });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->exit_code(), ExitCode::defect);
  EXPECT_THAT(error->what(), HasSubstr("impossible"));
}

}  // namespace
}  // namespace superstep
