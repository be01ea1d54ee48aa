// SPDX-License-Identifier: BSD-3-Clause
// Dates as a user says that they are written: the directives of strptime, in English.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace superstep {

class DateFormat {
 public:
  /// UsageError for a directive that is not known, and where there is no year.
  explicit DateFormat(std::string text);

  const std::string& text() const { return text_; }
  /// Microseconds since 1970, UTC where there is no zone; nothing for what is written otherwise.
  /// `marks`: of csv_types.hpp.
  std::optional<std::int64_t> parse(std::string_view cell, std::uint8_t& marks) const;
  std::optional<std::int64_t> parse(std::string_view cell) const {
    std::uint8_t marks = 0;
    return parse(cell, marks);
  }

 private:
  std::string text_;
  std::string format_;  // without the directives that stand for several
};

}  // namespace superstep
