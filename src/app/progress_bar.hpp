// SPDX-License-Identifier: BSD-3-Clause
// Progress on standard error of the root: a bar that is drawn again on a terminal, a plain line now
// and then in a log.
#pragma once

#include <chrono>

#include <superstep/engine/progress.hpp>

namespace superstep::app {

class ProgressBar final : public Progress {
 public:
  explicit ProgressBar(int ranks);
  ~ProgressBar() override;
  void begin(const PassInfo& pass) override;
  void update(double fraction) override;
  void end() override;

 private:
  using Clock = std::chrono::steady_clock;
  void show(double fraction);
  void erase();

  int ranks_;
  bool is_terminal_;
  bool is_drawn_ = false;
  PassInfo pass_;
  Clock::time_point pass_start_;
  Clock::time_point last_shown_;
};

}  // namespace superstep::app
