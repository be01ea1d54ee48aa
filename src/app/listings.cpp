// SPDX-License-Identifier: BSD-3-Clause
#include "app/listings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <superstep/learn/metrics/meaning.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/scikit_learn_names.hpp>
#include <superstep/select/splitter.hpp>

#include "app/help_topics.hpp"
#include "app/layout.hpp"

namespace superstep::app {

namespace {

constexpr const char* splitter_module = "model_selection";  // as scikit-learn calls it
constexpr std::size_t name_column = 27;

using Commands = std::vector<std::unique_ptr<Command>>;

std::string kinds_of(const Metric& metric) {
  return fmt::format("{}{}", plural(metric.kind),
                     metric.also ? fmt::format(" and {}", plural(*metric.also)) : "");
}

const Metric* find(const std::vector<Metric>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &Metric::name);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::string estimator_text(const ParamTableBase& table, const std::string& module) {
  return fmt::format(
      "{}\n  superstep fit \"{}()\" train.h5 --model model.h5\n"
      "As sklearn.{}.{} of scikit-learn {}.\n",
      table.help_text(), table.estimator(), module, table.estimator(), scikit_learn_version);
}

std::string splitter_text(const ParamTableBase& table) {
  const std::string& name = table.estimator();
  const bool has_number = !table.infos().empty() && table.infos()[0].type == "int";
  return fmt::format(
      "{}\n  superstep cross-validate \"Ridge()\" train.h5 --cv \"{}({})\"\n"
      "As sklearn.{}.{} of scikit-learn {}.\n`superstep folds DATA --cv ...` shows the rows of "
      "each fold.\n",
      table.help_text(), name, has_number ? table.infos()[0].name + "=3" : "", splitter_module,
      name, scikit_learn_version);
}

std::string metric_text(const std::string& name) {
  if (const Metric* metric = find(metrics(), name)) {
    const MetricMeaning meaning = meaning_of(name);
    return fmt::format(
        "{}: {}\n\n  {}\n\nFor {}; {} is better{}.\n\n{}\n"
        "  superstep score MODEL DATA --scoring {}\n",
        name, wrapped(meaning.summary, name.size() + 2), wrapped(meaning.formula, 2),
        kinds_of(*metric), metric->greater_is_better ? "greater" : "less",
        metric->has_positive ? "; about the positive one of two classes (--pos-label)" : "",
        metric_letters(meaning.formula), name);
  }
  const Metric* report = find(reports(), name);
  if (report == nullptr) return "";
  return fmt::format(
      "{}: {}\n\nFor {}{}; as text, JSON and CSV:\n\n"
      "  superstep score MODEL DATA --report {} --report-out FILE.csv\n",
      name, meaning_of(name).summary, kinds_of(*report),
      report->has_positive ? " of two classes (--pos-label)" : "", name);
}

std::string module_text(const std::string& module) {
  std::string text;
  std::string last;
  for (const RegisteredEstimator& e : registry()) {
    if (e.module != module) continue;
    last = e.table->estimator();
    text += entry(last, e.table->summary(), name_column);
  }
  if (text.empty()) return "";
  return fmt::format("{}:\n{}\n`superstep help {}` lists the parameters of one.\n", module, text,
                     last);
}

std::string parameter_text(const std::string& name) {
  std::string text;
  const auto add = [&](const ParamTableBase& table) {
    for (const ParamInfo& info : table.infos()) {
      if (info.name != name) continue;
      text += entry(table.estimator(), fmt::format("{} (default {})", info.help, info.default_repr),
                    name_column);
    }
  };
  for (const RegisteredEstimator& e : registry()) add(*e.table);
  for (const RegisteredSplitter& s : splitters()) add(*s.table);
  return text.empty() ? text : fmt::format("{}: a parameter of\n{}", name, text);
}

std::string estimators_page() {
  std::string text;
  std::string module;
  for (const RegisteredEstimator& e : registry()) {
    if (e.module != module) text += fmt::format("{}:\n", module = e.module);
    text += entry(e.table->estimator(), e.table->summary(), name_column);
  }
  return text +
         "\n`superstep help Ridge` lists the parameters of one; `superstep help pipelines` "
         "says\nhow several make one.\n";
}

std::string splitters_page() {
  std::string text =
      "--cv takes a number of folds (StratifiedKFold for classifiers, else KFold; 5 if not\n"
      "given), `all` (no folds: trained and scored on all rows), or a splitter:\n\n";
  for (const RegisteredSplitter& s : splitters()) {
    text += entry(s.table->estimator(), s.table->summary(), name_column);
  }
  return text +
         "\n  --cv \"StratifiedKFold(5, shuffle=True)\"     --cv \"GroupKFold(5)\" --groups "
         "/patient\n"
         "--holdout F tests that fraction once. `superstep help KFold` lists the parameters\n"
         "of one, `superstep folds DATA --cv ...` shows which rows it tests.\n";
}

std::string metrics_page() {
  std::string text =
      "--scoring takes scorers by scikit-learn's names, `A,B` for several; greater is better\n"
      "for all but those marked with -. `superstep help NAME` has the formula of one.\n";
  for (const Kind kind : {Kind::classifier, Kind::regressor, Kind::clusterer}) {
    text += fmt::format("\n{}{}:\n", plural(kind),
                        kind == Kind::clusterer ? " with known classes, and classifiers" : "");
    for (const Metric& m : metrics()) {
      if (m.kind != kind) continue;
      text += entry((m.greater_is_better ? "" : "- ") + m.name, meaning_of(m.name).summary, 33);
    }
  }
  text += "\nreports of `superstep score MODEL DATA --report A,B`:\n";
  for (const Metric& m : reports()) text += entry(m.name, meaning_of(m.name).summary, 33);
  return text;
}

// ---- options -----------------------------------------------------------------------------------

namespace {

struct OptionOfCommands {
  CommandLine::OptionText text;
  std::vector<std::string> commands;  ///< empty: all
};

/// By name and meaning, those of every command first.
std::vector<OptionOfCommands> all_options(const Commands& commands) {
  CommonOptions common;
  CommandLine of_all("");
  describe_common(of_all, common);
  std::vector<OptionOfCommands> all;
  for (const auto& text : of_all.option_texts()) all.push_back({text, {}});
  const auto n_common = std::ssize(all);
  for (const auto& c : commands) {
    CommandLine line(c->name());
    c->describe(line);
    for (const auto& text : line.option_texts()) {
      const auto same = std::ranges::find_if(all, [&](const OptionOfCommands& o) {
        return o.text.name == text.name && o.text.help == text.help;
      });
      if (same != all.end()) {
        same->commands.push_back(c->name());
      } else {
        all.push_back({text, {c->name()}});
      }
    }
  }
  std::ranges::stable_sort(all.begin() + n_common, all.end(), {},
                           [](const OptionOfCommands& o) { return o.text.name; });
  return all;
}

std::string name_alone(const OptionOfCommands& option) {
  return option.text.name.substr(0, option.text.name.find(' '));
}

std::string more_of(const std::string& name) {
  if (name == "--memory") {
    return "Sizes are bytes or have K, M, G or T (powers of 1024). Rows that do not fit are\n"
           "streamed from the file in every pass, with the same result. A budget that is too\n"
           "small is said before the work starts, with the least that would do.\n";
  }
  if (name == "--config") return topic_text("config");
  if (name == "--trace") {
    return "Columns: rank, phase, what, bytes, blocks, rows, ranks, own_s, begin_s, wait_s,\n"
           "end_s, busy_s.\n";
  }
  if (name == "--quiet") {
    return "On standard error warnings and errors stay; on standard output scores, tables and\n"
           "plans stay. With --json the whole object is printed all the same.\n";
  }
  if (name == "--cv") return splitters_page();
  if (name == "--scoring") return "`superstep help scoring` lists the metrics.\n";
  if (name == "--grid" || name == "--random") return topic_text("expressions");
  if (name == "--strategy") return topic_text("strategies");
  return "";
}

std::string option_lines(const OptionOfCommands& option) {
  const std::string of =
      option.commands.empty() ? "" : fmt::format(" [{}]", listed(option.commands));
  return entry(option.text.name, option.text.help + of, name_column);
}

}  // namespace

std::string options_page(const Commands& commands) {
  std::string text = "of every command:\n";
  bool is_common = true;
  for (const OptionOfCommands& option : all_options(commands)) {
    if (is_common && !option.commands.empty()) {
      is_common = false;
      text += "\nof some commands:\n";
    }
    text += option_lines(option);
  }
  return text + "\n" + topic_text("config") + "\n`superstep help --memory` says more of one.\n";
}

std::string option_text(const Commands& commands, const std::string& word) {
  const std::string name = word.starts_with("--") ? word : "--" + word;
  std::string text;
  for (const OptionOfCommands& option : all_options(commands)) {
    if (name_alone(option) == name) text += option_lines(option);
  }
  const std::string more = text.empty() ? "" : more_of(name);
  return more.empty() ? text : text + "\n" + more;
}

std::vector<std::string> option_words(const Commands& commands) {
  std::vector<std::string> words;
  for (const OptionOfCommands& option : all_options(commands)) words.push_back(name_alone(option));
  return words;
}

// ---- pages of the documentation ----------------------------------------------------------------

namespace {

std::string markdown_of(const ParamTableBase& table) {
  const std::string parameters = table.infos().empty() ? "No parameters.\n" : table.markdown();
  return fmt::format("\n## {}\n\n{}\n\n{}", table.estimator(), table.summary(), parameters);
}

/// The page docs/estimators/MODULE.md, from the parameter tables.
std::string module_page(const std::string& module) {
  std::string text;
  for (const RegisteredEstimator& e : registry()) {
    if (e.module == module) text += markdown_of(*e.table);
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

std::string in_cell(std::string text) {
  for (std::size_t i = text.find('|'); i != std::string::npos; i = text.find('|', i + 2)) {
    text.insert(i, 1, '\\');
  }
  return text;
}

std::string metrics_table(Kind kind) {
  std::string text = "| name | better | meaning | formula |\n| --- | --- | --- | --- |\n";
  for (const Metric& m : metrics()) {
    if (m.kind != kind) continue;
    const MetricMeaning meaning = meaning_of(m.name);
    text +=
        fmt::format("| `{}` | {} | {} | `{}` |\n", m.name, m.greater_is_better ? "greater" : "less",
                    in_cell(meaning.summary), in_cell(meaning.formula));
  }
  return text;
}

std::string metrics_markdown() {
  std::string text = fmt::format(
      "# Metrics\n\nMade by `superstep help --markdown metrics`. Names and values are those of "
      "scikit-learn {}'s scorers; plain names (`mse`) are the losses themselves. "
      "Weights count where there is `/weight`, except where classes are compared with "
      "clusters.\n\n```text\n{}```\n",
      scikit_learn_version, metric_letters());
  for (const Kind kind : {Kind::classifier, Kind::regressor, Kind::clusterer}) {
    text += fmt::format("\n## For {}{}\n\n{}", plural(kind),
                        kind == Kind::clusterer ? ", and classifiers all but `inertia`" : "",
                        metrics_table(kind));
  }
  text += "\n## Reports\n\n| name | meaning |\n| --- | --- |\n";
  for (const Metric& m : reports()) {
    text += fmt::format("| `{}` | {} |\n", m.name, meaning_of(m.name).summary);
  }
  return text;
}

}  // namespace

std::string markdown_page(const std::string& name) {
  return name == "metrics" ? metrics_markdown() : module_page(name);
}

}  // namespace superstep::app
