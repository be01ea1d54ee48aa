// SPDX-License-Identifier: BSD-3-Clause
// Files of other kinds as sources of rows: CSV and TSV, NumPy's .npy, HDF5 with another layout,
// and sparse rows as LIBSVM and Matrix Market write them.
// What is found out about them (types, classes, where rows begin) depends on the file alone, not on
// who looked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/csv.hpp>

namespace superstep {

/// What a file is, by its name and first bytes. FileError when it cannot be read. Call it on one
/// rank.
enum class ImportFormat { csv, npy, hdf5, libsvm, matrix_market };
ImportFormat import_format(const std::string& path);

/// A source, and what the user should be told.
struct ImportedSource {
  std::unique_ptr<RowSource> rows;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, std::string>> types{};  ///< of a CSV file's features, by name
  Index bad_rows = 0;                                        ///< that were left out
  std::vector<std::string> first_bad_rows{};  ///< the first few: "a.csv line 7 has 2 fields, ..."
};

struct CsvOptions {
  std::optional<char>
      delimiter;  ///< or CsvFile::blanks; else a tab for .tsv and .tab, a comma for others
  bool has_header = true;
  std::optional<std::string>
      target;              ///< name or number of a column, or several: "a,b"; else y or target
  bool has_target = true;  ///< false: no column is the target
  std::optional<std::string> weight;       ///< name or number of a column
  std::vector<std::string> drop;           ///< names or numbers of columns to leave out
  std::vector<std::string> missing_words;  ///< stand for NaN beside empty cells, NA and NaN
  std::vector<std::string> columns{};      ///< names or numbers of the only features; empty: all
  std::vector<std::pair<std::string, StoredKind>>
      types{};  ///< what columns are to be, by name or number; else by what they hold
  std::vector<std::pair<std::string, std::string>>
      dates{};  ///< how dates of columns are written, by name or number, as for strptime
  bool skips_bad_rows = false;  ///< rows that do not fit are left out, else an error
  enum class Layout { by_types, matrix, table };
  Layout layout = Layout::by_types;
  std::string unpack_beside;  ///< where a file packed by gzip is unpacked meanwhile
  NumberStyle numbers;
  bool is_latin1 = false;  ///< text is Latin-1, else UTF-8
  bool is_float32 = false;
  std::optional<Index> rows;      ///< only the first so many
  std::uint64_t piece_bytes = 0;  ///< 0: a share of the file that suits its size
};

/// UsageError unless `format` says how dates are written.
void require_date_format(const std::string& format);

/// The CSV files that are meant by names of files and folders: of a folder those whose names say
/// so, in the order of their names. FileError when a folder has none; UsageError when one is named
/// twice, or commas separate the fields of one and tabs those of another. Call it on one rank.
std::vector<std::string> csv_files_of(const std::vector<std::string>& sources,
                                      const std::optional<char>& delimiter);

/// Reads the files, which become one table, to find types, classes, categories and rows: once as a
/// rule, twice where a column turns out to be text behind its beginning. DataError on what is no
/// table.
/// **Collective.**
ImportedSource open_csv(const Communicator& comm, const std::vector<std::string>& paths,
                        const CsvOptions& options, const ParallelFor& parallel_for);

struct ArrayOptions {
  std::optional<std::string> y;       ///< .npy: another file; HDF5: a dataset, else /y if there
  std::optional<std::string> weight;  ///< likewise
  std::string x = "/X";               ///< HDF5
  std::optional<bool> is_float32;     ///< else as in the file
  std::optional<Index> rows;
  int threads = 1;  ///< that will read at once
};

/// **Collective.**
ImportedSource open_npy(const Communicator& comm, const std::string& path,
                        const ArrayOptions& options, const ParallelFor& parallel_for);
/// **Collective.**
ImportedSource open_hdf5(const Communicator& comm, const std::string& path,
                         const ArrayOptions& options, const ParallelFor& parallel_for);

struct LibsvmOptions {
  std::optional<Index> width;      ///< columns; else as many as the largest index asks for
  std::optional<bool> zero_based;  ///< whether the first column is 0; else if any index is 0
  bool is_float32 = false;
  std::optional<Index> rows;  ///< only the first so many
  std::string unpack_beside;  ///< where a file packed by gzip is unpacked meanwhile
  std::uint64_t piece_bytes = 0;
};

/// "label index:value ...", as LIBSVM, svmlight and scikit-learn write it; `qid:` becomes /groups.
/// DataError with the line and column of the first word that is none.
/// **Collective.**
ImportedSource open_libsvm(const Communicator& comm, const std::string& path,
                           const LibsvmOptions& options, const ParallelFor& parallel_for);
/// Whether a file's beginning is such a row. Call it on one rank.
bool is_like_libsvm(std::string_view head);

struct MatrixMarketOptions {
  bool transpose = false;        ///< the file's columns are the rows
  std::optional<std::string> y;  ///< a file of one number a line
  bool is_float32 = false;
  std::optional<Index> rows;
  std::string unpack_beside;
  std::uint64_t piece_bytes = 0;
  std::size_t memory = 0;  ///< of this rank
};

/// Coordinates of real numbers or integers, general or symmetric, in any order.
/// **Collective.**
ImportedSource open_matrix_market(const Communicator& comm, const std::string& path,
                                  const MatrixMarketOptions& options,
                                  const ParallelFor& parallel_for);

}  // namespace superstep
