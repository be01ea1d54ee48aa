// SPDX-License-Identifier: BSD-3-Clause
// A CSV file is opened: what it holds is found out, and what the user should know of it is said.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/import.hpp>
#include "data/csv_columns.hpp"
#include "data/csv_kinds.hpp"
#include "data/csv_scan.hpp"
#include "data/csv_source.hpp"
#include "io/unpacked.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

TargetFormat target_format(const std::string& path, const CsvColumns& columns,
                           const CsvFindings& findings) {
  const CsvTarget& target = findings.target;
  if (!columns.targets.empty()) {
    return {.kind = TargetFormat::Kind::real, .columns = std::ssize(columns.targets)};
  }
  if (columns.target < 0) return {};
  const CsvColumnFindings& found = findings.columns[static_cast<std::size_t>(columns.target)];
  const bool has_texts = found.at(CsvPlace::not_number).has_value();
  const std::string name = columns.describe(columns.target);
  if (!has_texts && target.inexact) {
    throw DataError(fmt::format(
        "{}: the target, {}, holds {} in row {} ({}), a whole number that no float64 equals "
        "(beyond 2^53); store smaller numbers; names of classes with a letter before them, or "
        "values with a decimal point if they may be rounded",
        path, name, target.inexact->text, target.inexact->row, target.inexact->place()));
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
  if (found.has_too_many || std::ssize(found.texts) > most_class_texts) {
    throw DataError(
        fmt::format("{}: the target, {}, holds more than {} different texts, too many for classes; "
                    "name another with --target",
                    path, name, most_class_texts));
  }
  for (const std::string& text : found.texts) require_utf8(text, "a class of the target", path);
  return {TargetFormat::Kind::names, found.texts};
}

void add_warnings_of_names(const CsvColumns& columns, const std::string& path,
                           ImportedSource& imported) {
  std::set<std::string> seen;
  for (std::size_t c = 0; c < columns.headers.size(); ++c) {
    const std::string& name = columns.headers[c];
    if (!name.empty() && !seen.insert(name).second) {
      imported.warnings.push_back(fmt::format(
          "{}: more than one column is called {}; the others become {} and so on", path,
          Value(shorten(name, 40)).repr(), Value(shorten(columns.names[c], 44)).repr()));
      break;
    }
  }
  if (const auto unnamed = std::ranges::count(columns.headers, ""); unnamed > 0) {
    imported.warnings.push_back(
        fmt::format("{}: {} column{} no name; a row number or the end of a line of commas is no "
                    "feature: leave it out with --drop and its number",
                    path, unnamed, unnamed == 1 ? " has" : "s have"));
  }
}

void add_notes(const CsvColumns& columns, const CsvFindings& findings, const std::string& path,
               const CsvOptions& options, bool is_table, ImportedSource& imported) {
  Index missing = 0;
  std::vector<Index> empty;
  for (Index c = 0; c < columns.size(); ++c) {
    const CsvColumnFindings& found = findings.columns[static_cast<std::size_t>(c)];
    missing += found.missing;
    if (columns.role_of(c) == Role::feature && found.values == 0) empty.push_back(c);
  }
  if (columns.target_is_guessed) {
    imported.notes.push_back(
        fmt::format("{} becomes the target /y (--target NAME takes another, --no-target none)",
                    columns.describe(columns.target)));
  } else if (columns.target < 0 && columns.targets.empty() && options.has_target) {
    imported.notes.push_back("no column becomes the target /y; name one with --target");
  }
  if (missing > 0) {
    imported.notes.push_back(fmt::format("{} missing cell{} {}", format_count(missing),
                                         missing == 1 ? "" : "s",
                                         is_table ? "in the table" : "became NaN"));
  }
  if (findings.target.missing > 0) {
    imported.warnings.push_back(
        fmt::format("{}: the target is missing in {} rows, the first is row {}; they hold NaN",
                    path, findings.target.missing, findings.target.first_missing_row));
  }
  if (!empty.empty()) {
    const auto n = std::ssize(empty);
    imported.warnings.push_back(
        fmt::format("{}: {}{} no value in any row; leave {} out with --drop", path,
                    columns.describe(empty.front()),
                    n == 1 ? std::string(" has") : fmt::format(" and {} more have", n - 1),
                    n == 1 ? "it" : "them"));
  }
  add_warnings_of_names(columns, path, imported);
  if (columns.header_is_numeric) {
    imported.warnings.push_back(
        fmt::format("{}: the first line was taken for the header, but it holds numbers; "
                    "give --no-header if it is a row",
                    path));
  }
}

/// Rows that were left out.
void tell_bad_rows(const CsvFile& file, const CsvBadRows& bad, ImportedSource& imported) {
  imported.bad_rows = bad.rows;
  for (const CsvText& row : bad.first) {
    imported.first_bad_rows.push_back(fmt::format("{} line {} {}", row.path, row.line, row.text));
  }
  if (bad.rows == 0) return;
  const Index more = bad.rows - std::ssize(bad.first);
  imported.warnings.push_back(fmt::format(
      "{}: {} row{} left out because {} not fit (--bad-rows skip): {} line{}{}\n  {}{}",
      file.path(), format_count(bad.rows), bad.rows == 1 ? " was" : "s were",
      bad.rows == 1 ? "it does" : "they do", format_count(bad.lines), bad.lines == 1 ? "" : "s",
      more > 0 ? ", the first of them" : "", fmt::join(imported.first_bad_rows, "\n  "),
      more > 0 ? fmt::format("\n  and {} more", format_count(more)) : ""));
}

RowFormat row_format(const CsvColumns& columns, const CsvFindings& findings,
                     const CsvOptions& options, std::vector<TableColumn> features,
                     TargetFormat target) {
  RowFormat format;
  format.rows = findings.index.rows;
  format.columns = columns.features();
  format.is_float32 = options.is_float32;
  format.has_weight = columns.weight >= 0;
  format.target = std::move(target);
  if (needs_table(features, options)) {
    format.table = std::move(features);
  } else if (columns.has_header) {
    for (TableColumn& f : features) format.feature_names.push_back(std::move(f.name));
  }
  return format;
}

/// The files, those that are packed with the names of those that the root unpacks.
std::vector<CsvPart> unpack(const Communicator& comm, const std::vector<std::string>& paths,
                            const CsvOptions& options,
                            std::vector<std::unique_ptr<Unpacked>>& unpacked) {
  std::vector<CsvPart> parts;
  for (const std::string& path : paths) parts.push_back({path});
  ByteWriter names;
  on_root(comm, [&] {
    for (const std::string& path : paths) {
      std::string name;
      if (is_gzip(path)) {
        answering(comm, [&] {
          unpacked.push_back(std::make_unique<Unpacked>(path, options.unpack_beside));
        });
        name = unpacked.back()->name();
      }
      names.put(std::string_view(name));
    }
  });
  std::vector<std::byte> bytes = names.take();
  comm.broadcast(bytes);
  ByteReader in(bytes);
  for (CsvPart& part : parts) part.bytes_in = in.text();
  return parts;
}

/// Files are cut into pieces by their size: the root's sizes and times count, and a rank that sees
/// other files does not go on.
void agree_on_files(const Communicator& comm, const CsvFile& file) {
  ByteWriter mine;
  for (const CsvFile::Version& v : file.versions()) mine.put(v.size).put(v.modified_ns);
  std::vector<std::byte> bytes = mine.take();
  comm.broadcast(bytes);
  collectively(comm, [&] {
    ByteReader in(bytes);
    std::vector<CsvFile::Version> versions;
    while (!in.at_end()) {
      CsvFile::Version& v = versions.emplace_back();
      v.size = in.get<std::uint64_t>();
      v.modified_ns = in.get<std::int64_t>();
    }
    file.require_agreed(versions);
  });
}

/// The root looks at the headers of all files.
void agree_on_headers(const Communicator& comm, CsvFile& file, const CsvColumns& columns) {
  if (file.parts() == 1) return;
  on_root(comm, [&] { read_other_headers(file, columns); });
  ByteWriter mine;
  for (Index part = 0; part < file.parts(); ++part) mine.put(file.data_begin(part));
  std::vector<std::byte> bytes = mine.take();
  comm.broadcast(bytes);
  ByteReader in(bytes);
  for (Index part = 0; part < file.parts(); ++part) {
    file.set_data_begin(part, in.get<std::uint64_t>());
  }
}

}  // namespace

ImportedSource open_csv(const Communicator& comm, const std::vector<std::string>& paths,
                        const CsvOptions& options, const ParallelFor& parallel_for) {
  std::optional<CsvFile> file;
  CsvColumns columns;
  std::vector<std::unique_ptr<Unpacked>> unpacked;
  std::vector<CsvPart> parts = unpack(comm, paths, options, unpacked);
  collectively(comm, [&] {
    file.emplace(std::move(parts), options.delimiter.value_or(csv_delimiter(paths.front())));
  });
  agree_on_files(comm, *file);
  collectively(comm, [&] { columns = read_columns(*file, options); });
  agree_on_headers(comm, *file, columns);
  CsvFindings findings =
      scan_csv(comm, *file, columns, options.piece_bytes, options.rows, parallel_for);
  ImportedSource imported;
  collectively(comm, [&] {
    const std::string path = file->path();
    tell_bad_rows(*file, findings.bad, imported);
    if (findings.index.rows == 0 && findings.bad.rows > 0) {
      throw DataError(fmt::format("no row of {} fits; {}", path, imported.first_bad_rows.front()));
    }
    if (findings.index.rows == 0) {
      throw DataError(fmt::format(
          "{} holds a header and no rows; give --no-header if its line is a row", path));
    }
    std::vector<TableColumn> features = table_columns(path, columns, findings, options);
    TargetFormat target = target_format(path, columns, findings);
    for (const TableColumn& f : features) {
      imported.types.emplace_back(f.name, stored_kind_name(f.kind, options.is_float32));
    }
    add_notes(columns, findings, path, options, needs_table(features, options), imported);
    add_notes_of_kinds(columns, findings, features, options, imported);
    RowFormat format =
        row_format(columns, findings, options, std::move(features), std::move(target));
    imported.rows =
        std::make_unique<CsvSource>(std::move(unpacked), std::move(*file), std::move(columns),
                                    std::move(findings.index), std::move(format));
  });
  return imported;
}

}  // namespace superstep
