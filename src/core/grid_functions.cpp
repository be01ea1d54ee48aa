// SPDX-License-Identifier: BSD-3-Clause
// NumPy's ways to write a list of numbers, with its formulas in its order of operations, so that
// the numbers have its bits (np.logspace and np.geomspace up to the last bit of pow).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

namespace superstep {
namespace {

constexpr std::int64_t most_values = 1'000'000;

/// The arguments of one call, by position or by name.
class Arguments {
 public:
  Arguments(const Value::Call& call, std::vector<std::string> names)
      : call_(call), names_(std::move(names)) {
    if (call.positional.size() > names_.size()) {
      fail(fmt::format("takes at most {} arguments", names_.size()));
    }
    for (std::size_t i = 0; i < call.positional.size(); ++i)
      values_[names_[i]] = &call.positional[i];
    for (const auto& [name, value] : call.keywords) {
      if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
        fail(fmt::format("has no argument {} here; {}", name, did_you_mean(name, names_)));
      }
      if (!values_.emplace(name, &value).second) fail(fmt::format("got {} twice", name));
    }
  }

  bool has(const std::string& name) const { return values_.contains(name); }

  const Value& operator[](const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) fail(fmt::format("needs {}", name));
    return *found->second;
  }

  double number(const std::string& name) const {
    const Value& value = (*this)[name];
    if (!value.is_number() || !std::isfinite(value.as_double())) {
      fail(fmt::format("needs a finite number for {}, got {}", name, shorten(value.repr(), 40)));
    }
    return value.as_double();
  }
  double number(const std::string& name, double otherwise) const {
    return has(name) ? number(name) : otherwise;
  }

  std::int64_t integer(const std::string& name, std::int64_t otherwise) const {
    if (!has(name)) return otherwise;
    const Value& value = (*this)[name];
    if (!value.is_int())
      fail(fmt::format("needs an int for {}, got {}", name, shorten(value.repr(), 40)));
    return value.as_int();
  }

  bool flag(const std::string& name, bool otherwise) const {
    if (!has(name)) return otherwise;
    const Value& value = (*this)[name];
    if (!value.is_bool())
      fail(fmt::format("needs True or False for {}, got {}", name, value.repr()));
    return value.as_bool();
  }

  void check_count(double count) const {
    if (count < 0) fail("needs num >= 0");
    if (count > static_cast<double>(most_values)) {
      fail(fmt::format("would make more than {} values", format_count(most_values)));
    }
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw UsageError(
        fmt::format("{} {}: {}", call_.name, problem, shorten(Value(call_).repr(), 80)));
  }

 private:
  const Value::Call& call_;
  std::vector<std::string> names_;
  std::map<std::string, const Value*> values_;
};

Value to_list(const std::vector<double>& numbers) {
  return Value::list(Value::Items(numbers.begin(), numbers.end()));
}

/// numpy.linspace: arange(num) * step + start, the last value set to stop.
std::vector<double> linspace(double start, double stop, std::int64_t num, bool endpoint) {
  std::vector<double> values(static_cast<std::size_t>(num));
  const double divisor = static_cast<double>(endpoint ? num - 1 : num);
  const double delta = stop - start;
  const double step = delta / divisor;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double k = static_cast<double>(i);
    if (!(divisor > 0)) {
      values[i] = k * delta + start;
    } else {
      // A step that underflows to zero loses the range: NumPy then divides first.
      values[i] = (step == 0 ? k / divisor * delta : k * step) + start;
    }
  }
  if (endpoint && num > 1) values.back() = stop;
  return values;
}

std::vector<double> logspace(double start, double stop, std::int64_t num, bool endpoint,
                             double base) {
  std::vector<double> values = linspace(start, stop, num, endpoint);
  for (double& value : values) value = std::pow(base, value);
  return values;
}

Value call_linspace(const Value::Call& call) {
  const Arguments args(call, {"start", "stop", "num", "endpoint"});
  const std::int64_t num = args.integer("num", 50);
  args.check_count(static_cast<double>(num));
  return to_list(
      linspace(args.number("start"), args.number("stop"), num, args.flag("endpoint", true)));
}

Value call_logspace(const Value::Call& call) {
  const Arguments args(call, {"start", "stop", "num", "endpoint", "base"});
  const std::int64_t num = args.integer("num", 50);
  args.check_count(static_cast<double>(num));
  return to_list(logspace(args.number("start"), args.number("stop"), num,
                          args.flag("endpoint", true), args.number("base", 10.0)));
}

Value call_geomspace(const Value::Call& call) {
  const Arguments args(call, {"start", "stop", "num", "endpoint"});
  const std::int64_t num = args.integer("num", 50);
  args.check_count(static_cast<double>(num));
  const bool endpoint = args.flag("endpoint", true);
  const double start = args.number("start");
  const double stop = args.number("stop");
  if (start == 0 || stop == 0 || (start < 0) != (stop < 0)) {
    args.fail("needs start and stop of the same sign, not zero");
  }
  const double sign = start < 0 ? -1.0 : 1.0;
  std::vector<double> values =
      logspace(std::log10(sign * start), std::log10(sign * stop), num, endpoint, 10.0);
  for (double& value : values) value *= sign;
  if (num > 0) values.front() = start;
  if (num > 1 && endpoint) values.back() = stop;
  return to_list(values);
}

/// start, stop and step as np.arange and range take them: one argument alone is the stop.
struct Bounds {
  Value start = 0;
  Value stop;
  Value step = 1;
};

Bounds bounds_of(const Arguments& args) {
  Bounds bounds;
  if (args.has("stop")) {
    if (args.has("start")) bounds.start = args["start"];
    bounds.stop = args["stop"];
  } else {
    bounds.stop = args["start"];
  }
  if (args.has("step")) bounds.step = args["step"];
  for (const Value* value : {&bounds.start, &bounds.stop, &bounds.step}) {
    if (!value->is_number() || !std::isfinite(value->as_double())) {
      args.fail(fmt::format("needs finite numbers, got {}", shorten(value->repr(), 40)));
    }
  }
  if (bounds.step.as_double() == 0) args.fail("needs a step that is not 0");
  return bounds;
}

Value integer_range(const Arguments& args, const Bounds& bounds) {
  const auto start = static_cast<std::uint64_t>(bounds.start.as_int());
  const auto stop = static_cast<std::uint64_t>(bounds.stop.as_int());
  const auto step = static_cast<std::uint64_t>(bounds.step.as_int());
  const bool upwards = bounds.step.as_int() > 0;
  const bool is_empty = upwards ? bounds.start.as_int() >= bounds.stop.as_int()
                                : bounds.start.as_int() <= bounds.stop.as_int();
  // In unsigned arithmetic, where no distance overflows.
  std::uint64_t count = 0;
  if (!is_empty)
    count = upwards ? (stop - start - 1) / step + 1 : (start - stop - 1) / (0 - step) + 1;
  args.check_count(static_cast<double>(count));
  Value::Items items;
  for (std::uint64_t i = 0; i < count; ++i)
    items.emplace_back(static_cast<std::int64_t>(start + i * step));
  return Value::list(std::move(items));
}

Value call_range(const Value::Call& call) {
  const Arguments args(call, {"start", "stop", "step"});
  const Bounds bounds = bounds_of(args);
  if (!bounds.start.is_int() || !bounds.stop.is_int() || !bounds.step.is_int() ||
      !call.keywords.empty()) {
    args.fail("takes one to three ints without names");
  }
  return integer_range(args, bounds);
}

/// numpy.arange: ceil((stop - start) / step) values, start + i * ((start + step) - start).
Value call_arange(const Value::Call& call) {
  const Arguments args(call, {"start", "stop", "step"});
  const Bounds bounds = bounds_of(args);
  if (bounds.start.is_int() && bounds.stop.is_int() && bounds.step.is_int()) {
    return integer_range(args, bounds);
  }
  const double start = bounds.start.as_double();
  const double step = bounds.step.as_double();
  const double count = std::max(0.0, std::ceil((bounds.stop.as_double() - start) / step));
  args.check_count(count);
  std::vector<double> values(static_cast<std::size_t>(count));
  const double delta = (start + step) - start;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i == 1 ? start + step : start + static_cast<double>(i) * delta;
  }
  return to_list(values);
}

/// list(...) and np.array(...) around something that is a list already.
Value call_list(const Value::Call& call) {
  const Arguments args(call, {"values"});
  const Value values = evaluate_grid_value(args["values"]);
  if (!values.is_sequence()) args.fail("needs a list");
  return Value::list(values.items());
}

using Function = Value (*)(const Value::Call&);

const std::vector<std::pair<std::string, Function>>& functions() {
  static const std::vector<std::pair<std::string, Function>> all = {
      {"np.logspace", call_logspace},
      {"np.linspace", call_linspace},
      {"np.geomspace", call_geomspace},
      {"np.arange", call_arange},
      {"np.array", call_list},
      {"range", call_range},
      {"list", call_list}};
  return all;
}

Value evaluate_call(const Value& value) {
  const Value::Call& call = value.as_call();
  std::vector<std::string> names;
  for (const auto& [name, function] : functions()) {
    if (call.name == name) return function(call);
    names.push_back(name);
  }
  if (call.name.starts_with("np.")) {
    throw UsageError(fmt::format("{}(...) is not known in a grid; {}", call.name,
                                 did_you_mean(call.name, names)));
  }
  return value;
}

}  // namespace

Value evaluate_grid_value(const Value& value) {
  if (value.is_call()) return evaluate_call(value);
  if (value.is_sequence()) {
    Value::Items items;
    for (const Value& item : value.items()) items.push_back(evaluate_grid_value(item));
    return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
  }
  if (value.is_dict()) {
    Value::Dict entries;
    for (const auto& [key, item] : value.entries())
      entries.emplace_back(key, evaluate_grid_value(item));
    return Value::dict(std::move(entries));
  }
  return value;
}

}  // namespace superstep
