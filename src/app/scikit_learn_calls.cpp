// SPDX-License-Identifier: BSD-3-Clause
#include "app/scikit_learn_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/scikit_learn_names.hpp>
#include <superstep/select/splitter.hpp>

namespace superstep::app {

namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// Where the text goes on, outside of brackets and quotes, with one of these letters, or at its
/// end.
std::size_t find_outside(std::string_view text, std::string_view letters, std::size_t from) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (depth == 0 && letters.find(c) != std::string_view::npos) return i;
    if (c == '\'' || c == '"') quote = c;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
  }
  return text.size();
}

/// A call as it was typed: its arguments may name variables, so they are text.
struct Call {
  std::string name;  ///< without modules
  std::vector<std::string> positional;
  std::map<std::string, std::string> keywords;

  /// The argument of that name or place, which is used up; empty where there is none or None.
  std::string take(const std::string& keyword, std::size_t place = 99) {
    std::string text;
    if (place < positional.size()) text = std::exchange(positional[place], "");
    if (const auto found = keywords.find(keyword); found != keywords.end()) {
      text = found->second;
      keywords.erase(found);
    }
    return text == "None" ? "" : text;
  }
};

std::string name_of(const std::string& expression) {
  const std::string name = trimmed(expression.substr(0, expression.find('(')));
  return name.substr(name.rfind('.') + 1);  // all of it where there is no dot
}

std::optional<Call> call_of(const std::string& expression) {
  const std::string text = trimmed(expression);
  const std::size_t open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return std::nullopt;
  Call call{name_of(text), {}, {}};
  const std::string inside = text.substr(open + 1, text.size() - open - 2);
  for (std::size_t i = 0; i < inside.size();) {
    const std::size_t end = find_outside(inside, ",", i);
    const std::string argument = trimmed(inside.substr(i, end - i));
    i = end + 1;
    const std::size_t equals = find_outside(argument, "=", 0);
    if (argument.empty()) continue;
    if (equals == argument.size()) {
      call.positional.push_back(argument);
    } else {
      call.keywords[trimmed(argument.substr(0, equals))] = trimmed(argument.substr(equals + 1));
    }
  }
  return call;
}

/// As one word for a shell.
std::string quoted(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_.,/+-:@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
  std::string out;
  for (const char c : text) {
    if (std::string_view("\"\\$`").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return '"' + out + '"';
}

/// 'r2' as r2, ['r2', 'max_error'] as r2,max_error, numbers likewise; nothing for anything else.
std::string words_of(const std::string& text) {
  try {
    const Value value = parse_value(text);
    const auto word = [](const Value& v) { return v.is_string() ? v.as_string() : v.repr(); };
    if (value.is_call() || value.is_dict()) return "";
    if (!value.is_sequence()) return word(value);
    std::vector<std::string> words;
    for (const Value& item : value.items()) words.push_back(word(item));
    return fmt::format("{}", fmt::join(words, ","));
  } catch (const Error&) {
    return "";
  }
}

/// A command in the making.
class Line {
 public:
  explicit Line(const std::string& command) : text_("superstep " + command) {}
  void add(const std::string& word) { text_ += " " + quoted(word); }
  void flag(const std::string& name) { text_ += " --" + name; }
  void option(const std::string& name, const std::string& value) {
    if (!value.empty()) text_ += fmt::format(" --{} {}", name, quoted(value));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string or_else(std::string text, const char* other) {
  return text.empty() ? other : std::move(text);
}

/// cv=5 or cv=KFold(5), and scoring.
void add_evaluation(Line& line, Call& call) {
  line.option("cv", call.take("cv"));
  const std::string scoring = call.take("scoring");
  line.option("scoring", words_of(scoring));
  line.option("error-score", words_of(call.take("error_score")));
}

/// `space` is the name of the second argument, `option` that of ours.
std::string search(Call call, const std::string& data, const std::string& space,
                   const std::string& option, const std::string& strategy) {
  Line line("search");
  line.add(or_else(call.take("estimator", 0), "ESTIMATOR"));
  line.add(data);
  line.option(option, or_else(call.take(space, 1), option == "grid" ? "GRID" : "SPACE"));
  line.option("iterations",
              call.take(strategy.empty() ? "n_iter" : "n_candidates", option == "random" ? 2 : 99));
  line.option("strategy", strategy);
  line.option("factor", call.take("factor"));
  const std::string resource = words_of(call.take("resource"));
  if (resource != "n_samples") line.option("resource", resource);
  line.option("max-resources", words_of(call.take("max_resources")));
  add_evaluation(line, call);
  const std::string refit = call.take("refit");
  if (refit != "True" && refit != "False") line.option("refit", words_of(refit));
  line.option("seed", call.take("random_state"));
  return line.text();
}

std::string cross_validation(Call call, const std::string& data) {
  Line line("cross-validate");
  line.add(or_else(call.take("estimator", 0), "ESTIMATOR"));
  line.add(data);
  add_evaluation(line, call);
  if (call.take("return_train_score") == "True") line.flag("train-scores");
  if (call.name == "cross_val_predict") {
    line.option("method", words_of(call.take("method")));
    line.option("out", "FILE");
  }
  if (call.name == "learning_curve") {
    line.option("learning-curve",
                or_else(words_of(call.take("train_sizes")), "0.1,0.325,0.55,0.775,1.0"));
  }
  if (call.name == "validation_curve") {
    const std::string name = or_else(call.take("param_name", 3), "'NAME'");
    const std::string range = or_else(call.take("param_range", 4), "VALUES");
    line.option("validation-curve", fmt::format("{{{}: {}}}", name, range));
  }
  return line.text();
}

std::string split(Call call, const std::string& data) {
  Line line("split");
  line.add(data);
  line.add("TRAIN");
  line.add("TEST");
  const std::string train_size = call.take("train_size");
  const std::string test_size = call.take("test_size");
  line.option("test-size", test_size.empty() && train_size.empty() ? "0.25" : test_size);
  line.option("train-size", train_size);
  if (!call.take("stratify").empty()) line.flag("stratify");
  line.option("seed", call.take("random_state"));
  return line.text();
}

bool is_splitter(const std::string& name) {
  return std::ranges::any_of(
      splitters(), [&](const RegisteredSplitter& s) { return s.table->estimator() == name; });
}

/// The scorer that a function such as accuracy_score is; empty for none.
std::string scorer_of(const std::string& name) {
  const std::string plain = name.ends_with("_score")
                                ? name.substr(0, name.size() - std::string_view("_score").size())
                                : name;
  for (const Metric& m : metrics()) {
    if (m.name == name || m.name == plain) return m.name;
  }
  return "";
}

std::string report_of(const std::string& name) {
  for (const Metric& m : reports()) {
    if (m.name == name) return name;
  }
  return "";
}

}  // namespace

std::optional<std::string> command_for(const std::string& expression, const std::string& data) {
  const std::optional<Call> call = call_of(expression);
  if (!call) return std::nullopt;
  const std::string& name = call->name;
  if (name == "GridSearchCV") return search(*call, data, "param_grid", "grid", "");
  if (name == "RandomizedSearchCV") return search(*call, data, "param_distributions", "random", "");
  if (name == "HalvingGridSearchCV") return search(*call, data, "param_grid", "grid", "halving");
  if (name == "HalvingRandomSearchCV") {
    return search(*call, data, "param_distributions", "random", "halving");
  }
  for (const char* known : {"cross_val_score", "cross_validate", "cross_val_predict",
                            "learning_curve", "validation_curve"}) {
    if (name == known) return cross_validation(*call, data);
  }
  if (name == "train_test_split") return split(*call, data);
  if (is_splitter(name)) {
    return fmt::format("superstep cross-validate ESTIMATOR {} --cv {}", quoted(data),
                       quoted(trimmed(expression)));
  }
  if (const std::string scorer = scorer_of(name); !scorer.empty()) {
    return fmt::format("superstep score MODEL {} --scoring {}", quoted(data), scorer);
  }
  if (const std::string report = report_of(name); !report.empty()) {
    return fmt::format("superstep score MODEL {} --report {}", quoted(data), report);
  }
  return std::nullopt;
}

std::unique_ptr<Estimator> estimator_of(const std::string& expression, const std::string& data) {
  const std::string name = name_of(expression);
  if (const auto command = command_for(expression, or_else(data, "DATA"))) {
    throw UsageError(fmt::format("{} is no estimator here but {}: {}", shorten(name, 40),
                                 is_splitter(name) ? "goes with --cv" : "a command", *command));
  }
  if (const auto said = said_of_scikit_learns(name)) throw UsageError(*said);
  return make_estimator(expression);
}

}  // namespace superstep::app
