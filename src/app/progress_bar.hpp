// SPDX-License-Identifier: BSD-3-Clause
// Progress on standard error of the root: one line that is drawn again on a terminal and wiped at
// the end, a plain line now and then in a log. It says what is done of all the work, the best so
// far and the time to the end.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <superstep/core/events.hpp>

namespace superstep::app {

class ProgressBar final : public Listener {
 public:
  explicit ProgressBar(int ranks);
  ~ProgressBar() override;
  void hear(const Event& event) override;

  /// Takes the line off the terminal, so that something else can be printed.
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  /// What is gone through: a pass, or rows that a command goes through by itself.
  struct Pass {
    std::string what{};
    Index number = 0;
    Index expected = 0;
    Index models = 0;
    Index models_done = 0;
  };
  void begin(const Event& pass);
  void update(double fraction);
  void update(const SearchState& state);
  bool is_due() const;
  void show(double fraction);
  std::string line(double fraction);
  /// Of the passes that train what is being trained, as far as their number is known.
  double task_done(double fraction) const;
  static std::string time_left(double done, Clock::time_point start);

  int ranks_;
  bool is_terminal_;
  bool is_drawn_ = false;
  Pass pass_;
  std::optional<SearchState> search_;
  double search_done_ = 0.0;      ///< what was shown of it: passes that score do not count back
  Clock::time_point task_start_;  ///< of the passes counted from 1
  Clock::time_point pass_start_;
  Clock::time_point search_start_;
  Clock::time_point last_shown_;
};

}  // namespace superstep::app
