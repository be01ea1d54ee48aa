// SPDX-License-Identifier: BSD-3-Clause
// The standard streams: results go to standard output and are known to have arrived, everything
// else goes to standard error, which may be lost.
#pragma once

#include <string_view>

namespace superstep::app {

/// Gives the standard streams that the caller has closed to nobody, so that no file of ours gets
/// their numbers and what is printed ends up in it. Call it before anything is opened.
void hold_standard_streams();

/// Writes results to standard output. FileError when they cannot be written. When nobody reads any
/// more (`| head`) the process ends as it is the custom, by SIGPIPE and without a word.
void print_result(std::string_view text);

/// Writes a message to standard error, in one piece. Never fails.
void print_message(std::string_view text);

}  // namespace superstep::app
