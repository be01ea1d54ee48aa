// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/piecewise_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "core/unfinished_files.hpp"
#include "io/posix_file.hpp"
#include "io/temporary_file.hpp"

namespace superstep {

namespace {

/// A piece by its number, and where it waits.
struct Piece {
  Index number;
  Index bytes;
  Index waits_at;  ///< in the waiting file of its rank
};

constexpr std::size_t copy_bytes = std::size_t{4} << 20;

}  // namespace

struct PiecewiseFile::Impl {
  const Communicator& comm;
  std::string path;
  posix::TemporaryFile owned;                               ///< on the root
  std::unique_ptr<unfinished_files::Remembered> as_well{};  ///< on the others
  posix::Descriptor file;
  posix::Descriptor waiting;
  Index waiting_bytes = 0;
  std::vector<Piece> pieces;

  std::vector<Piece> places(Index begin) const;
  void copy(const Piece& piece, Index to) const;
};

PiecewiseFile::PiecewiseFile(const Communicator& comm, const std::string& path)
    : impl_(std::make_unique<Impl>(Impl{comm, path, {}, {}, {}, {}, 0, {}})) {
  on_root(comm, [&] {
    struct stat old {};
    const bool exists = ::stat(path.c_str(), &old) == 0;
    impl_->owned = posix::TemporaryFile(path);
    impl_->file = impl_->owned.take_descriptor();
    if (exists) ::fchmod(impl_->file.get(), old.st_mode & 07777);
  });
  const std::string temporary = comm.broadcast(impl_->owned.name());
  if (!comm.is_root()) impl_->as_well = std::make_unique<unfinished_files::Remembered>(temporary);
  collectively(comm, [&] {
    if (!comm.is_root()) {
      impl_->file = posix::Descriptor(::open(temporary.c_str(), O_WRONLY | O_CLOEXEC));
      if (impl_->file.get() < 0) posix::fail("write", temporary, errno);
    }
    impl_->waiting = posix::nameless_beside(path);
  });
}

PiecewiseFile::~PiecewiseFile() = default;

void PiecewiseFile::put(Index number, std::string_view piece) {
  Impl& impl = *impl_;
  posix::write_at(impl.waiting.get(), piece.data(), piece.size(),
                  static_cast<std::uint64_t>(impl.waiting_bytes), impl.path);
  impl.pieces.push_back({number, static_cast<Index>(piece.size()), impl.waiting_bytes});
  impl.waiting_bytes += static_cast<Index>(piece.size());
}

/// The pieces of this rank; `waits_at` says where they go instead. **Collective.**
std::vector<Piece> PiecewiseFile::Impl::places(Index begin) const {
  std::vector<std::pair<Piece, int>> all;
  const auto parts = comm.gather_all(std::as_bytes(std::span<const Piece>(pieces)));
  for (int rank = 0; rank < comm.size(); ++rank) {
    const std::vector<std::byte>& bytes = parts[static_cast<std::size_t>(rank)];
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Piece)) {
      Piece piece;
      std::memcpy(&piece, bytes.data() + at, sizeof piece);
      all.emplace_back(piece, rank);
    }
  }
  std::ranges::sort(all, {}, [](const auto& p) { return p.first.number; });
  std::vector<Piece> mine;
  for (const auto& [piece, rank] : all) {
    if (rank == comm.rank()) mine.push_back({piece.number, piece.bytes, begin});
    begin += piece.bytes;
  }
  return mine;
}

void PiecewiseFile::Impl::copy(const Piece& piece, Index to) const {
  std::vector<char> buffer(std::min(copy_bytes, static_cast<std::size_t>(piece.bytes)));
  for (Index done = 0; done < piece.bytes;) {
    const std::size_t some = std::min(buffer.size(), static_cast<std::size_t>(piece.bytes - done));
    int error = 0;
    const std::size_t n = posix::read_at(waiting.get(), buffer.data(), some,
                                         static_cast<std::uint64_t>(piece.waits_at + done), error);
    if (n != some) posix::fail("read again what was written for", path, error == 0 ? EIO : error);
    posix::write_at(file.get(), buffer.data(), some, static_cast<std::uint64_t>(to + done), path);
    done += static_cast<Index>(some);
  }
}

void PiecewiseFile::commit(std::string_view head) {
  Impl& impl = *impl_;
  std::ranges::sort(impl.pieces, {}, &Piece::number);
  const std::vector<Piece> places = impl.places(static_cast<Index>(head.size()));
  collectively(impl.comm, [&] {
    if (impl.comm.is_root()) {
      posix::write_at(impl.file.get(), head.data(), head.size(), 0, impl.path);
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      impl.copy(impl.pieces[i], places[i].waits_at);
      impl.comm.answer();
    }
    posix::sync_and_close(impl.file, impl.path);
  });
  on_root(impl.comm, [&] { impl.owned.become(impl.path); });
}

}  // namespace superstep
