// SPDX-License-Identifier: BSD-3-Clause
// `superstep help`: commands, estimators, splitters, metrics, options and other topics, and what is
// said of words that are none. Needs no MPI.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"

namespace superstep::app {

std::string short_usage();

/// What print_help is to be asked when the words are a question: help, --help, -V, COMMAND --help.
std::optional<std::vector<std::string>> asked_for_help(const std::string& command,
                                                       const std::vector<std::string>& arguments);

/// `topics` as typed after `help`; prints and returns the exit code.
int print_help(const std::vector<std::unique_ptr<Command>>& commands,
               const std::vector<std::string>& topics);

}  // namespace superstep::app
