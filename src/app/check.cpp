// SPDX-License-Identifier: BSD-3-Clause
// superstep check FILE
#include <fmt/format.h>

#include <chrono>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/quality.hpp>
#include <superstep/io/dataset_layout.hpp>

#include "app/bulk_work.hpp"
#include "app/commands.hpp"

namespace superstep::app {

namespace {

constexpr std::size_t most_listed = 20;

std::string number(double value) { return fmt::format("{:.6g}", value); }

std::string plural(Index count, const char* one, const char* many) {
  return fmt::format("{} {}", format_count(count), count == 1 ? one : many);
}

/// "3 NaN and 1 infinite value".
std::string bad_text(const ValueRange& range) {
  const std::string nan = fmt::format("{} NaN", format_count(range.nan));
  const std::string infinite = plural(range.infinite, "infinite value", "infinite values");
  if (range.nan == 0) return infinite;
  return range.infinite == 0 ? nan : nan + " and " + infinite;
}

/// Free text is not looked at.
bool is_constant(const Dataset& data, const DataQuality& quality, Index column) {
  return data.schema()[column].kind != ColumnKind::text &&
         quality.columns[static_cast<std::size_t>(column)].is_constant();
}

Json range_json(const ValueRange& range) {
  Json json = Json::object();
  json.set("nan", range.nan).set("infinite", range.infinite);
  json.set("min", range.has_finite() ? Json(range.low) : Json());
  json.set("max", range.has_finite() ? Json(range.high) : Json());
  return json;
}

/// The root's knowledge of a dataset's checksums.
struct Checksums {
  bool x = false;
  bool y = false;
  bool weight = false;
};

class Check final : public Command {
 public:
  std::string name() const override { return "check"; }
  std::string summary() const override {
    return "read every value of a dataset and say what is wrong with it";
  }
  std::string details() const override {
    return "Counts NaN and infinite values, finds constant columns, ranges and classes, and reads\n"
           "every chunk's checksum. What is missing in a table is counted, and is no fault. Exit\n"
           "code 0: nothing is wrong; 3: bad values; 4: the file cannot be read.\n"
           "\nexample:\n"
           "  mpirun -n 4 superstep check train.h5\n";
  }

  void describe(CommandLine& line) override {
    line.input("FILE", file_, "HDF5 dataset");
    choice_.describe(line);
  }

  void run(Context& context) override {
    const Data opened = choice_.open(context, file_);
    Dataset& data = *opened.dataset();
    BulkWork work(context);
    work.begin(fmt::format("check {}", file_), data.rows(), data.feature_bytes(data.rows()));
    const WriteMeans means = work.write_means();
    const DataQuality quality = inspect_quality(
        context.comm(), data,
        {means.memory, means.threads, means.parallel_for, means.progress, means.taken});
    Checksums checksums;
    on_root(context.comm(), [&] { checksums = find_checksums(data); });
    context.result(json_of(data, quality, checksums), text_of(data, quality, checksums));
    if (quality.bad.any()) throw_bad_values(data, quality.bad);
  }

 private:
  static Checksums find_checksums(const Dataset& data);
  Json json_of(const Dataset& data, const DataQuality& quality, const Checksums& checksums) const;
  std::string text_of(const Dataset& data, const DataQuality& quality,
                      const Checksums& checksums) const;

  std::string file_;
  DataChoice choice_;
};

Checksums Check::find_checksums(const Dataset& data) {
  const DataOptions& options = data.options();
  // A table's features lie in many datasets; one that is not there stands for them.
  const std::string x = options.x + (data.is_table() ? "/_index" : data.is_sparse() ? "/data" : "");
  const auto layouts =
      describe_all(data.path(), {{x, false}, {options.y, false}, {options.weight, false}});
  const auto has_checksums = [](const std::optional<DatasetLayout>& layout) {
    constexpr int fletcher32 = 3;  // HDF5's number of the filter
    if (!layout) return false;
    for (const Filter& filter : layout->filters) {
      if (filter.id == fletcher32) return true;
    }
    return false;
  };
  return {has_checksums(layouts[0]), data.has_y() && has_checksums(layouts[1]),
          data.has_weight() && has_checksums(layouts[2])};
}

Json Check::json_of(const Dataset& data, const DataQuality& quality,
                    const Checksums& checksums) const {
  Json columns = Json::array();
  Json constant = Json::array();
  for (std::size_t c = 0; c < quality.columns.size(); ++c) {
    const auto column = static_cast<Index>(c);
    Json json = range_json(quality.columns[c]);
    if (!data.feature_names().empty()) json.set("name", data.feature_names()[c]);
    if (data.is_table()) {
      const Column& what = data.schema()[column];
      json.set("kind", kind_name(what.kind));
      if (what.levels) json.set("levels", std::ssize(*what.levels));
    }
    columns.push_back(std::move(json));
    if (is_constant(data, quality, column)) constant.push_back(column);
  }
  const BadValues& bad = quality.bad;
  Index nan = 0;
  Index infinite = 0;
  for (const ValueRange& column : quality.columns) {
    nan += column.nan;
    infinite += column.infinite;
  }
  Json json = Json::object();
  json.set("file", file_)
      .set("ok", !bad.any())
      .set("rows", data.rows())
      .set("columns", data.columns())
      .set("dtype", data.x_type())
      .set("values", data.values())
      .set("nan", nan)
      .set("infinite", infinite);
  if (bad.x_count > 0) {
    Json first = Json::object();
    first.set("row", bad.x_first / data.columns())
        .set("column", bad.x_first % data.columns())
        .set("value", bad.x_first_is_nan ? "nan" : "infinite");
    json.set("first_bad", std::move(first));
  }
  json.set("constant_columns", std::move(constant)).set("column_ranges", std::move(columns));
  if (data.has_y()) {
    Json y = data.y_is_text() ? Json::object() : range_json(quality.target);
    if (bad.y_count > 0) y.set("first_bad_row", bad.y_first / data.targets());
    if (!quality.targets.empty()) {
      Json targets = Json::array();
      for (const ValueRange& range : quality.targets) targets.push_back(range_json(range));
      y.set("targets", std::move(targets));
    }
    if (quality.classes.size() > 0) {
      Json classes = Json::array();
      for (Index k = 0; k < quality.classes.size(); ++k) {
        Json entry = Json::object();
        if (quality.classes.is_text()) {
          entry.set("class", quality.classes.text(k));
        } else {
          entry.set("class", static_cast<std::int64_t>(
                                 quality.classes.numbers()[static_cast<std::size_t>(k)]));
        }
        entry.set("rows", quality.class_counts[static_cast<std::size_t>(k)]);
        classes.push_back(std::move(entry));
      }
      y.set("classes", std::move(classes));
    }
    json.set("y", std::move(y));
  }
  if (data.has_weight()) {
    Json weight = range_json(quality.weight);
    weight.set("bad", bad.weight_count).set("zero", quality.zero_weights);
    if (bad.weight_count > 0) weight.set("first_bad_row", bad.weight_first);
    json.set("weight", std::move(weight));
  }
  Json sums = Json::object();
  sums.set("x", checksums.x ? "verified" : "none");
  if (data.has_y()) sums.set("y", checksums.y ? "verified" : "none");
  if (data.has_weight()) sums.set("weight", checksums.weight ? "verified" : "none");
  return json.set("checksums", std::move(sums));
}

// For people.

std::string features_text(const Dataset& data, const DataQuality& quality) {
  ValueRange all;
  std::vector<std::string> constant;
  for (std::size_t c = 0; c < quality.columns.size(); ++c) {
    all.nan += quality.columns[c].nan;
    all.infinite += quality.columns[c].infinite;
    const auto column = static_cast<Index>(c);
    if (is_constant(data, quality, column)) constant.push_back(data.column_name(column));
  }
  std::string text = fmt::format("{:<10} ", data.options().x);
  if (all.bad() == 0) {
    text += "all values are finite\n";
  } else if (quality.bad.x_count == 0) {
    text += plural(all.nan, "value is missing\n", "values are missing\n");
  } else {
    const Index first = quality.bad.x_first;
    text += fmt::format("{}; the first is {} at row {}, {}\n", bad_text(all),
                        quality.bad.x_first_is_nan ? "NaN" : "infinite", first / data.columns(),
                        data.column_name(first % data.columns()));
  }
  if (constant.empty()) return text;
  const auto n = static_cast<Index>(constant.size());
  if (constant.size() > most_listed) constant.resize(most_listed);
  text += fmt::format("           {}: {}{}\n", plural(n, "constant column", "constant columns"),
                      join(constant, "and"), n > static_cast<Index>(most_listed) ? ", ..." : "");
  return text;
}

/// Of several.
std::string targets_text(const std::vector<ValueRange>& targets) {
  std::string text = plural(std::ssize(targets), "target", "targets") + ": numbers";
  for (std::size_t t = 0; t < std::min(targets.size(), most_listed); ++t) {
    text += t > 0 ? "," : "";
    text += targets[t].has_finite()
                ? fmt::format(" from {} to {}", number(targets[t].low), number(targets[t].high))
                : " none of them finite";
  }
  return text + (targets.size() > most_listed ? ", ...\n" : "\n");
}

std::string target_text(const Dataset& data, const DataQuality& quality) {
  std::string text = fmt::format("{:<10} ", data.options().y);
  if (quality.bad.y_count > 0) {
    text += fmt::format("{}, the first at row {}\n           ", bad_text(quality.target),
                        quality.bad.y_first / data.targets());
  }
  if (!quality.targets.empty()) return text + targets_text(quality.targets);
  if (quality.classes.size() == 0) {
    return text + (quality.target.has_finite()
                       ? fmt::format("numbers from {} to {}\n", number(quality.target.low),
                                     number(quality.target.high))
                       : std::string("no finite number\n"));
  }
  text += plural(quality.classes.size(), "different value: ", "different values: ");
  for (Index k = 0; k < quality.classes.size(); ++k) {
    if (k == static_cast<Index>(most_listed)) {
      text += ", ...";
      break;
    }
    const std::string label =
        quality.classes.is_text() ? Value(quality.classes.text(k)).repr() : quality.classes.text(k);
    text += fmt::format("{}{} ({})", k > 0 ? ", " : "", label,
                        plural(quality.class_counts[static_cast<std::size_t>(k)], "row", "rows"));
  }
  return text + "\n";
}

std::string weight_text(const Dataset& data, const DataQuality& quality) {
  std::string text = fmt::format("{:<10} ", data.options().weight);
  if (quality.bad.weight_count > 0) {
    text += fmt::format("{} negative or not finite, the first at row {}; ",
                        plural(quality.bad.weight_count, "is", "are"), quality.bad.weight_first);
  }
  if (!quality.weight.has_finite()) return text + "no finite weight\n";
  return text + fmt::format("from {} to {}, {} zero\n", number(quality.weight.low),
                            number(quality.weight.high), format_count(quality.zero_weights));
}

/// "2020-01-31 12:00:00" of microseconds since 1970.
std::string date_text(double microseconds) {
  using namespace std::chrono;
  const auto at = sys_time<std::chrono::microseconds>(
      std::chrono::microseconds(static_cast<std::int64_t>(microseconds)));
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(at - day)};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (time.to_duration() != seconds::zero()) {
    text += fmt::format(" {:02}:{:02}:{:02}", time.hours().count(), time.minutes().count(),
                        time.seconds().count());
  }
  return text;
}

/// The least or the largest value of a column; of levels and texts there is none.
std::string bound_text(const Column& column, const ValueRange& range, double value) {
  if (!range.has_finite() || !column.is_number()) return "-";
  if (column.kind == ColumnKind::date && column.unit == "microseconds since 1970-01-01") {
    return date_text(value);
  }
  return number(value);
}

std::string kind_text(const Column& column) {
  return column.levels ? fmt::format("category of {}", format_count(std::ssize(*column.levels)))
                       : kind_name(column.kind);
}

std::string columns_text(const Dataset& data, const DataQuality& quality) {
  const bool has_kinds = data.is_table();
  const auto line = [&](const std::string& name, const std::string& kind, const std::string& low,
                        const std::string& high, const std::string& nan,
                        const std::string& infinite) {
    return fmt::format("{:<28} {}{:>{}} {:>{}} {:>10} {:>10}\n", name,
                       has_kinds ? fmt::format("{:<18} ", kind) : "", low, has_kinds ? 19 : 12,
                       high, has_kinds ? 19 : 12, nan, infinite);
  };
  std::string text =
      "\n" + line("column", "kind", "min", "max", has_kinds ? "missing" : "NaN", "infinite");
  for (std::size_t c = 0; c < std::min(quality.columns.size(), most_listed); ++c) {
    const ValueRange& range = quality.columns[c];
    const Column& column = data.schema()[static_cast<Index>(c)];
    const std::string name =
        data.feature_names().empty() ? std::to_string(c) : data.feature_names()[c];
    text += line(shorten(name, 28), kind_text(column), bound_text(column, range, range.low),
                 bound_text(column, range, range.high), format_count(range.nan),
                 format_count(range.infinite));
  }
  if (quality.columns.size() > most_listed) {
    text += fmt::format("... and {} more columns (all of them with --json)\n",
                        format_count(static_cast<Index>(quality.columns.size() - most_listed)));
  }
  return text;
}

std::string Check::text_of(const Dataset& data, const DataQuality& quality,
                           const Checksums& checksums) const {
  std::string text = fmt::format("{}: {}\n", data.x_name(), data.x_storage());
  if (data.rows() < data.rows_in_file()) {
    text += fmt::format("           {} of its rows were read\n", format_count(data.rows()));
  }
  text += features_text(data, quality);
  if (data.has_y()) text += target_text(data, quality);
  if (data.has_weight()) text += weight_text(data, quality);
  text += "checksums  ";
  text += checksums.x
              ? "verified\n"
              : "there are none for the features: damage on the disk is not noticed (make and "
                "import write them with --chunk-rows)\n";
  return text + columns_text(data, quality);
}

}  // namespace

std::unique_ptr<Command> check_command() { return std::make_unique<Check>(); }

}  // namespace superstep::app
