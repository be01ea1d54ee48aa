// SPDX-License-Identifier: BSD-3-Clause
// The program. Everything it does is in app/; here the CPU is checked before anything else runs.
#include "app/app.hpp"
#include "core/cpu_check.hpp"

namespace {

// Not the first line of main: initialisers of other files, which may already use the instructions
// that are checked for, run before main. Those have no priority and come after every number.
[[gnu::constructor(101)]] void check_cpu() {
  superstep::require_cpu(superstep::built_for, superstep::this_cpu());
}

}  // namespace

int main(int argc, char** argv) { return superstep::app::run(argc, argv); }
