// SPDX-License-Identifier: BSD-3-Clause
#include "app/help.hpp"

#include <fmt/format.h>

#include <map>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/select/splitter.hpp>
#include <superstep/version.hpp>

#include "app/streams.hpp"

namespace superstep::app {

std::string short_usage() {
  return "usage: superstep COMMAND [arguments] [options]; `superstep help` lists the commands";
}

namespace {

constexpr const char* splitter_module = "model_selection";  // as scikit-learn calls it

std::string overview(const std::vector<std::unique_ptr<Command>>& commands) {
  std::string text =
      "superstep: scikit-learn's estimators on any number of ranks, from HDF5\n\n"
      "  superstep COMMAND [arguments] [options]\n"
      "  mpirun -n 4 superstep COMMAND ...\n\ncommands:\n";
  for (const auto& c : commands) text += fmt::format("  {:<16} {}\n", c->name(), c->summary());
  text +=
      fmt::format("  {:<16} {}\n", "plan COMMAND", "what fit, cross-validate or search would need");
  text += fmt::format("  {:<16} {}\n\nestimators:\n", "help [TOPIC]",
                      "this text, or that of a command, an estimator or a splitter");
  std::map<std::string, std::string> by_module;
  for (const RegisteredEstimator& e : registry()) {
    std::string& names = by_module[e.module];
    names += (names.empty() ? "" : ", ") + e.table->estimator();
  }
  for (const auto& [module, names] : by_module) text += fmt::format("  {:<16} {}\n", module, names);
  std::string names;
  for (std::size_t i = 0; i < splitters().size(); ++i) {
    if (i > 0) names += i % 5 == 0 ? ",\n" + std::string(19, ' ') : ", ";
    names += splitters()[i].table->estimator();
  }
  text += fmt::format("\nsplitters of --cv:\n  {:<16} {}\n", splitter_module, names);
  return text;
}

std::string command_help(Command& command) {
  CommandLine line(command.name());
  command.describe(line);
  std::string text =
      fmt::format("{}\n\n{}\n\n{}", line.usage(), command.summary(), line.help_text());
  const std::string details = command.details();
  if (!details.empty()) text += "\n" + details;
  return text +
         "\nEvery command also takes --config FILE, --memory SIZE, --threads N, --seed N, --trace "
         "FILE, "
         "--json and --quiet.\n";
}

std::string markdown_of(const ParamTableBase& table) {
  const std::string parameters = table.infos().empty() ? "No parameters.\n" : table.markdown();
  return fmt::format("\n## {}\n\n{}\n\n{}", table.estimator(), table.summary(), parameters);
}

/// The page docs/estimators/MODULE.md, from the parameter tables.
std::string module_page(const std::string& module) {
  std::string text;
  for (const RegisteredEstimator& e : registry()) {
    if (e.module != module) continue;
    text += markdown_of(*e.table);
  }
  for (const RegisteredSplitter& s : splitters()) {
    if (module == splitter_module) text += markdown_of(*s.table);
  }
  if (text.empty()) return text;
  return fmt::format(
      "# {}\n\nMade from the parameter tables by `superstep help --markdown {}`; names, defaults "
      "and meaning are "
      "scikit-learn's.\n{}",
      module, module, text);
}

}  // namespace

int print_help(const std::vector<std::unique_ptr<Command>>& commands,
               const std::vector<std::string>& topics) {
  if (topics.empty()) {
    print_result(overview(commands));
    return 0;
  }
  const std::string& topic = topics.front();
  if (topic == "--markdown" && topics.size() == 2) {
    const std::string page = module_page(topics[1]);
    print_result(page);
    return page.empty() ? static_cast<int>(ExitCode::usage) : 0;
  }
  std::vector<std::string> names;
  for (const auto& c : commands) {
    names.push_back(c->name());
    if (c->name() != topic) continue;
    print_result(command_help(*c));
    return 0;
  }
  for (const RegisteredEstimator& e : registry()) {
    names.push_back(e.table->estimator());
    if (e.table->estimator() != topic) continue;
    print_result(e.table->help_text());
    return 0;
  }
  for (const RegisteredSplitter& s : splitters()) {
    names.push_back(s.table->estimator());
    if (s.table->estimator() != topic) continue;
    print_result(s.table->help_text());
    return 0;
  }
  print_message(
      fmt::format("superstep: error: there is no command, estimator or splitter '{}'; {} "
                  "(`superstep help` lists them)\n",
                  printable(topic), did_you_mean(topic, names)));
  return static_cast<int>(ExitCode::usage);
}

int print_help_or_version(const std::vector<std::unique_ptr<Command>>& commands,
                          const std::string& word, const std::vector<std::string>& topics) {
  if (word != "--version") return print_help(commands, topics);
  print_result(fmt::format("superstep {}\n", version));
  return 0;
}

}  // namespace superstep::app
