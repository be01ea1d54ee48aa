// SPDX-License-Identifier: BSD-3-Clause
// The arguments and options of one command: each described once to Boost.Program_options, bound to
// the variable it sets, which also holds its default. Parsing, --config, defaults, groups and the
// text of help come from that description; here are the error messages, and which files are named.
#pragma once

#include <boost/program_options.hpp>
#include <functional>
#include <list>
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
  /// One file that is read, or more.
  void inputs(const std::string& name, std::vector<std::string>& targets, const std::string& help);
  /// An output that is the last argument, unless --out (-o) names it.
  void output_or_out(const std::string& name, std::string& target, Content content,
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
    std::string name;  ///< "--threads N (=1)"
    std::string help;
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
    std::vector<std::string>* targets = nullptr;  ///< instead, of one that may be several
    bool may_be_out = false;                      ///< that --out may name
    std::string words() const;
  };
  struct File {
    std::string name;
    std::function<std::vector<std::string>()> paths;
    std::optional<Content> written;
  };
  /// `set` reads the text; `given` is what the target holds, where that is to be told.
  void add(const std::string& name, const std::string& value, const std::string& help,
           const std::string& given, std::function<void(const std::string&)> set);
  void add_file(const std::string& name, const std::string& target, std::optional<Content> written);
  std::string flag_before(const std::string& extra,
                          const std::vector<std::string>& arguments) const;
  boost::program_options::variables_map stored(
      const std::vector<std::string>& arguments,
      const std::function<std::string(const std::string&)>& read_config) const;
  void set_arguments(std::vector<std::string> given, const std::vector<std::string>& all,
                     bool has_out) const;

  std::string name_;
  std::vector<Argument> arguments_;
  /// The options under each heading.
  std::list<std::pair<std::string, boost::program_options::options_description>> groups_;
  std::vector<File> files_;
};

}  // namespace superstep::app
