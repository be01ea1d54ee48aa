// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/param_grid.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

/// Combinations of a grid whose numbers are told apart; far more than any search tries.
constexpr double most_combinations = 0x1p53;

/// Before any is made: each takes memory, and each would have to be trained.
void check_count(double count, Index most, const char* what, const char* advice) {
  if (count <= static_cast<double>(most)) return;
  throw UsageError(fmt::format(
      "{} asks for {} candidates, at most {} can be held here; {}, or "
      "raise --memory",
      what, count < 1e15 ? format_count(static_cast<Index>(count)) : fmt::format("{:.0e}", count),
      format_count(most), advice));
}
constexpr std::uint32_t draw_purpose = 0x64726177;  // Philox stream of random searches

/// The dicts of the text: one, or a list of them, with np.logspace and its like carried out.
std::vector<Value> dicts_of(std::string_view text, const char* option) {
  const Value value = evaluate_grid_value(parse_value(text));
  std::vector<Value> dicts;
  if (value.is_dict()) dicts.push_back(value);
  if (value.is_sequence()) dicts = value.items();
  const bool are_dicts = std::ranges::all_of(dicts, [](const Value& v) { return v.is_dict(); });
  if (dicts.empty() || !are_dicts) {
    throw UsageError(
        fmt::format("{} takes a dict of lists such as {{'C': [0.1, 1, 10]}}, or a list "
                    "of such dicts, got {}",
                    option, shorten(value.repr(), 60)));
  }
  return dicts;
}

const std::string& name_of(const Value& key, const char* option) {
  if (key.is_string()) return key.as_string();
  throw UsageError(fmt::format("{}: names of parameters are strings, got {}", option, key.repr()));
}

const Value::Items& listed(const std::string& name, const Value& values, const char* option) {
  if (!values.is_sequence()) {
    throw UsageError(fmt::format("{}: the values of '{}' must be a list, got {}; write [{}]",
                                 option, name, shorten(values.repr(), 60),
                                 shorten(values.repr(), 40)));
  }
  if (values.items().empty()) {
    throw UsageError(
        fmt::format("{}: the list of '{}' is empty; a search needs at least one value "
                    "for each parameter",
                    option, name));
  }
  return values.items();
}

/// One dict of a grid.
class Grid {
 public:
  Grid(const Value& dict, const char* option) {
    for (const auto& [key, values] : dict.entries()) {
      const std::string& name = name_of(key, option);
      if (!lists_.emplace(name, listed(name, values, option)).second) {
        throw UsageError(fmt::format("{}: '{}' is given twice", option, name));
      }
    }
    for (const auto& [name, values] : lists_) {
      size_ *= static_cast<double>(values.size());
    }
    if (size_ > most_combinations) {
      throw UsageError(fmt::format(
          "{} has {:.0e} combinations, too many to count; give fewer values", option, size_));
    }
  }

  Index size() const { return static_cast<Index>(size_); }

  /// The i-th combination, the last name changing fastest.
  ParamSetting at(Index i) const {
    ParamSetting setting;
    for (auto it = lists_.rbegin(); it != lists_.rend(); ++it) {
      const auto n = static_cast<Index>(it->second.size());
      setting.emplace_back(it->first, it->second[static_cast<std::size_t>(i % n)]);
      i /= n;
    }
    std::ranges::reverse(setting);
    return setting;
  }

 private:
  std::map<std::string, Value::Items> lists_;
  double size_ = 1.0;
};

std::vector<Grid> grids_of(const std::vector<Value>& dicts, const char* option) {
  std::vector<Grid> grids;
  for (const Value& dict : dicts) grids.emplace_back(dict, option);
  return grids;
}

double combinations_of(const std::vector<Grid>& grids) {
  double all = 0.0;
  for (const Grid& grid : grids) all += static_cast<double>(grid.size());
  return all;
}

// Distributions.

struct Distribution {
  enum class Kind { uniform, log_uniform, integers } kind;
  double a = 0.0;
  double b = 1.0;

  Value draw(RowRandom& random) const {
    switch (kind) {
      case Kind::uniform:
        return a + b * random.uniform();
      case Kind::log_uniform: {
        const double low = math::log(a);
        return math::exp(low + (math::log(b) - low) * random.uniform());
      }
      case Kind::integers:
        break;
    }
    const auto low = static_cast<std::int64_t>(a);
    const auto count = static_cast<std::uint64_t>(static_cast<std::int64_t>(b) - low);
    return low + static_cast<std::int64_t>(random.below(count));
  }
};

/// Two arguments by position or name, with defaults where there are any.
std::pair<double, double> arguments_of(const Value::Call& call, const char* first,
                                       const char* second, std::optional<double> first_default,
                                       std::optional<double> second_default) {
  std::optional<double> a = first_default, b = second_default;
  const auto fail = [&](const std::string& why) {
    throw UsageError(fmt::format("{}({}, {}): {}: {}", call.name, first, second, why,
                                 shorten(Value(call).repr(), 60)));
  };
  const auto take = [&](std::optional<double>& to, const Value& v) {
    if (!v.is_number() || !std::isfinite(v.as_double())) fail("the arguments are finite numbers");
    to = v.as_double();
  };
  if (call.positional.size() > 2) fail("takes two arguments");
  if (!call.positional.empty()) take(a, call.positional[0]);
  if (call.positional.size() > 1) take(b, call.positional[1]);
  for (const auto& [name, value] : call.keywords) {
    if (name == first) {
      take(a, value);
    } else if (name == second) {
      take(b, value);
    } else {
      fail(fmt::format("there is no argument '{}'; {}", name, did_you_mean(name, {first, second})));
    }
  }
  if (!a || !b) fail("two arguments are needed");
  return {*a, *b};
}

Distribution distribution_of(const std::string& name, const Value::Call& call) {
  using Kind = Distribution::Kind;
  const std::string function = call.name.substr(call.name.rfind('.') + 1);
  const auto check = [&](bool holds, const char* what) {
    if (holds) return;
    throw UsageError(fmt::format("'{}': {} needs {}", name, shorten(Value(call).repr(), 60), what));
  };
  if (function == "uniform") {
    const auto [loc, scale] = arguments_of(call, "loc", "scale", 0.0, 1.0);
    check(scale > 0.0, "scale > 0: it draws from loc to loc + scale");
    return {Kind::uniform, loc, scale};
  }
  if (function == "loguniform" || function == "reciprocal") {
    const auto [a, b] = arguments_of(call, "a", "b", std::nullopt, std::nullopt);
    check(a > 0.0 && b > a, "0 < a < b");
    return {Kind::log_uniform, a, b};
  }
  if (function == "randint") {
    const auto [low, high] = arguments_of(call, "low", "high", std::nullopt, std::nullopt);
    const bool are_whole = low == std::floor(low) && high == std::floor(high) &&
                           std::fabs(low) <= 0x1p53 && std::fabs(high) <= 0x1p53;
    check(are_whole && high > low, "whole numbers with low < high: it draws from low to high - 1");
    return {Kind::integers, low, high};
  }
  throw UsageError(fmt::format("'{}': {} is no distribution known here; {}, or give a list", name,
                               shorten(Value(call).repr(), 60),
                               did_you_mean(function, {"uniform", "loguniform", "randint"})));
}

/// One dict of a random search.
class Space {
 public:
  explicit Space(const Value& dict) {
    for (const auto& [key, values] : dict.entries()) {
      const std::string& name = name_of(key, "--random");
      const bool is_new =
          values.is_call() ? choices_.emplace(name, distribution_of(name, values.as_call())).second
                           : choices_.emplace(name, listed(name, values, "--random")).second;
      if (!is_new) throw UsageError(fmt::format("--random: '{}' is given twice", name));
    }
  }

  ParamSetting draw(RowRandom& random) const {
    ParamSetting setting;
    for (const auto& [name, choice] : choices_) {
      if (const auto* distribution = std::get_if<Distribution>(&choice)) {
        setting.emplace_back(name, distribution->draw(random));
      } else {
        const auto& values = std::get<Value::Items>(choice);
        setting.emplace_back(name, values[random.below(values.size())]);
      }
    }
    return setting;
  }

 private:
  std::map<std::string, std::variant<Distribution, Value::Items>> choices_;
};

bool are_all_lists(const std::vector<Value>& dicts) {
  return std::ranges::all_of(dicts, [](const Value& dict) {
    return std::ranges::none_of(dict.entries(),
                                [](const auto& entry) { return entry.second.is_call(); });
  });
}

/// `count` different numbers below n (Floyd 1987), in the order they were drawn.
std::vector<Index> draw_without_replacement(Index n, Index count, RowRandom& random) {
  std::vector<Index> drawn;
  std::set<Index> seen;
  for (Index j = n - count; j < n; ++j) {
    const auto t = static_cast<Index>(random.below(static_cast<std::uint64_t>(j) + 1));
    drawn.push_back(seen.contains(t) ? j : t);
    seen.insert(drawn.back());
  }
  return drawn;
}

}  // namespace

std::string repr(const ParamSetting& setting) {
  Value::Dict entries;
  for (const auto& [name, value] : setting) entries.emplace_back(name, value);
  return Value::dict(std::move(entries)).repr();
}

std::vector<ParamSetting> expand_grid(std::string_view text, Index most) {
  std::vector<ParamSetting> all;
  const std::vector<Grid> grids = grids_of(dicts_of(text, "--grid"), "--grid");
  check_count(combinations_of(grids), most, "--grid",
              "draw some of them (--random with the same lists and --iterations)");
  for (const Grid& grid : grids) {
    for (Index i = 0; i < grid.size(); ++i) all.push_back(grid.at(i));
  }
  return all;
}

std::vector<ParamSetting> draw_settings(std::string_view text, Index count, std::uint64_t seed,
                                        Index most) {
  const std::vector<Value> dicts = dicts_of(text, "--random");
  constexpr const char* advice = "give fewer --iterations";
  const Philox philox(seed, draw_purpose);
  std::vector<ParamSetting> drawn;
  if (are_all_lists(dicts)) {
    const std::vector<Grid> grids = grids_of(dicts, "--random");
    const double combinations = std::min(combinations_of(grids), most_combinations);
    const auto all = static_cast<Index>(combinations);
    check_count(static_cast<double>(std::min(all, count)), most, "--iterations", advice);
    RowRandom random(philox, 0);
    for (Index i : draw_without_replacement(all, std::min(all, count), random)) {
      auto grid = grids.begin();
      for (; i >= grid->size(); ++grid) i -= grid->size();
      drawn.push_back(grid->at(i));
    }
    return drawn;
  }
  check_count(static_cast<double>(count), most, "--iterations", advice);
  std::vector<Space> spaces;
  for (const Value& dict : dicts) spaces.emplace_back(dict);
  for (Index i = 0; i < count; ++i) {
    RowRandom random(philox, static_cast<std::uint64_t>(i) + 1);
    drawn.push_back(spaces[random.below(spaces.size())].draw(random));
  }
  return drawn;
}

}  // namespace superstep
