// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/parallel_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/comm/native.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/h5.hpp>
#include "comm/signs_of_life.hpp"
#include "core/unfinished_files.hpp"
#include "io/attributes.hpp"
#include "io/parallel_dataset.hpp"
#include "io/posix_file.hpp"
#include "io/recording_driver.hpp"
#include "io/root_content.hpp"
#include "io/temporary_file.hpp"

namespace superstep {

namespace {

// What HDF5 needs beside the rows, the index of chunks and the headers.
constexpr std::uint64_t metadata_slack = 64 * 1024;
// One call writes at most this much, well below where MPI counts in int.
constexpr std::size_t max_write_bytes = std::size_t{1} << 30;
constexpr std::size_t read_back_bytes = std::size_t{16} << 20;

}  // namespace

struct ParallelFile::Impl {
  Impl(const Communicator& comm_in, std::string path_in)
      : comm(comm_in), path(std::move(path_in)), exceptions_at_birth(std::uncaught_exceptions()) {}
  ~Impl();

  void open();
  void together(const std::function<void()>& work);
  void close_all();
  void discard();
  void reserve(std::uint64_t more);
  void create(PlannedDataset& entry, const DatasetOptions& options) const;
  void require_type(const PlannedDataset& entry, bool matches) const;
  void write(PlannedDataset& entry, Index first, Index count, const void* rows);
  void write_independently(PlannedDataset& entry, Index first, Index count, const std::byte* rows);
  void write_collectively(PlannedDataset& entry, Index first, Index count, const std::byte* rows);
  Index agree_on_round(const PlannedDataset& entry, Index first, Index count);
  void read_back(const PlannedDataset& entry, Index first, Index count,
                 const std::byte* rows) const;

  void require_all_rows();
  void write_by_root();
  void check_structure() const;

  const Communicator& comm;
  std::uint64_t group = 0;  ///< of those who hear each other
  std::string path;
  posix::TemporaryFile owned;  // on the root
  std::string temporary;
  std::optional<unfinished_files::Remembered> as_well{};  // on the others: whoever can removes it
  int exceptions_at_birth;
  posix::Descriptor descriptor;  // to reserve space and to flush
  h5::Handle file;
  std::vector<PlannedDataset> entries;
  RootContent by_root;
  bool is_committed = false;
};

ParallelFile::Impl::~Impl() {
  if (is_committed) return;
  discard();
  if (std::uncaught_exceptions() > exceptions_at_birth) {
    // The other ranks may be elsewhere, and closing would wait for them.
    for (PlannedDataset& entry : entries) entry.dataset.abandon();
    file.abandon();
  } else {
    close_all();
  }
}

void ParallelFile::Impl::close_all() {
  const InsideParallelIo inside(group);
  for (PlannedDataset& entry : entries) entry.dataset.reset();
  file.reset();
}

// Without a name the file vanishes when it is closed. Its space is given back before, because HDF5
// waits for ever for a rank that cannot write its part of the structure to a full disk.
void ParallelFile::Impl::discard() {
  if (!owned.exists()) return;
  if (::truncate(temporary.c_str(), 0) == 0) owned.remove();
}

// All ranks are here when the failure has been agreed on, so this is the moment to close.
void ParallelFile::Impl::together(const std::function<void()>& work) {
  try {
    collectively(comm, [&] {
      const InsideParallelIo inside(group);
      work();
    });
  } catch (const AgreedError&) {
    discard();
    comm.barrier();
    close_all();
    throw;
  }
}

void ParallelFile::Impl::open() {
  // A disk without room for HDF5's own structures is found here, while no handle is open: closing
  // one means writing them, and the ranks that can would wait for ever for the one that cannot. The
  // space is held until the file is truncated, by the line that creates it or by discard().
  group = hear_each_other(comm);
  on_root(comm, [&] {
    const InsideParallelIo inside(group);
    owned = posix::TemporaryFile(path);
    const posix::Descriptor probe = owned.take_descriptor();
    try {
      posix::reserve(probe.get(), 2 * metadata_slack, path);
    } catch (...) {
      owned.remove();
      throw;
    }
    temporary = owned.name();
  });
  temporary = comm.broadcast(temporary);
  if (!comm.is_root()) as_well.emplace(temporary);
  // MPI-IO tries with such a file whether it can lock any.
  const unfinished_files::Remembered trial(fmt::format("{}.locktest.{}", temporary, comm.rank()));
  together([&] {
    h5::initialize();
    const std::scoped_lock lock(h5::library_mutex());
    const std::string action = fmt::format("create '{}'", path);
    const h5::Handle access = h5::serial_access();
    if (comm.size() > 1) {
      h5::check(H5Pset_fapl_mpio(access.get(), native_handle(comm), MPI_INFO_NULL), action);
    } else {
      // The driver for POSIX files; chunks go out as they are written, in their order, as with MPI.
      h5::check(H5Pset_cache(access.get(), 0, 0, 0, 0.0), action);
    }
    const h5::Handle creation(H5Pcreate(H5P_FILE_CREATE), action);
    h5::check(H5Pset_obj_track_times(creation.get(), false), action);
    file = h5::Handle(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()),
                      action);
  });
  together([&] {
    if (owned.exists()) owned.adopt_companions();
    descriptor = posix::Descriptor(::open(temporary.c_str(), O_RDWR | O_CLOEXEC));
    if (descriptor.get() < 0) posix::fail("write", path, errno);
  });
}

// Takes from the disk the space that datasets have from the first, of what was written already
// (HDF5's MPI driver does not say how far it has given out addresses, but chunks lie in the order
// they are written) and of `more`.
void ParallelFile::Impl::reserve(std::uint64_t more) {
  std::uint64_t at_first = metadata_slack;
  for (const PlannedDataset& entry : entries) {
    at_first += entry.header_bytes() + entry.bytes_at_first();
  }
  const std::uint64_t written = posix::size_of_regular_file(temporary);
  posix::reserve(descriptor.get(), std::max(at_first, written) + more + metadata_slack, path);
}

void ParallelFile::Impl::require_type(const PlannedDataset& entry, bool matches) const {
  if (!matches) throw std::logic_error(entry.path + " is written with the wrong type");
}

void ParallelFile::Impl::write(PlannedDataset& entry, Index first, Index count, const void* rows) {
  const auto* bytes = static_cast<const std::byte*>(rows);
  if (entry.is_collective) return write_collectively(entry, first, count, bytes);
  write_independently(entry, first, count, bytes);
}

void ParallelFile::Impl::write_independently(PlannedDataset& entry, Index first, Index count,
                                             const std::byte* rows) {
  if (first < 0 || count < 0 || first > entry.rows() - count) {
    throw std::logic_error(entry.path + ": rows beyond its end");
  }
  entry.rows_written += count;
  if (entry.row_bytes == 0) return;
  const InsideParallelIo inside(group);
  const auto rows_a_call =
      static_cast<Index>(std::max<std::size_t>(1, max_write_bytes / entry.row_bytes));
  for (Index done = 0; done < count; done += rows_a_call) {
    const Index n = std::min(rows_a_call, count - done);
    const std::scoped_lock lock(h5::library_mutex());
    const Selection selection = select(entry, first + done, n);
    h5::check(H5Dwrite(entry.dataset.get(), entry.memory_type.get(), selection.memory.get(),
                       selection.file.get(), H5P_DEFAULT,
                       rows + static_cast<std::size_t>(done) * entry.row_bytes),
              fmt::format("write rows {} to {} of {}:{}", first + done, first + done + n - 1, path,
                          entry.path));
  }
}

// The ranges of all ranks must go on where the last call ended. Returns the end of the last one.
Index ParallelFile::Impl::agree_on_round(const PlannedDataset& entry, Index first, Index count) {
  const auto all = comm.gather_all(ByteWriter().put(first).put(count).take());
  Index next = entry.next_row;
  for (const auto& bytes : all) {
    ByteReader in(bytes);
    const Index begin = in.get<Index>();
    const Index n = in.get<Index>();
    if (n == 0) continue;
    const Index end = begin + n;
    const bool is_whole =
        begin % entry.chunk_rows == 0 && (end % entry.chunk_rows == 0 || end == entry.rows());
    if (n < 0 || begin != next || !is_whole || end > entry.rows()) {
      throw std::logic_error(fmt::format("{}: rows {} + {} are not whole chunks that follow row {}",
                                         entry.path, begin, n, next));
    }
    next = end;
  }
  return next;
}

void ParallelFile::Impl::read_back(const PlannedDataset& entry, Index first, Index count,
                                   const std::byte* rows) const {
  const Index chunks_a_piece =
      std::max<Index>(1, static_cast<Index>(read_back_bytes / entry.chunk_bytes()));
  std::vector<std::byte> piece;
  for (Index done = 0; done < count; done += chunks_a_piece * entry.chunk_rows) {
    const Index n = std::min(chunks_a_piece * entry.chunk_rows, count - done);
    const Selection selection = select(entry, first + done, n);
    piece.resize(static_cast<std::size_t>(n) * entry.row_bytes);
    std::string why;
    if (H5Dread(entry.dataset.get(), entry.memory_type.get(), selection.memory.get(),
                selection.file.get(), H5P_DEFAULT, piece.data()) < 0) {
      why = h5::error_text();
    } else if (std::memcmp(piece.data(), rows + static_cast<std::size_t>(done) * entry.row_bytes,
                           piece.size()) != 0) {
      why = "other values";
    }
    if (!why.empty()) {
      throw FileError(fmt::format(
          "cannot write '{}': rows {} to {} of {} read back wrong ({}); the disk is full or faulty",
          path, first + done, first + done + n - 1, entry.path, why));
    }
  }
}

void ParallelFile::Impl::write_collectively(PlannedDataset& entry, Index first, Index count,
                                            const std::byte* rows) {
  const Index end = agree_on_round(entry, first, count);
  const Index n_chunks = (end - entry.next_row + entry.chunk_rows - 1) / entry.chunk_rows;
  entry.next_row = end;
  if (n_chunks == 0) return;
  together([&] {
    if (!comm.is_root() || !entry.is_deflated) return;
    // Deflate makes the worst bytes longer by less than 0.1 %.
    const std::uint64_t bytes = static_cast<std::uint64_t>(n_chunks) * entry.chunk_bytes();
    reserve(bytes + bytes / 1000 + static_cast<std::uint64_t>(n_chunks) * metadata_per_chunk);
  });
  together([&] {
    const std::scoped_lock lock(h5::library_mutex());
    const Selection selection = select(entry, first, count);
    const std::string action = fmt::format("write {}:{}", path, entry.path);
    const h5::Handle transfer(H5Pcreate(H5P_DATASET_XFER), action);
    if (comm.size() > 1) {
      h5::check(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_COLLECTIVE), action);
    }
    const std::byte nothing{};
    h5::check(H5Dwrite(entry.dataset.get(), entry.memory_type.get(), selection.memory.get(),
                       selection.file.get(), transfer.get(), count > 0 ? rows : &nothing),
              action);
  });
  together([&] {
    const std::scoped_lock lock(h5::library_mutex());
    read_back(entry, first, count, rows);
  });
  entry.rows_written += count;
}

void ParallelFile::Impl::require_all_rows() {
  for (const PlannedDataset& entry : entries) {
    const Index total = comm.sum(entry.rows_written);
    if (total != entry.rows()) {
      throw std::logic_error(
          fmt::format("{}: {} of {} rows were written", entry.path, total, entry.rows()));
    }
  }
}

void ParallelFile::Impl::write_by_root() {
  if (by_root.empty()) return;
  const std::scoped_lock lock(h5::library_mutex());
  const std::string action = fmt::format("write the attributes of '{}'", path);
  const h5::WriteFailureCatcher catcher;
  h5::Handle serial(H5Fopen(temporary.c_str(), H5F_ACC_RDWR, h5::recording_access().get()), action);
  by_root.write(serial.get(), action);
  serial.close(action);
  if (!catcher.failure().empty()) {
    throw FileError(fmt::format("cannot {}: {}", action, catcher.failure()));
  }
}

// As a reader will see it, which also compares all addresses with the size of the file.
void ParallelFile::Impl::check_structure() const {
  std::vector<DatasetRequest> requests;
  for (const PlannedDataset& entry : entries) requests.push_back({entry.path});
  for (const auto& [text_path, texts] : by_root.texts) requests.push_back({text_path});
  const auto layouts = describe_all(temporary, requests);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PlannedDataset& entry = entries[i];
    const DatasetLayout& layout = *layouts[i];
    if (layout.shape != entry.shape || layout.type != entry.type) {
      throw FileError(fmt::format("{}:{} reads back as {}; the disk is full or faulty", path,
                                  entry.path, layout.summary()));
    }
  }
}

ParallelFile::ParallelFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParallelFile::ParallelFile(ParallelFile&&) noexcept = default;
ParallelFile::~ParallelFile() = default;

ParallelFile ParallelFile::create(const Communicator& comm, const std::string& path) {
  auto impl = std::make_unique<Impl>(comm, path);
  impl->open();
  return ParallelFile(std::move(impl));
}

ParallelFile::Dataset ParallelFile::create_dataset(const std::string& path, const ElementType& type,
                                                   const std::vector<Index>& shape,
                                                   const DatasetOptions& options) {
  return create_datasets({{path, type, shape, options}}).front();
}

void ParallelFile::Impl::create(PlannedDataset& entry, const DatasetOptions& options) const {
  const std::string action = fmt::format("create {}:{}", path, entry.path);
  const std::vector<hsize_t> extents(entry.shape.begin(), entry.shape.end());
  const h5::Handle space(
      H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), action);
  const h5::Handle properties = creation_properties(entry, options);
  entry.memory_type = hdf5_type(entry.type);
  h5::make_groups_above(file.get(), entry.path);
  entry.dataset = h5::Handle(H5Dcreate2(file.get(), entry.path.c_str(), entry.memory_type.get(),
                                        space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                             action);
}

std::vector<ParallelFile::Dataset> ParallelFile::create_datasets(
    const std::vector<NewDataset>& wanted) {
  Impl& impl = *impl_;
  const std::size_t first = impl.entries.size();
  impl.together([&] {
    for (const NewDataset& d : wanted) {
      impl.entries.push_back(plan(d.path, d.type, d.shape, d.options));
    }
  });
  // First, because HDF5 fills what it will check or compress: of several ranks the one that finds
  // no room would leave the others waiting for ever, and alone it crashes where it cannot write.
  impl.together([&] {
    if (impl.comm.is_root()) impl.reserve(0);
  });
  impl.together([&] {
    const std::scoped_lock lock(h5::library_mutex());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      impl.create(impl.entries[first + i], wanted[i].options);
    }
  });
  std::vector<Dataset> datasets;
  for (std::size_t i = 0; i < wanted.size(); ++i) datasets.push_back({first + i});
  return datasets;
}

void ParallelFile::create_group(const std::string& path) {
  Impl& impl = *impl_;
  impl.together([&] {
    const std::scoped_lock lock(h5::library_mutex());
    const std::string action = fmt::format("make the group {} of '{}'", path, impl.path);
    const h5::Handle properties(H5Pcreate(H5P_GROUP_CREATE), action);
    h5::check(H5Pset_obj_track_times(properties.get(), false), action);
    // Else all attributes together have 64 KiB, in the header.
    h5::check(
        H5Pset_attr_creation_order(properties.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
        action);
    h5::make_groups_above(impl.file.get(), path);
    h5::Handle(
        H5Gcreate2(impl.file.get(), path.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
        action);
  });
}

Index ParallelFile::chunk_rows(Dataset dataset) const {
  return impl_->entries.at(dataset.index).chunk_rows;
}
bool ParallelFile::is_collective(Dataset dataset) const {
  return impl_->entries.at(dataset.index).is_collective;
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const double* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == float64_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const float* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == float32_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const std::int8_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == int8_type() || entry.type == boolean_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const std::int16_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == int16_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const std::int32_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry,
                      entry.type == int32_type() || entry.type.kind == ElementKind::enumeration);
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const std::int64_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == int64_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count, const std::uint8_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == uint8_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count,
                              const std::uint64_t* rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type == uint64_type());
  impl_->write(entry, first, count, rows);
}

void ParallelFile::write_rows(Dataset dataset, Index first, Index count,
                              const std::vector<std::string>& rows) {
  PlannedDataset& entry = impl_->entries.at(dataset.index);
  impl_->require_type(entry, entry.type.kind == ElementKind::fixed_string &&
                                 std::ssize(rows) == count * entry.columns);
  std::vector<char> bytes(rows.size() * entry.type.bytes, '\0');
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() > entry.type.bytes) {
      throw std::logic_error(fmt::format("{}: a text of {} bytes in fields of {}", entry.path,
                                         rows[i].size(), entry.type.bytes));
    }
    std::copy(rows[i].begin(), rows[i].end(),
              bytes.begin() + static_cast<Index>(i * entry.type.bytes));
  }
  impl_->write(entry, first, count, bytes.data());
}

void ParallelFile::set_attribute(const std::string& object, const std::string& name,
                                 const std::string& value) {
  impl_->by_root.attributes.push_back({object, name, value});
}
void ParallelFile::set_attribute(const std::string& object, const std::string& name,
                                 std::int64_t value) {
  impl_->by_root.attributes.push_back({object, name, value});
}
void ParallelFile::set_texts(const std::string& object, const std::string& name,
                             std::vector<std::string> values) {
  impl_->by_root.attributes.push_back({object, name, std::move(values)});
}
void ParallelFile::set_integers(const std::string& object, const std::string& name,
                                std::vector<std::int64_t> values) {
  impl_->by_root.attributes.push_back({object, name, std::move(values)});
}
void ParallelFile::set_flag(const std::string& object, const std::string& name, bool value) {
  impl_->by_root.attributes.push_back({object, name, value});
}

void ParallelFile::add_texts(const std::string& path, std::vector<std::string> texts) {
  if (!impl_->comm.is_root()) return;
  impl_->by_root.texts.emplace_back(path, std::move(texts));
}

void ParallelFile::commit() {
  Impl& impl = *impl_;
  impl.require_all_rows();
  impl.together([&] {
    for (PlannedDataset& entry : impl.entries) entry.dataset.reset();
    impl.file.close(fmt::format("write '{}'", impl.path));
  });
  collectively(impl.comm, [&] {
    answering(impl.comm, [&] { posix::sync(impl.descriptor.get(), impl.path); });
  });

  on_root(impl.comm, [&] {
    const InsideParallelIo inside(impl.group);
    impl.write_by_root();
    impl.check_structure();
    posix::trim(impl.descriptor.get(), impl.path);
    answering(impl.comm, [&] { posix::sync(impl.descriptor.get(), impl.path); });
    impl.owned.become(impl.path);
  });
  impl.is_committed = true;
}

}  // namespace superstep
