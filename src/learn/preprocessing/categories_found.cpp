// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/categories_found.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

constexpr double most_dense = 1'000'000.0;

bool is_small_and_whole(double v) { return v >= 0.0 && v < most_dense && v == std::floor(v); }

}  // namespace

CategoryLookup::CategoryLookup(const CategoriesFound& found)
    : missing_(found.has_missing ? std::ssize(found.values) : -1) {
  for (std::size_t k = 0; k < found.values.size(); ++k) {
    sorted_.emplace_back(found.values[k], static_cast<Index>(k));
  }
  std::ranges::sort(sorted_);
  const bool are_texts = !found.names.empty();  // of which negative ones are in no row
  const bool are_small = std::ranges::all_of(sorted_, [&](const auto& p) {
    return is_small_and_whole(p.first) || (are_texts && p.first < 0.0);
  });
  if (!are_small || sorted_.empty() || sorted_.back().first < 0.0) return;
  dense_.assign(static_cast<std::size_t>(sorted_.back().first) + 1, -1);
  for (const auto& [value, k] : sorted_) {
    if (value >= 0.0) dense_[static_cast<std::size_t>(value)] = k;
  }
}

Index CategoryLookup::find(double value) const {
  if (std::isnan(value)) return missing_;
  if (!dense_.empty()) {
    if (!(value >= 0.0) || value >= static_cast<double>(dense_.size()) ||
        value != std::floor(value)) {
      return -1;
    }
    return dense_[static_cast<std::size_t>(value)];
  }
  const auto at = std::ranges::lower_bound(sorted_, value, {}, &std::pair<double, Index>::first);
  return at != sorted_.end() && at->first == value ? at->second : -1;
}

std::string CategoriesFound::name_of(Index category) const {
  const auto at = static_cast<std::size_t>(category);
  if (category == std::ssize(values)) return "nan";
  if (!names.empty()) return names[at];
  return are_integers ? fmt::format("{:.0f}", values[at]) : format_double(values[at]);
}

namespace {

/// By their names, where a level was put behind the others that fills what was missing: what comes
/// between is the number of unknown ones, which has no name (SimpleImputer).
DistinctValues in_order_of_names(DistinctValues found, const Column& column) {
  if (!column.levels || column.levels->size() < 2) return found;
  const std::vector<std::string>& levels = *column.levels;
  const auto unknown = levels.end() - 2;
  if (!unknown->empty() || !std::is_sorted(levels.begin(), unknown)) return found;
  std::vector<std::pair<std::string, std::size_t>> order;
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    order.emplace_back(levels[static_cast<std::size_t>(found.values[i])], i);
  }
  std::ranges::sort(order);
  const DistinctValues by_number = found;
  for (std::size_t i = 0; i < order.size(); ++i) {
    found.values[i] = by_number.values[order[i].second];
    found.counts[i] = by_number.counts[order[i].second];
  }
  return found;
}

EncodedColumn all_of(const DistinctValues& by_number, const Column& column) {
  const DistinctValues found = in_order_of_names(by_number, column);
  EncodedColumn encoded{{found.values, {}, found.missing > 0}, found.counts, found.rows()};
  if (found.missing > 0) encoded.counts.push_back(found.missing);
  CategoriesFound& categories = encoded.categories;
  categories.are_integers = column.kind == ColumnKind::integer;
  if (column.kind == ColumnKind::boolean) {
    for (const double v : found.values) categories.names.emplace_back(v != 0.0 ? "True" : "False");
  }
  if (!column.levels) return encoded;
  for (const double v : found.values) {
    categories.names.push_back((*column.levels)[static_cast<std::size_t>(v)]);
  }
  return encoded;
}

/// The number of a level, or one that no row has.
double code_of(const Column& column, const std::string& name, std::size_t place) {
  const auto found = std::ranges::find(*column.levels, name);
  if (found != column.levels->end()) return static_cast<double>(found - column.levels->begin());
  return -1.0 - static_cast<double>(place);
}

/// The categories that were listed for a column.
CategoriesFound listed(const Value& list, const Column& column, const std::string& name,
                       const std::string& who) {
  CategoriesFound categories;
  categories.are_integers = column.kind == ColumnKind::integer;
  for (const Value& item : list.items()) {
    const bool is_nan = item.is_none() || (item.is_real() && std::isnan(item.as_double()));
    if (is_nan) {
      categories.has_missing = true;
      continue;
    }
    const bool fits = column.levels ? item.is_string() : item.is_number() || item.is_bool();
    if (!fits) {
      throw UsageError(fmt::format("{}: categories lists {} for column '{}', which holds {}", who,
                                   item.repr(), name, column.levels ? "text" : "numbers"));
    }
    if (column.levels) {
      categories.names.push_back(item.as_string());
      categories.values.push_back(code_of(column, item.as_string(), categories.values.size()));
    } else {
      categories.values.push_back(item.is_bool() ? (item.as_bool() ? 1.0 : 0.0) : item.as_double());
    }
  }
  if (!column.levels && !std::ranges::is_sorted(categories.values)) {
    throw UsageError(
        fmt::format("{}: unsorted categories are not supported for numerical "
                    "categories, as those of column '{}' are",
                    who, name));
  }
  return categories;
}

EncodedColumn those_listed(const DistinctValues& found, const Column& column, const Value& list,
                           bool are_unknown_fine, const std::string& name, const std::string& who) {
  EncodedColumn encoded{listed(list, column, name, who), {}, found.rows()};
  encoded.counts.assign(static_cast<std::size_t>(encoded.categories.size()), 0);
  const CategoryLookup lookup(encoded.categories);
  const auto take = [&](double value, Index count) {
    if (count == 0) return;
    const Index k = lookup.find(value);
    if (k >= 0) {
      encoded.counts[static_cast<std::size_t>(k)] += count;
    } else if (!are_unknown_fine) {
      const std::string text = std::isnan(value) ? "a missing value"
                               : column.levels
                                   ? "'" + (*column.levels)[static_cast<std::size_t>(value)] + "'"
                                   : format_double(value);
      throw DataError(
          fmt::format("{}: column '{}' holds {}, which is none of the categories listed "
                      "for it; list it, or handle_unknown='ignore' or "
                      "'use_encoded_value'",
                      who, name, text));
    }
  };
  for (std::size_t i = 0; i < found.values.size(); ++i) take(found.values[i], found.counts[i]);
  take(std::nan(""), found.missing);
  return encoded;
}

}  // namespace

bool is_categories(const Value& value) {
  return value == Value("auto") ||
         (value.is_sequence() && std::ranges::all_of(value.items(), &Value::is_sequence));
}

std::vector<EncodedColumn> categories_among(const std::vector<DistinctValues>& found,
                                            const Schema& columns, const Value& given,
                                            bool are_unknown_fine, const std::string& who) {
  if (given.is_sequence() && std::ssize(given.items()) != columns.size()) {
    throw UsageError(fmt::format("{}: categories has {} lists for {} columns", who,
                                 given.items().size(), columns.size()));
  }
  std::vector<EncodedColumn> all;
  for (std::size_t c = 0; c < found.size(); ++c) {
    const auto i = static_cast<Index>(c);
    all.push_back(given.is_sequence() ? those_listed(found[c], columns[i], given.items()[c],
                                                     are_unknown_fine, columns.name_of(i), who)
                                      : all_of(found[c], columns[i]));
  }
  return all;
}

namespace {

std::string infrequent_name(std::size_t column) {
  return fmt::format("infrequent_categories_/{}", column);
}

}  // namespace

void save_infrequent(const AttributeWriter& out, std::size_t column,
                     const std::vector<Index>& infrequent) {
  Length length;
  if (!infrequent.empty()) out(infrequent_name(column), infrequent, length);
}

std::vector<Index> load_infrequent(const AttributeReader& in, std::size_t column, Index count) {
  std::vector<Index> infrequent;
  const std::string name = infrequent_name(column);
  Length length;
  if (in.has(name)) in(name, infrequent, length);
  if (std::ranges::is_sorted(infrequent) && (infrequent.empty() || infrequent.back() < count)) {
    return infrequent;
  }
  throw DataError(fmt::format("{} does not fit its column", in.path(name)));
}

void refuse_free_text(const Schema& columns) {
  for (Index i = 0; i < columns.size(); ++i) {
    if (columns[i].kind != ColumnKind::text) continue;
    throw DataError(
        fmt::format("column '{}' is free text, not a category; leave it out, or make it "
                    "one with import --types {}=category",
                    columns.name_of(i), columns.name_of(i)));
  }
}

void save_categories(const AttributeWriter& out, const std::vector<CategoriesFound>& all) {
  std::vector<Index> missing, integers;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const CategoriesFound& found = all[c];
    missing.push_back(found.has_missing ? 1 : 0);
    integers.push_back(found.are_integers ? 1 : 0);
    const Vector values = VectorView(found.values.data(), std::ssize(found.values));
    Length length;
    const std::string name = fmt::format("categories_/{}", c);
    if (found.names.empty()) {
      out(name, values, length);
    } else {
      out(name, found.names, length);
      out(fmt::format("codes_/{}", c), values, length);
    }
  }
  Length columns;
  out("missing_is_category_", missing, columns);
  out("integers_", integers, columns);
}

std::vector<CategoriesFound> load_categories(const AttributeReader& in, Index columns) {
  std::vector<Index> missing, integers;
  Length length{columns, "n_features_in_"};
  in("missing_is_category_", missing, length);
  in("integers_", integers, length);
  std::vector<CategoriesFound> all(static_cast<std::size_t>(columns));
  for (std::size_t c = 0; c < all.size(); ++c) {
    CategoriesFound& found = all[c];
    found.has_missing = missing[c] != 0;
    found.are_integers = integers[c] != 0;
    Length its;
    Vector values;
    const std::string name = fmt::format("categories_/{}", c);
    const std::string codes = fmt::format("codes_/{}", c);
    if (in.has(codes)) {
      in(name, found.names, its);
      in(codes, values, its);
    } else {
      in(name, values, its);
    }
    found.values.assign(values.begin(), values.end());
    if (found.values.empty() && !found.has_missing) {
      throw DataError(fmt::format("{} is empty", in.path(name)));
    }
  }
  return all;
}

bool is_frequency(const Value& value) {
  if (value.is_none()) return true;
  if (value.is_int()) return value.as_int() >= 1;
  return value.is_real() && value.as_double() > 0.0 && value.as_double() < 1.0;
}

std::vector<Index> infrequent_of(const std::vector<Index>& counts, Index rows,
                                 const Value& min_frequency,
                                 const std::optional<Index>& max_categories) {
  const auto n = std::ssize(counts);
  std::vector<char> is_rare(counts.size(), 0);
  if (!min_frequency.is_none()) {
    const double least = min_frequency.is_int()
                             ? min_frequency.as_double()
                             : min_frequency.as_double() * static_cast<double>(rows);
    for (std::size_t k = 0; k < counts.size(); ++k) {
      is_rare[k] = static_cast<char>(static_cast<double>(counts[k]) < least);
    }
  }
  const Index rare = std::ranges::count(is_rare, 1);
  // The infrequent ones are one of the categories that there may be; as in scikit-learn even where
  // there are none, so that as many categories as may be are one too many.
  const Index kept = n - rare + 1;
  if (max_categories && *max_categories < kept) {
    const Index most = *max_categories - 1;
    std::vector<Index> order(counts.size());
    std::iota(order.begin(), order.end(), Index{0});
    // Among equally frequent ones those stay that come later.
    std::ranges::stable_sort(order, {},
                             [&](Index k) { return counts[static_cast<std::size_t>(k)]; });
    for (Index i = 0; i < n - most; ++i) {
      is_rare[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = 1;
    }
  }
  std::vector<Index> found;
  for (Index k = 0; k < n; ++k) {
    if (is_rare[static_cast<std::size_t>(k)] != 0) found.push_back(k);
  }
  return found;
}

std::string unknown_text(const CategoriesFound& found, double value) {
  if (std::isnan(value)) return "a missing value";
  if (!found.names.empty()) {
    return fmt::format("a category that is not one of the {}", found.names.size());
  }
  return found.are_integers ? fmt::format("{:.0f}", value) : format_double(value);
}

}  // namespace superstep
