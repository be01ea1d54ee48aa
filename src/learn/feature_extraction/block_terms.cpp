// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/block_terms.hpp"

namespace superstep {

void BlockTerms::begin_block() {
  terms_.clear();
  place_.clear();
  entries_.clear();
  ends_.clear();
}

}  // namespace superstep
