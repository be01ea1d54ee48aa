// SPDX-License-Identifier: BSD-3-Clause
// An HDF5 file that all ranks write together and that appears whole or not at all, with the same
// bytes for any number of ranks.
//
// Parallel HDF5 through MPI-IO, around its traps. A collective write to a full disk loses data
// without an error under Open MPI's default layer, and hangs under ROMIO: so space is taken from
// the disk before anything is written, plain rows go in independent writes, which report errors,
// and what must be written collectively (compression, checksums) is read back and compared at once.
// A handle left open is closed collectively by MPI_Finalize, so it is left open where ranks part
// ways. One rank writes without MPI, the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/types.hpp>
#include <superstep/io/dataset_layout.hpp>

namespace superstep {

/// The types that can be written.
ElementType float32_type();
ElementType float64_type();
ElementType int8_type();
ElementType int16_type();
ElementType int32_type();
ElementType int64_type();
ElementType uint8_type();
ElementType uint64_type();
/// h5py's: an enumeration of FALSE and TRUE over int8.
ElementType boolean_type();
/// UTF-8 of at most `bytes` bytes, padded with zeros.
ElementType fixed_string_type(std::size_t bytes);
/// int32 codes 0, 1, 2, ... with these names.
ElementType enumeration_type(const std::vector<std::string>& names);

/// How a dataset is stored.
struct DatasetOptions {
  Index chunk_rows = 0;     ///< 0: contiguous, unless something below asks for chunks
  int deflate = 0;          ///< 0: none, else 1 to 9, with shuffle before it
  bool fletcher32 = false;  ///< a checksum for each chunk: flipped bits are noticed when it is read
};

/// A file being written. Datasets first, then rows, then commit.
class ParallelFile {
 public:
  /// Names one dataset of this file.
  struct Dataset {
    std::size_t index;
  };

  /// Creates a temporary file beside `path`. Nothing happens to an existing `path` before commit.
  /// **Collective.**
  static ParallelFile create(const Communicator& comm, const std::string& path);
  ParallelFile(ParallelFile&&) noexcept;
  ParallelFile& operator=(ParallelFile&&) = delete;
  /// Without commit: removes the temporary file. **Collective,** but silent while an exception
  /// unwinds.
  ~ParallelFile();

  /// One or two dimensions. Space that can be known is taken from the disk at once, so that a full
  /// disk is told now. Path: "/X"; groups are made as needed. **Collective.**
  Dataset create_dataset(const std::string& path, const ElementType& type,
                         const std::vector<Index>& shape, const DatasetOptions& options = {});

  /// The same of many at once, in order.
  struct NewDataset {
    std::string path;
    ElementType type;
    std::vector<Index> shape;
    DatasetOptions options = {};
  };
  std::vector<Dataset> create_datasets(const std::vector<NewDataset>& wanted);

  /// A group that may have attributes of any length, such as the names of 10,000 columns.
  /// **Collective.**
  void create_group(const std::string& path);

  /// The chunk height really used (the whole height for a contiguous dataset).
  Index chunk_rows(Dataset dataset) const;
  /// Whether write_rows is collective and goes through the rows in order: with compression or
  /// checksums.
  bool is_collective(Dataset dataset) const;

  /// Writes rows [first, first + count), row-major, of exactly the dataset's type.
  ///
  /// From the thread that started MPI only.
  /// Plain datasets: not collective, in any order; FileError on this rank alone.
  /// Where is_collective(): **Collective.** Each call continues where the last one ended: the
  /// ranges of the ranks, in rank order, follow each other without gaps, and each begins at a
  /// multiple of chunk_rows() and ends at one or at the last row (a rank may give none, count 0).
  /// So the chunks lie in the file in the order of the rows, whoever wrote them.
  void write_rows(Dataset dataset, Index first, Index count, const double* rows);
  void write_rows(Dataset dataset, Index first, Index count, const float* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::int8_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::int16_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::int32_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::int64_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::uint8_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::uint64_t* rows);
  void write_rows(Dataset dataset, Index first, Index count, const std::vector<std::string>& rows);

  /// Sets an attribute of "/", a group or a dataset; the same call on every rank, no communication.
  void set_attribute(const std::string& object, const std::string& name, const std::string& value);
  void set_attribute(const std::string& object, const std::string& name, std::int64_t value);
  /// Of several texts, in one dimension.
  void set_texts(const std::string& object, const std::string& name,
                 std::vector<std::string> values);
  /// Of several integers, in one dimension.
  void set_integers(const std::string& object, const std::string& name,
                    std::vector<std::int64_t> values);
  /// As h5py writes a bool.
  void set_flag(const std::string& object, const std::string& name, bool value);

  /// A dataset of texts of any length, which the root writes when the file is committed: for few,
  /// because nobody reads them in parallel. The same call on every rank, no communication.
  void add_texts(const std::string& path, std::vector<std::string> texts);

  /// Checks that every row was written, makes everything durable and gives the file its name. After
  /// a failure the temporary file is gone and an older file of that name is as it was.
  /// **Collective.**
  void commit();

 private:
  struct Impl;
  explicit ParallelFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
