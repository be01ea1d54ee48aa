// SPDX-License-Identifier: BSD-3-Clause
// A Python literal: what a hyper-parameter, a grid or a whole estimator expression is made of.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <superstep/core/types.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace superstep {

/// None, bool, int, float, str, list, tuple, dict (ordered), or a call such as `Ridge(alpha=1.0)`.
///
/// Two values are equal exactly when their repr is: 1 and 1.0 differ, NaN equals NaN, dicts
/// remember their order. That is the equality of "the same candidate", not Python's.
class Value {
 public:
  enum class Kind { none, boolean, integer, real, string, list, tuple, dict, call };
  using Items = std::vector<Value>;
  using Dict = std::vector<std::pair<Value, Value>>;
  using Keywords = std::vector<std::pair<std::string, Value>>;
  struct Call {
    std::string name;  ///< as written, dots included: `np.logspace`
    Items positional;
    Keywords keywords;
  };

  Value() = default;  ///< None
  Value(std::nullptr_t) {}
  template <class T>
  requires std::same_as<T, bool> Value(T value) : data_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) Value(T value)
      : data_(checked_cast<std::int64_t>(value)) {}
  template <std::floating_point T>
  Value(T value) : data_(static_cast<double>(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Call value) : data_(std::move(value)) {}

  static Value list(Items items);
  static Value tuple(Items items);
  static Value dict(Dict entries);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_none() const { return kind() == Kind::none; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_int() const { return kind() == Kind::integer; }
  bool is_real() const { return kind() == Kind::real; }
  /// An int or a float; True and False are not numbers here.
  bool is_number() const { return is_int() || is_real(); }
  bool is_string() const { return kind() == Kind::string; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_tuple() const { return kind() == Kind::tuple; }
  /// A list or a tuple.
  bool is_sequence() const { return is_list() || is_tuple(); }
  bool is_dict() const { return kind() == Kind::dict; }
  bool is_call() const { return kind() == Kind::call; }

  /// Accessors: UsageError ("expected a number, got 'x'") when the value is of another kind.
  bool as_bool() const;
  std::int64_t as_int() const;
  /// The number of an int or a float.
  double as_double() const;
  const std::string& as_string() const;
  /// The items of a list or a tuple.
  const Items& items() const;
  const Dict& entries() const;
  const Call& as_call() const;

  /// The entry of a dict, or nullptr when it has no such key.
  const Value* find(const Value& key) const;

  /// As Python's repr: `1e-05`, `'it'`, `(1,)`, `{'a': None}`, `Ridge(alpha=1.0)`.
  std::string repr() const;

  friend bool operator==(const Value& a, const Value& b);

 private:
  struct List {
    Items items;
  };
  struct Tuple {
    Items items;
  };
  struct Entries {
    Dict entries;
  };
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Tuple, Entries, Call>
      data_;
};

}  // namespace superstep
