// SPDX-License-Identifier: BSD-3-Clause
#include "io/unpacked.hpp"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

constexpr unsigned piece_bytes = 1U << 20;

/// zlib's reader: checks the sums, goes on through files that were put together.
class Reader {
 public:
  explicit Reader(const posix::Descriptor& file, const std::string& path)
      : path_(path), file_(::gzdopen(::dup(file.get()), "rb")) {
    if (file_ == nullptr) posix::fail("read", path, errno);
    ::gzbuffer(file_, piece_bytes);
  }
  ~Reader() { ::gzclose_r(file_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Fewer than asked for only at the end.
  std::size_t read(std::vector<char>& out) {
    const int got = ::gzread(file_, out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    const std::string_view why = ::gzerror(file_, &code);
    if (code == Z_ERRNO) posix::fail("read", path_, errno);
    if (got < 0 || code != Z_OK) {
      throw DataError(fmt::format("{} is damaged or incomplete (gzip: {}); fetch or make it again",
                                  path_, why));
    }
    return static_cast<std::size_t>(got);
  }

 private:
  const std::string& path_;
  gzFile file_;
};

}  // namespace

bool is_gzip(const std::string& path) { return posix::head_of(path, 2) == "\x1f\x8b"; }

Unpacked::Unpacked(const std::string& path, const std::string& beside) : file_(beside) {
  const posix::Descriptor packed = posix::open_for_reading(path);
  const posix::Stamp before = posix::stamp_of(packed, path);
  const posix::Descriptor out = file_.take_descriptor();
  Reader reader(packed, path);
  std::vector<char> piece(piece_bytes);
  while (const std::size_t got = reader.read(piece)) {
    posix::write_all(out.get(), piece.data(), got, beside);
  }
  posix::require_unchanged(packed, before, path);
}

}  // namespace superstep
