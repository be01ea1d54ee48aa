// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/dataset_writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/io/parallel_file.hpp>
#include "data/column_writer.hpp"
#include "data/sparse_writer.hpp"
#include "data/table_writer.hpp"

namespace superstep {

namespace {

// What a rank fills before it writes, where the user's budget allows it: enough for long writes.
constexpr std::size_t usual_portion_bytes = std::size_t{32} << 20;
// Compressed rows are written by all ranks together, and where HDF5 puts its index between them
// depends on how many at a time: a number that depends on the dataset alone.
constexpr std::size_t least_round_bytes = std::size_t{64} << 20;
constexpr std::size_t most_round_bytes = std::size_t{1} << 30;
constexpr std::size_t rounds_of_large_files = 256;

/// The rows that are filled and written at a time.
struct Portion {
  Buffer<double> x;
  Buffer<float> x32;

  static std::size_t bytes_per_row(const RowFormat& format) {
    const auto columns = static_cast<std::size_t>(format.columns);
    const auto more_targets = static_cast<std::size_t>(format.target.columns - 1);
    std::size_t of_features = columns * (format.is_float32 ? 12 : 8);
    if (format.is_table()) of_features = TableWriter::bytes_per_row(format);
    if (format.sparse) {  // on average; what a portion takes is looked at beside that
      const Index values = format.sparse->all() / std::max<Index>(format.rows, 1) + 1;
      of_features = static_cast<std::size_t>(values * SparseWriter::bytes_together + 16);
    }
    return of_features + 24 + 16 * (format.others.size() + more_targets);
  }
};

class Writer {
 public:
  Writer(const Communicator& comm, const std::string& path, const RowSource& source,
         const StorageChoice& storage, const WriteMeans& means)
      : comm_(comm),
        path_(path),
        source_(source),
        format_(source.format()),
        means_(means),
        blocks_(format_.sparse ? BlockPlan::of_sparse(format_.rows, format_.sparse->all())
                               : BlockPlan(format_.rows, format_.columns)),
        chunk_rows_(std::min(storage.chunk_rows > 0 ? storage.chunk_rows : blocks_.rows_per_block(),
                             format_.rows)),
        is_chunked_(storage.is_chunked()) {
    options_.chunk_rows = is_chunked_ ? chunk_rows_ : 0;
    options_.deflate = storage.deflate;
    options_.fletcher32 = is_chunked_;
    if (format_.is_table()) table_.emplace(path_, format_);
    if (format_.sparse) sparse_.emplace(path_, format_);
    if (is_chunked_) {
      require_memory(most_round_bytes_here());
    } else if (sparse_) {
      require_memory(most_task_bytes());
    }
    if (format_.target.kind != TargetFormat::Kind::none) y_.emplace("/y", format_.target);
    if (format_.has_weight) weight_.emplace("/weight", TargetFormat{TargetFormat::Kind::real});
    for (const OtherColumn& other : format_.others) others_.emplace_back(other.path, other.format);
  }

  void write(const FileExtras& extras) {
    file_.emplace(ParallelFile::create(comm_, path_));
    create_datasets();
    write_small(extras);
    if (is_chunked_ || (table_ && table_->has_texts())) {
      write_rounds();
    } else if (sparse_) {
      write_sparse_share();
    } else {
      write_share();
    }
    collectively(comm_, [&] { source_.require_unchanged(); });
    file_->commit();
  }

 private:
  std::size_t row_bytes() const { return Portion::bytes_per_row(format_); }
  Index round_rows() const;
  Index share_rows() const;
  std::pair<Index, Index> round_share(Index first, Index end) const;
  std::size_t most_round_bytes_here() const;
  std::size_t most_task_bytes() const;
  std::size_t sparse_bytes(Index first, Index end, Index value_bytes) const;
  void require_memory(std::size_t bytes) const;
  void create_datasets();
  void write_small(const FileExtras& extras);
  void write_rounds();
  void write_share();
  void write_sparse_share();
  template <class F>
  void together(F&& work);
  std::vector<Index> tasks_of(Index first, Index count) const;
  void fill(Index first, Index count);
  void to_float(Index first, Index begin, Index end);
  void put(Index first, Index count);
  RowSpan rows_at(Index begin, Index task);
  template <class F>
  void for_columns(F&& f);
  void tell(Index done, Index all) const;

  const Communicator& comm_;
  const std::string& path_;
  const RowSource& source_;
  const RowFormat& format_;
  const WriteMeans& means_;
  BlockPlan blocks_;
  Index chunk_rows_;
  bool is_chunked_;
  DatasetOptions options_;
  std::optional<ParallelFile> file_;
  std::optional<ParallelFile::Dataset> x_;
  std::optional<TableWriter> table_;
  std::optional<SparseWriter> sparse_;
  std::optional<ColumnWriter> y_;
  std::optional<ColumnWriter> weight_;
  std::vector<ColumnWriter> others_;
  Portion portion_;
};

/// Those that there are beside /X.
template <class F>
void Writer::for_columns(F&& f) {
  if (y_) f(*y_);
  if (weight_) f(*weight_);
  for (ColumnWriter& column : others_) f(column);
}

/// Rows that a rank fills at a time where it writes on its own: whole blocks.
Index Writer::share_rows() const {
  const Index tall = blocks_.rows_per_block();
  const std::size_t bytes =
      std::min(usual_portion_bytes * static_cast<std::size_t>(means_.threads), means_.memory / 2);
  const auto blocks = static_cast<Index>(bytes / (static_cast<std::size_t>(tall) * row_bytes()));
  return std::max<Index>(blocks, 1) * tall;
}

/// Rows of all ranks in one collective write: whole chunks.
Index Writer::round_rows() const {
  const auto chunk_bytes = static_cast<std::size_t>(chunk_rows_) * row_bytes();
  const std::size_t total = static_cast<std::size_t>(format_.rows) * row_bytes();
  const std::size_t wanted =
      std::clamp(total / rounds_of_large_files, least_round_bytes, most_round_bytes);
  return chunk_rows_ * static_cast<Index>(std::max<std::size_t>(wanted / chunk_bytes, 1));
}

/// This rank's rows of a round, [begin, end): whole chunks.
std::pair<Index, Index> Writer::round_share(Index first, Index end) const {
  const Index chunks = (end - first + chunk_rows_ - 1) / chunk_rows_;
  const Share share = share_of(chunks, comm_.rank(), comm_.size());
  return {std::min(first + share.begin * chunk_rows_, end),
          std::min(first + share.end * chunk_rows_, end)};
}

/// What rows [first, end) take when the values of each take so much.
std::size_t Writer::sparse_bytes(Index first, Index end, Index value_bytes) const {
  const Index values = format_.sparse->most_in(first, end);
  return static_cast<std::size_t>(values * value_bytes + (end - first) * 64);
}

/// What a round takes of this rank.
std::size_t Writer::most_round_bytes_here() const {
  if (!sparse_) {
    const Index chunks = (std::min(round_rows(), format_.rows) + chunk_rows_ - 1) / chunk_rows_;
    const Index mine = (chunks + comm_.size() - 1) / comm_.size() * chunk_rows_;
    // HDF5 keeps a compressed copy of what it writes.
    return static_cast<std::size_t>(mine) * row_bytes() * 2;
  }
  std::size_t most = 0;
  for (Index first = 0; first < format_.rows; first += round_rows()) {
    const auto [begin, end] = round_share(first, std::min(first + round_rows(), format_.rows));
    most = std::max(most, sparse_bytes(begin, end, SparseWriter::bytes_together));
  }
  return most;
}

/// What the rows take that are read by one task.
std::size_t Writer::most_task_bytes() const {
  const std::vector<Index>& rows = format_.sparse->rows;
  std::size_t most = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    most = std::max(most, sparse_bytes(rows[i - 1], rows[i], SparseWriter::bytes_alone));
  }
  return most;
}

void Writer::require_memory(std::size_t bytes) const {
  const auto needed = comm_.max(static_cast<Index>(bytes));
  const auto least = comm_.min(static_cast<Index>(means_.memory));
  if (least >= needed) return;
  const Index mib = Index{1} << 20;
  const auto taken = static_cast<Index>(means_.taken);
  throw AgreedError(
      ExitCode::memory,
      fmt::format("writing {}{} needs {} of memory per rank, more than the budget; give --memory "
                  "{}M{}",
                  path_, is_chunked_ ? " in chunks" : "", format_bytes(needed + taken),
                  (needed + taken + 2 * mib - 1) / mib,
                  is_chunked_ ? ", more ranks, or smaller chunks (--chunk-rows)" : ""));
}

void Writer::create_datasets() {
  const ElementType x_type = format_.is_float32 ? float32_type() : float64_type();
  if (table_) {
    table_->create_in(*file_, options_);
  } else if (sparse_) {
    sparse_->create_in(*file_, options_);
  } else {
    x_ = file_->create_dataset("/X", x_type, {format_.rows, format_.columns}, options_);
  }
  for_columns([&](ColumnWriter& column) { column.create_in(*file_, format_.rows, options_); });
}

/// What the root writes alone.
void Writer::write_small(const FileExtras& extras) {
  std::optional<ParallelFile::Dataset> names;
  if (!format_.feature_names.empty()) {
    std::size_t longest = 1;
    for (const std::string& name : format_.feature_names) longest = std::max(longest, name.size());
    names = file_->create_dataset("/feature_names", fixed_string_type(longest), {format_.columns});
  }
  std::vector<ParallelFile::Dataset> datasets;
  for (const auto& [name, array] : extras.datasets) {
    datasets.push_back(file_->create_dataset(name, float64_type(), array.shape));
  }
  if (table_) table_->describe_in(*file_);
  if (sparse_) sparse_->describe_in(*file_);
  for (const auto& [name, text] : extras.attributes) file_->set_attribute("/", name, text);
  on_root(comm_, [&] {
    if (table_) table_->put_number_levels(*file_);
    if (names) file_->write_rows(*names, 0, format_.columns, format_.feature_names);
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      const TreeArray<double>& array = extras.datasets[i].second;
      file_->write_rows(datasets[i], 0, array.shape[0], array.values.data());
    }
  });
}

/// Like collectively(), but bad data are those of the file, told in the same words whichever rank
/// met them: rows are handed out in the order of the ranks, so the lowest rank's are the first.
template <class F>
void Writer::together(F&& work) {
  std::string bad_data;
  collectively(comm_, [&] {
    try {
      work();
    } catch (const DataError& e) {
      bad_data = e.what();
    }
  });
  const Index first = comm_.min(Index{bad_data.empty() ? comm_.size() : comm_.rank()});
  if (first == comm_.size()) return;
  throw AgreedError(ExitCode::bad_data, comm_.broadcast(bad_data, static_cast<int>(first)));
}

/// In chunks, or with texts, whose place depends on those of all rows before: every round goes on
/// where the last one ended, the ranks side by side.
void Writer::write_rounds() {
  const Index step = is_chunked_ ? round_rows() : comm_.min(share_rows()) * comm_.size();
  for (Index first = 0; first < format_.rows; first += step) {
    const Index end = std::min(first + step, format_.rows);
    const auto [mine, mine_end] = round_share(first, end);
    const Index count = mine_end - mine;
    together([&] { fill(mine, count); });
    if (is_chunked_) {
      put(mine, count);
    } else {
      collectively(comm_, [&] { put(mine, count); });
    }
    if (table_) table_->put_texts(comm_, *file_, mine, count);
    if (sparse_) sparse_->put(comm_, *file_, mine, count);
    tell(end, format_.rows);
  }
}

/// Contiguous: each rank its own rows, on its own.
void Writer::write_share() {
  together([&] {
    const Index tall = blocks_.rows_per_block();
    const Share share = share_of(blocks_.size(), comm_.rank(), comm_.size());
    const Index begin = share.begin * tall;
    const Index end = std::min(share.end * tall, format_.rows);
    const Index step = share_rows();
    for (Index first = begin; first < end; first += step) {
      const Index count = std::min(step, end - first);
      fill(first, count);
      put(first, count);
      comm_.answer();
      tell(first + count - begin, end - begin);
    }
  });
}

/// The same where the number of values before some rows is known: portions are of such rows.
void Writer::write_sparse_share() {
  const SparseShape& shape = *format_.sparse;
  const auto limit = static_cast<std::size_t>(
      shape.wants_large_portions
          ? means_.memory / 2
          : std::min(usual_portion_bytes * static_cast<std::size_t>(means_.threads),
                     means_.memory / 2));
  const Share share = share_of(std::ssize(shape.rows) - 1, comm_.rank(), comm_.size());
  const auto row = [&](Index piece) { return shape.rows[static_cast<std::size_t>(piece)]; };
  together([&] {
    for (Index piece = share.begin; piece < share.end;) {
      const Index from = piece++;
      while (piece < share.end &&
             sparse_bytes(row(from), row(piece + 1), SparseWriter::bytes_alone) <= limit) {
        ++piece;
      }
      fill(row(from), row(piece) - row(from));
      put(row(from), row(piece) - row(from));
      sparse_->put_alone(*file_, row(from), row(piece) - row(from));
      comm_.answer();
      tell(piece - share.begin, share.size());
    }
  });
}

/// Where the tasks that fill a portion begin, and the last one ends.
std::vector<Index> Writer::tasks_of(Index first, Index count) const {
  if (sparse_) return sparse_->tasks_of(first, count);
  // A task is a block, or less where there would be fewer blocks than threads.
  const Index each = std::clamp<Index>(count / (4 * means_.threads), 64, blocks_.rows_per_block());
  std::vector<Index> begins;
  for (Index begin = 0; begin < count; begin += each) begins.push_back(first + begin);
  begins.push_back(first + count);
  return begins;
}

void Writer::fill(Index first, Index count) {
  const std::vector<Index> begins = tasks_of(first, count);
  const Index tasks = count == 0 ? 0 : std::ssize(begins) - 1;
  const Index columns = format_.columns;
  if (table_) {
    table_->begin(count, tasks);
  } else if (sparse_) {
    sparse_->begin(tasks);
    source_.prepare(first, count, means_.parallel_for);
  } else {
    portion_.x.grow(count * columns);
    if (format_.is_float32) portion_.x32.grow(count * columns);
  }
  for_columns([&](ColumnWriter& column) { column.grow(count); });
  means_.parallel_for(tasks, [&](Index task) {
    const Index begin = begins[static_cast<std::size_t>(task)] - first;
    const Index n = begins[static_cast<std::size_t>(task) + 1] - first - begin;
    source_.read(first + begin, n, rows_at(begin, task));
    if (table_) {
      table_->narrow(first, begin, begin + n);
    } else if (format_.is_float32 && !sparse_) {
      to_float(first, begin, begin + n);
    }
  });
  if (sparse_) sparse_->require_floats(first);
}

/// Where the rows of the portion from `begin` on are put.
RowSpan Writer::rows_at(Index begin, Index task) {
  RowSpan span;
  if (table_) {
    span.table = table_->rows_at(begin, task);
  } else if (sparse_) {
    span.sparse = sparse_->rows_of(task);
  } else {
    span.x = portion_.x.data() + begin * format_.columns;
  }
  if (y_) span.y = y_->values(begin);
  if (weight_) span.weight = weight_->values(begin);
  for (ColumnWriter& column : others_) span.others.push_back(column.values(begin));
  return span;
}

/// Rows [begin, end) of the portion, which begins at row `first`.
void Writer::to_float(Index first, Index begin, Index end) {
  const Index columns = format_.columns;
  for (Index i = begin * columns; i < end * columns; ++i) {
    const double value = portion_.x.data()[i];
    const auto narrow = static_cast<float>(value);
    if (std::isinf(narrow) && !std::isinf(value)) {
      throw DataError(
          fmt::format("cannot write {}: row {}, column {} is {}, too large for float32; use "
                      "--dtype float64",
                      path_, first + i / columns, i % columns, format_double(value)));
    }
    portion_.x32.data()[i] = narrow;
  }
}

void Writer::put(Index first, Index count) {
  if (table_) {
    table_->put(*file_, first, count);
  } else if (sparse_) {
    // By itself, beside the columns.
  } else if (format_.is_float32) {
    file_->write_rows(*x_, first, count, portion_.x32.data());
  } else {
    file_->write_rows(*x_, first, count, portion_.x.data());
  }
  for_columns([&](ColumnWriter& column) { column.put(*file_, first, count); });
}

void Writer::tell(Index done, Index all) const {
  if (means_.progress) means_.progress(static_cast<double>(done) / static_cast<double>(all));
}

}  // namespace

void write_dataset(const Communicator& comm, const std::string& path, const RowSource& source,
                   const StorageChoice& storage, const FileExtras& extras,
                   const WriteMeans& means) {
  Writer(comm, path, source, storage, means).write(extras);
}

}  // namespace superstep
