// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_rows.hpp"

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include "data/csv_types.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

constexpr std::size_t longest_shown = 40;

/// Of a cell that is what its column cannot hold: what is wrong with it; else nothing.
std::string wrong_with(const CsvField& field, const CsvColumns& columns, Index column) {
  const Role role = columns.role_of(column);
  const CsvColumns::Forced& forced = columns.forced_of(column);
  bool is_wrong = false;
  if (role == Role::weight || role == Role::one_of_targets) {
    is_wrong = !feature_number(field, columns.style);
  } else if (role == Role::feature && forced.kind) {
    is_wrong = is_missing_value(field, columns.style)
                   ? !forced.takes_missing
                   : forced.needs != 0 &&
                         (types_of(field.text, forced, columns.style).types & forced.needs) == 0;
  }
  if (!is_wrong) return "";
  const std::string cell = columns.style.text(shorten(field.text, longest_shown));
  return fmt::format("has {} in {}, {}", Value(cell).repr(), columns.describe(column),
                     forced.kind ? columns.wanted(column) : "no number");
}

}  // namespace

void CsvRows::require_fit() const {
  std::span<const CsvField> fields = cursor_.fields();
  if (std::ssize(fields) != columns_.size()) {
    throw CsvProblem{
        cursor_.offset(),
        fmt::format("has {} field{}, but the {} has {}; every line needs the same number",
                    fields.size(), fields.size() == 1 ? "" : "s",
                    columns_.has_header ? "header" : "first line", columns_.size())};
  }
  if (!columns_.skips_bad_rows) return;
  for (Index c = 0; c < columns_.size(); ++c) {
    std::string words = wrong_with(fields[static_cast<std::size_t>(c)], columns_, c);
    if (!words.empty()) throw CsvProblem{cursor_.offset(), std::move(words)};
  }
}

bool CsvRows::next() {
  for (;;) {
    try {
      if (!cursor_.next()) return false;
      if (cursor_.offset() < file_.data_begin(cursor_.part())) continue;
      require_fit();
      return true;
    } catch (const CsvProblem& problem) {
      if (!columns_.skips_bad_rows || problem.is_open) throw;
      if (on_bad_) on_bad_(problem, cursor_.end());
    }
  }
}

}  // namespace superstep
