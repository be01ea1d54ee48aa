// SPDX-License-Identifier: BSD-3-Clause
// What happens in a run, told as one stream of events to whoever listens: counters, the trace, the
// bar on a terminal, the watch. Events are published on the thread that drives a rank's work, and
// are of that rank.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/core/value.hpp>

namespace superstep {

struct Counters;

/// How far a search is.
struct SearchState {
  Index fits_done = 0;
  Index fits = 0;
  Index stopped = 0;       ///< candidates that were given up
  double work_done = 0.0;  ///< fraction of all work, counted as fits times their resources
  double work_now = 0.0;   ///< fraction that those being trained will add
  std::string metric{};    ///< the one that decides
  std::optional<double> best_mean{};  ///< of the best candidate so far, where there is one
  std::vector<std::pair<std::string, Value>> best_params{};
};

/// Texts and what is pointed at last as long as the listeners are being told.
struct Event {
  enum class Kind : std::uint8_t {
    collective,   ///< an exchange with other ranks: `what`, `bytes` given to it, `ranks` that meet
    load,         ///< blocks are read into memory
    share,        ///< likewise, into memory that the ranks of a node share
    pass,         ///< over blocks
    exchange,     ///< the ranks put together what a pass has found
    tasks,        ///< solves that are shared out over the ranks; counted as `blocks`
    targets,      ///< targets are read by themselves
    bulk,         ///< a command goes through rows without the engine
    superstep,    ///< is asked for; several may share a pass
    repetition,   ///< of a superstep, because a bound was broken
    task,         ///< what follows is for `name`
    search,       ///< `search` says how far it is
    silence,      ///< others have been waited for so long that they are asked for signs of life
    other_teams,  ///< have done `more` at the same time than this rank's team
  };
  /// What takes no time ends at once.
  enum class Moment : std::uint8_t { begins, goes_on, ends };

  Kind kind{};
  Moment moment = Moment::ends;
  const char* what = "";       ///< a literal: which collective
  std::string_view name = {};  ///< of what is trained, or done
  Index bytes = 0;             ///< of the rows, or of what this rank gave to the collective
  Index blocks = 0;            ///< or tasks, that this rank did
  Index blocks_streamed = 0;   ///< of them, read for the pass because memory had no room
  Index rows = 0;              ///< of this rank; of all ranks where something begins
  Index ranks = 0;
  bool is_sample = false;     ///< of a pass: over some of the blocks (Table::every)
  bool is_allreduce = false;  ///< of a collective
  double seconds = 0.0;       ///< that it took; waiting included
  double wait_s = 0.0;        ///< waiting for files or for the other ranks
  double fraction = 0.0;      ///< where something goes on: done of this rank's share
  // Of a pass that begins.
  Index number = 0;       ///< of the passes for the task, from 1
  Index expected = 0;     ///< passes that the task takes as a rule; 0: not known
  Index models = 0;       ///< that are trained together; 0: not known
  Index models_done = 0;  ///< of these, need no more passes
  const SearchState* search = nullptr;
  const Counters* more = nullptr;

  bool ends(Kind k) const { return kind == k && moment == Moment::ends; }
  /// Of blocks, so that what was waited was for files.
  bool has_read() const { return ends(Kind::load) || ends(Kind::share) || ends(Kind::pass); }
};

/// Must not throw, nor communicate beyond signs of life.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;
  virtual void hear(const Event& event) = 0;
};

/// Where events are published. Those of an engine go on to the stream of its ranks, which is that
/// of the run.
class Events {
 public:
  explicit Events(Events* beyond = nullptr) : beyond_(beyond) {}
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  void publish(const Event& event) const {
    for (Listener* listener : listeners_) listener->hear(event);
    if (beyond_ != nullptr) beyond_->publish(event);
  }

 private:
  friend class Listening;
  std::vector<Listener*> listeners_;
  Events* beyond_;
};

/// As long as it lives, the listener is told what is published there. Begins and ends between
/// events.
class Listening {
 public:
  Listening(Events& events, Listener& listener) : events_(events), listener_(listener) {
    events_.listeners_.push_back(&listener_);
  }
  ~Listening() { std::erase(events_.listeners_, &listener_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  Events& events_;
  Listener& listener_;
};

/// Something that takes time: begins here, ends when it is told so.
class Stretch {
 public:
  Stretch(const Events& events, Event begun) : events_(events), kind_(begun.kind) {
    begun.moment = Event::Moment::begins;
    events_.publish(begun);
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  void goes_on(double fraction) const {
    events_.publish({.kind = kind_, .moment = Event::Moment::goes_on, .fraction = fraction});
  }
  void end(Event ended) const {
    ended.kind = kind_;
    ended.moment = Event::Moment::ends;
    ended.seconds = seconds();
    events_.publish(ended);
  }

 private:
  const Events& events_;
  Event::Kind kind_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace superstep
