// SPDX-License-Identifier: BSD-3-Clause
// JSON for output: `--json`, run metadata, the report.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <superstep/core/value.hpp>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace superstep {

/// A JSON value; objects keep the order their keys were set in.
class Json {
 public:
  Json() = default;  ///< null
  template <class T>
  requires std::same_as<T, bool> Json(T value) : data_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) Json(T value) : data_(number(value)) {}
  template <std::floating_point T>
  Json(T value) : data_(static_cast<double>(value)) {}
  Json(const char* value) : data_(std::string(value)) {}
  Json(std::string_view value) : data_(std::string(value)) {}
  Json(std::string value) : data_(std::move(value)) {}
  /// Lists and tuples become arrays, keys that are no strings their repr, calls their repr.
  explicit Json(const Value& value);
  template <class T>
  requires std::constructible_from<Json, T> Json(const std::vector<T>& items) : data_(Array{}) {
    for (const auto& item : items) push_back(Json(item));
  }

  static Json array();
  static Json object();

  /// Appends to an array.
  Json& push_back(Json item);
  /// Sets a key of an object; a key set before keeps its place.
  Json& set(std::string_view key, Json value);

  /// The text, in one line, or indented when `indent` > 0. Numbers are the shortest that read back
  /// the same; NaN and infinity are null; bytes that are no UTF-8 become U+FFFD.
  std::string dump(int indent = 0) const;

 private:
  template <class T>
  static auto number(T value) {
    if constexpr (std::is_signed_v<T>) {
      return std::int64_t{value};
    } else {
      return std::uint64_t{value};
    }
  }
  struct Array {
    std::vector<Json> items;
  };
  struct Object {
    std::vector<std::pair<std::string, Json>> members;
  };
  void write(std::string& out, int indent, int depth) const;

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      data_;
};

}  // namespace superstep
