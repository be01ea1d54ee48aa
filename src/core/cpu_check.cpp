// SPDX-License-Identifier: BSD-3-Clause
// Compiled for the baseline instruction set, and without a template or inline function of the
// standard library: the linker could replace their bodies here by those another file was compiled
// to.
#include "core/cpu_check.hpp"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace superstep {

InstructionSets this_cpu() {
  InstructionSets sets = {};
#ifdef __x86_64__
  __builtin_cpu_init();
#define SUPERSTEP_LOOK(member, macro, name) sets.member = __builtin_cpu_supports(name) != 0;
  SUPERSTEP_INSTRUCTION_SETS(SUPERSTEP_LOOK)
#undef SUPERSTEP_LOOK
#endif
  return sets;
}

int missing(const InstructionSets& needs, const InstructionSets& has, char* names,
            std::size_t size) {
  int count = 0;
  names[0] = '\0';
  const auto append = [&](const char* text) { strncat(names, text, size - strlen(names) - 1); };
#define SUPERSTEP_COMPARE(member, macro, name) \
  if (needs.member && !has.member) {           \
    if (count++ > 0) append(" ");              \
    append(name);                              \
  }
  SUPERSTEP_INSTRUCTION_SETS(SUPERSTEP_COMPARE)
#undef SUPERSTEP_COMPARE
  return count;
}

void require_cpu(const InstructionSets& needs, const InstructionSets& has) {
  char names[256];
  if (missing(needs, has, names, sizeof names) == 0) return;
  char host[65] = "";
  gethostname(host, sizeof host - 1);
  const bool portable_would_run = has.avx2 && has.fma && has.bmi && has.bmi2;
  char line[512];
  const int length = snprintf(
      line, sizeof line,
      "superstep: the CPU of %s lacks %s, which this program was built for; %s\n", host, names,
      portable_would_run ? "build it with cmake --preset portable"
                         : "build it on that host with cmake --preset release");
  // One write, for many ranks may say it at once; and the exit code is the same if nobody hears it.
  const ssize_t ignored = write(STDERR_FILENO, line, static_cast<size_t>(length));
  static_cast<void>(ignored);
  _exit(1);
}

}  // namespace superstep
