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

namespace {

const Column number_without_name{};

}  // namespace

Schema::Schema(std::vector<Column> columns) : size_(std::ssize(columns)) {
  const auto is_told = [](const Column& c) { return !(c == number_without_name); };
  if (std::ranges::none_of(columns, is_told)) return;
  told_ = std::make_shared<const std::vector<Column>>(std::move(columns));
}

Schema Schema::of_numbers(Index columns, const std::vector<std::string>& names) {
  Schema schema;
  schema.size_ = columns;
  if (names.empty()) return schema;
  std::vector<Column> all(static_cast<std::size_t>(columns));
  for (std::size_t i = 0; i < names.size() && i < all.size(); ++i) all[i].name = names[i];
  return Schema(std::move(all));
}

const Column& Schema::operator[](Index i) const {
  return told_ ? (*told_)[static_cast<std::size_t>(i)] : number_without_name;
}

std::vector<Column> Schema::columns() const {
  return told_ ? *told_ : std::vector<Column>(static_cast<std::size_t>(size_));
}

bool Schema::operator==(const Schema& other) const {
  if (size_ != other.size_ || told_ == other.told_) return size_ == other.size_;
  return told_ && other.told_ && *told_ == *other.told_;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  if (!has_names()) return names;
  for (const Column& c : *told_) names.push_back(c.name);
  return names;
}

std::string Schema::name_of(Index i) const {
  const std::string& name = (*this)[i].name;
  return name.empty() ? fmt::format("x{}", i) : name;
}

bool Schema::are_numbers() const {
  return !told_ || std::ranges::all_of(*told_, [](const Column& c) { return c.is_number(); });
}

Schema Schema::chosen(std::span<const Index> which) const {
  if (!told_) return of_numbers(std::ssize(which));
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
