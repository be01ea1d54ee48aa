// SPDX-License-Identifier: BSD-3-Clause
#include "app/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/scikit_learn_names.hpp>
#include <superstep/select/splitter.hpp>
#include <superstep/version.hpp>

#include "app/help_topics.hpp"
#include "app/layout.hpp"
#include "app/listings.hpp"
#include "app/streams.hpp"

namespace superstep::app {

std::string short_usage() {
  return "usage: superstep COMMAND [arguments] [options]; `superstep help` lists the commands";
}

std::optional<std::vector<std::string>> asked_for_help(const std::string& command,
                                                       const std::vector<std::string>& arguments) {
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (command == "-V" || command == "--version" || command == "version") {
    return std::vector<std::string>{"version"};
  }
  if (command == "help" && std::ranges::any_of(arguments, is_help)) {
    return std::vector<std::string>{"help"};
  }
  if (command == "help" || is_help(command)) return arguments;
  if (std::ranges::none_of(arguments, is_help)) return std::nullopt;
  // plan search ... --help is about search.
  const bool is_of_another = command == "plan" && !is_help(arguments.front());
  return std::vector<std::string>{is_of_another ? arguments.front() : command};
}

namespace {

using Commands = std::vector<std::unique_ptr<Command>>;

constexpr const char* plan_summary = "what fit, cross-validate or search would need; runs nothing";

std::string overview(const Commands& commands) {
  std::string text = fmt::format(
      "superstep {}: scikit-learn {}'s estimators and searches, on MPI and HDF5\n"
      "  superstep COMMAND [arguments] [options]      mpirun -n 4 superstep COMMAND ...\n",
      version, scikit_learn_version);
  for (const auto& c : commands) text += entry(c->name(), c->summary(), 19);
  text += entry("plan COMMAND", plan_summary, 19);
  std::vector<std::string> names;
  for (const Topic& topic : topics()) names.push_back(topic.names.front());
  text += entry("help TOPIC", "a command, estimator, metric, option, or: " + listed(names), 19);
  std::vector<std::string> estimators;
  for (const RegisteredEstimator& e : registry()) estimators.push_back(e.table->estimator());
  // A title of its own, so that scripts find every name in a line that begins with two blanks.
  std::vector<std::string> of_cv;
  for (const RegisteredSplitter& s : splitters()) of_cv.push_back(s.table->estimator());
  return text + "estimators:\n  " + wrapped(listed(estimators), 2) + "\n" +
         "splitters of --cv:\n  " + wrapped(listed(of_cv), 2) + "\n";
}

std::string command_help(Command& command) {
  CommandLine line(command.name());
  CommonOptions common;
  command.describe(line);
  describe_common(line, common);
  std::string text =
      fmt::format("{}\n\n{}\n\n{}", line.usage(), command.summary(), line.help_text());
  const std::string details = command.details();
  if (!details.empty()) text += "\n" + details;
  return text + "\n`superstep help options` says more of the options of every command.\n";
}

/// Of what is typed like a command and is none.
std::string pseudo_command_help(const std::string& topic) {
  if (topic == "plan") {
    return fmt::format(
        "superstep plan COMMAND ...\n\n{}\n\n"
        "COMMAND is fit, cross-validate or search with its arguments and options:\n"
        "  superstep plan search \"Ridge()\" train.h5 --grid \"{{'alpha': [0.1, 1]}}\"\n"
        "It reads the shape of the data and the targets, and tells passes, bytes, memory\n"
        "and time. The same as COMMAND ... --dry-run.\n",
        plan_summary);
  }
  if (topic != "help") return "";
  return "superstep help [TOPIC]\n\n"
         "TOPIC is a command (`help fit`), an estimator (`help Ridge`), a module of them\n"
         "(`help linear_model`), a splitter (`help KFold`), a metric (`help accuracy`), an\n"
         "option (`help --memory`), or:\n" +
         topic_list();
}

/// The words in which a topic may be typed: with a module, with brackets, several words.
std::string bare(std::string word) {
  word = word.substr(0, word.find('('));
  const std::size_t dot = word.rfind('.');
  return dot == std::string::npos ? word : word.substr(dot + 1);
}

/// The text of a word as it is spelt; empty when there is none.
std::string text_of(const Commands& commands, const std::string& word) {
  for (const auto& c : commands) {
    if (c->name() == word) return command_help(*c);
  }
  if (std::string text = pseudo_command_help(word); !text.empty()) return text;
  if (word == "options") return options_page(commands);
  if (std::string text = topic_text(word); !text.empty()) return text;
  for (const RegisteredEstimator& e : registry()) {
    if (e.table->estimator() == word) return estimator_text(*e.table, e.module);
  }
  for (const RegisteredSplitter& s : splitters()) {
    if (s.table->estimator() == word) return splitter_text(*s.table);
  }
  if (std::string text = metric_text(word); !text.empty()) return text;
  if (std::string text = module_text(word); !text.empty()) return text;
  if (std::string text = option_text(commands, word); !text.empty()) return text;
  return parameter_text(word);
}

/// All that can be asked for, to find the nearest.
std::vector<std::string> all_words(const Commands& commands) {
  std::vector<std::string> words;
  for (const RegisteredEstimator& e : registry()) words.push_back(e.table->estimator());
  for (const RegisteredSplitter& s : splitters()) words.push_back(s.table->estimator());
  for (const auto& c : commands) words.push_back(c->name());
  words.insert(words.end(), {"plan", "help", "options"});
  for (const Topic& t : topics()) words.insert(words.end(), t.names.begin(), t.names.end());
  for (const Metric& m : metrics()) words.push_back(m.name);
  for (const Metric& m : reports()) words.push_back(m.name);
  for (const std::string& name : option_words(commands)) words.push_back(name);
  return words;
}

/// The same word in other letters: `ridge`, `kfold`.
std::string in_other_case(const std::vector<std::string>& words, const std::string& word) {
  const auto found = std::ranges::find_if(
      words, [&](const std::string& w) { return to_lower(w) == to_lower(word); });
  return found == words.end() ? "" : *found;
}

/// A word that is none of ours: scikit-learn's, or misspelt.
std::string said_of_unknown(const std::string& asked, const std::vector<std::string>& words) {
  if (const auto said = said_of_scikit_learns(bare(asked))) return *said;
  auto nearest = nearest_name(shorten(asked, 40), words);
  if (!nearest) nearest = nearest_name(shorten(asked, 40), scikit_learns_names());
  return fmt::format("there is no help on {}; {}`superstep help help` says what can be asked",
                     shorten(Value(asked).repr(), 42),
                     nearest ? fmt::format("did you mean '{}'? ", *nearest) : "");
}

/// What makes something, by what it makes.
std::string made_by(const std::string& word) {
  const std::string name = bare(word);
  if (name == "make_union") return "FeatureUnion";
  const bool makes_columns = name == "make_column_transformer" || name == "make_column_selector";
  return makes_columns ? "ColumnTransformer" : word;
}

int print_one(const Commands& commands, const std::string& typed) {
  const std::string asked = made_by(typed);
  const std::vector<std::string> words = all_words(commands);
  for (const std::string& word : {asked, bare(asked)}) {
    std::string text = text_of(commands, word);
    if (text.empty()) {
      if (const std::string other = in_other_case(words, word); !other.empty()) {
        text = text_of(commands, other);
      }
    }
    if (text.empty()) continue;
    print_result(text);
    return 0;
  }
  if (const auto said = said_of_command(bare(asked))) {
    print_result(*said + "\n");
    return 0;
  }
  print_message(fmt::format("superstep: error: {}\n", printable(said_of_unknown(asked, words))));
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int print_help(const Commands& commands, const std::vector<std::string>& topics) {
  if (topics.empty()) {
    print_result(overview(commands));
    return 0;
  }
  if (topics.front() == "--markdown" && topics.size() == 2) {
    const std::string page = markdown_page(topics[1]);
    print_result(page);
    return page.empty() ? static_cast<int>(ExitCode::usage) : 0;
  }
  if (const std::string several = fmt::format("{}", fmt::join(topics, "-"));
      topics.size() > 1 && !topic_text(several).empty()) {
    return print_one(commands, several);  // help exit codes
  }
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (i > 0) print_result("\n");
    if (const int code = print_one(commands, topics[i]); code != 0) return code;
  }
  return 0;
}

}  // namespace superstep::app
