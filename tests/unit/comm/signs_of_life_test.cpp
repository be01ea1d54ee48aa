// SPDX-License-Identifier: BSD-3-Clause
// Several ranks in one process; the clock is the test's.
#include "comm/signs_of_life.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/bytes.hpp>

namespace superstep {
namespace {

using Bytes = std::vector<std::byte>;

double patience_s() { return 2 * watch_limit_s() + 2.0; }

/// A socket on this node that is no rank.
class Stranger {
 public:
  Stranger() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here = at(0);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
  }
  ~Stranger() { close(socket_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  std::uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size), 0);
    return ntohs(here.sin_port);
  }
  void send(std::uint16_t port, const Bytes& bytes) const {
    const sockaddr_in there = at(port);
    EXPECT_EQ(sendto(socket_, bytes.data(), bytes.size(), 0,
                     reinterpret_cast<const sockaddr*>(&there), sizeof there),
              static_cast<ssize_t>(bytes.size()));
  }
  /// What has come; empty when nothing has.
  Bytes receive() const {
    pollfd readable{socket_, POLLIN, 0};
    if (poll(&readable, 1, 200) <= 0) return {};
    Bytes bytes(1000);
    bytes.resize(static_cast<std::size_t>(recv(socket_, bytes.data(), bytes.size(), 0)));
    return bytes;
  }

 private:
  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  int socket_;
};

/// Three ranks that are 4, 7 and 9 among all. The third comes later, if at all.
class Ranks : public testing::Test {
 protected:
  Ranks() : invitation(root.invite(names)) {
    mark = root.accept(invitation, 0, names);
    EXPECT_EQ(second.accept(invitation, 1, names), mark);
    EXPECT_NE(mark, 0u);
  }
  void let_the_third_in() { EXPECT_EQ(third.accept(invitation, 2, names), mark); }
  /// As often as ranks tell, up to a time.
  template <class... Rank>
  void live(double until_s, Rank&... ranks) {
    for (; now_s < until_s; now_s += watch_limit_s() / 4) {
      for (int turn = 0; turn < 3; ++turn) (ranks.exchange(now_s, writing()), ...);
    }
  }
  Writing writing() const { return {call, call == 0 ? 0 : mark}; }
  std::uint16_t port() const {
    ByteReader in(invitation);
    in.get<std::uint64_t>();
    return in.get<std::uint16_t>();
  }

  const std::vector<int> names = {4, 7, 9};
  SignsOfLife root, second, third;
  Bytes invitation;
  std::uint64_t mark = 0;
  std::uint64_t call = 1;
  double now_s = 0.0;
};

TEST_F(Ranks, WhoFallsSilentIsFoundWhereItMatters) {
  let_the_third_in();
  live(10 * patience_s(), root, second, third);
  for (SignsOfLife* rank : {&root, &second, &third}) {
    EXPECT_FALSE(rank->silent(now_s, writing()));
  }
  const double stopped_s = now_s;
  live(stopped_s + 0.7 * patience_s(), root, second);
  EXPECT_FALSE(root.silent(now_s, writing()));
  live(stopped_s + 1.5 * patience_s(), root, second);
  const auto silent = root.silent(now_s, writing());
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->rank, 9);
  EXPECT_EQ(silent->host, host_name());
  EXPECT_EQ(silent->others, 0);
  EXPECT_FALSE(second.silent(now_s, writing())) << "the root speaks";

  call = 0;  // nobody is told dead while nothing is written, nor at once when it is
  live(now_s + patience_s(), root, second);
  EXPECT_FALSE(root.silent(now_s, writing()));
  call = 3;
  live(now_s + 0.5 * patience_s(), root, second);
  EXPECT_FALSE(root.silent(now_s, writing()));
  live(now_s + patience_s(), root, second);
  EXPECT_TRUE(root.silent(now_s, writing()));
}

TEST_F(Ranks, TheOthersSpeakInTurnWhereTheRootIsSilent) {
  let_the_third_in();
  live(10.0, root, second, third);
  const double stopped_s = now_s;
  live(stopped_s + 1.1 * patience_s(), second, third);
  EXPECT_FALSE(second.silent(now_s, writing()));
  live(stopped_s + 1.6 * patience_s(), second, third);
  ASSERT_TRUE(second.silent(now_s, writing()));
  EXPECT_EQ(second.silent(now_s, writing())->rank, 4);
  EXPECT_FALSE(third.silent(now_s, writing()));
  live(stopped_s + 2.5 * patience_s(), second, third);
  EXPECT_TRUE(third.silent(now_s, writing()));
}

TEST_F(Ranks, WhoWasNeverHeardIsNotWatched) {
  live(10 * patience_s(), root, second);
  EXPECT_FALSE(root.silent(now_s, writing()));
  SignsOfLife unreachable;
  const Bytes nowhere = ByteWriter()
                            .put(std::uint64_t{5})
                            .put(Stranger().port())
                            .put(std::vector<in_addr_t>{htonl(INADDR_LOOPBACK)})
                            .take();
  mark = unreachable.accept(nowhere, 1, names);
  live(now_s + 10 * patience_s(), unreachable);
  EXPECT_FALSE(unreachable.silent(now_s, writing()));
  EXPECT_EQ(unreachable.accept({}, 1, names), 0u);
}

TEST_F(Ranks, OneOfTheRootsAddressesIsEnough) {
  const in_addr_t nowhere = inet_addr("192.0.2.1");  // kept for documentation, so nobody's
  const Bytes several = ByteWriter()
                            .put(mark)
                            .put(port())
                            .put(std::vector<in_addr_t>{nowhere, htonl(INADDR_LOOPBACK), nowhere})
                            .take();
  EXPECT_EQ(third.accept(several, 2, names), mark);
  live(10 * patience_s(), root, second, third);
  EXPECT_TRUE(root.is_heard_writing(9));
  EXPECT_TRUE(third.is_heard_writing(4));
  EXPECT_FALSE(root.silent(now_s, writing()));
  EXPECT_FALSE(third.silent(now_s, writing()));
}

TEST_F(Ranks, TellWhetherTheyWrite) {
  live(10.0, root, second);
  EXPECT_TRUE(root.is_heard_writing(7));
  EXPECT_TRUE(second.is_heard_writing(4));
  EXPECT_FALSE(root.is_heard_writing(9));
  call = 0;
  live(now_s + 2 * watch_limit_s(), root, second);
  EXPECT_FALSE(root.is_heard_writing(7));
  EXPECT_FALSE(second.is_heard_writing(4));
  call = 3;
  live(now_s + 2 * watch_limit_s(), root, second);
  EXPECT_TRUE(root.is_heard_writing(7));
  live(now_s + 2 * patience_s(), root);
  EXPECT_FALSE(root.is_heard_writing(7)) << "it said so, but long ago";
}

TEST_F(Ranks, PacketsOfStrangersAreNotHeard) {
  // What a third rank would send, as a root that has its mark hears it.
  const Stranger listener;
  const Bytes other_invitation = ByteWriter()
                                     .put(mark)
                                     .put(listener.port())
                                     .put(std::vector<in_addr_t>{htonl(INADDR_LOOPBACK)})
                                     .take();
  SignsOfLife told_wrong;
  ASSERT_EQ(told_wrong.accept(other_invitation, 2, names), mark);
  told_wrong.exchange(0.0, {});
  const Bytes right = listener.receive();
  ASSERT_GT(right.size(), 16u);

  const auto with = [&](std::size_t at, int value) {
    Bytes bytes = right;
    bytes[at] ^= static_cast<std::byte>(value);
    return bytes;
  };
  Bytes longer = right;
  longer.push_back({});
  const Bytes shorter(right.begin(), right.end() - 1);
  const Stranger stranger;
  const auto is_answered = [&](const Bytes& bytes) {
    stranger.send(port(), bytes);
    root.exchange(now_s, {});
    return !stranger.receive().empty();
  };
  EXPECT_FALSE(is_answered(with(0, 1))) << "another mark";
  EXPECT_FALSE(is_answered(with(7, 0x80))) << "another mark";
  EXPECT_FALSE(is_answered(with(8, 1))) << "a fourth rank";
  EXPECT_FALSE(is_answered(with(8, 2))) << "the root itself";
  EXPECT_FALSE(is_answered(with(11, 0x80))) << "a rank below 0";
  EXPECT_FALSE(is_answered(longer));
  EXPECT_FALSE(is_answered(shorter));
  EXPECT_FALSE(is_answered({}));
  live(now_s + 10 * patience_s(), root, second);
  EXPECT_FALSE(root.silent(now_s, writing())) << "a stranger was taken for a rank";
  EXPECT_TRUE(is_answered(right));
  live(now_s + 2 * patience_s(), root, second);
  ASSERT_TRUE(root.silent(now_s, writing()));
  EXPECT_EQ(root.silent(now_s, writing())->rank, 9);
}

TEST_F(Ranks, WhoIsSilentFromTheFirstMomentHasBeenHeard) {
  let_the_third_in();
  root.listen();
  second.listen();
  live(3 * patience_s(), root, second);
  ASSERT_TRUE(root.silent(now_s, writing()));
  EXPECT_EQ(root.silent(now_s, writing())->rank, 9);
  now_s = 0.0;
  live(3 * patience_s(), third);  // whom the root has answered at once
  ASSERT_TRUE(third.silent(now_s, writing()));
  EXPECT_EQ(third.silent(now_s, writing())->rank, 4);
}

TEST_F(Ranks, GroupsOfTheSameRanksAreOneGroup) {
  EXPECT_EQ(root.accept(root.invite(names), 0, names), mark);
  const std::vector<int> fewer = {4, 9};
  EXPECT_NE(root.accept(root.invite(fewer), 0, fewer), mark);
}

}  // namespace
}  // namespace superstep
