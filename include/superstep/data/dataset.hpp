// SPDX-License-Identifier: BSD-3-Clause
// A dataset: what an HDF5 file holds, known to every rank, and the reading of one block of it by
// any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/block.hpp>
#include <superstep/data/buffer.hpp>
#include <superstep/data/labels.hpp>
#include <superstep/data/schema.hpp>

namespace superstep {

/// Where the parts of a dataset are in its file, and which rows are wanted.
struct DataOptions {
  std::string x = "/X";
  std::string y = "/y";  ///< taken when it is there; an error if named otherwise and absent
  std::string weight = "/weight";  ///< likewise
  std::string groups;              ///< one group a row, number or text; empty: none
  std::optional<Index> rows;       ///< only the first so many rows
  std::optional<double> sample;    ///< only this fraction of the blocks, drawn from the seed
  std::uint64_t seed = 0;
  int readers = 1;  ///< threads that will read blocks at once
};

/// What a table reads of /y.
enum class Target { none, numbers, classes };

/// What finding the distinct values of a column may take of this rank's memory.
struct LabelRoom {
  std::size_t bytes = SIZE_MAX;
  std::size_t taken = 0;  ///< of the budget beside them, for messages
};

/// A block as it lies in memory: features in the precision of the file, targets already encoded.
struct StoredBlock {
  Buffer<float> x32;
  Buffer<double> x64;
  /// Of sparse rows, whose values stand in one of the above: where each row begins, and the last
  /// ends, then how many columns are touched; the columns of values; the columns touched.
  Buffer<Index> begin;
  Buffer<std::int32_t> columns, touched;
  Buffer<char> bytes;  ///< of texts, in place of values; where each begins stands above
  Buffer<double> y;    ///< rows x targets
  Buffer<double> weight;
  Buffer<double> group;  ///< codes, once groups() was asked for
  Target target = Target::none;
};

/// Values that are NaN or infinite: how many, and the first.
struct BadValues {
  Index x_count = 0;
  Index x_first = -1;  ///< row * columns + column
  bool x_first_is_nan = false;
  Index y_count = 0;
  Index y_first = -1;      ///< row * targets + target
  Index weight_count = 0;  ///< negative weights are bad, too
  Index weight_first = -1;
  bool any() const { return x_count + y_count + weight_count > 0; }
  /// The bad values of both.
  void add(const BadValues& other);
};

/// Rows of one file.
class Dataset {
 public:
  /// Looks at the file on the root and tells every rank. **Collective.**
  static std::shared_ptr<Dataset> open(const Communicator& comm, const std::string& path,
                                       const DataOptions& options = {});
  ~Dataset();

  const std::string& path() const;
  /// Of the file as it was opened and of the rows selected, the same on every rank: changes when
  /// the file does.
  const std::string& fingerprint() const;
  /// "train.h5:/X", for messages.
  std::string x_name() const;
  std::string y_name() const;
  const DataOptions& options() const;
  Index rows() const { return blocks().rows(); }  ///< those selected
  Index rows_in_file() const;
  Index columns() const;
  const BlockPlan& blocks() const;
  bool is_float32() const;  ///< features are kept as float32
  bool is_sparse() const;   ///< as sparse rows, of doubles, floats or texts
  bool has_texts() const;   ///< one column of texts, nothing else
  /// Values that are kept: of sparse rows, those that are stored; of texts, bytes.
  Index values() const;
  /// Bytes that the features of so many rows take, on average.
  std::size_t feature_bytes(Index rows) const;
  std::string x_type() const;
  std::string y_type() const;     ///< empty without /y
  std::string x_storage() const;  ///< "contiguous", "chunks of 4096 x 50, gzip", for info
  bool has_y() const;
  Index targets() const;  ///< values of /y in a row; 1 without /y
  /// AgreedError where there are several: "train.h5:/y holds 3 targets in each row, and " + what.
  void require_one_target(const std::string& what) const;
  bool y_is_text() const;
  bool has_weight() const;
  bool has_groups() const;
  const std::vector<std::string>& feature_names() const;  ///< may be empty
  /// What the columns are; of a matrix all are numbers.
  const Schema& schema() const;
  /// Whether the features are kept as one dataset a column.
  bool is_table() const;
  /// From now on categories are numbered by the levels of these columns, a model's. DataError where
  /// rows were read with other numbers.
  void set_levels(const Schema& schema);
  /// "column 4", or "column 4 ('age')" where names are known.
  std::string column_name(Index column) const;

  /// The distinct targets, found by reading /y once. DataError if there are more than can be
  /// classes.
  /// **Collective** on the first call.
  const Labels& classes(const Communicator& comm);
  /// The distinct groups, found by reading them once; blocks that are read from then on carry
  /// positions in this list. **Collective** on the first call.
  const Labels& groups(const Communicator& comm, const LabelRoom& room = {});
  /// Bytes that the list of groups takes, once it is known.
  std::size_t group_bytes() const;
  /// The classes found before, or given by a model: targets are encoded as positions in it, unknown
  /// ones -1.
  void set_classes(Labels labels);

  /// Bytes of a block in memory.
  std::size_t block_bytes(Target target) const;
  /// A block to be read into memory that somebody else owns, which begins at a multiple of 64: so
  /// many bytes for each.
  std::size_t placed_bytes(Target target) const;
  StoredBlock place(std::byte* memory, Target target) const;
  /// Bytes that so many reading threads need beside the blocks (decoded chunks).
  std::size_t reader_bytes(int readers) const;
  /// Bytes taken from the file so far by this rank.
  std::size_t bytes_read() const;
  /// FileError when the file was written to since it was opened: what was read is then of no one
  /// state of it.
  void require_unchanged() const;
  /// Reads the i-th block of blocks(). Any thread. FileError on failure.
  void read(Index i, Target target, StoredBlock& into) const;
  /// Reads the targets of a block anew, into a block that was stored for another use of them.
  void read_target(Index i, Target target, StoredBlock& into) const;
  /// Class or group codes of a block's rows, without its features; `out`: rows_of(i) values.
  void read_classes(Index i, double* out) const;
  void read_groups(Index i, double* out) const;
  /// NaN, infinite and negative-weight values of a block that was read; `i` says where it is.
  BadValues check(Index i, const StoredBlock& block, const MayMiss& may_miss) const;

 private:
  struct Impl;
  explicit Dataset(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Says where the first bad value is, in the same words on any number of ranks.
[[noreturn]] void throw_bad_values(const Dataset& data, const BadValues& bad);

}  // namespace superstep
