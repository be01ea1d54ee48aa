// SPDX-License-Identifier: BSD-3-Clause
// CSV as a source of rows: the messages about what cannot be used, and the second reading.
#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/import.hpp>
#include "data/csv_cells.hpp"
#include "data/csv_columns.hpp"
#include "data/csv_columns_look.hpp"
#include "data/csv_scan.hpp"
#include "data/csv_share.hpp"
#include "io/unpacked.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

/// "'city' and 'name'", the first few.
std::string listed(const CsvColumns& columns, const std::vector<CsvText>& texts) {
  constexpr std::size_t most = 5;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < texts.size() && i < most; ++i) {
    words.push_back(columns.names.empty()
                        ? std::to_string(texts[i].column)
                        : Value(columns.names[static_cast<std::size_t>(texts[i].column)]).repr());
  }
  const std::string all = join(words, "and");
  return texts.size() <= most ? all : fmt::format("{} and {} more", all, texts.size() - most);
}

/// Text where numbers are needed: names the columns, the first such cell and what can be done.
/// `look`: at these columns, or the first of many.
void refuse_texts(const std::string& path, const CsvColumns& columns,
                  const std::vector<CsvText>& texts, const CsvLook& look) {
  const CsvText& first = texts.front();
  constexpr std::size_t most_named = 10;
  std::string drop;
  for (std::size_t i = 0; i < std::min(texts.size(), most_named); ++i)
    drop += (i == 0 ? "" : ",") + columns.option_word(texts[i].column);
  if (texts.size() > most_named) drop += ",...";
  const std::vector<std::string> ways = ways_to_numbers(look.columns, texts.size() > 1);
  std::string advice = fmt::format("{}", fmt::join(ways, "; "));
  if (!look.is_all) {
    advice += fmt::format(" (seen in the first {} rows)", format_count(look.rows));
  }
  const bool are_all_many = std::ranges::all_of(look.columns, &CsvColumnLook::has_many_levels);
  if (texts.size() == 1 || !are_all_many) {
    advice += fmt::format(", or leave {} out with --drop {}",
                          texts.size() == 1 ? "it" : "all of them", drop);
  }
  if (columns.target < 0 && columns.targets.empty() && texts.size() == 1) {
    advice += fmt::format(", or is it the target: --target {}", columns.option_word(first.column));
  }
  const std::string what = texts.size() == 1 ? columns.describe(first.column) + " is"
                                             : "columns " + listed(columns, texts) + " are";
  throw DataError(fmt::format("{}: {} not numeric: row {} (line {}) holds {} in {}; {}", path, what,
                              first.row, first.line, Value(first.text).repr(),
                              columns.describe(first.column), advice));
}

/// Where features hold text, the root looks what more they hold, and all refuse them.
/// **Collective.**
void require_numbers(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                     std::vector<CsvText> texts) {
  constexpr std::size_t most_looked_at = 200;
  std::erase_if(texts, [&](const CsvText& t) { return t.column == columns.target; });
  if (texts.empty()) return;
  on_root(comm, [&] {
    std::vector<Index> which;
    for (const CsvText& text : texts) {
      if (which.size() < most_looked_at) which.push_back(text.column);
    }
    CsvLook look;
    answering(comm, [&] { look = look_at(file, columns, which); });
    for (std::size_t i = 0; i < which.size(); ++i) {  // where it lies behind what was looked at
      CsvColumnLook& c = look.columns[i];
      if (c.first_text.empty()) c.first_text = texts[i].text;
    }
    refuse_texts(file.path(), columns, texts, look);
  });
}

TargetFormat target_format(const std::string& path, const CsvColumns& columns,
                           const CsvFindings& findings) {
  const CsvTarget& target = findings.target;
  if (!columns.targets.empty()) {
    return {.kind = TargetFormat::Kind::real, .columns = std::ssize(columns.targets)};
  }
  if (columns.target < 0) return {};
  const bool has_texts = std::ranges::any_of(
      findings.texts, [&](const CsvText& t) { return t.column == columns.target; });
  const std::string name = columns.describe(columns.target);
  if (!has_texts && target.inexact) {
    throw DataError(fmt::format(
        "{}: the target, {}, holds {} in row {} (line {}), a whole number that no float64 equals "
        "(beyond 2^53); store smaller numbers; names of classes with a letter before them, or "
        "values with a decimal point if they may be rounded",
        path, name, target.inexact->text, target.inexact->row, target.inexact->line));
  }
  if (!has_texts) {
    const bool is_integer = target.is_whole && target.missing == 0;
    return {is_integer ? TargetFormat::Kind::integer : TargetFormat::Kind::real, {}};
  }
  if (target.missing > 0) {
    throw DataError(fmt::format(
        "{}: the target, {}, is missing in {} row{}, the first is row {}; remove these "
        "rows, or quote the name if it is one",
        path, name, target.missing, target.missing == 1 ? "" : "s", target.first_missing_row));
  }
  if (target.has_too_many) {
    throw DataError(
        fmt::format("{}: the target, {}, holds more than {} different texts, too many for classes; "
                    "name another with --target",
                    path, name, most_class_texts));
  }
  for (const std::string& text : target.texts) require_utf8(text, "a class of the target", path);
  return {TargetFormat::Kind::names, target.texts};
}

class CsvSource final : public RowSource {
 public:
  CsvSource(std::unique_ptr<Unpacked> unpacked, CsvFile file, CsvColumns columns, CsvIndex index,
            RowFormat format)
      : unpacked_(std::move(unpacked)),
        file_(std::move(file)),
        columns_(std::move(columns)),
        index_(std::move(index)),
        format_(std::move(format)) {}

  const RowFormat& format() const override { return format_; }
  void require_unchanged() const override { file_.require_unchanged(); }

  void read(Index first, Index count, const RowSpan& out) const override {
    if (count == 0) return;
    const auto after = std::ranges::upper_bound(index_.first_row, first);
    const auto piece = static_cast<std::size_t>(after - index_.first_row.begin() - 1);
    try {
      CsvCursor cursor(file_, index_.offset[piece]);
      for (Index row = index_.first_row[piece]; row < first; ++row) require(cursor.skip());
      for (Index i = 0; i < count; ++i) {
        require(cursor.next() && std::ssize(cursor.fields()) == columns_.size());
        put(cursor.fields(), i, out);
      }
    } catch (const CsvProblem&) {
      require(false);
    }
  }

 private:
  void require(bool is_as_before) const {
    if (is_as_before) return;
    throw FileError(fmt::format("'{}' changed while it was read; wait until nobody writes to it",
                                file_.path()));
  }

  void put(const std::vector<CsvField>& fields, Index i, const RowSpan& out) const {
    double* x = out.x + i * format_.columns;
    for (std::size_t c = 0; c < fields.size(); ++c) {
      const Role role = columns_.roles[c];
      if (role == Role::dropped) continue;
      if (role == Role::target) {
        out.y[i] = target(fields[c]);
        continue;
      }
      const std::optional<double> value = feature_number(fields[c], columns_.style);
      require(value.has_value());
      if (role == Role::one_of_targets) {
        out.y[i * format_.target.columns + place_of(static_cast<Index>(c))] = *value;
        continue;
      }
      (role == Role::weight ? out.weight[i] : *x++) = *value;
    }
  }

  /// Among the targets.
  Index place_of(Index column) const {
    return std::ranges::find(columns_.targets, column) - columns_.targets.begin();
  }

  double target(const CsvField& field) const {
    const std::vector<std::string>& names = format_.target.names;
    if (format_.target.kind == TargetFormat::Kind::names) {
      std::string converted;
      const std::string_view text = columns_.style.text(field.text, converted);
      const auto found = std::ranges::lower_bound(
          names, text, {}, [](const std::string& name) { return std::string_view(name); });
      require(found != names.end() && *found == text);
      return static_cast<double>(found - names.begin());
    }
    if (is_missing_label(field, columns_.style)) {
      require(format_.target.kind == TargetFormat::Kind::real);
      return std::numeric_limits<double>::quiet_NaN();
    }
    const std::optional<double> value = label_number(field, columns_.style);
    require(value.has_value());
    return *value;
  }

  std::unique_ptr<Unpacked> unpacked_;  // on the root, if the file was packed
  CsvFile file_;
  CsvColumns columns_;
  CsvIndex index_;
  RowFormat format_;
};

void add_notes(const CsvColumns& columns, const CsvFindings& findings, const std::string& path,
               const CsvOptions& options, ImportedSource& imported) {
  if (columns.target_is_guessed) {
    imported.notes.push_back(
        fmt::format("{} becomes the target /y (--target NAME takes another, --no-target none)",
                    columns.describe(columns.target)));
  } else if (columns.target < 0 && columns.targets.empty() && options.has_target) {
    imported.notes.push_back("no column becomes the target /y; name one with --target");
  }
  if (findings.missing > 0) {
    imported.notes.push_back(fmt::format("{} missing cell{} became NaN",
                                         format_count(findings.missing),
                                         findings.missing == 1 ? "" : "s"));
  }
  if (findings.target.missing > 0) {
    imported.warnings.push_back(
        fmt::format("{}: the target is missing in {} rows, the first is row {}; they hold NaN",
                    path, findings.target.missing, findings.target.first_missing_row));
  }
  if (!findings.empty.empty()) {
    const auto n = std::ssize(findings.empty);
    imported.warnings.push_back(
        fmt::format("{}: {}{} no value in any row; leave {} out with --drop", path,
                    columns.describe(findings.empty.front()),
                    n == 1 ? std::string(" has") : fmt::format(" and {} more have", n - 1),
                    n == 1 ? "it" : "them"));
  }
  std::set<std::string> seen;
  for (const std::string& name : columns.names) {
    if (!name.empty() && !seen.insert(name).second) {
      imported.warnings.push_back(fmt::format(
          "{}: more than one column is called {}; features cannot be told apart by name", path,
          Value(shorten(name, 40)).repr()));
      break;
    }
  }
  if (const auto unnamed = std::ranges::count(columns.names, ""); unnamed > 0) {
    imported.warnings.push_back(
        fmt::format("{}: {} column{} no name; a row number or the end of a line of commas is no "
                    "feature: leave it out with --drop and its number",
                    path, unnamed, unnamed == 1 ? " has" : "s have"));
  }
  if (columns.header_is_numeric) {
    imported.warnings.push_back(
        fmt::format("{}: the first line was taken for the header, but it holds numbers; "
                    "give --no-header if it is a row",
                    path));
  }
}

RowFormat row_format(const CsvColumns& columns, const CsvFindings& findings,
                     const CsvOptions& options, TargetFormat target) {
  RowFormat format;
  format.rows = options.rows ? std::min(*options.rows, findings.index.rows) : findings.index.rows;
  format.columns = columns.features();
  format.is_float32 = options.is_float32;
  format.has_weight = columns.weight >= 0;
  format.target = std::move(target);
  for (std::size_t c = 0; c < columns.names.size(); ++c) {
    if (columns.roles[c] == Role::feature) format.feature_names.push_back(columns.names[c]);
  }
  return format;
}

/// Of a packed file, the name of the one that the root unpacks; else nothing.
std::string unpack(const Communicator& comm, const std::string& path, const CsvOptions& options,
                   std::unique_ptr<Unpacked>& unpacked) {
  std::string name;
  on_root(comm, [&] {
    if (!is_gzip(path)) return;
    answering(comm, [&] { unpacked = std::make_unique<Unpacked>(path, options.unpack_beside); });
    name = unpacked->name();
  });
  return comm.broadcast(name);
}

/// The file is cut into pieces by its size: the root's size and time count, and a rank that sees
/// another file does not go on.
void agree_on_file(const Communicator& comm, const CsvFile& file) {
  std::vector<std::byte> bytes = ByteWriter().put(file.size()).put(file.modified_ns()).take();
  comm.broadcast(bytes);
  collectively(comm, [&] {
    ByteReader in(bytes);
    const auto size = in.get<std::uint64_t>();
    file.require_agreed(size, in.get<std::int64_t>());
  });
}

}  // namespace

ImportedSource open_csv(const Communicator& comm, const std::string& path,
                        const CsvOptions& options, const ParallelFor& parallel_for) {
  std::optional<CsvFile> file;
  CsvColumns columns;
  std::unique_ptr<Unpacked> unpacked;
  const std::string bytes_in = unpack(comm, path, options, unpacked);
  collectively(
      comm, [&] { file.emplace(path, options.delimiter.value_or(csv_delimiter(path)), bytes_in); });
  agree_on_file(comm, *file);
  collectively(comm, [&] { columns = read_columns(*file, options); });
  CsvFindings findings = scan_csv(comm, *file, columns, options.piece_bytes, parallel_for);
  ImportedSource imported;
  collectively(comm, [&] {
    if (findings.index.rows == 0) {
      throw DataError(fmt::format(
          "{} holds a header and no rows; give --no-header if its line is a row", path));
    }
  });
  require_numbers(comm, *file, columns, findings.texts);
  collectively(comm, [&] {
    RowFormat format =
        row_format(columns, findings, options, target_format(path, columns, findings));
    add_notes(columns, findings, path, options, imported);
    imported.rows =
        std::make_unique<CsvSource>(std::move(unpacked), std::move(*file), std::move(columns),
                                    std::move(findings.index), std::move(format));
  });
  return imported;
}

}  // namespace superstep
