// SPDX-License-Identifier: BSD-3-Clause
// Plain values to and from a run of bytes, for messages between processes of one program on one
// kind of machine: native byte order, no versions.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace superstep {

template <class T>
concept PlainValue = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class ByteWriter {
 public:
  template <PlainValue T>
  ByteWriter& put(T value) {
    return raw(&value, sizeof value);
  }
  ByteWriter& put(std::string_view text) {
    put(std::uint64_t{text.size()});
    return raw(text.data(), text.size());
  }
  /// Elements without padding bytes.
  template <class T>
  requires std::is_trivially_copyable_v<T> ByteWriter& put(const std::vector<T>& values) {
    put(std::uint64_t{values.size()});
    return raw(values.data(), values.size() * sizeof(T));
  }
  /// `count` values without their number.
  template <PlainValue T>
  ByteWriter& append(const T* values, std::int64_t count) {
    return raw(values, static_cast<std::size_t>(count) * sizeof(T));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  ByteWriter& raw(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
    return *this;
  }
  std::vector<std::byte> bytes_;
};

/// Throws std::out_of_range when the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  /// How many values of this type there can be yet.
  template <PlainValue T>
  std::int64_t left() const {
    return static_cast<std::int64_t>(bytes_.size() / sizeof(T));
  }

  template <PlainValue T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  template <PlainValue T>
  void copy(T* to, std::int64_t count) {
    const std::size_t size = static_cast<std::size_t>(count) * sizeof(T);
    if (size > 0) std::memcpy(to, take(size), size);
  }
  std::string text() {
    const auto size = get<std::uint64_t>();
    return std::string(reinterpret_cast<const char*>(take(size)), size);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T> std::vector<T> values() {
    const auto count = get<std::uint64_t>();
    if (count > bytes_.size() / sizeof(T)) throw std::out_of_range("a message ends too early");
    std::vector<T> out(count);
    if (count > 0) std::memcpy(out.data(), take(count * sizeof(T)), count * sizeof(T));
    return out;
  }

 private:
  const std::byte* take(std::uint64_t size) {
    if (size > bytes_.size()) throw std::out_of_range("a message ends too early");
    const std::byte* begin = bytes_.data();
    bytes_ = bytes_.subspan(size);
    return begin;
  }
  std::span<const std::byte> bytes_;
};

}  // namespace superstep
