// SPDX-License-Identifier: BSD-3-Clause
// The options that every command has.
#include "app/command.hpp"

namespace superstep::app {

void describe_common(CommandLine& line, CommonOptions& common) {
  line.heading("every command");
  line.input_option("config", common.config, "read options from a file, one `name = value` a line");
  line.option(
      "memory", "SIZE", common.memory,
      "memory per rank, such as 4G; else the rank's share of what Slurm, the control group or the "
      "free memory give the node");
  line.option("threads", "N", common.threads, "threads per rank; under Slurm --cpus-per-task");
  line.option("seed", "N", common.seed, "seed of everything random");
  line.output_option("trace", common.trace, Content::trace,
                     "write what every rank did when, passes and collectives, as CSV");
  line.flag("overwrite", common.overwrite,
            "an output may replace a file that holds something else");
  line.flag("json", common.json, "print the result as one JSON object, with all digits");
  line.flag("quiet", common.quiet,
            "print results, warnings and errors only: no progress, notes, times, `wrote FILE`");
}

}  // namespace superstep::app
