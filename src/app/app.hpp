// SPDX-License-Identifier: BSD-3-Clause
// The command line program as one function.
#pragma once

namespace superstep::app {

/// Runs the command that argv names and returns the exit code of the process. Collective.
int run(int argc, char** argv);

}  // namespace superstep::app
