// SPDX-License-Identifier: BSD-3-Clause
// What the columns of a table are: names, kinds, and the levels of categories. In a block a
// category is the number of its level, a date its number in its unit, what is missing NaN.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/io/frame_layout.hpp>

namespace superstep {

/// The names of a category's levels, sorted as scikit-learn sorts them. A code that is their number
/// or more is of a level that is not among them.
using Levels = std::shared_ptr<const std::vector<std::string>>;

struct Column {
  std::string name{};  ///< empty where the data have no names
  ColumnKind kind = ColumnKind::real;
  Levels levels{};     ///< of a category
  std::string unit{};  ///< of a date

  bool is_number() const { return kind != ColumnKind::category && kind != ColumnKind::text; }
  bool operator==(const Column& other) const;
};

class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<Column> columns);
  /// So many columns of numbers; `names`: one each, or none.
  static Schema of_numbers(Index columns, const std::vector<std::string>& names = {});

  Index size() const { return size_; }
  const Column& operator[](Index i) const;
  std::vector<Column> columns() const;
  bool has_names() const { return told_ && !told_->front().name.empty(); }
  /// Empty where there are none.
  std::vector<std::string> names() const;
  /// Names, or what scikit-learn calls columns without them: "x0".
  std::string name_of(Index i) const;
  bool are_numbers() const;
  Schema chosen(std::span<const Index> which) const;
  bool operator==(const Schema& other) const;

 private:
  Index size_ = 0;
  /// Null where they are numbers without names, of which there may be millions.
  std::shared_ptr<const std::vector<Column>> told_{};
};

/// In which columns NaN may stand for a missing value: the same for all, or told of each.
class MayMiss {
 public:
  static MayMiss nowhere() { return MayMiss(false); }
  static MayMiss everywhere() { return MayMiss(true); }
  explicit MayMiss(bool everywhere = false) : everywhere_(everywhere) {}
  explicit MayMiss(std::vector<char> columns);

  bool in(Index column) const {
    return columns_.empty() ? everywhere_ : columns_[static_cast<std::size_t>(column)] != 0;
  }
  bool is_told_of_each() const { return !columns_.empty(); }
  /// In all columns.
  bool is_everywhere() const { return columns_.empty() && everywhere_; }
  bool is_nowhere() const { return columns_.empty() && !everywhere_; }
  /// Where both allow it.
  MayMiss operator&(const MayMiss& other) const;
  bool operator==(const MayMiss& other) const = default;

 private:
  bool everywhere_ = false;
  std::vector<char> columns_;  ///< empty where they are alike
};

}  // namespace superstep
