// SPDX-License-Identifier: BSD-3-Clause
// A command of the program: what it takes, what it does. One file each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/core/json.hpp>
#include <superstep/engine/allocation.hpp>
#include <superstep/learn/session.hpp>

#include "app/command_line.hpp"

namespace superstep::app {

/// The options that every command has.
struct CommonOptions {
  std::optional<std::string> config;
  std::optional<std::string> memory;
  std::optional<std::string> trace;
  Index threads = threads_of_task(Surroundings::real());
  Index seed = 0;
  bool json = false;
  bool quiet = false;
  bool overwrite = false;
};

/// Binds them, under a heading of their own.
void describe_common(CommandLine& line, CommonOptions& common);

/// "7 passes and 12 over a sample".
std::string passes_text(const Counters& counters);

class ProgressBar;

/// What a command works with.
class Context {
 public:
  Context(Session& session, const CommonOptions& common, ProgressBar& bar, double start_s);
  Session& session() { return session_; }
  Engine& engine() { return session_.engine(); }
  const Communicator& comm() const { return session_.comm(); }
  const CommonOptions& common() const { return common_; }

  /// The command's result, on standard output of the root: the JSON object with --json (completed
  /// with "seconds" and "seconds_read"), else the text and, unless --quiet, the remarks: what was
  /// written where, how long it took. **Collective.**
  void result(Json json, const std::string& text, const std::string& remarks = "");
  /// What the work has taken on this rank, for the results of commands that train.
  void add_costs(Json& json);
  /// A sentence for the user on standard error of the root, unless --quiet.
  void note(const std::string& text) const;
  /// A warning, on standard error of the root even with --quiet.
  void warn(const std::string& text) const;
  double seconds() const;

 private:
  Session& session_;
  const CommonOptions& common_;
  ProgressBar& bar_;
  double start_s_;
};

class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;
  /// One line for `superstep help`.
  virtual std::string summary() const = 0;
  /// More lines for `superstep help COMMAND`: examples.
  virtual std::string details() const { return ""; }
  /// Binds arguments and options to members.
  virtual void describe(CommandLine& line) = 0;
  /// Checks what does not need the data. UsageError.
  virtual void validate() {}
  /// **Collective.**
  virtual void run(Context& context) = 0;
};

/// All commands, in the order of the help text.
std::vector<std::unique_ptr<Command>> all_commands();

/// The options that choose rows and datasets of an input file, for commands that read one.
struct DataChoice {
  DataOptions options;
  void describe(CommandLine& line);
  /// --groups, for commands that split rows.
  void describe_groups(CommandLine& line);
  /// Opens the file with the seed of the command. **Collective.**
  Data open(Context& context, const std::string& path) const;
};

}  // namespace superstep::app
