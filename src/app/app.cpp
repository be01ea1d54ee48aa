// SPDX-License-Identifier: BSD-3-Clause
// From the command line to a command, and from whatever it throws to one message and an exit code.
#include "app/app.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include <superstep/comm/agreement.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/comm/launch.hpp>
#include <superstep/comm/trace.hpp>
#include <superstep/core/notices.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/io/atomic_file.hpp>
#include <superstep/learn/scikit_learn_names.hpp>

#include "app/command.hpp"
#include "app/help.hpp"
#include "app/outputs.hpp"
#include "app/progress_bar.hpp"
#include "app/streams.hpp"

namespace superstep::app {

namespace {

int usage_failure(const std::string& message) {
  if (is_first_process()) print_message(fmt::format("superstep: error: {}\n", printable(message)));
  return static_cast<int>(ExitCode::usage);
}

EngineOptions engine_options(const CommonOptions& common) {
  EngineOptions options;
  if (common.threads < 1 || common.threads > 1024) {
    throw UsageError(fmt::format("--threads must be between 1 and 1024, got {}", common.threads));
  }
  if (common.seed < 0)
    throw UsageError(fmt::format("--seed must not be negative, got {}", common.seed));
  options.threads = static_cast<int>(common.threads);
  options.seed = static_cast<std::uint64_t>(common.seed);
  options.taken = taken_by_process();
  if (common.memory) options.memory = static_cast<std::size_t>(parse_bytes(*common.memory));
  return options;
}

/// Every rank parses its words; the file of --config is the root's, another rank may see another.
/// What a rank was told must be what the others were told, but for what its node has to give.
void parse_alike(const Communicator& world, const CommandLine& line, const std::string& command,
                 const std::vector<std::string>& arguments) {
  std::string config;
  on_root(world, [&] {
    line.parse(arguments, [&](const std::string& path) { return config = read_file(path); });
  });
  config = world.broadcast(std::move(config));
  Told told = told_by_surroundings();
  told.emplace_back("the command", command);
  collectively(world, [&] {
    for (auto& word : line.parse(arguments, [&](const std::string&) { return config; })) {
      if (word.first != "--memory" && word.first != "--threads") told.push_back(std::move(word));
    }
  });
  require_same(world, told);
}

void run_command(const Communicator& world, Command& command,
                 const std::vector<std::string>& arguments, double start_s) {
  CommonOptions common;
  CommandLine line(command.name());
  command.describe(line);
  describe_common(line, common);
  parse_alike(world, line, command.name(), arguments);
  EngineOptions options;
  collectively(world, [&] {
    options = engine_options(common);
    command.validate();
  });
  on_root(world, [&] { check_files(line.files(), common.overwrite); });
  std::optional<Trace> trace;
  if (common.trace) {
    world.barrier();
    trace.emplace(world.events());
  }
  ProgressBar progress(world.size());
  std::optional<Listening> shown;
  if (!common.quiet && world.is_root()) shown.emplace(world.events(), progress);
  Session session(world, options);
  Context context(session, common, progress, start_s);
  const auto show_notices = [&] {
    for (const std::string& text : take_notices()) context.warn(text);
  };
  show_notices();
  command.run(context);
  show_notices();
  if (session.engine().counters().blocks_streamed > 0) {
    const MemoryBudget& budget = session.engine().budget();
    context.note(fmt::format("streamed: {} of memory per rank ({}) did not hold all blocks",
                             format_bytes(static_cast<Index>(budget.bytes)), budget.source));
  }
  if (trace) {
    const std::string rows = trace_csv(world, *trace);
    collectively(world, [&] {
      if (world.is_root()) write_file(*common.trace, rows);
    });
  }
}

/// Runs the command of that name; starts MPI for it when there may be other ranks.
int run_named(const std::vector<std::unique_ptr<Command>>& commands, const std::string& name,
              const std::vector<std::string>& arguments, int argc, char** argv, double start_s) {
  Command* command = nullptr;
  std::vector<std::string> names = {"help", "plan"};
  for (const auto& c : commands) {
    names.push_back(c->name());
    if (c->name() == name) command = c.get();
  }
  if (command == nullptr) {
    if (const auto said = said_of_scikit_learns(name)) return usage_failure(*said);
    return usage_failure(fmt::format("there is no command {}; {} (`superstep help` lists them all)",
                                     shorten(Value(name).repr(), 42), did_you_mean(name, names)));
  }
  Environment environment(argc, argv);
  const Communicator world = Communicator::world();
  try {
    run_command(world, *command, arguments, start_s);
  } catch (...) {
    end_with_current_exception(world);
  }
  return static_cast<int>(ExitCode::done);
}

int run_words(int argc, char** argv) {
  const double start_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto commands = all_commands();
  if (arguments.empty()) return usage_failure(short_usage());
  const std::string name = arguments.front();
  arguments.erase(arguments.begin());
  if (const auto asked = asked_for_help(name, arguments)) {
    return is_first_process() ? print_help(commands, *asked) : 0;
  }
  if (name == "plan") {
    // The command itself knows what it would do.
    if (arguments.empty()) {
      return usage_failure(
          "plan needs the command it is about: superstep plan search \"Ridge()\" train.h5 --grid "
          "...");
    }
    arguments.push_back("--dry-run");
    return run_named(commands, arguments.front(), {arguments.begin() + 1, arguments.end()}, argc,
                     argv, start_s);
  }
  return run_named(commands, name, arguments, argc, argv, start_s);
}

}  // namespace

int run(int argc, char** argv) {
  hold_standard_streams();
  return_freed_memory();
  try {
    return run_words(argc, argv);
  } catch (const Error& e) {  // before there are ranks to agree on it
    if (is_first_process())
      print_message(fmt::format("superstep: error: {}\n", printable(e.what())));
    return static_cast<int>(e.exit_code());
  }
}

}  // namespace superstep::app
