// SPDX-License-Identifier: BSD-3-Clause
#include "comm/signs_of_life.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/bytes.hpp>

namespace superstep {

namespace {

constexpr std::size_t most_ways = 16;
constexpr int most_packets = 4096;  // heard at a time: floods of others' packets hold nobody
constexpr int receive_bytes = 4 << 20;

/// A large job's packets are few: eight within the limit, one in five seconds.
double seconds_between() { return std::clamp(watch_limit_s() / 8, 0.01, 5.0); }

/// Who is silent for longer is gone.
double patience_s() { return 2 * watch_limit_s() + 2.0; }

/// IPv4, in network order: this node itself first, then where other nodes may find it.
std::vector<in_addr_t> ways_to_here() {
  std::vector<in_addr_t> ways = {htonl(INADDR_LOOPBACK)};
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return ways;
  for (const ifaddrs* at = all; at != nullptr && ways.size() < most_ways; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0) continue;
    sockaddr_in address;
    std::memcpy(&address, at->ifa_addr, sizeof address);
    ways.push_back(address.sin_addr.s_addr);
  }
  freeifaddrs(all);
  return ways;
}

std::atomic<std::uint64_t> calls = 0;  // odd while there is one
std::atomic<std::uint64_t> group_that_writes = 0;

}  // namespace

double turn_to_speak(int place) { return place == 0 ? 1.0 : (place == 1 ? 1.5 : 2.0); }

struct SignsOfLife::Packet {
  std::uint64_t mark;
  std::int32_t place;  ///< of who speaks
  std::uint16_t way;   ///< that this went; the answer says it again
  std::uint16_t is_writing;
  char host[48];
};

SignsOfLife::~SignsOfLife() {
  if (socket_ >= 0) close(socket_);
}

// On all networks of the node, at a port that the system chooses.
bool SignsOfLife::open() {
  if (socket_ >= 0) return true;
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    close(std::exchange(socket_, -1));
    return false;
  }
  // As much as the system grants: what comes together from many ranks waits for the next look.
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  dice_ = static_cast<std::uint32_t>(getpid()) | 1U;
  return true;
}

SignsOfLife::Group* SignsOfLife::find(std::uint64_t mark) {
  const auto at = std::ranges::find(groups_, mark, &Group::mark);
  return at == groups_.end() ? nullptr : &*at;
}

std::vector<std::byte> SignsOfLife::invite(const std::vector<int>& names) {
  const std::lock_guard lock(mutex_);
  const auto is_this = [&](const Group& group) {
    return group.own == 0 && std::ranges::equal(group.peers, names, {}, &Peer::name);
  };
  auto group = std::ranges::find_if(groups_, is_this);
  sockaddr_in here{};
  socklen_t size = sizeof here;
  if (!open() || getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) != 0) return {};
  if (group == groups_.end()) {
    // Whoever does not know it is not listened to.
    std::uint64_t mark = 0;
    if (getrandom(&mark, sizeof mark, 0) != sizeof mark || mark == 0) return {};
    group = groups_.insert(group, Group{.mark = mark, .own = 0, .peers = {}});
    for (const int name : names) group->peers.push_back({.name = name});
  }
  return ByteWriter().put(group->mark).put(ntohs(here.sin_port)).put(ways_to_here()).take();
}

std::uint64_t SignsOfLife::accept(std::span<const std::byte> invitation, int own,
                                  const std::vector<int>& names) {
  if (invitation.empty()) return 0;
  ByteReader in(invitation);
  const auto mark = in.get<std::uint64_t>();
  const std::lock_guard lock(mutex_);
  if (find(mark) != nullptr) return mark;
  if (!open()) return 0;
  const auto port = in.get<std::uint16_t>();
  groups_.push_back({.mark = mark,
                     .own = own,
                     .peers = {{.name = names.front()}},
                     .ways = in.values<in_addr_t>(),
                     .port = port,
                     .tell_s = now_s_});
  tell(groups_.back());
  return mark;
}

void SignsOfLife::listen() {
  const std::lock_guard lock(mutex_);
  hear_all();
}

void SignsOfLife::hear_all() {
  if (socket_ < 0) return;
  for (int i = 0; i < most_packets; ++i) {
    Packet packet;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(socket_, &packet, sizeof packet, MSG_TRUNC,
                               reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) break;
    if (n == sizeof packet) hear(packet, from);
  }
}

void SignsOfLife::exchange(double now_s, const Writing& writing) {
  const std::lock_guard lock(mutex_);
  now_s_ = now_s;
  if (writing.call != writing_.call) since_s_ = now_s;
  writing_ = writing;
  hear_all();
  for (Group& group : groups_) {
    if (group.own == 0 || now_s < group.tell_s) continue;
    tell(group);
    // Not all ranks of a job at once, again and again.
    dice_ = dice_ * 1664525U + 1013904223U;
    group.tell_s = now_s + seconds_between() * (0.75 + 0.5 * (dice_ >> 8) / 0x1p24);
  }
}

void SignsOfLife::hear(Packet& packet, const sockaddr_in& from) {
  Group* group = find(packet.mark);
  if (group == nullptr) return;
  const bool is_root = group->own == 0;
  const bool is_expected = is_root ? packet.place > 0 : packet.place == 0;
  if (!is_expected || static_cast<std::size_t>(packet.place) >= group->peers.size()) return;
  Peer& peer = group->peers[static_cast<std::size_t>(packet.place)];
  peer.heard_s = now_s_;
  peer.is_writing = packet.is_writing != 0;
  std::memcpy(peer.host, packet.host, sizeof peer.host);
  peer.host[sizeof peer.host - 1] = '\0';
  if (!is_root) {
    if (packet.way < group->ways.size()) group->ways = {group->ways[packet.way]};
    return;
  }
  packet.place = 0;
  packet.is_writing = writing_.call != 0 ? 1 : 0;
  gethostname(packet.host, sizeof packet.host - 1);
  sendto(socket_, &packet, sizeof packet, 0, reinterpret_cast<const sockaddr*>(&from), sizeof from);
}

void SignsOfLife::tell(Group& group) {
  Packet packet{};
  packet.mark = group.mark;
  packet.place = group.own;
  packet.is_writing = writing_.call != 0 ? 1 : 0;
  gethostname(packet.host, sizeof packet.host - 1);
  for (const in_addr_t way : group.ways) {
    sockaddr_in root{};
    root.sin_family = AF_INET;
    root.sin_port = htons(group.port);
    root.sin_addr.s_addr = way;
    sendto(socket_, &packet, sizeof packet, 0, reinterpret_cast<const sockaddr*>(&root),
           sizeof root);
    ++packet.way;
  }
}

std::optional<Silent> SignsOfLife::silent(double now_s, const Writing& writing) {
  const std::lock_guard lock(mutex_);
  const Group* group = find(writing.group);
  if (writing.call == 0 || writing.call != writing_.call || group == nullptr) return {};
  const double longest_s = turn_to_speak(group->own) * patience_s();
  std::optional<Silent> found;
  for (const Peer& peer : group->peers) {
    const double seconds = now_s - std::max(peer.heard_s, since_s_);
    if (peer.heard_s < 0.0 || seconds <= longest_s) continue;
    if (found) {
      ++found->others;
    } else {
      found = Silent{peer.name, peer.host, 0, seconds};
    }
  }
  return found;
}

bool SignsOfLife::is_heard_writing(int name) {
  const std::lock_guard lock(mutex_);
  const auto says_so = [&](const Peer& peer) {
    return peer.name == name && peer.is_writing && now_s_ - peer.heard_s <= patience_s();
  };
  return std::ranges::any_of(
      groups_, [&](const Group& group) { return std::ranges::any_of(group.peers, says_so); });
}

SignsOfLife& signs_of_life() {
  static SignsOfLife& here = *new SignsOfLife;  // the thread that watches may outlive exit()
  return here;
}

std::uint64_t hear_each_other(const Communicator& comm) {
  if (comm.size() == 1) return 0;
  std::vector<int> names(static_cast<std::size_t>(comm.size()));
  for (int place = 0; place < comm.size(); ++place) {
    names[static_cast<std::size_t>(place)] = comm.world_rank(place);
  }
  std::vector<std::byte> invitation;
  if (comm.is_root()) invitation = signs_of_life().invite(names);
  comm.broadcast(invitation);
  const std::uint64_t mark = signs_of_life().accept(invitation, comm.rank(), names);
  // Who is stopped in the next moment has been heard.
  comm.barrier();
  signs_of_life().listen();
  comm.barrier();
  return mark;
}

InsideParallelIo::InsideParallelIo(std::uint64_t group) {
  group_that_writes.store(group, std::memory_order_relaxed);
  calls.fetch_add(1, std::memory_order_release);
}

InsideParallelIo::~InsideParallelIo() { calls.fetch_add(1, std::memory_order_release); }

Writing InsideParallelIo::now() {
  const std::uint64_t call = calls.load(std::memory_order_acquire);
  if (call % 2 == 0) return {};
  return {call, group_that_writes.load(std::memory_order_relaxed)};
}

}  // namespace superstep
