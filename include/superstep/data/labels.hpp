// SPDX-License-Identifier: BSD-3-Clause
// The classes of a target: numbers or text, sorted; a class code is a position in this list.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/core/value.hpp>

namespace superstep {

class Labels {
 public:
  Labels() = default;
  /// Sorts and removes duplicates.
  static Labels of_numbers(std::vector<double> values);
  static Labels of_texts(std::vector<std::string> values);

  Index size() const;
  /// What they take in memory.
  std::size_t bytes() const;
  bool is_text() const { return std::holds_alternative<std::vector<std::string>>(names_); }
  /// True when every number is whole and an int64: written as integers then.
  bool is_integer() const;
  /// True when every number is whole and some are no int64.
  bool has_too_large() const;
  const std::vector<double>& numbers() const { return std::get<std::vector<double>>(names_); }
  const std::vector<std::string>& texts() const {
    return std::get<std::vector<std::string>>(names_);
  }
  /// Position of a label, or -1.
  Index find(double value) const;
  Index find(const std::string& value) const;
  /// Position of a label written as a Python literal, or -1.
  Index find(const Value& value) const;
  std::string text(Index i) const;
  /// The label as a Python literal: 'yes', 3, 0.5.
  Value value(Index i) const;
  bool operator==(const Labels& other) const = default;

 private:
  std::variant<std::vector<double>, std::vector<std::string>> names_;
};

}  // namespace superstep
