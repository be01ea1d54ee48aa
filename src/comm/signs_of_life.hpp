// SPDX-License-Identifier: BSD-3-Clause
// Signs of life from process to process while files are written in parallel, where no MPI can be
// talked and no limit of time tells a slow disk from a rank that is gone. The thread that watches
// (inside_mpi.hpp) sends them as UDP packets: a process that is stopped stops it too, a disk does
// not. One rank of a group, its root, is heard by the others and answers each.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace superstep {

class Communicator;

/// By how much longer than the first of some ranks another waits before it says that somebody is
/// gone: the first speaks, the others only where it is the one that is silent, one after the other.
double turn_to_speak(int place);

/// Somebody who was heard, and is heard no more.
struct Silent {
  int rank;  ///< among all ranks
  std::string host;
  int others;  ///< so many more are silent too
  double seconds;
};

/// A call of parallel I/O that is under way: its number, not 0, and the group that writes.
struct Writing {
  std::uint64_t call = 0;
  std::uint64_t group = 0;
};

/// What a process hears and tells; there is one in a process, tests make more. Who cannot be heard,
/// without a socket or behind a firewall, is not watched. Times are seconds in which this process
/// was not suspended, since any moment.
class SignsOfLife {
 public:
  SignsOfLife() = default;
  ~SignsOfLife();
  SignsOfLife(const SignsOfLife&) = delete;
  SignsOfLife& operator=(const SignsOfLife&) = delete;

  /// For the root of a group: makes it one, and says how it is reached. `names` are the numbers of
  /// the ranks among all ranks, the root's first.
  std::vector<std::byte> invite(const std::vector<int>& names);
  /// For the others: tells the root, now and from now on. `own` is the place in `names`. Returns
  /// the group's mark, 0 where there is no watch.
  std::uint64_t accept(std::span<const std::byte> invitation, int own,
                       const std::vector<int>& names);

  /// Hears what has come; a root answers.
  void listen();
  /// The same, and tells when it is time to.
  void exchange(double now_s, const Writing& writing);
  /// Who was silent for too long during this call.
  std::optional<Silent> silent(double now_s, const Writing& writing);
  /// Whether that rank has said of late that it writes.
  bool is_heard_writing(int name);

 private:
  struct Peer {
    int name;
    double heard_s = -1.0;  ///< when; never
    bool is_writing = false;
    char host[48] = "";
  };
  struct Group {
    std::uint64_t mark;
    int own;                        ///< place of this rank; 0 is the root's
    std::vector<Peer> peers;        ///< by place; of the root alone where this is another
    std::vector<in_addr_t> ways{};  ///< to the root: all it has, then that which it answered on
    std::uint16_t port = 0;         ///< of the root
    double tell_s = 0.0;            ///< when it is time to
  };
  struct Packet;

  bool open();
  void hear_all();
  void hear(Packet& packet, const sockaddr_in& from);
  void tell(Group& group);
  Group* find(std::uint64_t mark);

  std::mutex mutex_;  ///< the thread that works looks, the one that watches talks
  int socket_ = -1;
  std::vector<Group> groups_;
  double now_s_ = 0.0;
  Writing writing_;
  double since_s_ = 0.0;
  std::uint32_t dice_ = 1;
};

/// That of this process, which is never destroyed.
SignsOfLife& signs_of_life();

/// From now on these ranks hear each other. Returns what InsideParallelIo wants. Cheap where they
/// do already. **Collective.**
std::uint64_t hear_each_other(const Communicator& comm);

/// Marks, for its life, that this rank is inside a call that writes files together with the others
/// of a group (hear_each_other). One at a time, from the thread that started MPI, and not around
/// collectives of ours. A rank that was heard and is silent for longer than
/// (2 watch_limit_s() + 2 s) ends the job with ExitCode::rank_lost; the call itself may last.
class InsideParallelIo {
 public:
  explicit InsideParallelIo(std::uint64_t group);
  ~InsideParallelIo();
  InsideParallelIo(const InsideParallelIo&) = delete;
  InsideParallelIo& operator=(const InsideParallelIo&) = delete;
  /// For the thread that watches.
  static Writing now();
};

}  // namespace superstep
