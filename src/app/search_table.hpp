// SPDX-License-Identifier: BSD-3-Clause
// The best candidates of a search as a short table for the terminal.
#pragma once

#include <string>

#include <superstep/select/search.hpp>

namespace superstep::app {

/// The first few candidates by rank, with mean and standard deviation of every metric and the
/// parameters that were searched; empty when there is only one candidate.
std::string best_candidates(const SearchResult& result);

}  // namespace superstep::app
