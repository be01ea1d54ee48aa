// SPDX-License-Identifier: BSD-3-Clause
// How far a search is, beside the bar of the running pass.
#pragma once

#include <superstep/select/search.hpp>

#include "app/command.hpp"

namespace superstep::app {

/// A line on standard error of the root when a batch of fits has ended, with the best so far and
/// the time that the rest will take if it goes on like this.
class ShownSearch final : public SearchProgress {
 public:
  explicit ShownSearch(const Context& context) : context_(context), start_s_(context.seconds()) {}
  void update(Index fits_done, Index fits, Index stopped, const std::string& best) override;

 private:
  const Context& context_;
  double start_s_;
};

}  // namespace superstep::app
