// SPDX-License-Identifier: BSD-3-Clause
#include "app/progress_bar.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <superstep/core/text.hpp>

#include "app/shown.hpp"

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

/// Columns of the terminal; a line that fills the last one would wrap.
std::size_t terminal_width() {
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return is_known ? size.ws_col - std::size_t{1} : 79;
}

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

std::string bar(double done) {
  constexpr double length = 20.0;
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * length);
  return fmt::format(" [{:<20}]", std::string(filled, '#'));
}

/// The first characters of a line in UTF-8 that fit into so many columns.
std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (std::size_t shown = 0; end < text.size() && shown < columns; ++shown) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  }
  return text.substr(0, end);
}

}  // namespace

ProgressBar::ProgressBar(int ranks)
    : ranks_(ranks), is_terminal_(can_redraw()), last_shown_(Clock::now()) {}

ProgressBar::~ProgressBar() { erase(); }

bool ProgressBar::is_due() const {
  const double since_s = seconds_between(last_shown_, Clock::now());
  return since_s > (is_terminal_ ? terminal_interval_s : log_interval_s);
}

void ProgressBar::hear(const Event& event) {
  const bool goes_on = event.moment == Event::Moment::goes_on;
  if (event.kind == Event::Kind::search) {
    if (goes_on) return update(*event.search);
    search_.reset();
  } else if (goes_on) {
    update(event.fraction);
  } else if (event.moment == Event::Moment::begins && event.number > 0) {
    begin(event);
  }
}

void ProgressBar::begin(const Event& pass) {
  pass_ = {std::string(pass.name), pass.number, pass.expected, pass.models, pass.models_done};
  pass_start_ = Clock::now();
  if (pass.number == 1) task_start_ = pass_start_;
  if (is_terminal_ && is_due()) show(0.0);
}

void ProgressBar::update(double fraction) {
  const bool has_begun = pass_.number > 0;  // blocks are looked at before the first pass, too
  if (has_begun && is_due()) show(fraction);
}

void ProgressBar::update(const SearchState& state) {
  if (!search_) {
    search_start_ = Clock::now();
    search_done_ = 0.0;
  }
  search_ = state;
  if (is_due()) show(0.0);
}

double ProgressBar::task_done(double fraction) const {
  const double models = pass_.models == 0 ? 0.0
                                          : static_cast<double>(pass_.models_done) /
                                                static_cast<double>(pass_.models);
  if (pass_.expected == 0) return models;
  const double passes = static_cast<double>(pass_.number - 1) + fraction;
  // More passes than expected do not mean that the end is there.
  constexpr double never_all = 0.95;
  return std::max(models, std::min(passes / static_cast<double>(pass_.expected), never_all));
}

std::string ProgressBar::time_left(double done, Clock::time_point start) {
  constexpr double too_early = 0.01;
  if (done < too_early) return "";
  const double so_far_s = seconds_between(start, Clock::now());
  return fmt::format(", about {} left", format_duration(so_far_s * (1.0 - done) / done));
}

std::string ProgressBar::line(double fraction) {
  double done = task_done(fraction);
  std::string text;
  if (search_) {
    const double left = static_cast<double>(search_->fits - search_->fits_done);
    const double batch = pass_.models == 0 ? 1.0 : static_cast<double>(pass_.models) / left;
    done = search_->work_done + search_->work_now * std::min(batch, 1.0) * done;
    search_done_ = done = std::max(done, search_done_);
    text = fmt::format("search on {} rank{}: {} of {} fits done", ranks_, ranks_ == 1 ? "" : "s",
                       format_count(search_->fits_done), format_count(search_->fits));
    if (search_->stopped > 0) {
      text += fmt::format(", {} candidates stopped", format_count(search_->stopped));
    }
  } else {
    text = fmt::format("{} on {} rank{}: pass {}", pass_.what, ranks_, ranks_ == 1 ? "" : "s",
                       pass_.number);
    if (pass_.models > 1) {
      text += fmt::format(", {} of {} models done", format_count(pass_.models_done),
                          format_count(pass_.models));
    }
    if (pass_.expected == 0) done = fraction;
  }
  if (is_terminal_) text += bar(done);
  text += fmt::format(" {:.0f} %", 100.0 * done);
  if (search_) {
    text += time_left(done, search_start_);
  } else if (pass_.expected > 0) {
    text += time_left(done, task_start_);
  } else {
    text += " of this pass" + time_left(done, pass_start_);
  }
  if (search_ && search_->best_mean) {
    text += fmt::format(", best so far {} {} {}", search_->metric,
                        shown_number(*search_->best_mean), shown_setting(search_->best_params));
  }
  return text;
}

void ProgressBar::show(double fraction) {
  last_shown_ = Clock::now();
  const std::string text = line(fraction);
  // One write a line, so that ranks and libraries cannot write in between.
  const std::string all =
      is_terminal_ ? fmt::format("\r\033[K{}", fitting(text, terminal_width())) : text + "\n";
  if (write(STDERR_FILENO, all.data(), all.size()) < 0) return;
  is_drawn_ = is_terminal_;
}

void ProgressBar::erase() {
  if (!is_drawn_) return;
  constexpr std::string_view clear = "\r\033[K";
  if (write(STDERR_FILENO, clear.data(), clear.size()) < 0) return;
  is_drawn_ = false;
}

}  // namespace superstep::app
