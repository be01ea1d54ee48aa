// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/npy.hpp>

#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include "io/posix_file.hpp"

namespace superstep {

namespace {

// Longer headers are written for structured types, which are refused anyway.
constexpr std::size_t most_header_bytes = std::size_t{1} << 20;
// No file holds as many; counts of bytes stay far from the end of 64 bits.
constexpr double most_elements = 0x1p56;

[[noreturn]] void fail_damaged(const std::string& path, const std::string& why) {
  throw FileError(fmt::format("'{}' is no valid .npy file: {}; copy or save it again", path, why));
}

struct Header {
  std::string text;
  std::uint64_t data_begin = 0;
};

Header read_header(const std::string& path, const posix::Descriptor& file) {
  unsigned char head[12] = {};
  int error = 0;
  const std::size_t got = posix::read_at(file.get(), head, sizeof head, 0, error);
  if (error != 0) posix::fail("read", path, error);
  if (got < 10 || std::memcmp(head, "\x93NUMPY", 6) != 0) {
    fail_damaged(path, got == 0 ? "it is empty" : "it does not begin as one");
  }
  const int version = head[6];
  if (version < 1 || version > 3) fail_damaged(path, fmt::format("version {} is unknown", version));
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::size_t length = std::size_t{head[8]} | std::size_t{head[9]} << 8;
  if (version > 1) length |= std::size_t{head[10]} << 16 | std::size_t{head[11]} << 24;
  if (got < prefix || length > most_header_bytes)
    fail_damaged(path, "its header has an odd length");
  Header header;
  header.text.resize(length);
  header.data_begin = prefix + length;
  if (posix::read_at(file.get(), header.text.data(), length, prefix, error) < length) {
    fail_damaged(path, "it ends in its header");
  }
  return header;
}

ElementType element_type(const std::string& path, const std::string& descr) {
  ElementType type;
  std::size_t size = 0;
  const bool is_plain = descr.size() >= 3 && std::strchr("<>|=", descr[0]) != nullptr;
  if (is_plain) std::from_chars(descr.data() + 2, descr.data() + descr.size(), size);
  const char kind = is_plain ? descr[1] : '?';
  type.bytes = size;
  type.big_endian = is_plain && descr[0] == '>';
  const bool is_integer_size = size == 1 || size == 2 || size == 4 || size == 8;
  if (kind == 'f' && (size == 4 || size == 8)) {
    type.kind = ElementKind::floating;
  } else if (kind == 'i' && is_integer_size) {
    type.kind = ElementKind::signed_integer;
  } else if (kind == 'u' && is_integer_size) {
    type.kind = ElementKind::unsigned_integer;
    type.is_signed = false;
  } else if (kind == 'b' && size == 1) {
    type.kind = ElementKind::boolean;
    type.is_signed = false;
  } else if (kind == 'S' && size > 0) {
    type.kind = ElementKind::fixed_string;
  } else if (kind == 'U' && size > 0) {
    type.kind = ElementKind::unsigned_integer;
    type.is_signed = false;
    type.bytes = 4;
  } else {
    throw DataError(fmt::format(
        "{} holds elements of type '{}'; float32, float64, integers, bool and text can be "
        "read: convert it with astype() and save it again",
        path, descr));
  }
  return type;
}

std::vector<Index> shape_of(const std::string& path, const Value& value) {
  std::vector<Index> shape;
  for (const Value& extent : value.items()) {
    const std::int64_t n = extent.as_int();
    if (n < 0 || n > (std::int64_t{1} << 48)) fail_damaged(path, "its shape is impossible");
    shape.push_back(n);
  }
  double elements = 1.0;
  for (const Index extent : shape) elements *= static_cast<double>(extent);
  if (elements > most_elements) fail_damaged(path, "its shape is impossible");
  if (shape.empty() || shape.size() > 2) {
    throw DataError(fmt::format(
        "{} has {} dimensions; rows x columns, or one value per row, is needed: reshape it", path,
        shape.size()));
  }
  return shape;
}

const Value& entry(const std::string& path, const Value& header, const char* key) {
  const Value* found = header.find(Value(key));
  if (found == nullptr) fail_damaged(path, fmt::format("its header has no '{}'", key));
  return *found;
}

}  // namespace

NpyArray describe_npy(const std::string& path) {
  const posix::Descriptor file = posix::open_for_reading(path);
  const Header header = read_header(path, file);
  NpyArray array;
  DatasetLayout& layout = array.layout;
  try {
    const Value fields = parse_value(header.text);
    const Value& descr = entry(path, fields, "descr");
    layout.type = element_type(path, descr.is_string() ? descr.as_string() : descr.repr());
    array.is_utf32 = descr.is_string() && descr.as_string()[1] == 'U';
    array.shape = shape_of(path, entry(path, fields, "shape"));
    array.is_fortran_order =
        entry(path, fields, "fortran_order").as_bool() && array.shape.size() == 2;
    if (array.is_utf32) {
      const std::string& text = descr.as_string();
      Index characters = 0;
      std::from_chars(text.data() + 2, text.data() + text.size(), characters);
      if (array.shape.size() != 1) {
        throw DataError(
            fmt::format("{} holds text in two dimensions; one value per row is needed", path));
      }
      layout.shape = {array.shape[0], characters};
    }
  } catch (const UsageError& e) {
    fail_damaged(path, fmt::format("its header cannot be read ({})", e.what()));
  }
  layout.file = path;
  layout.dataset = "array";
  const posix::Stamp stamp = posix::stamp_of(file, path);
  layout.file_bytes = stamp.bytes;
  layout.file_modified_ns = stamp.modified_ns;
  layout.storage = Storage::contiguous;
  layout.offset = header.data_begin;
  if (!array.is_utf32) {
    layout.shape = array.shape;
    if (array.is_fortran_order) layout.shape = {array.shape[0] * array.shape[1]};
  }
  const double elements =
      static_cast<double>(layout.rows()) * static_cast<double>(layout.columns());
  const double needed =
      static_cast<double>(layout.offset) + elements * static_cast<double>(layout.type.bytes);
  if (needed > static_cast<double>(layout.file_bytes)) {
    throw FileError(fmt::format(
        "'{}' is truncated: its shape needs {:.0f} bytes and it has {}; copy or save it again",
        path, needed, layout.file_bytes));
  }
  return array;
}

}  // namespace superstep
