// SPDX-License-Identifier: BSD-3-Clause
// The results of a search as scikit-learn's cv_results_ writes them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <superstep/core/text.hpp>
#include <superstep/select/search.hpp>

namespace superstep {

namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string number(double value) { return std::isnan(value) ? "" : format_double(value); }

/// A table that is filled column by column.
class Columns {
 public:
  explicit Columns(std::size_t rows) : lines_(rows) {}
  void add(const std::string& name, const std::vector<std::string>& values) {
    header_ += (header_.empty() ? "" : ",") + quoted(name);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      lines_[i] += (is_first_ ? "" : ",") + quoted(values[i]);
    }
    is_first_ = false;
  }
  void add_numbers(const std::string& name, const std::vector<double>& values) {
    std::vector<std::string> texts;
    for (const double v : values) texts.push_back(number(v));
    add(name, texts);
  }
  std::string text() const {
    std::string all = header_ + "\n";
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  std::string header_;
  std::vector<std::string> lines_;
  bool is_first_ = true;
};

/// scipy.stats.rankdata(-means, 'min'); a mean that is NaN shares the last place.
std::vector<std::string> ranks(const std::vector<double>& means) {
  std::vector<std::string> all;
  for (const double mine : means) {
    const auto better = std::ranges::count_if(means, [&](double v) { return is_better(v, mine); });
    all.push_back(fmt::format("{}", better + 1));
  }
  return all;
}

class CvResults {
 public:
  explicit CvResults(const SearchResult& result) : r_(result), table_(result.rows.size()) {}

  std::string csv() {
    add_times();
    add_params();
    for (std::size_t m = 0; m < r_.scoring.size(); ++m) add_scores(m, false);
    if (r_.train_scores) {
      for (std::size_t m = 0; m < r_.scoring.size(); ++m) add_scores(m, true);
    }
    return table_.text();
  }

 private:
  /// `f(outcome)` of one row by split, or a number for each row made of them.
  template <class F>
  std::vector<double> by_row(F&& f) const {
    std::vector<double> values;
    for (const SearchRow& row : r_.rows) values.push_back(f(row));
    return values;
  }
  template <class F>
  static double mean_of(const SearchRow& row, F&& f) {
    double sum = 0.0;
    for (const FoldOutcome& o : row.outcomes) sum += f(o);
    return sum / static_cast<double>(row.outcomes.size());
  }
  template <class F>
  static double deviation_of(const SearchRow& row, F&& f) {
    const double mean = mean_of(row, f);
    return std::sqrt(
        mean_of(row, [&](const FoldOutcome& o) { return (f(o) - mean) * (f(o) - mean); }));
  }

  template <class F>
  void add_mean_and_deviation(const std::string& name, F&& f) {
    table_.add_numbers("mean_" + name, by_row([&](const SearchRow& r) { return mean_of(r, f); }));
    table_.add_numbers("std_" + name,
                       by_row([&](const SearchRow& r) { return deviation_of(r, f); }));
  }

  void add_times() {
    if (r_.strategy != Strategy::full) {
      const auto add = [&](const char* name, auto&& f) {
        std::vector<std::string> texts;
        for (const SearchRow& row : r_.rows) texts.push_back(fmt::format("{}", f(row)));
        table_.add(name, texts);
      };
      if (r_.strategy == Strategy::hyperband) {
        add("bracket", [](const SearchRow& row) { return row.bracket; });
      }
      add("iter", [](const SearchRow& row) { return row.rung; });
      add("n_resources", [](const SearchRow& row) { return row.resources; });
    }
    add_mean_and_deviation("fit_time", [](const FoldOutcome& o) { return o.fit_s; });
    add_mean_and_deviation("score_time", [](const FoldOutcome& o) { return o.score_s; });
  }

  void add_params() {
    std::set<std::string> names;
    for (const SearchRow& row : r_.rows) {
      for (const auto& [name, value] : row.params) names.insert(name);
    }
    for (const std::string& name : names) {
      std::vector<std::string> texts;
      for (const SearchRow& row : r_.rows) {
        const auto found =
            std::ranges::find(row.params, name, [](const auto& p) { return p.first; });
        if (found == row.params.end()) {
          texts.emplace_back();
        } else {
          const Value& v = found->second;
          texts.push_back(v.is_string() ? v.as_string() : v.is_none() ? "" : v.repr());
        }
      }
      table_.add("param_" + name, texts);
    }
    std::vector<std::string> all;
    for (const SearchRow& row : r_.rows) all.push_back(repr(row.params));
    table_.add("params", all);
  }

  void add_scores(std::size_t metric, bool of_training) {
    const std::string which = of_training ? "train_" : "test_";
    const std::string name = which + (r_.scoring.size() == 1 ? "score" : r_.scoring[metric]);
    const auto score = [&](const FoldOutcome& o) {
      return (of_training ? o.train : o.test)[metric];
    };
    for (Index k = 0; k < r_.n_splits; ++k) {
      table_.add_numbers(fmt::format("split{}_{}", k, name), by_row([&](const SearchRow& row) {
                           return score(row.outcomes[static_cast<std::size_t>(k)]);
                         }));
    }
    add_mean_and_deviation(name, score);
    if (of_training) return;
    table_.add("rank_" + name,
               ranks(by_row([&](const SearchRow& row) { return mean_of(row, score); })));
  }

  const SearchResult& r_;
  Columns table_;
};

}  // namespace

std::string cv_results_csv(const SearchResult& result) { return CvResults(result).csv(); }

}  // namespace superstep
