// SPDX-License-Identifier: BSD-3-Clause
// The categories that an encoder has found in its columns: what it writes into model files, and
// where a value stands among them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/attributes.hpp>

#include "learn/preprocessing/distinct.hpp"

namespace superstep {

/// Of one column, in scikit-learn's order: what is missing is a category of its own, the last.
struct CategoriesFound {
  std::vector<double> values;      ///< of texts the numbers of their levels, none: negative
  std::vector<std::string> names;  ///< of texts, one each; else empty
  bool has_missing = false;        ///< one category more
  bool are_integers = false;       ///< numbers that are called 1, not 1.0

  Index size() const { return std::ssize(values) + (has_missing ? 1 : 0); }
  /// As scikit-learn calls it in names of columns: "Bern", "1.0", "nan".
  std::string name_of(Index category) const;
};

/// From a value to the number of its category.
class CategoryLookup {
 public:
  explicit CategoryLookup(const CategoriesFound& found);
  /// -1 for a value that is not among them.
  Index find(double value) const;

 private:
  std::vector<Index> dense_;  ///< by value, where they are small and whole
  std::vector<std::pair<double, Index>> sorted_;
  Index missing_;
};

/// A column as an encoder has found it.
struct EncodedColumn {
  CategoriesFound categories;
  std::vector<Index> counts;  ///< rows of each category
  Index rows = 0;
};

/// The categories of each column among the values found in it, or those that the parameter
/// `categories` lists (not 'auto'): where it does and other values occur, DataError unless
/// `are_unknown_fine`.
std::vector<EncodedColumn> categories_among(const std::vector<DistinctValues>& found,
                                            const Schema& columns, const Value& given,
                                            bool are_unknown_fine, const std::string& who);

/// For parameter tables: 'auto', or a list of lists.
bool is_categories(const Value& value);

/// The attributes of one column: categories_/0, ...
void save_categories(const AttributeWriter& out, const std::vector<CategoriesFound>& all);
std::vector<CategoriesFound> load_categories(const AttributeReader& in, Index columns);

/// Which categories are infrequent (ascending), as scikit-learn's min_frequency and max_categories
/// say it; `counts`: of each category. `rows`: of all.
std::vector<Index> infrequent_of(const std::vector<Index>& counts, Index rows,
                                 const Value& min_frequency,
                                 const std::optional<Index>& max_categories);

/// The infrequent categories of a column, of `count` that there are.
void save_infrequent(const AttributeWriter& out, std::size_t column,
                     const std::vector<Index>& infrequent);
std::vector<Index> load_infrequent(const AttributeReader& in, std::size_t column, Index count);

/// DataError where a column is free text.
void refuse_free_text(const Schema& columns);

/// For parameter tables: None, an int >= 1 or a float in (0, 1).
bool is_frequency(const Value& value);

/// A value that is not among the categories, in words: "3.5", "a category that is not one of the
/// 7".
std::string unknown_text(const CategoriesFound& found, double value);

}  // namespace superstep
