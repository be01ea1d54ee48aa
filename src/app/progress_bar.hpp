// SPDX-License-Identifier: BSD-3-Clause
// Progress on standard error of the root: one line that is drawn again on a terminal and wiped at
// the end, a plain line now and then in a log. It says what is done of all the work, the best so
// far and the time to the end.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <superstep/engine/progress.hpp>
#include <superstep/select/search.hpp>

namespace superstep::app {

class ProgressBar final : public Progress, public SearchProgress {
 public:
  explicit ProgressBar(int ranks);
  ~ProgressBar() override;
  // Passes.
  void begin(const PassInfo& pass) override;
  void update(double fraction) override;
  void end() override;
  // Searches.
  void update(const SearchState& state) override;
  void end_search() { search_.reset(); }

  /// Takes the line off the terminal, so that something else can be printed.
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  bool is_due() const;
  void show(double fraction);
  std::string line(double fraction);
  /// Of the passes that train what is being trained, as far as their number is known.
  double task_done(double fraction) const;
  static std::string time_left(double done, Clock::time_point start);

  int ranks_;
  bool is_terminal_;
  bool is_drawn_ = false;
  PassInfo pass_;
  std::optional<SearchState> search_;
  double search_done_ = 0.0;      ///< what was shown of it: passes that score do not count back
  Clock::time_point task_start_;  ///< of the passes counted from 1
  Clock::time_point pass_start_;
  Clock::time_point search_start_;
  Clock::time_point last_shown_;
};

}  // namespace superstep::app
