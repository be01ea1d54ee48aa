// SPDX-License-Identifier: BSD-3-Clause
// The second reading of a CSV file, of which everything is known.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <superstep/data/row_source.hpp>
#include "data/csv_columns.hpp"
#include "data/csv_scan.hpp"
#include "data/text_set.hpp"
#include "io/unpacked.hpp"

namespace superstep {

class CsvSource final : public RowSource {
 public:
  /// `unpacked`: on the root, of files that were packed.
  CsvSource(std::vector<std::unique_ptr<Unpacked>> unpacked, CsvFile file, CsvColumns columns,
            CsvIndex index, RowFormat format);

  const RowFormat& format() const override { return format_; }
  void require_unchanged() const override { file_.require_unchanged(); }
  void read(Index first, Index count, const RowSpan& out) const override;

 private:
  void require(bool is_as_before) const;
  void put(std::span<const CsvField> fields, Index i, const RowSpan& out) const;
  void put_value(const CsvField& field, Index feature, Index i, const ColumnSpan& out) const;
  std::int32_t code_of(const CsvField& field, Index feature) const;
  std::optional<std::int64_t> date_of(const CsvField& field, Index feature) const;
  double number(const CsvField& field) const;
  double target(const CsvField& field) const;
  Index place_of(Index column) const;

  std::vector<std::unique_ptr<Unpacked>> unpacked_;
  CsvFile file_;
  CsvColumns columns_;
  CsvIndex index_;
  RowFormat format_;
  bool has_plain_numbers_;
  std::vector<TextSet> levels_;           ///< of each feature of a table: numbers are codes
  std::vector<const DateFormat*> dates_;  ///< of each feature, where --date says
};

}  // namespace superstep
