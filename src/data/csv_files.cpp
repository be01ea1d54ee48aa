// SPDX-License-Identifier: BSD-3-Clause
// Which files become one table.
#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/import.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

namespace {

namespace fs = std::filesystem;

bool is_called_csv(const std::string& path) {
  std::string name = to_lower(path);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".tab");
}

/// By name, byte by byte: part-10 comes before part-2.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool is_hidden = name.starts_with(".");
    std::error_code unknown;
    if (!is_hidden && is_called_csv(name) && !at->is_directory(unknown)) {
      files.push_back(at->path().string());
    }
  }
  if (error) throw FileError(fmt::format("cannot read the folder {}: {}", folder, error.message()));
  if (files.empty()) {
    throw FileError(
        fmt::format("{} is a directory, and no file in it is called .csv, .tsv or .tab (or these "
                    "with .gz); name "
                    "the files",
                    folder));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<std::string> csv_files_of(const std::vector<std::string>& sources,
                                      const std::optional<char>& delimiter) {
  std::vector<std::string> files;
  for (const std::string& source : sources) {
    std::error_code unknown;
    if (fs::is_directory(source, unknown)) {
      std::ranges::copy(files_in(source), std::back_inserter(files));
    } else {
      files.push_back(source);
    }
  }
  std::vector<std::string> sorted = files;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    throw UsageError(fmt::format("{} is named twice; its rows would be there twice", *twice));
  }
  for (const std::string& file : files) {
    if (delimiter || csv_delimiter(file) == csv_delimiter(files.front())) continue;
    throw UsageError(fmt::format(
        "by their names, tabs separate the fields of one of {} and {}, and commas those of the "
        "other; give --delimiter, or import them apart",
        files.front(), file));
  }
  return files;
}

}  // namespace superstep
