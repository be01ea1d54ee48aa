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

}  // namespace

void CommandLine::argument(const std::string& name, std::string& target, const std::string& help) {
  arguments_.push_back({name, help, &target});
}

void CommandLine::add(Option option) {
  option.heading = heading_;
  options_.push_back(std::move(option));
}

void CommandLine::heading(const std::string& text) { heading_ = text; }

void CommandLine::option(const std::string& name, const std::string& value, std::string& target,
                         const std::string& help) {
  add({name, value, help, target, "", [&target](const std::string& text) { target = text; }});
}

void CommandLine::option(const std::string& name, const std::string& value, Index& target,
                         const std::string& help) {
  add({name, value, help, std::to_string(target), "",
       [&target, name](const std::string& text) { target = whole(name, text); }});
}

void CommandLine::option(const std::string& name, const std::string& value, double& target,
                         const std::string& help) {
  add({name, value, help, format_double(target), "",
       [&target, name](const std::string& text) { target = real(name, text); }});
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<Index>& target, const std::string& help) {
  add({name, value, help, "", "",
       [&target, name](const std::string& text) { target = whole(name, text); }});
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<double>& target, const std::string& help) {
  add({name, value, help, "", "",
       [&target, name](const std::string& text) { target = real(name, text); }});
}

void CommandLine::option(const std::string& name, const std::string& value,
                         std::optional<std::string>& target, const std::string& help) {
  add({name, value, help, "", "", [&target](const std::string& text) { target = text; }});
}

void CommandLine::flag(const std::string& name, bool& target, const std::string& help) {
  add({name, "", help, "", "", [&target, name](const std::string& text) {
         if (text != "true" && text != "false") {
           throw UsageError(fmt::format("--{} is a switch: true or false, got '{}'", name, text));
         }
         target = text == "true";
       }});
}

void CommandLine::add_file(const std::string& name, const std::string& target,
                           std::optional<Content> written) {
  const auto path = [&target]() -> std::optional<std::string> {
    if (target.empty()) return std::nullopt;
    return target;
  };
  files_.push_back({name, path, written});
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
  files_.push_back({"--" + name, [&target] { return target; }, std::nullopt});
}

void CommandLine::output_option(const std::string& name, std::string& target, Content content,
                                const std::string& help) {
  option(name, "FILE", target, help);
  add_file("--" + name, target, content);
}

void CommandLine::output_option(const std::string& name, std::optional<std::string>& target,
                                Content content, const std::string& help) {
  option(name, "FILE", target, help);
  files_.push_back({"--" + name, [&target] { return target; }, content});
}

std::vector<NamedFile> CommandLine::files() const {
  std::vector<NamedFile> files;
  for (const File& file : files_) {
    if (const auto path = file.path()) files.push_back({file.name, *path, file.written});
  }
  return files;
}

std::vector<std::string> CommandLine::option_names() const {
  std::vector<std::string> names;
  for (const Option& o : options_) names.push_back("--" + o.name);
  return names;
}

/// ", and --json takes no value" where that is what comes before it.
std::string CommandLine::flag_before(const std::string& extra,
                                     const std::vector<std::string>& arguments) const {
  const auto found = std::ranges::find(arguments, extra);
  if (found == arguments.begin() || found == arguments.end()) return "";
  const std::string& before = *std::prev(found);
  const auto is_it = [&](const Option& o) { return o.value.empty() && "--" + o.name == before; };
  if (std::ranges::none_of(options_, is_it)) return "";
  return fmt::format(", and {} takes no value", before);
}

std::vector<std::pair<std::string, std::string>> CommandLine::parse(
    const std::vector<std::string>& arguments,
    const std::function<std::string(const std::string&)>& read_config) const {
  po::options_description known;
  for (const Option& o : options_) {
    if (o.value.empty()) {
      known.add_options()(o.name.c_str(),
                          po::value<std::string>()->implicit_value("true")->zero_tokens());
    } else {
      known.add_options()(o.name.c_str(), po::value<std::string>());
    }
  }
  known.add_options()("argument", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("argument", -1);
  po::variables_map values;
  try {
    const int style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(
        po::command_line_parser(arguments).options(known).positional(positional).style(style).run(),
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
  const auto given = values.count("argument") > 0
                         ? values["argument"].as<std::vector<std::string>>()
                         : std::vector<std::string>();
  if (given.size() < arguments_.size()) {
    throw UsageError(
        fmt::format("{} is missing; usage: {}", arguments_[given.size()].name, usage()));
  }
  if (given.size() > arguments_.size()) {
    const std::string& extra = given[arguments_.size()];
    throw UsageError(fmt::format("'{}' is one argument too many{}; usage: {}", extra,
                                 flag_before(extra, arguments), usage()));
  }
  std::vector<std::pair<std::string, std::string>> words;
  for (std::size_t i = 0; i < given.size(); ++i) {
    *arguments_[i].target = given[i];
    words.emplace_back(arguments_[i].name, given[i]);
  }
  for (const Option& o : options_) {
    if (values.count(o.name) == 0) continue;
    const std::string& text = values[o.name].as<std::string>();
    o.set(text);
    words.emplace_back("--" + o.name, text);
  }
  return words;
}

std::string CommandLine::usage() const {
  std::string text = "superstep " + name_;
  for (const Argument& a : arguments_) text += " " + a.name;
  return text + " [options]";
}

std::vector<CommandLine::OptionText> CommandLine::option_texts() const {
  std::vector<OptionText> texts;
  for (const Option& o : options_) {
    const std::string name = "--" + o.name + (o.value.empty() ? "" : " " + o.value);
    texts.push_back(
        {name,
         o.default_text.empty() ? o.help : fmt::format("{} (default {})", o.help, o.default_text),
         o.heading});
  }
  return texts;
}

std::string CommandLine::help_text() const {
  constexpr std::size_t column = 27;
  std::string text;
  for (const Argument& a : arguments_) text += entry(a.name, a.help, column);
  std::string heading;
  for (const OptionText& o : option_texts()) {
    if (o.heading != heading) text += fmt::format("\n{}:\n", heading = o.heading);
    text += entry(o.name, o.help, column);
  }
  return text;
}

}  // namespace superstep::app
