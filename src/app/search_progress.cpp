// SPDX-License-Identifier: BSD-3-Clause
#include "app/search_progress.hpp"

#include <fmt/format.h>

#include <superstep/core/text.hpp>

namespace superstep::app {

void ShownSearch::update(Index fits_done, Index fits, Index stopped, const std::string& best) {
  const double so_far_s = context_.seconds() - start_s_;
  std::string text =
      fmt::format("search: {} of {} fits done", format_count(fits_done), format_count(fits));
  if (stopped > 0) text += fmt::format(", {} candidates stopped", format_count(stopped));
  if (!best.empty()) text += fmt::format(", best so far {}", best);
  if (fits_done < fits) {
    const double left_s =
        so_far_s * static_cast<double>(fits - fits_done) / static_cast<double>(fits_done);
    text += fmt::format(", about {} left", format_duration(left_s));
  }
  context_.note(text);
}

}  // namespace superstep::app
