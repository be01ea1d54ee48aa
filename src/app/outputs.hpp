// SPDX-License-Identifier: BSD-3-Clause
// The files that a command line names: none that is read may be replaced, no two outputs may be one
// file, and what is there already is replaced only by its like. CommandLine knows which words name
// files; here they are looked at, before the work starts.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace superstep::app {

/// What is written into an output.
enum class Content {
  dataset,      ///< HDF5 with /X
  model,        ///< a model file
  predictions,  ///< HDF5 with what a model says of rows, or with folds; no /X
  cv_results,   ///< CSV of a search
  report,       ///< CSV or JSON of score --report
  trace,        ///< CSV of --trace
};

/// A file as the command line names it.
struct NamedFile {
  std::string name;  ///< "DATA", "--model"
  std::string path;
  std::optional<Content> written;  ///< nothing: it is read
};

/// UsageError when an output is an input or another output (by device and inode, so links and other
/// spellings count), or exists and holds something else than what would be written and `overwrite`
/// is not given. FileError when it cannot be written where it shall lie. An input that is missing
/// is left to who reads it. Looks at the files: call it on one rank.
void check_files(const std::vector<NamedFile>& files, bool overwrite);

}  // namespace superstep::app
