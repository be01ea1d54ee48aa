// SPDX-License-Identifier: BSD-3-Clause
// superstep import SOURCE FILE
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/import.hpp>

#include "app/bulk_work.hpp"
#include "app/commands.hpp"

namespace superstep::app {

namespace {

const char* format_word(ImportFormat format) {
  switch (format) {
    case ImportFormat::csv:
      return "CSV";
    case ImportFormat::npy:
      return "npy";
    case ImportFormat::hdf5:
      return "HDF5";
    case ImportFormat::libsvm:
      return "LIBSVM";
    case ImportFormat::matrix_market:
      return "Matrix Market";
  }
  return "";
}

bool is_sparse(ImportFormat format) {
  return format == ImportFormat::libsvm || format == ImportFormat::matrix_market;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

class Import final : public Command {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override {
    return "turn CSV, LIBSVM, Matrix Market, .npy or other HDF5 into a dataset";
  }
  std::string details() const override {
    return "CSV and TSV may be packed by gzip.\n"
           "CSV: quoted fields, CRLF and blank lines are understood; cells that pandas.read_csv "
           "takes for missing are so\n"
           "(--na: more words). A column's type is found from all of its cells: bool, int64, "
           "uint64,\n"
           "float64, date (ISO), else category, or text where more than half of the cells differ;\n"
           "--types says it. Columns of numbers and booleans alone become the matrix /X; others a\n"
           "table, /table, as AnnData's data frame, with free text beside it in /table_text.\n"
           "A target of text becomes classes.\n"
           "Several CSV files become one table if their headers are the same: in the order in "
           "which "
           "they are\n"
           "named; those of a folder (.csv, .tsv, .tab, also with .gz) in the order of their "
           "names.\n"
           "LIBSVM (.libsvm, .svm, .svmlight, or rows like 1 3:0.5 7:2 # text) and Matrix Market\n"
           "(.mtx, coordinates in any order) become sparse rows: /X is a csr_matrix group as "
           "AnnData\n"
           "writes it. The label becomes /y, what stands behind qid: /groups.\n"
           "\nexamples:\n"
           "  superstep import iris.csv iris.h5 --target species\n"
           "  mpirun -n 4 superstep import big.tsv big.h5 --target 0 --no-header --drop 3,7\n"
           "  superstep import table.csv train.h5 --target height,weight\n"
           "  superstep import people.csv people.h5 --types zip=category,age=float,when=date --na "
           "'?'\n"
           "  superstep import january.csv february.csv -o months.h5\n"
           "  superstep import days/ days.h5\n"
           "  superstep import log.csv log.h5 --date when=%d.%m.%Y --bad-rows skip\n"
           "  superstep import X.npy train.h5 --y y.npy\n"
           "  superstep import a9a.libsvm train.h5 --width 123\n"
           "  superstep import matrix.mtx.gz cells.h5 --transpose --y ages.txt\n"
           "  superstep import other.h5 train.h5 --x /features --y /labels --dtype float32\n";
  }

  void describe(CommandLine& line) override {
    line.inputs("SOURCE", sources_,
                "CSV, TSV, LIBSVM, Matrix Market, .npy or HDF5 file; several CSV files, or a "
                "folder, become one "
                "table");
    line.output_or_out("FILE", file_, Content::dataset, "HDF5 file to write");
    line.option("dtype", "TYPE", dtype_,
                "float64 or float32 (default: as in the source; of text: float64)");
    line.option("rows", "N", rows_, "take the first N rows only");
    line.heading("CSV and TSV");
    line.option("target", "NAME", target_,
                "column for /y, by name or number (default: the one called y or target); several "
                "of numbers: A,B");
    line.flag("no-target", no_target_, "no column becomes /y");
    line.option("drop", "A,B", drop_, "columns to leave out, by names or numbers");
    line.option("columns", "A,B", columns_, "take these features only");
    line.option("types", "A=TYPE,B=TYPE", types_,
                "what columns are: float, int, bool, date, category or text (default: what all "
                "their cells can be read as)");
    line.option("date", "A=FORMAT", date_,
                "how dates of columns are written, as for strptime: when=%d.%m.%Y,since=%m/%y "
                "(default: 2024-01-31 or 2024/01/31, with a time or without)");
    line.option(
        "bad-rows", "WHAT", bad_rows_,
        "rows with too few or too many fields, wrong quotes or a cell that --types refuses: "
        "error, or skip, which leaves them out and says so");
    line.option("layout", "NAME", layout_,
                "matrix (/X) or table (/table); default: a matrix if all features are numbers or "
                "booleans");
    line.option("na", "A,B", na_,
                "words that stand for missing values, beside empty cells, NA, NaN, null and None");
    line.option("delimiter", "C", delimiter_,
                "what separates fields: a character, tab, or blanks for any number of blanks and "
                "tabs (default: a comma; tab for .tsv)");
    line.option("decimal", "C", decimal_, "the decimal point of numbers, such as a comma");
    line.option("thousands", "C", thousands_,
                "what groups the digits of numbers: a comma, point, blank, quote or underscore");
    line.option("encoding", "NAME", encoding_,
                "of names and classes: utf-8 or latin-1 (default: utf-8)");
    line.flag("no-header", no_header_, "the first line is a row");
    line.heading("LIBSVM and Matrix Market");
    line.option("width", "N", width_,
                "LIBSVM: columns (default: as many as the largest index asks for)");
    line.option("zero-based", "WORD", zero_based_,
                "LIBSVM: whether the first column is 0: yes, no or auto (default: if any is 0)");
    line.flag("transpose", transpose_, "Matrix Market: columns of the file become rows");
    line.heading(".npy, Matrix Market and HDF5");
    line.option("x", "PATH", x_, "HDF5: dataset of the features (default /X)");
    line.input_option("y", y_,
                      ".npy: file of the targets; Matrix Market: text file of one number a line; "
                      "HDF5: their dataset (default /y if there)");
    line.input_option("weight", weight_,
                      "the same for row weights; CSV: a column, by name or number");
    storage_.describe(line);
  }

  void validate() override {
    if (dtype_ && *dtype_ != "float64" && *dtype_ != "float32") {
      throw UsageError(fmt::format("--dtype must be float64 or float32, got '{}'", *dtype_));
    }
    if (rows_ && *rows_ < 1)
      throw UsageError(fmt::format("--rows must be at least 1, got {}", *rows_));
    if (no_target_ && target_)
      throw UsageError("--target and --no-target contradict each other; give one");
    constexpr Index most_columns = (Index{1} << 31) - 2;
    if (width_ && (*width_ < 1 || *width_ > most_columns)) {
      throw UsageError(
          fmt::format("--width must be between 1 and {}, got {}", most_columns, *width_));
    }
    zero_based();
    delimiter();
    number_style();
    is_latin1();
    types();
    dates();
    skips_bad_rows();
    layout();
    storage_.choice();
  }

  void run(Context& context) override {
    BulkWork work(context);
    collectively(context.comm(), [&] { refuse_name_of_text(); });
    const Sources found = find_sources(context);
    const ImportFormat format = found.format;
    collectively(context.comm(), [&] { refuse_options(format); });
    const std::string called = called_together();
    const std::size_t bytes = found.bytes;
    work.begin(fmt::format("look through {}", called), 0, bytes);
    ImportedSource imported = open(context, found, work);
    for (const std::string& note : imported.notes) context.note(note);
    for (const std::string& warning : imported.warnings) context.warn(warning);

    const RowFormat& rows = imported.rows->format();
    work.begin(fmt::format("import {}", called), rows.rows, bytes);
    write_dataset(context.comm(), file_, *imported.rows, storage_.choice(), {}, work.write_means());
    report(context, found, imported);
  }

 private:
  /// The files that are read.
  struct Sources {
    ImportFormat format = ImportFormat::csv;
    std::vector<std::string> files;
    std::size_t bytes = 0;
  };
  std::optional<char> delimiter() const;
  NumberStyle number_style() const;
  bool is_latin1() const;
  std::vector<std::pair<std::string, StoredKind>> types() const;
  std::vector<std::pair<std::string, std::string>> dates() const;
  bool skips_bad_rows() const;
  CsvOptions::Layout layout() const;
  std::optional<bool> zero_based() const;
  Sources look_at_sources() const;
  Sources find_sources(Context& context) const;
  std::string called_together() const;
  void refuse_name_of_text() const;
  void refuse_options(ImportFormat format) const;
  ImportedSource open(Context& context, const Sources& found, BulkWork& work) const;
  void report(Context& context, const Sources& found, const ImportedSource& imported) const;
  ImportedSource open_sparse(Context& context, const Sources& found, BulkWork& work) const;

  std::vector<std::string> sources_;
  std::string file_;
  std::optional<std::string> dtype_;
  std::optional<Index> rows_;
  std::optional<std::string> target_;
  bool no_target_ = false;
  std::optional<std::string> drop_;
  std::optional<std::string> columns_;
  std::optional<std::string> types_;
  std::optional<std::string> date_;
  std::optional<std::string> bad_rows_;
  std::optional<std::string> layout_;
  std::optional<std::string> na_;
  std::optional<std::string> delimiter_;
  std::optional<std::string> decimal_;
  std::optional<std::string> thousands_;
  std::optional<std::string> encoding_;
  bool no_header_ = false;
  std::optional<Index> width_;
  std::optional<std::string> zero_based_;
  bool transpose_ = false;
  std::optional<std::string> x_;
  std::optional<std::string> y_;
  std::optional<std::string> weight_;
  StorageOptions storage_;
};

std::optional<char> Import::delimiter() const {
  if (!delimiter_) return std::nullopt;
  if (*delimiter_ == "tab" || *delimiter_ == "\\t" || *delimiter_ == "\t") return '\t';
  if (*delimiter_ == "blanks" || *delimiter_ == "\\s+") return CsvFile::blanks;
  const bool is_one = delimiter_->size() == 1;
  const bool may_separate =
      is_one && std::string_view(",;|: ^~#&!").find((*delimiter_)[0]) != std::string_view::npos;
  if (!may_separate) {
    throw UsageError(fmt::format(
        "--delimiter must be tab, blanks, or one of , ; | : ^ ~ # & ! or a blank, got '{}'",
        *delimiter_));
  }
  return (*delimiter_)[0];
}

NumberStyle Import::number_style() const {
  NumberStyle style;
  const auto one_of = [](const std::string& word, std::string_view marks, const char* option) {
    if (word.size() == 1 && marks.find(word[0]) != std::string_view::npos) return word[0];
    throw UsageError(fmt::format("--{} must be one of {} got '{}'", option, marks, word));
  };
  if (decimal_) style.decimal = one_of(*decimal_, ".,", "decimal");
  if (thousands_) style.thousands = one_of(*thousands_, ".,'_ ", "thousands");
  if (style.decimal == style.thousands) {
    throw UsageError(fmt::format(
        "'{}' cannot be both the decimal point and what groups thousands; give --decimal ',' with "
        "--thousands '.', or leave one out",
        style.decimal));
  }
  return style;
}

bool Import::is_latin1() const {
  if (!encoding_) return false;
  const std::string name = to_lower(*encoding_);
  if (name == "latin-1" || name == "latin1" || name == "iso-8859-1") return true;
  if (name == "utf-8" || name == "utf8") return false;
  throw UsageError(fmt::format(
      "--encoding must be utf-8 or latin-1, got '{}'; convert the file (iconv -t UTF-8)",
      *encoding_));
}

std::vector<std::pair<std::string, StoredKind>> Import::types() const {
  static constexpr std::pair<std::string_view, StoredKind> kinds[] = {
      {"float", StoredKind::number},      {"float64", StoredKind::number},
      {"int", StoredKind::int64},         {"int64", StoredKind::int64},
      {"bool", StoredKind::boolean},      {"date", StoredKind::date},
      {"category", StoredKind::category}, {"text", StoredKind::text}};
  std::vector<std::pair<std::string, StoredKind>> types;
  if (!types_) return types;
  for (const std::string& word : split_at_commas(*types_)) {
    const std::size_t at = word.rfind('=');
    const std::string_view type =
        at == std::string::npos ? "" : std::string_view(word).substr(at + 1);
    const auto* found = std::ranges::find(kinds, type, [](const auto& kind) { return kind.first; });
    if (found == std::end(kinds)) {
      throw UsageError(
          fmt::format("--types wants COLUMN=TYPE, with a type float, int, bool, date, category or "
                      "text, got '{}'",
                      word));
    }
    types.emplace_back(word.substr(0, at), found->second);
  }
  return types;
}

/// A format may hold commas: what has no = belongs to the one before.
std::vector<std::pair<std::string, std::string>> Import::dates() const {
  std::vector<std::pair<std::string, std::string>> dates;
  if (!date_) return dates;
  for (const std::string& word : split_at_commas(*date_)) {
    const std::size_t at = word.find('=');
    if (at != std::string::npos) {
      dates.emplace_back(word.substr(0, at), word.substr(at + 1));
    } else if (!dates.empty()) {
      dates.back().second += "," + word;
    } else {
      throw UsageError(
          fmt::format("--date wants COLUMN=FORMAT, such as when=%d.%m.%Y, got '{}'", word));
    }
  }
  for (const auto& [column, format] : dates) require_date_format(format);
  return dates;
}

bool Import::skips_bad_rows() const {
  if (!bad_rows_ || *bad_rows_ == "error") return false;
  if (*bad_rows_ == "skip") return true;
  throw UsageError(fmt::format("--bad-rows must be error or skip, got '{}'", *bad_rows_));
}

CsvOptions::Layout Import::layout() const {
  if (!layout_) return CsvOptions::Layout::by_types;
  if (*layout_ == "matrix") return CsvOptions::Layout::matrix;
  if (*layout_ == "table") return CsvOptions::Layout::table;
  throw UsageError(fmt::format("--layout must be matrix or table, got '{}'", *layout_));
}

/// What is asked of the file system, on the root.
Import::Sources Import::look_at_sources() const {
  Sources found;
  std::error_code unknown;
  const bool is_one =
      sources_.size() == 1 && !std::filesystem::is_directory(sources_.front(), unknown);
  found.files = is_one ? sources_ : csv_files_of(sources_, delimiter());
  for (const std::string& file : found.files) {
    const ImportFormat format = import_format(file);
    if (!is_one && format != ImportFormat::csv) {
      throw UsageError(fmt::format("{} is a {} file; only CSV files become one table", file,
                                   format_word(format)));
    }
    found.format = format;
    found.bytes += static_cast<std::size_t>(std::filesystem::file_size(file));
  }
  return found;
}

Import::Sources Import::find_sources(Context& context) const {
  Sources found;
  on_root(context.comm(), [&] { found = look_at_sources(); });
  ByteWriter out;
  out.put(static_cast<Index>(found.format)).put(found.bytes);
  for (const std::string& file : found.files) out.put(std::string_view(file));
  std::vector<std::byte> bytes = out.take();
  context.comm().broadcast(bytes);
  ByteReader in(bytes);
  found = {static_cast<ImportFormat>(in.get<Index>()), {}, 0};
  found.bytes = in.get<std::size_t>();
  while (!in.at_end()) found.files.push_back(in.text());
  return found;
}

std::string Import::called_together() const {
  const std::string first = sources_.front();
  return sources_.size() == 1 ? first : fmt::format("{} and {} more", first, sources_.size() - 1);
}

/// The last of several sources, where -o was forgotten.
void Import::refuse_name_of_text() const {
  for (const char* end : {".csv", ".tsv", ".tab", ".gz", ".npy", ".libsvm", ".svm", ".mtx"}) {
    if (!to_lower(file_).ends_with(end)) continue;
    throw UsageError(
        fmt::format("what is written is an HDF5 file, and {} is called as a source is; name the "
                    "file to write last, or with -o",
                    file_));
  }
}

std::optional<bool> Import::zero_based() const {
  if (!zero_based_ || *zero_based_ == "auto") return std::nullopt;
  if (*zero_based_ == "yes") return true;
  if (*zero_based_ == "no") return false;
  throw UsageError(fmt::format("--zero-based must be yes, no or auto, got '{}'", *zero_based_));
}

/// An option that the format does not know would be ignored.
void Import::refuse_options(ImportFormat format) const {
  const auto refuse = [&](bool is_given, const char* option, const char* where) {
    if (!is_given) return;
    throw UsageError(fmt::format("{} is a {} file, and --{} is for {}; leave it out",
                                 sources_.front(), format_word(format), option, where));
  };
  if (format == ImportFormat::csv) {
    refuse(y_.has_value(), "y", ".npy, Matrix Market and HDF5 (CSV: --target)");
  } else if (format == ImportFormat::libsvm) {
    refuse(y_.has_value(), "y", ".npy, Matrix Market and HDF5 (here: the label)");
  }
  if (format != ImportFormat::csv) {
    refuse(target_.has_value(), "target",
           format == ImportFormat::libsvm ? "CSV (here: the label)" : "CSV (here: --y)");
    refuse(no_target_, "no-target", "CSV");
    refuse(drop_.has_value(), "drop", "CSV");
    refuse(columns_.has_value(), "columns", "CSV");
    refuse(types_.has_value(), "types", "CSV");
    refuse(date_.has_value(), "date", "CSV");
    refuse(bad_rows_.has_value(), "bad-rows", "CSV");
    refuse(layout_.has_value(), "layout", "CSV");
    refuse(na_.has_value(), "na", "CSV");
    refuse(delimiter_.has_value(), "delimiter", "CSV");
    refuse(decimal_.has_value(), "decimal", "CSV");
    refuse(thousands_.has_value(), "thousands", "CSV");
    refuse(encoding_.has_value(), "encoding", "CSV");
    refuse(no_header_, "no-header", "CSV");
  }
  if (format != ImportFormat::hdf5) refuse(x_.has_value(), "x", "HDF5");
  if (format != ImportFormat::libsvm) {
    refuse(width_.has_value(), "width", "LIBSVM");
    refuse(zero_based_.has_value(), "zero-based", "LIBSVM");
  }
  if (format != ImportFormat::matrix_market) refuse(transpose_, "transpose", "Matrix Market");
  if (is_sparse(format)) refuse(weight_.has_value(), "weight", "CSV, .npy and HDF5");
}

ImportedSource Import::open(Context& context, const Sources& found, BulkWork& work) const {
  const std::string& source = found.files.front();
  if (found.format == ImportFormat::csv) {
    CsvOptions options;
    options.delimiter = delimiter();
    options.has_header = !no_header_;
    options.target = target_;
    options.has_target = !no_target_;
    options.weight = weight_;
    if (drop_) options.drop = split_at_commas(*drop_);
    if (columns_) options.columns = split_at_commas(*columns_);
    options.types = types();
    options.dates = dates();
    options.skips_bad_rows = skips_bad_rows();
    options.layout = layout();
    if (na_) options.missing_words = split_at_commas(*na_);
    options.unpack_beside = file_;
    options.numbers = number_style();
    options.is_latin1 = is_latin1();
    options.is_float32 = dtype_ == "float32";
    options.rows = rows_;
    return open_csv(context.comm(), found.files, options, work.parallel_for());
  }
  if (is_sparse(found.format)) return open_sparse(context, found, work);
  ArrayOptions options;
  if (x_) options.x = *x_;
  options.y = y_;
  options.weight = weight_;
  if (dtype_) options.is_float32 = dtype_ == "float32";
  options.rows = rows_;
  options.threads = static_cast<int>(context.common().threads);
  return found.format == ImportFormat::npy
             ? open_npy(context.comm(), source, options, work.parallel_for())
             : open_hdf5(context.comm(), source, options, work.parallel_for());
}

ImportedSource Import::open_sparse(Context& context, const Sources& found, BulkWork& work) const {
  const std::string& source = found.files.front();
  if (found.format == ImportFormat::libsvm) {
    LibsvmOptions options;
    options.width = width_;
    options.zero_based = zero_based();
    options.is_float32 = dtype_ == "float32";
    options.rows = rows_;
    options.unpack_beside = file_;
    return open_libsvm(context.comm(), source, options, work.parallel_for());
  }
  MatrixMarketOptions options;
  options.transpose = transpose_;
  options.y = y_;
  options.is_float32 = dtype_ == "float32";
  options.rows = rows_;
  options.unpack_beside = file_;
  options.memory = work.write_means().memory;
  return open_matrix_market(context.comm(), source, options, work.parallel_for());
}

void Import::report(Context& context, const Sources& found, const ImportedSource& imported) const {
  const RowFormat& rows = imported.rows->format();
  const TargetFormat& target = rows.target;
  std::string target_text = "no targets";
  Json json = Json::object();
  json.set("source", called_together())
      .set("files", found.files)
      .set("format", format_word(found.format))
      .set("file", file_)
      .set("rows", rows.rows)
      .set("columns", rows.columns)
      .set("dtype", rows.is_float32 ? "float32" : "float64");
  switch (target.kind) {
    case TargetFormat::Kind::none:
      json.set("target", Json());
      break;
    case TargetFormat::Kind::real:
      json.set("target", "float64");
      target_text = "numbers as targets";
      break;
    case TargetFormat::Kind::integer:
      json.set("target", "int64");
      target_text = "whole numbers as targets";
      break;
    case TargetFormat::Kind::names:
      json.set("target", "classes").set("classes", target.names);
      target_text = fmt::format("{} classes as targets", target.names.size());
      break;
  }
  json.set("weight", rows.has_weight).set("ranks", context.comm().size());
  json.set("layout", rows.is_table() ? "table" : rows.sparse ? "sparse" : "matrix");
  if (rows.sparse) json.set("values", rows.sparse->all());
  if (found.format == ImportFormat::csv) {
    Json types = Json::object();
    for (const auto& [name, type] : imported.types) types.set(name, type);
    json.set("types", std::move(types));
    json.set("bad_rows", imported.bad_rows).set("first_bad_rows", imported.first_bad_rows);
  }
  std::string how = rows.is_table() ? "as a table" : rows.is_float32 ? "float32" : "float64";
  if (rows.sparse) how = fmt::format("sparse {}, {} values", how, format_count(rows.sparse->all()));
  context.result(std::move(json), "",
                 fmt::format("wrote {}: {} rows x {} columns {}, {}, in {}\n", file_,
                             format_count(rows.rows), format_count(rows.columns), how, target_text,
                             format_duration(context.seconds())));
}

}  // namespace

std::unique_ptr<Command> import_command() { return std::make_unique<Import>(); }

}  // namespace superstep::app
