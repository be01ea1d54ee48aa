// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/dataset.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/row_reader.hpp>

#include "data/dataset_shapes.hpp"
#include "data/feature_reader.hpp"
#include "data/label_finder.hpp"
#include "data/shared_layouts.hpp"

namespace superstep {

namespace {

constexpr std::uint32_t sample_purpose = 0x73616d70;  // Philox stream of --sample
constexpr Index most_classes = 100'000;
constexpr Index most_groups = 10'000'000;

/// Blocks of the sample: each block draws a number, the smallest are taken, at least one. So a
/// smaller fraction's are among a larger one's.
std::vector<Index> sampled_blocks(const BlockPlan& all, double fraction, std::uint64_t seed) {
  std::vector<std::pair<double, Index>> draws;
  for (Index i = 0; i < all.size(); ++i) {
    RowRandom random(Philox(seed, sample_purpose), static_cast<std::uint64_t>(i));
    draws.emplace_back(random.uniform(), i);
  }
  std::sort(draws.begin(), draws.end());
  const double wanted = std::ceil(fraction * static_cast<double>(all.size()));
  const auto count = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, draws.size());
  std::vector<Index> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(draws[i].second);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// What can be known of a file's contents without reading them.
std::string fingerprint_of(const std::string& path, const DataOptions& o,
                           const DataLayout& layout) {
  Hash64 hash;
  hash.add(static_cast<std::uint64_t>(std::filesystem::file_size(path)));
  const auto changed = std::filesystem::last_write_time(path).time_since_epoch().count();
  hash.add(static_cast<std::uint64_t>(changed));
  const std::vector<std::byte> bytes = serialize(layout);
  hash.add(bytes.data(), bytes.size());
  hash.add(fmt::format("{} {} {}", o.rows.value_or(-1), o.sample.value_or(1.0), o.seed));
  return hash.hex();
}

}  // namespace

struct Dataset::Impl {
  std::string path;
  std::string fingerprint;
  DataOptions options;
  BlockPlan blocks;
  std::optional<FeatureReader> x;
  Index most_values = 0;  ///< in a block of sparse rows
  std::optional<RowReader> y;
  std::optional<RowReader> weight;
  std::optional<RowReader> group;
  std::vector<std::string> feature_names;
  std::optional<Labels> classes;
  std::optional<Labels> groups;

  /// At most.
  Index values_of_a_block() const {
    if (x->sparse() != nullptr || x->texts() != nullptr) return most_values;
    return std::min(blocks.rows_per_block(), x->rows()) * x->columns();
  }
};

Dataset::Dataset(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dataset::~Dataset() = default;

namespace {

constexpr const char* table_place = "/table";

/// The features at --x or, where there is none and none was named, the table; and what stands
/// beside them: targets, weights, names, groups.
DataLayout look_at(const Communicator& comm, const std::string& path, const DataOptions& options) {
  std::vector<std::string> places = {options.x};
  if (options.x == DataOptions{}.x) places.emplace_back(table_place);
  std::vector<DatasetRequest> requests = {
      {options.y, options.y != DataOptions{}.y, "--y"},
      {options.weight, options.weight != DataOptions{}.weight, "--weight"},
      {"/feature_names", false}};
  if (!options.groups.empty()) requests.push_back({options.groups, true, "--groups"});
  DataLayout layout = shared_data_layout(comm, path, places, requests);
  layout.others.resize(4);  // without groups: none
  return layout;
}

/// What was named by a column of the table, by its path.
void name_by_paths(const FrameLayout& frame, DataOptions& options) {
  options.x = frame.group;
  for (std::string* part : {&options.y, &options.weight, &options.groups}) {
    if (!part->empty() && !part->starts_with('/')) *part = frame.group + "/" + *part;
  }
}

void check_rows_wanted(const DataOptions& options) {
  if (options.rows && *options.rows < 1) {
    throw UsageError(fmt::format("--rows must be at least 1, got {}", *options.rows));
  }
  if (options.sample && !(*options.sample > 0.0 && *options.sample <= 1.0)) {
    throw UsageError(fmt::format("--sample must be in (0, 1], got {}", *options.sample));
  }
}

FeatureReader features_of(const DataLayout& layout, const DataOptions& options) {
  const FeatureReader::Use use{options.readers};
  if (layout.frame) return {*layout.frame, use};
  if (const auto& sparse = layout.sparse) {
    return {*sparse, sparse->names ? read_names(*sparse) : std::vector<std::string>(), use};
  }
  const DatasetLayout& x = *layout.matrix;
  check_shape_of_x(x);
  const auto& names = layout.others[2];
  return {x, names && names->type.is_text() ? read_names(*names, x) : std::vector<std::string>(),
          use};
}

}  // namespace

std::shared_ptr<Dataset> Dataset::open(const Communicator& comm, const std::string& path,
                                       const DataOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->options = options;
  const DataLayout layout = look_at(comm, path, options);
  if (layout.frame) name_by_paths(*layout.frame, impl->options);
  const auto &y = layout.others[0], &weight = layout.others[1], &groups = layout.others[3];
  std::vector<std::byte> fingerprint;
  on_root(comm, [&] {
    const std::string hash = fingerprint_of(path, options, layout);
    const auto bytes = std::as_bytes(std::span(hash));
    fingerprint.assign(bytes.begin(), bytes.end());
  });
  comm.broadcast(fingerprint);
  impl->fingerprint.assign(reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size());
  collectively(comm, [&] {
    impl->x.emplace(features_of(layout, options));
    const FeatureReader& x = *impl->x;
    impl->feature_names = x.schema().names();
    const Index tall = x.plan(x.rows()).rows_per_block();
    const auto open_reader = [&](std::optional<RowReader>& reader, const DatasetLayout& part) {
      reader.emplace(part, RowReader::pass_cache_bytes(part, options.readers, tall));
    };
    if (y) {
      check_targets(x, *y);
      open_reader(impl->y, *y);
    }
    if (weight) {
      check_length(x, *weight, "--weight");
      if (!weight->type.is_number()) {
        throw DataError(fmt::format("{} holds {}, weights must be numbers", weight->where(),
                                    weight->type.name()));
      }
      open_reader(impl->weight, *weight);
    }
    if (groups) {
      check_length(x, *groups, "--groups");
      open_reader(impl->group, *groups);
    }
    check_rows_wanted(options);
    const Index rows = options.rows ? std::min(*options.rows, x.rows()) : x.rows();
    impl->blocks = x.plan(rows);
    if (options.sample && *options.sample < 1.0) {
      const BlockPlan pieces = impl->blocks.in_pieces();
      impl->blocks = BlockPlan(pieces, sampled_blocks(pieces, *options.sample, options.seed));
    }
  });
  const SparseReader* const sparse = impl->x->sparse();
  const TextReader* const texts = impl->x->texts();
  if (sparse != nullptr || texts != nullptr) {
    on_root(comm, [&] {
      impl->most_values =
          sparse != nullptr ? sparse->most_values(impl->blocks) : texts->most_bytes(impl->blocks);
    });
    impl->most_values = comm.max(impl->most_values);
  }
  return std::shared_ptr<Dataset>(new Dataset(std::move(impl)));
}

const std::string& Dataset::path() const { return impl_->path; }
const std::string& Dataset::fingerprint() const { return impl_->fingerprint; }
std::string Dataset::x_name() const { return impl_->x->where(); }
std::string Dataset::y_name() const { return impl_->path + ":" + impl_->options.y; }
const DataOptions& Dataset::options() const { return impl_->options; }
Index Dataset::columns() const { return impl_->x->columns(); }
const Schema& Dataset::schema() const { return impl_->x->schema(); }
void Dataset::set_levels(const Schema& schema) {
  if (schema == this->schema()) return;
  if (impl_->x->bytes_read() > 0) {
    throw DataError(fmt::format(
        "{} was read with its categories numbered for another model; open it again for this one",
        x_name()));
  }
  impl_->x->set_levels(schema);
}
bool Dataset::is_table() const { return impl_->x->is_table(); }
bool Dataset::is_sparse() const { return impl_->x->sparse() != nullptr || has_texts(); }
bool Dataset::has_texts() const { return impl_->x->texts() != nullptr; }
Index Dataset::values() const {
  if (has_texts()) return impl_->x->texts()->bytes();
  return is_sparse() ? impl_->x->sparse()->values() : rows_in_file() * columns();
}
std::size_t Dataset::feature_bytes(Index rows) const {
  const double value = is_float32() ? sizeof(float) : sizeof(double);
  const double each = has_texts() ? 1 : value + (is_sparse() ? sizeof(std::int32_t) : 0);
  const double share = static_cast<double>(rows) / static_cast<double>(rows_in_file());
  return static_cast<std::size_t>(each * share * static_cast<double>(values()));
}
const BlockPlan& Dataset::blocks() const { return impl_->blocks; }
bool Dataset::is_float32() const { return impl_->x->is_float32(); }
std::string Dataset::x_type() const { return impl_->x->type(); }
std::string Dataset::y_type() const { return has_y() ? impl_->y->layout().type.name() : ""; }
std::string Dataset::x_storage() const { return impl_->x->storage(); }
bool Dataset::has_y() const { return impl_->y.has_value(); }
Index Dataset::targets() const { return has_y() ? impl_->y->columns() : 1; }

void Dataset::require_one_target(const std::string& what) const {
  if (targets() == 1) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{} holds {} targets in each row, and {}; name a dataset with one "
                                "value per row with --y, or use Ridge or LinearRegression",
                                y_name(), targets(), what));
}

bool Dataset::y_is_text() const { return has_y() && is_text(*impl_->y); }
bool Dataset::has_weight() const { return impl_->weight.has_value(); }
bool Dataset::has_groups() const { return impl_->group.has_value(); }
const std::vector<std::string>& Dataset::feature_names() const { return impl_->feature_names; }

std::string Dataset::column_name(Index column) const {
  if (column >= static_cast<Index>(impl_->feature_names.size())) {
    return fmt::format("column {}", column);
  }
  return fmt::format("column {} ('{}')", column,
                     impl_->feature_names[static_cast<std::size_t>(column)]);
}

namespace {

/// What the caller must have seen to before blocks are read: anything else is a mistake of ours.
template <class T>
const T& required(const std::optional<T>& part, const char* name) {
  if (!part) throw std::logic_error(fmt::format("a block is read that needs {}", name));
  return *part;
}

}  // namespace

const Labels& Dataset::classes(const Communicator& comm) {
  if (impl_->classes) return *impl_->classes;
  if (!has_y()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{} has no targets ({}); name them with --y",
                                                      impl_->path, impl_->options.y));
  }
  require_one_target("classes are one");
  const std::string too_many = fmt::format(
      "{} has more than {} different values, too many for classes; use a regressor, or bin the "
      "target",
      y_name(), most_classes);
  Labels labels = labels_of(comm, {impl_->blocks, *impl_->y, most_classes, too_many, y_name(), {}});
  if (labels.has_too_large()) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{} holds whole numbers of 2^63 and more, which cannot be classes; store "
                    "smaller numbers, or text",
                    y_name()));
  }
  if (!labels.is_text() && !labels.is_integer()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} holds fractions ({} different values), classes must be whole "
                                  "numbers or text; use a regressor, or bin the target",
                                  y_name(), labels.size()));
  }
  impl_->classes = std::move(labels);
  return *impl_->classes;
}

const Labels& Dataset::groups(const Communicator& comm, const LabelRoom& room) {
  if (impl_->groups) return *impl_->groups;
  if (!has_groups()) {
    throw AgreedError(ExitCode::usage,
                      "The 'groups' parameter should not be None; name the "
                      "dataset that holds them with --groups");
  }
  const std::string name = fmt::format("{}:{}", impl_->path, impl_->options.groups);
  const std::string too_many =
      fmt::format("{} has more than {} different groups", name, most_groups);
  impl_->groups =
      labels_of(comm, {impl_->blocks, *impl_->group, most_groups, too_many, name, room});
  return *impl_->groups;
}

std::size_t Dataset::group_bytes() const { return impl_->groups ? impl_->groups->bytes() : 0; }

void Dataset::set_classes(Labels labels) { impl_->classes = std::move(labels); }

std::size_t Dataset::block_bytes(Target target) const {
  const auto rows =
      static_cast<std::size_t>(std::min(impl_->blocks.rows_per_block(), rows_in_file()));
  const std::size_t value = is_float32() ? sizeof(float) : sizeof(double);
  std::size_t features = rows * static_cast<std::size_t>(columns()) * value;
  if (is_sparse()) {
    const auto values = static_cast<std::size_t>(impl_->most_values);
    const auto touched = std::min(values, static_cast<std::size_t>(columns())) + 1;
    features = values * (has_texts() ? 1 : value + sizeof(std::int32_t)) +
               touched * sizeof(std::int32_t) + (rows + 2) * sizeof(Index);
  }
  std::size_t per_row = 0;
  if (target != Target::none) per_row += static_cast<std::size_t>(targets()) * sizeof(double);
  if (has_weight()) per_row += sizeof(double);
  if (has_groups()) per_row += sizeof(double);
  return features + rows * per_row;
}

namespace {

/// Hands out parts of a block's memory, each at a multiple of 64; without memory only counts.
class Placement {
 public:
  explicit Placement(std::byte* memory) : memory_(memory) {}
  template <class T>
  Buffer<T> take(Index count) {
    std::byte* at = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return Buffer<T>::lent(reinterpret_cast<T*>(at), count);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* memory_;
  std::size_t bytes_ = 0;
};

/// `values`: of the features, at most.
StoredBlock placed(const Dataset& data, Target target, bool with_groups, Index values,
                   Placement& memory) {
  const Index rows = std::min(data.blocks().rows_per_block(), data.rows_in_file());
  StoredBlock block;
  if (data.is_sparse()) {
    block.begin = memory.take<Index>(rows + 2);
    if (!data.has_texts()) block.columns = memory.take<std::int32_t>(values);
    block.touched = memory.take<std::int32_t>(std::min(values, data.columns()) + 1);
  }
  if (data.has_texts()) {
    block.bytes = memory.take<char>(values);
  } else if (data.is_float32()) {
    block.x32 = memory.take<float>(values);
  } else {
    block.x64 = memory.take<double>(values);
  }
  if (target != Target::none) block.y = memory.take<double>(rows * data.targets());
  if (data.has_weight()) block.weight = memory.take<double>(rows);
  if (with_groups) block.group = memory.take<double>(rows);
  block.target = target;
  return block;
}

}  // namespace

std::size_t Dataset::placed_bytes(Target target) const {
  Placement counting(nullptr);
  placed(*this, target, impl_->groups.has_value(), impl_->values_of_a_block(), counting);
  return counting.bytes();
}

StoredBlock Dataset::place(std::byte* memory, Target target) const {
  Placement placement(memory);
  return placed(*this, target, impl_->groups.has_value(), impl_->values_of_a_block(), placement);
}

Index Dataset::rows_in_file() const { return impl_->x->rows(); }

std::size_t Dataset::reader_bytes(int readers) const {
  const auto threads = static_cast<std::size_t>(readers);
  const auto of = [&](const auto& reader) {
    return reader ? reader->cache_bytes() + threads * reader->scratch_bytes_per_thread()
                  : std::size_t{0};
  };
  const FeatureReader& x = *impl_->x;
  return x.cache_bytes() + threads * x.scratch_bytes_per_thread(impl_->most_values) + of(impl_->y) +
         of(impl_->weight) + of(impl_->group);
}

std::size_t Dataset::bytes_read() const {
  std::size_t bytes = impl_->x->bytes_read();
  if (impl_->y) bytes += impl_->y->bytes_read();
  if (impl_->weight) bytes += impl_->weight->bytes_read();
  if (impl_->group) bytes += impl_->group->bytes_read();
  return bytes;
}

void Dataset::require_unchanged() const { impl_->x->require_unchanged(); }

void Dataset::read(Index i, Target target, StoredBlock& into) const {
  const Index first = blocks().first_row(i);
  const Index rows = blocks().rows_of(i);
  if (const SparseReader* sparse = impl_->x->sparse()) {
    sparse->read(first, rows, into);
  } else if (const TextReader* texts = impl_->x->texts()) {
    texts->read(first, rows, into);
  } else if (is_float32()) {
    into.x32.grow(rows * columns());
    impl_->x->read_rows(first, rows, into.x32.data());
  } else {
    into.x64.grow(rows * columns());
    impl_->x->read_rows(first, rows, into.x64.data());
  }
  if (has_weight()) {
    into.weight.grow(rows);
    impl_->weight->read_rows(first, rows, into.weight.data());
  }
  if (impl_->groups) {
    into.group.grow(rows);
    read_groups(i, into.group.data());
  }
  read_target(i, target, into);
}

void Dataset::read_classes(Index i, double* out) const {
  encode(required(impl_->y, "targets"), required(impl_->classes, "the classes found before"),
         blocks().first_row(i), blocks().rows_of(i), out);
}

void Dataset::read_groups(Index i, double* out) const {
  encode(required(impl_->group, "groups"), required(impl_->groups, "the groups found before"),
         blocks().first_row(i), blocks().rows_of(i), out);
}

void Dataset::read_target(Index i, Target target, StoredBlock& into) const {
  into.target = target;
  if (target == Target::none) return;
  const Index rows = blocks().rows_of(i);
  into.y.grow(rows * targets());
  if (target == Target::classes) {
    read_classes(i, into.y.data());
  } else {
    required(impl_->y, "targets").read_rows(blocks().first_row(i), rows, into.y.data());
  }
}

}  // namespace superstep
