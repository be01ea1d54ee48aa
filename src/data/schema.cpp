// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/schema.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace superstep {

bool Column::operator==(const Column& other) const {
  const bool same_levels =
      levels == other.levels || (levels && other.levels && *levels == *other.levels);
  return same_levels && name == other.name && kind == other.kind && unit == other.unit;
}

Schema Schema::of_numbers(Index columns, const std::vector<std::string>& names) {
  std::vector<Column> all(static_cast<std::size_t>(columns));
  for (std::size_t i = 0; i < names.size() && i < all.size(); ++i) all[i].name = names[i];
  return Schema(std::move(all));
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  if (!has_names()) return names;
  for (const Column& c : columns_) names.push_back(c.name);
  return names;
}

std::string Schema::name_of(Index i) const {
  const std::string& name = (*this)[i].name;
  return name.empty() ? fmt::format("x{}", i) : name;
}

bool Schema::are_numbers() const {
  return std::ranges::all_of(columns_, [](const Column& c) { return c.is_number(); });
}

Schema Schema::chosen(std::span<const Index> which) const {
  std::vector<Column> columns;
  for (const Index i : which) columns.push_back((*this)[i]);
  return Schema(std::move(columns));
}

MayMiss::MayMiss(std::vector<char> columns) : columns_(std::move(columns)) {
  if (columns_.empty()) return;
  const char first = columns_.front();
  if (std::ranges::any_of(columns_, [&](char c) { return c != first; })) return;
  everywhere_ = first != 0;
  columns_.clear();
}

MayMiss MayMiss::operator&(const MayMiss& other) const {
  if (!is_told_of_each()) return everywhere_ ? other : *this;
  if (!other.is_told_of_each()) return other.everywhere_ ? *this : other;
  std::vector<char> both(columns_.size());
  for (std::size_t i = 0; i < both.size(); ++i) {
    both[i] = static_cast<char>(columns_[i] != 0 && other.columns_[i] != 0);
  }
  return MayMiss(std::move(both));
}

}  // namespace superstep
