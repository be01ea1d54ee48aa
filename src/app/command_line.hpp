// SPDX-License-Identifier: BSD-3-Clause
// The arguments and options of one command: each described once, bound to the variable it sets,
// which also holds its default. Parsing, --config, help and error messages come from that
// description.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/core/types.hpp>

#include "app/outputs.hpp"

namespace superstep::app {

class CommandLine {
 public:
  /// `name` as in messages: "fit".
  explicit CommandLine(std::string name) : name_(std::move(name)) {}

  /// A positional argument, in the order of the calls.
  void argument(const std::string& name, std::string& target, const std::string& help);
  /// One that names a file which is read, or written. All files that a command line names are
  /// declared by these, so that none can replace another: see app/outputs.hpp.
  void input(const std::string& name, std::string& target, const std::string& help);
  void output(const std::string& name, std::string& target, Content content,
              const std::string& help);
  /// Options of the forms `--name VALUE` and `--name=VALUE`; the default is what `target` holds.
  void option(const std::string& name, const std::string& value, std::string& target,
              const std::string& help);
  void option(const std::string& name, const std::string& value, Index& target,
              const std::string& help);
  void option(const std::string& name, const std::string& value, double& target,
              const std::string& help);
  void option(const std::string& name, const std::string& value, std::optional<Index>& target,
              const std::string& help);
  void option(const std::string& name, const std::string& value, std::optional<double>& target,
              const std::string& help);
  void option(const std::string& name, const std::string& value, std::optional<std::string>& target,
              const std::string& help);
  /// Options that name a file which is read, or written.
  void input_option(const std::string& name, std::optional<std::string>& target,
                    const std::string& help);
  void output_option(const std::string& name, std::string& target, Content content,
                     const std::string& help);
  void output_option(const std::string& name, std::optional<std::string>& target, Content content,
                     const std::string& help);
  void flag(const std::string& name, bool& target, const std::string& help);
  /// From here on, options belong to this heading of the help text.
  void heading(const std::string& text);

  /// Sets the targets. `read_config` gives the text of the file that --config names. UsageError
  /// says what is wrong, with the nearest option for an unknown one. Returns what was given, by
  /// argument ("DATA") and option ("--seed").
  std::vector<std::pair<std::string, std::string>> parse(
      const std::vector<std::string>& arguments,
      const std::function<std::string(const std::string&)>& read_config) const;
  /// "superstep fit ESTIMATOR DATA [options]".
  std::string usage() const;
  /// The arguments and options, one or two lines each.
  std::string help_text() const;
  /// An option in words.
  struct OptionText {
    std::string name;  ///< "--threads N"
    std::string help;  ///< with its default
    std::string heading;
  };
  std::vector<OptionText> option_texts() const;
  std::vector<std::string> option_names() const;
  /// The files that were named; call it after parse().
  std::vector<NamedFile> files() const;

 private:
  struct Argument {
    std::string name;
    std::string help;
    std::string* target;
  };
  struct Option {
    std::string name;
    std::string value;  ///< "N", "FILE"; empty for a flag
    std::string help;
    std::string default_text;
    std::string heading;
    std::function<void(const std::string&)> set;
  };
  struct File {
    std::string name;
    std::function<std::optional<std::string>()> path;
    std::optional<Content> written;
  };
  std::string flag_before(const std::string& extra,
                          const std::vector<std::string>& arguments) const;
  void add(Option option);
  void add_file(const std::string& name, const std::string& target, std::optional<Content> written);

  std::string name_;
  std::string heading_ = "options";
  std::vector<Argument> arguments_;
  std::vector<Option> options_;
  std::vector<File> files_;
};

}  // namespace superstep::app
