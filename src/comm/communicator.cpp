// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/communicator.hpp>

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <thread>

#include <superstep/comm/inside_mpi.hpp>
#include <superstep/comm/launch.hpp>
#include <superstep/comm/native.hpp>
#include <superstep/core/error.hpp>
#include "comm/leave_job.hpp"
#include "comm/signs_of_life.hpp"

namespace superstep {

namespace {

using Clock = std::chrono::steady_clock;

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ExitCode::failure, std::string(call) + " failed: " + text);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Programs are loaded and networks opened at different speeds; the most patience is for these.
constexpr double patience_to_start = 3.0;

/// How many of the ranks run on this node.
int count_on_node(MPI_Comm comm) {
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node),
        "MPI_Comm_split_type");
  int n = 1;
  MPI_Comm_size(node, &n);
  MPI_Comm_free(&node);
  return n;
}

/// srun may start n programs that each believe to be alone when it speaks another PMI than this
/// MPI.
void refuse_disguised_singletons(int size) {
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  if (size > 1 || tasks == nullptr || std::atoi(tasks) <= 1) return;
  const char* first = std::getenv("SLURM_PROCID");
  if (first != nullptr && std::atoi(first) == 0) {
    std::fprintf(stderr,
                 "superstep: srun started %s tasks but MPI sees one rank in each; "
                 "use srun --mpi=pmix, or mpirun inside the job\n",
                 tasks);
  }
  std::exit(static_cast<int>(ExitCode::usage));
}

bool is_mpi_started() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  return initialized != 0;
}

}  // namespace

Environment::Environment(int& argc, char**& argv)
    : exceptions_at_birth_(std::uncaught_exceptions()), owns_mpi_(false) {
  // Without a launcher there is nobody to talk to: Communicator::world() is of one rank, which
  // needs no MPI. To start it takes longer than small work, and Open MPI would start a daemon too.
  if (is_mpi_started() || !is_launched()) return;
  start_watching_mpi();
  choose_how_files_are_written();
  const InsideMpi inside("start", patience_to_start);
  int provided = 0;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  owns_mpi_ = true;
  if (provided < MPI_THREAD_FUNNELED) {
    throw Error(ExitCode::failure,
                "this MPI was built without support for threads; use one that has "
                "MPI_THREAD_FUNNELED");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  refuse_disguised_singletons(size);
}

Environment::~Environment() {
  if (owns_mpi_ && std::uncaught_exceptions() == exceptions_at_birth_) finalize();
}

void Environment::finalize() {
  if (!is_mpi_started()) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  {
    const InsideMpi inside("end", patience_to_start);
    MPI_Finalize();
  }
  stop_watching_mpi();
}

// The watch. A rank that waits longer than the limit asks: rank 0 asks everybody, rank 1 asks rank
// 0. Ranks at work answer between blocks, waiting ranks answer while they wait. Who stays silent
// for as long again is named, and the job ends. Only the thread that started MPI talks, so no
// thread support is needed.
/// What a communicator and those split from it have in common.
struct OfTheRun {
  Events events;
  Counting counting;
  Listening counts{events, counting};
  Clock::time_point last_sign = Clock::now();  ///< that this rank has given
};

struct Communicator::State : Listener {
  // Of one rank until `of` has asked MPI. Such a rank has nobody to talk to, and no communicator of
  // MPI where MPI was not started or where the rank was alone in the group that this is part of.
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm control = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
  std::vector<int> names = {0};  ///< of the ranks, among all ranks
  int all_ranks = 1;             ///< how many these are
  bool has_a_core = false;       ///< the node has one for each rank at least
  State* parent = nullptr;       ///< what this was split from
  std::shared_ptr<OfTheRun> run = std::make_shared<OfTheRun>();
  std::vector<char> answered;
  std::optional<Listening> listening;  ///< from when it is whole

  static constexpr int ping = 1;
  static constexpr int pong = 2;

  /// Of ranks that are among these; without a communicator yet. Whole where this is of one rank.
  std::unique_ptr<State> part() {
    auto state = std::make_unique<State>();
    state->parent = this;
    state->names = names;
    state->all_ranks = all_ranks;
    state->run = run;
    state->has_a_core = has_a_core;
    return state;
  }

  State() = default;
  ~State() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    // MPI_Comm_free is collective: while an exception unwinds it is left to the end of the process.
    if (finalized || std::uncaught_exceptions() > 0) return;
    const InsideMpi inside("end of a group of ranks");
    if (control != MPI_COMM_NULL) MPI_Comm_free(&control);
    if (comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
  }

  void send(int to, int tag) const {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(nullptr, 0, MPI_BYTE, to, tag, control, &request);
    MPI_Request_free(&request);
  }

  /// While something takes its time, others are answered.
  void hear(const Event& event) override {
    if (event.moment == Event::Moment::goes_on) answer();
  }

  /// Of this group, and of the larger ones it is part of.
  void answer_all() {
    if (parent != nullptr) parent->answer_all();
    answer();
  }

  void answer() {
    run->last_sign = Clock::now();
    if (size == 1) return;
    for (int pending = 1; pending != 0;) {
      MPI_Status status;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, control, &pending, &status);
      if (pending == 0) break;
      MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, control, MPI_STATUS_IGNORE);
      if (status.MPI_TAG == ping) send(status.MPI_SOURCE, pong);
      if (status.MPI_TAG == pong && !answered.empty()) {
        answered[static_cast<std::size_t>(status.MPI_SOURCE)] = 1;
      }
    }
  }

  void ask() {
    answered.assign(static_cast<std::size_t>(size), 0);
    answered[static_cast<std::size_t>(rank)] = 1;
    for (int other = 0; other < size; ++other) {
      if (rank == 1 && other != 0) answered[static_cast<std::size_t>(other)] = 1;
      if (!answered[static_cast<std::size_t>(other)]) send(other, ping);
    }
  }

  std::string silent_ranks() const {
    std::string text;
    int n_silent = 0;
    for (int other = 0; other < size; ++other) {
      if (answered[static_cast<std::size_t>(other)]) continue;
      const int name = names[static_cast<std::size_t>(other)];
      if (signs_of_life().is_heard_writing(name)) continue;  // a slow disk is no death
      if (++n_silent <= 8) text += (text.empty() ? "" : ", ") + std::to_string(name);
    }
    if (n_silent > 8) text += " and " + std::to_string(n_silent - 8) + " more";
    return n_silent == 0 ? "" : (n_silent == 1 ? "rank " : "ranks ") + text;
  }
};

Communicator::Communicator(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->listening.emplace(state_->run->events, *state_);
}
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

Communicator Communicator::of(std::unique_ptr<State> state) {
  check(MPI_Comm_dup(state->comm, &state->control), "MPI_Comm_dup");
  MPI_Comm_set_errhandler(state->comm, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(state->control, MPI_ERRORS_RETURN);
  MPI_Comm_rank(state->comm, &state->rank);
  MPI_Comm_size(state->comm, &state->size);
  int name = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &name);
  MPI_Comm_size(MPI_COMM_WORLD, &state->all_ranks);
  state->names.resize(static_cast<std::size_t>(state->size));
  check(MPI_Allgather(&name, 1, MPI_INT, state->names.data(), 1, MPI_INT, state->comm),
        "MPI_Allgather");
  return Communicator(std::move(state));
}

/// One collective, as this rank goes through it: waits until all have come, and is told of.
class Communicator::Call {
 public:
  Call(const Communicator& comm, const char* what, std::size_t bytes)
      : comm_(comm),
        state_(*comm.state_),
        stretch_(state_.run->events, {.kind = Event::Kind::collective, .what = what}) {
    told_.what = what;
    told_.ranks = state_.size;
    carries(bytes);
    if (state_.size == 1) return;
    wait_for_all(what);
    told_.wait_s = stretch_.seconds();
    inside_.emplace(what);
  }
  ~Call() { stretch_.end(told_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// For messages whose size is learnt on the way.
  void carries(std::size_t bytes) { told_.bytes += static_cast<Index>(bytes); }
  void is_allreduce() { told_.is_allreduce = true; }

 private:
  void wait_for_all(const char* what);

  const Communicator& comm_;
  State& state_;
  Stretch stretch_;
  Event told_;
  std::optional<InsideMpi> inside_;  ///< once all have come
};

Communicator Communicator::world() {
  const InsideMpi inside("start", patience_to_start);
  auto state = std::make_unique<State>();
  if (!is_mpi_started()) {
    if (is_launched())
      throw std::logic_error("MPI is started by an Environment, which comes first");
    return Communicator(std::move(state));
  }
  check(MPI_Comm_dup(MPI_COMM_WORLD, &state->comm), "MPI_Comm_dup");
  state->has_a_core =
      count_on_node(state->comm) <= static_cast<int>(std::thread::hardware_concurrency());
  return of(std::move(state));
}

Communicator Communicator::split(int part) const {
  const Call call(*this, "split", 0);
  auto state = state_->part();
  if (state_->size == 1) return Communicator(std::move(state));
  check(MPI_Comm_split(state_->comm, part, rank(), &state->comm), "MPI_Comm_split");
  return of(std::move(state));
}

Communicator Communicator::on_node() const {
  const Call call(*this, "split by node", 0);
  auto state = state_->part();
  if (state_->size == 1) return Communicator(std::move(state));
  check(
      MPI_Comm_split_type(state_->comm, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &state->comm),
      "MPI_Comm_split_type");
  return of(std::move(state));
}

int Communicator::rank() const { return state_->rank; }
int Communicator::size() const { return state_->size; }
int Communicator::world_rank(int rank) const {
  return state_->names[static_cast<std::size_t>(rank)];
}
Events& Communicator::events() const { return state_->run->events; }
const Counters& Communicator::counters() const { return state_->run->counting.counted; }
bool Communicator::is_watched() const { return state_->all_ranks > 1; }
void Communicator::answer() const { state_->answer_all(); }

void Communicator::abort(int code) const { leave_job(code); }

void Communicator::Call::wait_for_all(const char* what) {
  State& s = state_;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(s.comm, &request), "MPI_Ibarrier");
  const auto start = Clock::now();
  const double was_silent_s = seconds_since(s.run->last_sign);
  auto asked_at = start;
  bool asking = false;
  const double limit_s = watch_limit_s();
  const Index yields = s.has_a_core ? 50'000 : 2000;
  for (Index turn = 0;; ++turn) {
    int done = 0;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done) {
      s.run->last_sign = Clock::now();
      return;
    }
    if (turn < 200) continue;
    // Long waits leave the core to whoever has work, soon where there are more ranks than cores: to
    // be woken takes 50 to 100 microseconds, and some wait for one that has been woken.
    if (turn < yields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(turn < 10 * yields ? 20 : 200));
    }
    if (turn % 64 != 0) continue;
    s.answer_all();
    if (s.rank > 1) continue;
    // Rank 1 watches rank 0 only and gives it time to name the silent ones first; so do those who
    // watch a part of the ranks with those who watch all.
    const double patience_s =
        limit_s * (s.rank == 0 ? 1.0 : 1.5) * (s.parent == nullptr ? 1 : 4) + 2.0 * was_silent_s;
    if (!asking && seconds_since(start) > patience_s) {
      s.run->events.publish(
          {.kind = Event::Kind::silence, .what = what, .wait_s = seconds_since(start)});
      s.ask();
      asking = true;
      asked_at = Clock::now();
    } else if (asking && seconds_since(asked_at) > limit_s) {
      const std::string silent = s.silent_ranks();
      if (silent.empty()) {  // all alive, only slow: keep waiting and ask again
        asking = false;
        asked_at = Clock::now();
        s.ask();
        asking = true;
        continue;
      }
      char line[512];
      const int n = std::snprintf(
          line, sizeof line,
          "superstep: %s of %d stopped answering for %.0f s while the others waited (%s); "
          "look at that rank's host (out of memory, a file system that hangs), or raise "
          "SUPERSTEP_WATCHDOG\n",
          silent.c_str(), s.all_ranks, seconds_since(start), what);
      if (write(STDERR_FILENO, line, static_cast<std::size_t>(n)) < 0) { /* nobody to tell */
      }
      comm_.abort(static_cast<int>(ExitCode::rank_lost));
    }
  }
}

namespace {

std::size_t longest_message = std::size_t{1} << 30;

/// Hands `f` pieces of the values that fit a message.
template <class T, class F>
void in_pieces(std::span<T> values, F&& f) {
  const std::size_t most = std::max<std::size_t>(longest_message / sizeof(T), 1);
  for (std::size_t at = 0; at < values.size(); at += most) {
    f(values.subspan(at, std::min(most, values.size() - at)));
  }
}

void broadcast_bytes(MPI_Comm comm, std::span<std::byte> bytes, int root) {
  in_pieces(bytes, [&](std::span<std::byte> part) {
    check(MPI_Bcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, root, comm), "MPI_Bcast");
  });
}

std::vector<int> offsets_of(const std::vector<int>& counts) {
  std::vector<int> offsets(counts.size(), 0);
  std::partial_sum(counts.begin(), counts.end() - 1, offsets.begin() + 1);
  return offsets;
}

/// Ranks in a ring: each sends to the one `step` ahead what it has for it.
std::vector<std::vector<std::byte>> exchange_in_pieces(
    MPI_Comm comm, int rank, const std::vector<std::vector<std::byte>>& outgoing,
    const std::vector<std::int64_t>& sizes) {
  constexpr int tag = 3;
  const auto n = outgoing.size();
  std::vector<std::vector<std::byte>> incoming(n);
  for (std::size_t step = 0; step < n; ++step) {
    const std::size_t to = (static_cast<std::size_t>(rank) + step) % n;
    const std::size_t from = (static_cast<std::size_t>(rank) + n - step) % n;
    incoming[from].resize(static_cast<std::size_t>(sizes[from]));
    std::vector<MPI_Request> requests;
    in_pieces(std::span(incoming[from]), [&](std::span<std::byte> part) {
      check(MPI_Irecv(part.data(), static_cast<int>(part.size()), MPI_BYTE, static_cast<int>(from),
                      tag, comm, &requests.emplace_back()),
            "MPI_Irecv");
    });
    in_pieces(std::span(outgoing[to]), [&](std::span<const std::byte> part) {
      check(MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_BYTE, static_cast<int>(to),
                      tag, comm, &requests.emplace_back()),
            "MPI_Isend");
    });
    check(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE),
          "MPI_Waitall");
  }
  return incoming;
}

std::int64_t reduce_one(MPI_Comm comm, std::int64_t value, MPI_Op op) {
  std::int64_t result = value;
  check(MPI_Allreduce(&value, &result, 1, MPI_INT64_T, op, comm), "MPI_Allreduce");
  return result;
}

}  // namespace

void set_longest_message(std::size_t bytes) { longest_message = bytes; }

void Communicator::barrier() const { const Call call(*this, "barrier", 0); }

void Communicator::sum(std::span<std::int64_t> values) const {
  Call call(*this, "sum", values.size_bytes());
  call.is_allreduce();
  if (state_->size == 1) return;
  in_pieces(values, [&](std::span<std::int64_t> part) {
    check(MPI_Allreduce(MPI_IN_PLACE, part.data(), checked_cast<int>(part.size()), MPI_INT64_T,
                        MPI_SUM, state_->comm),
          "MPI_Allreduce");
  });
}

void Communicator::max(std::span<double> values) const {
  Call call(*this, "maximum", values.size_bytes());
  call.is_allreduce();
  if (state_->size == 1) return;
  in_pieces(values, [&](std::span<double> part) {
    check(MPI_Allreduce(MPI_IN_PLACE, part.data(), checked_cast<int>(part.size()), MPI_DOUBLE,
                        MPI_MAX, state_->comm),
          "MPI_Allreduce");
  });
}

Index Communicator::sum(Index value) const {
  std::int64_t v = value;
  sum(std::span(&v, 1));
  return v;
}

Index Communicator::max(Index value) const {
  Call call(*this, "maximum", sizeof value);
  call.is_allreduce();
  return state_->size == 1 ? value : reduce_one(state_->comm, value, MPI_MAX);
}

Index Communicator::min(Index value) const {
  Call call(*this, "minimum", sizeof value);
  call.is_allreduce();
  return state_->size == 1 ? value : reduce_one(state_->comm, value, MPI_MIN);
}

double Communicator::max(double value) const {
  max(std::span(&value, 1));
  return value;
}

void Communicator::broadcast(std::vector<std::byte>& bytes, int root) const {
  Call call(*this, "broadcast", 0);
  std::int64_t size = static_cast<std::int64_t>(bytes.size());
  if (state_->size == 1) return call.carries(bytes.size());
  check(MPI_Bcast(&size, 1, MPI_INT64_T, root, state_->comm), "MPI_Bcast");
  bytes.resize(static_cast<std::size_t>(size));
  call.carries(bytes.size());
  broadcast_bytes(state_->comm, bytes, root);
}

std::string Communicator::broadcast(std::string text, int root) const {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  std::vector<std::byte> bytes(begin, begin + text.size());
  broadcast(bytes, root);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void Communicator::broadcast(std::span<double> values, int root) const {
  const Call call(*this, "broadcast", values.size_bytes());
  if (state_->size > 1) broadcast_bytes(state_->comm, std::as_writable_bytes(values), root);
}

std::vector<std::vector<std::byte>> Communicator::gather_all(
    std::span<const std::byte> bytes) const {
  std::vector<std::vector<std::byte>> all(static_cast<std::size_t>(size()));
  all[static_cast<std::size_t>(rank())].assign(bytes.begin(), bytes.end());
  Call call(*this, "gather", bytes.size());
  if (size() == 1) return all;
  const auto count = static_cast<std::int64_t>(bytes.size());
  std::vector<std::int64_t> counts(all.size());
  check(MPI_Allgather(&count, 1, MPI_INT64_T, counts.data(), 1, MPI_INT64_T, state_->comm),
        "MPI_Allgather");
  const auto total =
      static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  if (total > longest_message) {
    for (std::size_t r = 0; r < all.size(); ++r) {
      all[r].resize(static_cast<std::size_t>(counts[r]));
      broadcast_bytes(state_->comm, all[r], static_cast<int>(r));
    }
    return all;
  }
  const std::vector<int> short_counts(counts.begin(), counts.end());
  const std::vector<int> offsets = offsets_of(short_counts);
  std::vector<std::byte> joined(total);
  check(MPI_Allgatherv(bytes.data(), static_cast<int>(count), MPI_BYTE, joined.data(),
                       short_counts.data(), offsets.data(), MPI_BYTE, state_->comm),
        "MPI_Allgatherv");
  for (std::size_t r = 0; r < all.size(); ++r) {
    all[r].assign(joined.begin() + offsets[r], joined.begin() + offsets[r] + short_counts[r]);
  }
  return all;
}

std::vector<std::vector<std::byte>> Communicator::exchange(
    const std::vector<std::vector<std::byte>>& outgoing) const {
  Call call(*this, "exchange", 0);
  if (size() == 1) return outgoing;
  std::vector<std::int64_t> sizes_out, sizes_in(outgoing.size());
  for (const auto& bytes : outgoing) sizes_out.push_back(std::ssize(bytes));
  check(
      MPI_Alltoall(sizes_out.data(), 1, MPI_INT64_T, sizes_in.data(), 1, MPI_INT64_T, state_->comm),
      "MPI_Alltoall");
  const auto sent = std::accumulate(sizes_out.begin(), sizes_out.end(), std::int64_t{0});
  const auto received = std::accumulate(sizes_in.begin(), sizes_in.end(), std::int64_t{0});
  call.carries(static_cast<std::size_t>(sent));
  const std::int64_t most = reduce_one(state_->comm, std::max(sent, received), MPI_MAX);
  if (static_cast<std::size_t>(most) > longest_message) {
    return exchange_in_pieces(state_->comm, rank(), outgoing, sizes_in);
  }
  const std::vector<int> counts_out(sizes_out.begin(), sizes_out.end());
  const std::vector<int> counts_in(sizes_in.begin(), sizes_in.end());
  const std::vector<int> offsets_out = offsets_of(counts_out), offsets_in = offsets_of(counts_in);
  std::vector<std::byte> joined, arrived(static_cast<std::size_t>(received));
  joined.reserve(static_cast<std::size_t>(sent));
  for (const auto& bytes : outgoing) joined.insert(joined.end(), bytes.begin(), bytes.end());
  check(MPI_Alltoallv(joined.data(), counts_out.data(), offsets_out.data(), MPI_BYTE,
                      arrived.data(), counts_in.data(), offsets_in.data(), MPI_BYTE, state_->comm),
        "MPI_Alltoallv");
  std::vector<std::vector<std::byte>> incoming(outgoing.size());
  for (std::size_t r = 0; r < incoming.size(); ++r) {
    const auto begin = arrived.begin() + offsets_in[r];
    incoming[r].assign(begin, begin + counts_in[r]);
  }
  return incoming;
}

int Communicator::ranks_on_node() const {
  const Call call(*this, "count of ranks on the node", 0);
  return state_->size == 1 ? 1 : count_on_node(state_->comm);
}

/// Reaches into a communicator for native_handle().
struct NativeHandle {
  static MPI_Comm of(const Communicator& comm) { return comm.state_->comm; }
};

MPI_Comm native_handle(const Communicator& comm) { return NativeHandle::of(comm); }

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace superstep
