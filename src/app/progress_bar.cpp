// SPDX-License-Identifier: BSD-3-Clause
#include "app/progress_bar.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <superstep/core/text.hpp>

namespace superstep::app {

namespace {

// A terminal is drawn often enough to look alive; a log gets its first line early and then one
// every while.
constexpr double terminal_interval_s = 0.2;
constexpr double log_interval_s = 10.0;

bool can_redraw() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

ProgressBar::ProgressBar(int ranks)
    : ranks_(ranks), is_terminal_(can_redraw()), last_shown_(Clock::now()) {}

ProgressBar::~ProgressBar() { erase(); }

void ProgressBar::begin(const PassInfo& pass) {
  pass_ = pass;
  pass_start_ = Clock::now();
  if (is_terminal_ && seconds_between(last_shown_, pass_start_) > terminal_interval_s) show(0.0);
}

void ProgressBar::update(double fraction) {
  const double since_s = seconds_between(last_shown_, Clock::now());
  if (since_s > (is_terminal_ ? terminal_interval_s : log_interval_s)) show(fraction);
}

void ProgressBar::end() {}

void ProgressBar::show(double fraction) {
  last_shown_ = Clock::now();
  const double elapsed_s = std::max(seconds_between(pass_start_, last_shown_), 1e-9);
  const double rows_per_s = fraction * static_cast<double>(pass_.rows) / elapsed_s;
  const double gb_per_s = fraction * static_cast<double>(pass_.bytes) / elapsed_s / 1e9;
  std::string line = fmt::format("{} on {} rank{}: pass {}", pass_.what, ranks_,
                                 ranks_ == 1 ? "" : "s", pass_.number);
  if (pass_.models > 1) {
    line += fmt::format(", {} of {} models done", format_count(pass_.models_done),
                        format_count(pass_.models));
  }
  if (is_terminal_) {
    const int filled = static_cast<int>(fraction * 24.0);
    line += fmt::format(" [{:<24}]", std::string(static_cast<std::size_t>(filled), '#'));
  }
  line += fmt::format(" {:3.0f} %", fraction * 100.0);
  if (fraction > 0.0) {
    line += fmt::format(", {} rows/s, {:.2f} GB/s, {} left in this pass",
                        format_count(static_cast<std::int64_t>(rows_per_s)), gb_per_s,
                        format_duration(elapsed_s * (1.0 - fraction) / fraction));
  }
  // One write a line, so that ranks and libraries cannot write in between.
  const std::string text = is_terminal_ ? "\r\033[K" + line : line + "\n";
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;
  is_drawn_ = is_terminal_;
}

void ProgressBar::erase() {
  if (!is_drawn_) return;
  constexpr std::string_view clear = "\r\033[K";
  if (write(STDERR_FILENO, clear.data(), clear.size()) < 0) return;
  is_drawn_ = false;
}

}  // namespace superstep::app
