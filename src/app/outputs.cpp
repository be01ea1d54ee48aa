// SPDX-License-Identifier: BSD-3-Clause
#include "app/outputs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <superstep/core/error.hpp>
#include <superstep/io/atomic_file.hpp>
#include <superstep/io/dataset_layout.hpp>

namespace superstep::app {

namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as the kernel follows

/// Where a path leads when all links are followed, the last one too if it leads to nothing yet.
fs::path end_of_links(fs::path path) {
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  return path;
}

std::string folder_of(const fs::path& path) {
  const std::string folder = path.parent_path().string();
  return folder.empty() ? "." : folder;
}

/// What a file is, whatever it is called: device and inode; of one that is not there yet those of
/// its folder, and its name.
struct Identity {
  bool is_known = false;
  bool exists = false;
  struct stat status {};
  std::string new_name;

  friend bool operator==(const Identity& a, const Identity& b) {
    return a.is_known && b.is_known && a.exists == b.exists && a.status.st_dev == b.status.st_dev &&
           a.status.st_ino == b.status.st_ino && a.new_name == b.new_name;
  }
};

Identity identify(const std::string& path) {
  Identity identity;
  if (stat(path.c_str(), &identity.status) == 0) {
    identity.is_known = identity.exists = true;
    return identity;
  }
  const fs::path end = end_of_links(path);
  identity.new_name = end.filename().string();
  identity.is_known = stat(folder_of(end).c_str(), &identity.status) == 0;
  return identity;
}

const char* word_for(Content content) {
  switch (content) {
    case Content::dataset:
      return "a dataset";
    case Content::model:
      return "a model";
    case Content::predictions:
      return "results by row";
    case Content::cv_results:
      return "a table of candidates";
    case Content::report:
      return "a report";
    case Content::trace:
      return "a trace";
  }
  return "";
}

/// What a file holds: something that we write, or the words for what else it is.
struct Found {
  std::optional<Content> content;
  std::string words;
};

Found of_kind(Content content) { return {content, word_for(content)}; }

std::string first_bytes(const std::string& path) {
  std::array<char, 4096> buffer{};
  std::ifstream in(path, std::ios::binary);
  in.read(buffer.data(), buffer.size());
  return std::string(buffer.data(), static_cast<std::size_t>(in.gcount()));
}

Found look_into_hdf5(const std::string& path) {
  FileSummary summary;
  try {
    summary = summarize(path);
  } catch (const Error&) {
    return {{}, "an HDF5 file that cannot be looked into"};
  }
  for (const auto& [name, value] : summary.attributes) {
    if (name == "format" && value == "superstep-model") return of_kind(Content::model);
  }
  const auto has = [&](std::string_view dataset) {
    return std::ranges::any_of(summary.datasets,
                               [&](const DatasetLayout& d) { return d.dataset == dataset; });
  };
  if (has("/X") || has("/X/indptr") || has("/table/_index")) return of_kind(Content::dataset);
  for (const char* by_row : {"/predict", "/predict_proba", "/decision_function", "/score_samples",
                             "/transform", "/folds"}) {
    if (has(by_row)) return of_kind(Content::predictions);
  }
  return {{}, "an HDF5 file of another kind"};
}

/// Whether a CSV file begins as the one that predict or cross-validate writes.
bool has_header_of_predictions(std::string_view line) {
  if (line.starts_with('"')) line.remove_prefix(1);
  return line.starts_with("predict") || line.starts_with("decision_function") ||
         line.starts_with("score_samples");
}

/// Whether a text is what score --report-out writes: JSON of reports by name, or the CSV of one.
bool is_report(std::string_view text) {
  constexpr std::array<std::string_view, 8> beginnings = {
      "{\n  \"confusion_matrix\":", "{\n  \"classification_report\":",
      "{\n  \"roc_curve\":",        "{\n  \"precision_recall_curve\":",
      "{\n  \"det_curve\":",        "true\\predicted,",
      "true,predicted,count",       "label,precision,recall,f1-score,support"};
  constexpr std::array<std::string_view, 3> curves = {"fpr,tpr,", "precision,recall,", "fpr,fnr,"};
  const auto begins = [&](std::string_view with) { return text.starts_with(with); };
  return std::ranges::any_of(beginnings, begins) || std::ranges::any_of(curves, begins);
}

/// What stands under `path`, where `written` would go.
Found look_into(const std::string& path, Content written) {
  const std::string head = first_bytes(path);
  for (std::size_t at = 0; at < head.size(); at = at == 0 ? 512 : 2 * at) {
    if (head.compare(at, 8, "\x89HDF\r\n\x1a\n") == 0) return look_into_hdf5(path);
  }
  // Rows are written as HDF5, CSV or NumPy's arrays by the end of the name.
  const bool is_rows = written == Content::dataset || written == Content::predictions;
  const fs::path suffix = fs::path(path).extension();
  if (head.starts_with("\x93NUMPY")) {
    return is_rows && suffix == ".npy" ? of_kind(written) : Found{{}, "a NumPy array"};
  }
  const std::string_view line = std::string_view(head).substr(0, head.find('\n'));
  if (line.find("mean_fit_time,") != std::string_view::npos) return of_kind(Content::cv_results);
  if (line.starts_with("rank,") && line.find(",begin_s,") != std::string_view::npos) {
    return of_kind(Content::trace);
  }
  if (written == Content::report && is_report(head)) return of_kind(written);
  if (head.find('\0') != std::string::npos) return {{}, "a file of another kind"};
  const bool is_ours = written == Content::dataset || has_header_of_predictions(line);
  return is_rows && suffix == ".csv" && is_ours ? of_kind(written) : Found{{}, "another text"};
}

/// Results by row are made again from a model, so a transformed dataset may take their place.
bool is_replaced_by(const Found& found, Content written) {
  return found.content == written ||
         (written == Content::dataset && found.content == Content::predictions);
}

/// FileError unless the file can be made, which is tried.
void require_writable(const std::string& path, const Identity& identity, Content content) {
  if (identity.exists && S_ISDIR(identity.status.st_mode)) {
    throw FileError(fmt::format("cannot write {}: it is a directory; name a file in it", path));
  }
  if (identity.exists && !S_ISREG(identity.status.st_mode)) {
    if (content != Content::dataset && content != Content::predictions) return;
    throw FileError(fmt::format(
        "cannot write {}: it is no regular file, and this is not written from front to back; name "
        "a file",
        path));
  }
  const std::string folder = folder_of(path);
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw FileError(fmt::format("cannot write {}: {}: {}; choose a folder that exists and is yours",
                                path, folder, std::strerror(errno)));
  }
  const AtomicFile attempt(path);
}

void refuse_same(const NamedFile& output, const NamedFile& other) {
  const std::string both =
      output.path == other.path
          ? fmt::format("{} and {} are both {}", output.name, other.name, output.path)
          : fmt::format("{} {} and {} {} are one file", output.name, output.path, other.name,
                        other.path);
  throw UsageError(fmt::format("{}: {} would be {}; give another name", both, other.name,
                               other.written ? "lost" : "replaced"));
}

}  // namespace

void check_files(const std::vector<NamedFile>& files, bool overwrite) {
  std::vector<Identity> identities;
  for (const NamedFile& file : files) identities.push_back(identify(file.path));
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].written) continue;
    // Devices and pipes may take several.
    if (identities[i].exists && !S_ISREG(identities[i].status.st_mode)) continue;
    for (std::size_t j = 0; j < files.size(); ++j) {
      const bool is_looked_at = files[j].written && j <= i;
      if (!is_looked_at && identities[i] == identities[j]) refuse_same(files[i], files[j]);
    }
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].written) continue;
    const auto& [name, path, written] = files[i];
    const bool has_content = identities[i].exists && S_ISREG(identities[i].status.st_mode) &&
                             identities[i].status.st_size > 0;
    if (has_content && !overwrite) {
      const Found found = look_into(path, *written);
      if (!is_replaced_by(found, *written)) {
        throw UsageError(
            fmt::format("{} {} holds {} and would be replaced by {}; give another "
                        "name, or --overwrite if it may go",
                        name, path, found.words, word_for(*written)));
      }
    }
    require_writable(path, identities[i], *written);
  }
}

}  // namespace superstep::app
