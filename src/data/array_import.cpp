// SPDX-License-Identifier: BSD-3-Clause
// Arrays as sources of rows: .npy files and the datasets of HDF5 files.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include <superstep/data/import.hpp>
#include <superstep/io/npy.hpp>
#include <superstep/io/row_reader.hpp>
#include "data/csv_share.hpp"
#include "data/shared_layouts.hpp"
#include "io/posix_file.hpp"

namespace superstep {

namespace {

constexpr Index rows_a_task = 16'384;

/// One array of a file.
struct ArraySpec {
  DatasetLayout layout;
  Index rows = 0;
  Index columns = 1;
  bool is_fortran_order = false;
  bool is_utf32 = false;

  bool is_text() const { return layout.type.is_text() || is_utf32; }
  bool has_names() const { return is_text() || layout.type.kind == ElementKind::enumeration; }
};

ArraySpec spec_of(const NpyArray& array) {
  return {array.layout, array.shape[0], array.shape.size() == 2 ? array.shape[1] : 1,
          array.is_fortran_order, array.is_utf32};
}

ArraySpec spec_of(const DatasetLayout& layout) {
  return {layout, layout.rows(), layout.columns(), false, false};
}

/// Numbers or texts of an array's rows.
class ArrayReader {
 public:
  ArrayReader(const ArraySpec& spec, std::size_t cache_bytes)
      : spec_(spec), reader_(spec.layout, cache_bytes) {}

  void numbers(Index first, Index count, double* out) const {
    if (!spec_.is_fortran_order) return reader_.read_rows(first, count, out);
    std::vector<double> column(static_cast<std::size_t>(count));
    for (Index j = 0; j < spec_.columns; ++j) {
      reader_.read_rows(j * spec_.rows + first, count, column.data());
      for (Index i = 0; i < count; ++i)
        out[i * spec_.columns + j] = column[static_cast<std::size_t>(i)];
    }
  }

  /// The text, or the name of the enumeration, of each row.
  std::vector<std::string> names(Index first, Index count) const {
    if (spec_.is_utf32) return decode_utf32(first, count);
    if (spec_.is_text()) return reader_.read_strings(first, count);
    std::vector<double> codes(static_cast<std::size_t>(count));
    reader_.read_rows(first, count, codes.data());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const auto code = static_cast<std::int64_t>(std::min(codes[i], 9223372036854774784.0));
      const auto& members = spec_.layout.type.members;
      const auto member =
          std::ranges::find_if(members, [&](const auto& m) { return m.second == code; });
      if (member == members.end()) {
        throw DataError(fmt::format("{} row {} holds {}, which its enumeration does not name",
                                    spec_.layout.where(), first + static_cast<Index>(i), code));
      }
      names.push_back(member->first);
    }
    return names;
  }

  void require_unchanged() const { reader_.require_unchanged(); }

 private:
  std::vector<std::string> decode_utf32(Index first, Index count) const {
    const Index width = reader_.columns();
    std::vector<double> codes(static_cast<std::size_t>(count * width));
    reader_.read_rows(first, count, codes.data());
    std::vector<std::string> texts(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) {
      for (Index j = 0; j < width; ++j) {
        const double code = codes[static_cast<std::size_t>(i * width + j)];
        if (code == 0.0) break;
        append_utf8(texts[static_cast<std::size_t>(i)], static_cast<char32_t>(code));
      }
    }
    return texts;
  }

  ArraySpec spec_;
  RowReader reader_;
};

class ArraySource final : public RowSource {
 public:
  ArraySource(RowFormat format, ArrayReader x, std::optional<ArrayReader> y,
              std::optional<ArrayReader> weight)
      : format_(std::move(format)),
        x_(std::move(x)),
        y_(std::move(y)),
        weight_(std::move(weight)) {}

  const RowFormat& format() const override { return format_; }

  void read(Index first, Index count, const RowSpan& out) const override {
    x_.numbers(first, count, out.x);
    if (weight_) weight_->numbers(first, count, out.weight);
    if (!y_) return;
    if (format_.target.kind != TargetFormat::Kind::names) return y_->numbers(first, count, out.y);
    const std::vector<std::string> names = y_->names(first, count);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = std::ranges::lower_bound(format_.target.names, names[i]);
      if (found == format_.target.names.end() || *found != names[i]) y_->require_unchanged();
      out.y[i] = static_cast<double>(found - format_.target.names.begin());
    }
  }

  void require_unchanged() const override {
    x_.require_unchanged();
    if (y_) y_->require_unchanged();
    if (weight_) weight_->require_unchanged();
  }

 private:
  RowFormat format_;
  ArrayReader x_;
  std::optional<ArrayReader> y_;
  std::optional<ArrayReader> weight_;
};

/// The names of all rows, sorted. **Collective.**
std::vector<std::string> distinct_names(const Communicator& comm, const ArrayReader& reader,
                                        Index rows, const std::string& where,
                                        const ParallelFor& parallel_for) {
  std::set<std::string> mine;
  collectively(comm, [&] {
    const Index tasks = (rows + rows_a_task - 1) / rows_a_task;
    const Share share = share_of(tasks, comm.rank(), comm.size());
    std::mutex mutex;
    parallel_for(share.size(), [&](Index task) {
      const Index first = (share.begin + task) * rows_a_task;
      const auto names = reader.names(first, std::min(rows_a_task, rows - first));
      const std::set<std::string> found(names.begin(), names.end());
      const std::lock_guard lock(mutex);
      mine.insert(found.begin(), found.end());
      if (mine.size() <= most_class_texts) return;
      throw DataError(fmt::format(
          "{} holds more than {} different texts, too many for classes; name another with "
          "--y",
          where, most_class_texts));
    });
  });
  ByteWriter bytes;
  bytes.put(std::uint64_t{mine.size()});
  for (const std::string& name : mine) bytes.put(std::string_view(name));
  std::set<std::string> all;
  for (const auto& part : comm.gather_all(bytes.take())) {
    ByteReader in(part);
    for (auto n = in.get<std::uint64_t>(); n > 0; --n) all.insert(in.text());
  }
  return {all.begin(), all.end()};
}

struct Arrays {
  ArraySpec x;
  std::optional<ArraySpec> y;
  std::optional<ArraySpec> weight;
  std::vector<std::string> feature_names;
};

void check_column(const ArraySpec& x, const ArraySpec& other, const char* option, bool takes_more) {
  const std::string where = other.layout.where();
  const bool is_table = takes_more && other.layout.shape.size() <= 2 && !other.has_names();
  if (is_table ? other.columns < 1 : other.columns != 1) {
    throw DataError(fmt::format(
        "{} must be one value per row, but it has {} columns{}; name another with {}", where,
        other.columns, takes_more && other.has_names() ? " of text" : "", option));
  }
  if (other.rows != x.rows) {
    throw DataError(fmt::format("{} has {} rows but {} has {}; they must be equal", where,
                                other.rows, x.layout.where(), x.rows));
  }
}

void check(const Arrays& arrays) {
  const ArraySpec& x = arrays.x;
  if (x.is_text()) {
    throw DataError(fmt::format("{} holds {}, features must be numbers", x.layout.where(),
                                x.layout.type.name()));
  }
  if (x.layout.shape.size() > 2) {
    throw DataError(fmt::format("{} has {} dimensions; rows x columns is needed: reshape it",
                                x.layout.where(), x.layout.shape.size()));
  }
  if (x.rows == 0 || x.columns == 0 || x.layout.shape.empty()) {
    throw DataError(
        fmt::format("{} is empty; a dataset needs one row and one column", x.layout.where()));
  }
  if (arrays.y) check_column(x, *arrays.y, "--y", true);
  if (!arrays.weight) return;
  check_column(x, *arrays.weight, "--weight", false);
  if (arrays.weight->is_text()) {
    throw DataError(
        fmt::format("{} holds text, weights must be numbers", arrays.weight->layout.where()));
  }
}

/// Whole numbers stay so where an int64 holds them all.
TargetFormat::Kind numeric_kind(const ElementType& type) {
  const bool is_integer = type.kind == ElementKind::signed_integer ||
                          type.kind == ElementKind::boolean ||
                          (type.kind == ElementKind::unsigned_integer && type.bytes < 8);
  return is_integer ? TargetFormat::Kind::integer : TargetFormat::Kind::real;
}

ImportedSource make_source(const Communicator& comm, Arrays arrays, const ArrayOptions& options,
                           const ParallelFor& parallel_for) {
  RowFormat format;
  std::optional<ArrayReader> x;
  std::optional<ArrayReader> y;
  std::optional<ArrayReader> weight;
  collectively(comm, [&] {
    check(arrays);
    format.rows = options.rows ? std::min(*options.rows, arrays.x.rows) : arrays.x.rows;
    format.columns = arrays.x.columns;
    format.is_float32 = options.is_float32.value_or(arrays.x.layout.type.is_exact_in_float());
    format.has_weight = arrays.weight.has_value();
    format.feature_names = std::move(arrays.feature_names);
    const Index block_rows = BlockPlan(format.rows, format.columns).rows_per_block();
    const auto open = [&](const ArraySpec& spec) {
      return ArrayReader(spec,
                         RowReader::pass_cache_bytes(spec.layout, options.threads, block_rows));
    };
    x.emplace(open(arrays.x));
    if (arrays.y) y.emplace(open(*arrays.y));
    if (arrays.weight) weight.emplace(open(*arrays.weight));
  });
  if (y && arrays.y->has_names()) {
    format.target.kind = TargetFormat::Kind::names;
    format.target.names =
        distinct_names(comm, *y, format.rows, arrays.y->layout.where(), parallel_for);
  } else if (y) {
    format.target.kind = numeric_kind(arrays.y->layout.type);
    format.target.columns = arrays.y->columns;
  }
  ImportedSource imported;
  if (!y) imported.notes.push_back("there are no targets /y; name them with --y");
  imported.rows = std::make_unique<ArraySource>(std::move(format), std::move(*x), std::move(y),
                                                std::move(weight));
  return imported;
}

/// Each rank has looked at the file: what the root found is what counts, and a rank that found
/// another file says so when it opens it.
void agree_on(const Communicator& comm, DatasetLayout& layout) {
  std::vector<std::byte> bytes = serialize(layout);
  comm.broadcast(bytes);
  layout = deserialize_layout(bytes);
}

}  // namespace

namespace {

/// Of a text: sparse rows by the name or the first line, else CSV.
ImportFormat text_format(const std::string& path, std::string name) {
  const bool is_packed = name.ends_with(".gz");
  if (is_packed) name.resize(name.size() - 3);
  const auto is_called = [&](auto... ends) { return (name.ends_with(ends) || ...); };
  if (is_called(".csv", ".tsv", ".tab")) return ImportFormat::csv;
  if (is_called(".libsvm", ".svm", ".svmlight")) return ImportFormat::libsvm;
  const std::string head = is_packed ? "" : posix::head_of(path, std::size_t{1} << 16);
  if (is_called(".mtx") || head.starts_with("%%MatrixMarket")) return ImportFormat::matrix_market;
  return is_like_libsvm(head) ? ImportFormat::libsvm : ImportFormat::csv;
}

}  // namespace

ImportFormat import_format(const std::string& path) {
  const std::string head = posix::head_of(path, 8);
  // A name that promises a format is taken at its word, so that a damaged file is called damaged.
  const std::string name = to_lower(path);
  if (head.starts_with("\x93NUMPY") || name.ends_with(".npy")) return ImportFormat::npy;
  const bool is_named_hdf5 = name.ends_with(".h5") || name.ends_with(".hdf5");
  if (head == "\x89HDF\r\n\x1a\n" || is_named_hdf5) return ImportFormat::hdf5;
  return text_format(path, name);
}

ImportedSource open_npy(const Communicator& comm, const std::string& path,
                        const ArrayOptions& options, const ParallelFor& parallel_for) {
  Arrays arrays;
  collectively(comm, [&] {
    arrays.x = spec_of(describe_npy(path));
    if (options.y) arrays.y = spec_of(describe_npy(*options.y));
    if (options.weight) arrays.weight = spec_of(describe_npy(*options.weight));
  });
  agree_on(comm, arrays.x.layout);
  if (arrays.y) agree_on(comm, arrays.y->layout);
  if (arrays.weight) agree_on(comm, arrays.weight->layout);
  return make_source(comm, std::move(arrays), options, parallel_for);
}

ImportedSource open_hdf5(const Communicator& comm, const std::string& path,
                         const ArrayOptions& options, const ParallelFor& parallel_for) {
  const auto layouts =
      shared_layouts(comm, path,
                     {{options.x, true, "--x"},
                      {options.y.value_or("/y"), options.y.has_value(), "--y"},
                      {options.weight.value_or("/weight"), options.weight.has_value(), "--weight"},
                      {"/feature_names", false}});
  const auto &x = layouts[0], &y = layouts[1], &weight = layouts[2], &names = layouts[3];
  Arrays arrays;
  collectively(comm, [&] {
    arrays.x = spec_of(*x);
    if (y) arrays.y = spec_of(*y);
    if (weight) arrays.weight = spec_of(*weight);
    if (names && names->type.is_text() && names->rows() == x->columns()) {
      arrays.feature_names = RowReader(*names).read_strings(0, names->rows());
    }
  });
  return make_source(comm, std::move(arrays), options, parallel_for);
}

}  // namespace superstep
