// SPDX-License-Identifier: BSD-3-Clause
// `superstep help`: commands, one command, one estimator. Needs no MPI.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/command.hpp"

namespace superstep::app {

std::string short_usage();

/// `topics` as typed after `help`; prints and returns the exit code.
int print_help(const std::vector<std::unique_ptr<Command>>& commands,
               const std::vector<std::string>& topics);
/// `word` is --version, help, --help or -h.
int print_help_or_version(const std::vector<std::unique_ptr<Command>>& commands,
                          const std::string& word, const std::vector<std::string>& topics);

}  // namespace superstep::app
