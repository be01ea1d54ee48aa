// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <sstream>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

#include "app/layout.hpp"

namespace superstep::app {

namespace po = boost::program_options;

namespace {

constexpr unsigned line_length = 80;
constexpr unsigned description_length = 53;
/// Under which Boost collects the positional arguments.
constexpr const char* argument_key = "argument";

/// Without the byte-order mark and the carriage returns that some editors write.
std::string plain_lines(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::erase(text, '\r');
  return text;
}

template <class T>
T number(const std::string& option, const std::string& text, const char* kind) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(fmt::format("--{} needs {}, got '{}'", option, kind, text));
  }
  return value;
}

Index whole(const std::string& option, const std::string& text) {
  return number<Index>(option, text, "a whole number");
}

double real(const std::string& option, const std::string& text) {
  return number<double>(option, text, "a number");
}

std::function<std::vector<std::string>()> paths_of(const std::optional<std::string>& target) {
  return
      [&target] { return target ? std::vector<std::string>{*target} : std::vector<std::string>{}; };
}

}  // namespace

std::string CommandLine::Argument::words() const {
  return targets == nullptr ? *target : fmt::format("{}", fmt::join(*targets, " "));
}

void CommandLine::argument(const std::string& name, std::string& target, const std::string& help) {
  arguments_.push_back({name, help, &target});
}

void CommandLine::inputs(const std::string& name, std::vector<std::string>& targets,
                         const std::string& help) {
  arguments_.push_back({name, help, nullptr, &targets});
  files_.push_back({name, [&targets] { return targets; }, std::nullopt});
}

void CommandLine::output_or_out(const std::string& name, std::string& target, Content content,
                                const std::string& help) {
  output(name, target, content, help);
  arguments_.back().may_be_out = true;
  option("out", "FILE", target,
         fmt::format("the same as {}; all arguments are then read (-o)", name));
}

void CommandLine::heading(const std::string& text) {
  groups_.emplace_back(text, po::options_description(text, line_length, description_length));
}

void CommandLine::add(const std::string& name, const std::string& value, const std::string& help,
                      const std::string& given, std::function<void(const std::string&)> set) {
  if (groups_.empty()) heading("options");
  auto* const text = po::value<std::string>()->notifier(std::move(set));
  if (value.empty()) {
    text->implicit_value("true")->zero_tokens();
  } else {
    text->value_name(value);
  }
  if (!given.empty()) text->default_value(given);
  groups_.back().second.add_options()(name.c_str(), text, help.c_str());
}

void CommandLine::option(const std::string& name, const std::string& value, std::string& target,
                         const std::string& help) {
  add(name, value, help, target, [&target](const std::string& text) { target = text; });
}

void CommandLine::option(const std::string& name, const std::string& value, Index& target,
                         const std::string& help) {
  add(name, value, help, std::to_string(target),
      [&target, name](const std::string& text) { target = whole(name, text); });
}

void CommandLine::option(const std::string& name, const std::string& value, double& target,
                         const std::string& help) {
  add(name, value, help, format_double(target),
      [&target, name](const std::string& text) { target = real(name, text); });
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<Index>& target, const std::string& help) {
  add(name, value, help, "",
      [&target, name](const std::string& text) { target = whole(name, text); });
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<double>& target, const std::string& help) {
  add(name, value, help, "",
      [&target, name](const std::string& text) { target = real(name, text); });
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<std::string>& target, const std::string& help) {
  add(name, value, help, "", [&target](const std::string& text) { target = text; });
}

void CommandLine::flag(const std::string& name, bool& target, const std::string& help) {
  add(name, "", help, "", [&target, name](const std::string& text) {
    if (text != "true" && text != "false") {
      throw UsageError(fmt::format("--{} is a switch: true or false, got '{}'", name, text));
    }
    target = text == "true";
  });
}

void CommandLine::add_file(const std::string& name, const std::string& target,
                           std::optional<Content> written) {
  const auto paths = [&target]() -> std::vector<std::string> {
    if (target.empty()) return {};
    return {target};
  };
  files_.push_back({name, paths, written});
}

void CommandLine::input(const std::string& name, std::string& target, const std::string& help) {
  argument(name, target, help);
  add_file(name, target, std::nullopt);
}

void CommandLine::output(const std::string& name, std::string& target, Content content,
                         const std::string& help) {
  argument(name, target, help);
  add_file(name, target, content);
}

void CommandLine::input_option(const std::string& name, std::optional<std::string>& target,
                               const std::string& help) {
  option(name, "FILE", target, help);
  files_.push_back({"--" + name, paths_of(target), std::nullopt});
}

void CommandLine::output_option(const std::string& name, std::string& target, Content content,
                                const std::string& help) {
  option(name, "FILE", target, help);
  add_file("--" + name, target, content);
}

void CommandLine::output_option(const std::string& name, std::optional<std::string>& target,
                                Content content, const std::string& help) {
  option(name, "FILE", target, help);
  files_.push_back({"--" + name, paths_of(target), content});
}

std::vector<NamedFile> CommandLine::files() const {
  std::vector<NamedFile> files;
  for (const File& file : files_) {
    for (const std::string& path : file.paths()) files.push_back({file.name, path, file.written});
  }
  return files;
}

std::vector<std::string> CommandLine::option_names() const {
  std::vector<std::string> names;
  for (const auto& [heading, group] : groups_) {
    for (const auto& o : group.options()) names.push_back("--" + o->long_name());
  }
  return names;
}

/// ", and --json takes no value" where that is what comes before it.
std::string CommandLine::flag_before(const std::string& extra,
                                     const std::vector<std::string>& arguments) const {
  const auto found = std::ranges::find(arguments, extra);
  if (found == arguments.begin() || found == arguments.end()) return "";
  const std::string& before = *std::prev(found);
  const auto is_it = [&](const auto& o) {
    return o->semantic()->max_tokens() == 0 && "--" + o->long_name() == before;
  };
  const auto has_it = [&](const auto& group) {
    return std::ranges::any_of(group.second.options(), is_it);
  };
  if (std::ranges::none_of(groups_, has_it)) return "";
  return fmt::format(", and {} takes no value", before);
}

/// What the command line says, then what the file does that --config names.
po::variables_map CommandLine::stored(
    const std::vector<std::string>& arguments,
    const std::function<std::string(const std::string&)>& read_config) const {
  po::options_description known;
  for (const auto& [heading, group] : groups_) known.add(group);
  known.add_options()(argument_key, po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add(argument_key, -1);
  po::variables_map values;
  try {
    const int style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    std::vector<std::string> words = arguments;
    std::ranges::replace(words, "-o", "--out");
    po::store(
        po::command_line_parser(words).options(known).positional(positional).style(style).run(),
        values);
    if (values.count("config") > 0) {
      std::istringstream text(plain_lines(read_config(values["config"].as<std::string>())));
      po::store(po::parse_config_file(text, known), values);
    }
  } catch (const po::unknown_option& e) {
    throw UsageError(fmt::format("{} has no option '{}'; {} (`superstep help {}` lists them)",
                                 name_, e.get_option_name(),
                                 did_you_mean(e.get_option_name(), option_names()), name_));
  } catch (const po::error& e) {
    throw UsageError(fmt::format("{}; usage: {}", e.what(), usage()));
  }
  return values;
}

void CommandLine::set_arguments(std::vector<std::string> given, const std::vector<std::string>& all,
                                bool has_out) const {
  std::vector<Argument> arguments = arguments_;
  if (has_out) std::erase_if(arguments, [](const Argument& a) { return a.may_be_out; });
  if (given.size() < arguments.size()) {
    throw UsageError(
        fmt::format("{} is missing; usage: {}", arguments[given.size()].name, usage()));
  }
  // An argument that may be several is the first, and takes what is left of the others.
  if (!arguments.empty() && arguments.front().targets != nullptr) {
    const auto rest = given.end() - (std::ssize(arguments) - 1);
    arguments.front().targets->assign(given.begin(), rest);
    given.erase(given.begin(), rest);
    arguments.erase(arguments.begin());
  }
  if (given.size() > arguments.size()) {
    const std::string& extra = given[arguments.size()];
    throw UsageError(fmt::format("'{}' is one argument too many{}; usage: {}", extra,
                                 flag_before(extra, all), usage()));
  }
  for (std::size_t i = 0; i < given.size(); ++i) *arguments[i].target = given[i];
}

std::vector<std::pair<std::string, std::string>> CommandLine::parse(
    const std::vector<std::string>& arguments,
    const std::function<std::string(const std::string&)>& read_config) const {
  po::variables_map values = stored(arguments, read_config);
  std::vector<std::string> given;
  if (values.count(argument_key) > 0) given = values[argument_key].as<std::vector<std::string>>();
  set_arguments(given, arguments, values.count("out") > 0 && !values["out"].defaulted());
  po::notify(values);
  std::vector<std::pair<std::string, std::string>> words;
  for (const Argument& a : arguments_) words.emplace_back(a.name, a.words());
  for (const auto& [heading, group] : groups_) {
    for (const auto& o : group.options()) {
      const po::variable_value& value = values[o->long_name()];
      if (value.empty() || value.defaulted()) continue;
      words.emplace_back("--" + o->long_name(), value.as<std::string>());
    }
  }
  return words;
}

std::string CommandLine::usage() const {
  std::string text = "superstep " + name_;
  for (const Argument& a : arguments_) {
    text += " " + a.name + (a.targets != nullptr ? "..." : "");
  }
  return text + " [options]";
}

std::vector<CommandLine::OptionText> CommandLine::option_texts() const {
  std::vector<OptionText> texts;
  for (const auto& [heading, group] : groups_) {
    for (const auto& o : group.options()) {
      const std::string value = o->format_parameter();
      texts.push_back(
          {"--" + o->long_name() + (value.empty() ? "" : " " + value), o->description()});
    }
  }
  return texts;
}

std::string CommandLine::help_text() const {
  std::ostringstream text;
  for (const Argument& a : arguments_) {
    text << entry(a.name, a.help, line_length - description_length);
  }
  for (const auto& [heading, group] : groups_) {
    text << '\n';
    group.print(text, line_length - description_length);
  }
  return text.str();
}

}  // namespace superstep::app
