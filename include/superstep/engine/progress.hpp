// SPDX-License-Identifier: BSD-3-Clause
// Tells the person who waits: a bar on a terminal, one plain line now and then in a log.
#pragma once

#include <cstddef>
#include <string>

#include <superstep/core/types.hpp>

namespace superstep {

/// What a pass is about.
struct PassInfo {
  std::string what;       ///< "LogisticRegression"
  Index number = 0;       ///< of the pass, from 1
  Index rows = 0;         ///< of all ranks
  std::size_t bytes = 0;  ///< that all ranks go through
  Index models = 0;       ///< that are trained together; 0: not known
  Index models_done = 0;  ///< of these, need no more passes
  Index expected = 0;     ///< passes that this takes as a rule; 0: not known
};

class Progress {
 public:
  virtual ~Progress() = default;
  /// A pass begins on all ranks.
  virtual void begin(const PassInfo& pass) = 0;
  /// This rank has done this fraction of its share.
  virtual void update(double fraction) = 0;
  virtual void end() = 0;
};

}  // namespace superstep
