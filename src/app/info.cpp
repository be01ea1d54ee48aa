// SPDX-License-Identifier: BSD-3-Clause
// superstep info FILE
#include <fmt/format.h>

#include <map>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include <superstep/io/dataset_layout.hpp>
#include <superstep/io/frame_layout.hpp>
#include <superstep/io/tree_file.hpp>

#include "app/commands.hpp"
#include "app/csv_info.hpp"
#include "app/model_info.hpp"

namespace superstep::app {

namespace {

const char* storage_word(Storage storage) {
  switch (storage) {
    case Storage::unallocated:
      return "unallocated";
    case Storage::contiguous:
      return "contiguous";
    case Storage::chunked:
      return "chunked";
    case Storage::compact:
      return "compact";
  }
  return "";
}

std::string attribute(const FileSummary& summary, const std::string& name) {
  for (const auto& [key, value] : summary.attributes) {
    if (key == name) return value;
  }
  return "";
}

const DatasetLayout* find(const FileSummary& summary, const std::string& path) {
  for (const DatasetLayout& layout : summary.datasets) {
    if (layout.dataset == path) return &layout;
  }
  return nullptr;
}

double value_bytes(const DatasetLayout& layout) {
  return static_cast<double>(layout.rows()) * static_cast<double>(layout.columns()) *
         static_cast<double>(layout.type.bytes);
}

// Datasets and other files.

/// The chunked datasets with the tables of their chunks, by their paths.
using Chunked = std::map<std::string, DatasetLayout>;

Chunked look_at_chunks(const std::string& file, const FileSummary& summary) {
  std::vector<DatasetRequest> requests;
  for (const DatasetLayout& outline : summary.datasets) {
    if (outline.storage == Storage::chunked && outline.type.kind != ElementKind::unsupported) {
      requests.push_back({outline.dataset});
    }
  }
  Chunked chunked;
  if (requests.empty()) return chunked;
  for (auto& layout : describe_all(file, requests)) {
    chunked.emplace(layout->dataset, std::move(*layout));
  }
  return chunked;
}

/// Bytes that the chunks take in the file; of other storage, what its values take.
double stored_bytes(const Chunked& chunked, const DatasetLayout& outline) {
  if (outline.storage != Storage::chunked) return value_bytes(outline);
  const DatasetLayout& layout = chunked.at(outline.dataset);
  if (layout.needs_hdf5) return value_bytes(outline);  // nobody but HDF5 knows
  double bytes = 0.0;
  for (const StoredChunk& chunk : layout.chunks) bytes += static_cast<double>(chunk.bytes);
  return bytes;
}

std::string bytes_text(double bytes) { return format_bytes(static_cast<std::int64_t>(bytes)); }

void add_dataset(const Chunked& chunked, const DatasetLayout& layout, Report& report, Json& list) {
  Json json = Json::object();
  json.set("path", layout.dataset)
      .set("shape", shape_json(layout.shape))
      .set("dtype", layout.type.name())
      .set("storage", storage_word(layout.storage));
  std::string text = layout.summary();
  if (layout.type.kind == ElementKind::unsupported) {
    report.text += fmt::format("  {:<18} {}\n", layout.dataset, text);
    list.push_back(std::move(json));
    return;
  }
  const double stored = stored_bytes(chunked, layout);
  if (layout.storage == Storage::chunked) {
    json.set("chunk", shape_json(layout.chunk_shape));
  } else {
    text += fmt::format(", {}", storage_word(layout.storage));
  }
  json.set("bytes", static_cast<std::int64_t>(stored));
  text += fmt::format(", {}", bytes_text(stored));
  if (layout.type.kind == ElementKind::enumeration) {
    Json names = Json::array();
    std::vector<std::string> words;
    for (const auto& [name, code] : layout.type.members) {
      names.push_back(name);
      if (words.size() < most_values_shown) words.push_back(word_of(name));
    }
    json.set("names", std::move(names));
    const bool has_more = layout.type.members.size() > words.size();
    text += fmt::format(" of {} names: {}{}", layout.type.members.size(), fmt::join(words, ", "),
                        has_more ? ", ..." : "");
  }
  report.text += fmt::format("  {:<18} {}\n", layout.dataset, text);
  list.push_back(std::move(json));
}

/// What a pass over /X means: blocks and memory.
void add_expectations(const FileSummary& summary, Report& report) {
  const DatasetLayout* x = find(summary, "/X");
  if (x == nullptr || x->shape.size() != 2 || !x->type.is_number() || x->rows() == 0 ||
      x->columns() == 0)
    return;
  const BlockPlan blocks(x->rows(), x->columns());
  double per_row = static_cast<double>(x->columns()) * (x->type.is_exact_in_float() ? 4.0 : 8.0);
  if (find(summary, "/y") != nullptr) per_row += 8.0;
  if (find(summary, "/weight") != nullptr) per_row += 8.0;
  const double memory = per_row * static_cast<double>(x->rows());
  report.json.set("rows", x->rows())
      .set("columns", x->columns())
      .set("blocks", blocks.size())
      .set("rows_per_block", blocks.rows_per_block())
      .set("memory_bytes", static_cast<std::int64_t>(memory));
  report.text += fmt::format(
      "\n{} rows x {} columns in {} block{} of {} rows; {} in memory, shared by the ranks\n",
      format_count(x->rows()), format_count(x->columns()), format_count(blocks.size()),
      blocks.size() == 1 ? "" : "s", format_count(std::min(blocks.rows_per_block(), x->rows())),
      bytes_text(memory));
}

/// The same of sparse rows; nothing where they cannot be read.
void add_sparse_expectations(const std::string& file, const FileSummary& summary, Report& report) {
  std::optional<SparseLayout> x;
  try {
    x = describe_data(file, {"/X"}, {}).sparse;
  } catch (const DataError& e) {
    report.text += fmt::format("\n{}\n", e.what());
    return;
  }
  if (!x) return;
  const Index values = x->values.rows();
  const BlockPlan blocks = BlockPlan::of_sparse(x->rows, values);
  const double share =
      static_cast<double>(values) / static_cast<double>(x->rows) / static_cast<double>(x->columns);
  double memory = static_cast<double>(values) * (x->values.type.is_exact_in_float() ? 8.0 : 12.0);
  double per_row = sizeof(Index);
  if (find(summary, "/y") != nullptr) per_row += 8.0;
  if (find(summary, "/weight") != nullptr) per_row += 8.0;
  memory += per_row * static_cast<double>(x->rows);
  report.json.set("rows", x->rows)
      .set("columns", x->columns)
      .set("values", values)
      .set("density", share)
      .set("blocks", blocks.size())
      .set("rows_per_block", blocks.rows_per_block())
      .set("memory_bytes", static_cast<std::int64_t>(memory));
  report.text += fmt::format(
      "\n{} rows x {} columns, sparse: {} values, {:.3g} % of the cells, in {} block{} of {} rows; "
      "{} in memory, shared by the ranks\n",
      format_count(x->rows), format_count(x->columns), format_count(values), 100.0 * share,
      format_count(blocks.size()), blocks.size() == 1 ? "" : "s",
      format_count(std::min(blocks.rows_per_block(), x->rows)), bytes_text(memory));
}

Report describe_file(const std::string& file, const FileSummary& summary) {
  Report report;
  const bool is_sparse = find(summary, "/X/indptr") != nullptr;
  const bool is_dataset = is_sparse || find(summary, "/X") != nullptr;
  report.text = fmt::format("{}: {}, {}\n", file, is_dataset ? "dataset" : "HDF5 file",
                            format_bytes(static_cast<std::int64_t>(summary.file_bytes)));
  Json attributes = Json::object();
  for (const auto& [name, value] : summary.attributes) {
    report.text += fmt::format("  {} = {}\n", name, value);
    attributes.set(name, value);
  }
  report.json.set("file", file)
      .set("kind", is_dataset ? "dataset" : "hdf5")
      .set("file_bytes", static_cast<std::int64_t>(summary.file_bytes))
      .set("attributes", std::move(attributes));
  Json list = Json::array();
  const Chunked chunked = look_at_chunks(file, summary);
  for (const DatasetLayout& layout : summary.datasets) add_dataset(chunked, layout, report, list);
  if (summary.datasets.empty()) report.text += "  no datasets\n";
  report.json.set("datasets", std::move(list));
  if (is_sparse) {
    add_sparse_expectations(file, summary, report);
  } else {
    add_expectations(summary, report);
  }
  return report;
}

class Info final : public Command {
 public:
  std::string name() const override { return "info"; }
  std::string summary() const override { return "show what a dataset or a model file holds"; }
  std::string details() const override {
    return "Reads no rows: `superstep check` does. With --json, a model's attributes come with all "
           "their values.\n"
           "Of a CSV file that is to be imported it looks at the first 32 MB: what the columns "
           "hold, how many different\n"
           "cells those of text have, and what to do with them.\n";
  }
  void describe(CommandLine& line) override {
    line.input("FILE", file_, "HDF5 file: a dataset, a model, any other; or a CSV file");
  }

  void run(Context& context) override {
    Report report;
    on_root(context.comm(), [&] {
      if (is_called_csv(file_)) {
        report = describe_csv(file_);
        return;
      }
      const FileSummary summary = summarize(file_);
      report = attribute(summary, "format") == "superstep-model"
                   ? describe_model(file_, read_tree(file_))
                   : describe_file(file_, summary);
    });
    if (!report.warning.empty()) context.warn(report.warning);
    context.result(std::move(report.json), report.text);
  }

 private:
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> info_command() { return std::make_unique<Info>(); }

}  // namespace superstep::app
