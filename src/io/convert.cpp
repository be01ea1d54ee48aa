// SPDX-License-Identifier: BSD-3-Clause
#include "io/convert.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace superstep {

namespace {

template <class In, bool swapped>
In load(const std::byte* at) {
  std::array<std::byte, sizeof(In)> bytes;
  for (std::size_t j = 0; j < sizeof(In); ++j) bytes[j] = at[swapped ? sizeof(In) - 1 - j : j];
  return std::bit_cast<In>(bytes);
}

template <class In, class Out, bool swapped>
Index convert(const std::byte* in, Index count, std::byte* out) {
  for (Index i = 0; i < count; ++i) {
    const In value = load<In, swapped>(in + i * static_cast<Index>(sizeof(In)));
    const Out converted = static_cast<Out>(value);
    if constexpr (std::is_same_v<Out, double> && std::is_integral_v<In> && sizeof(In) == 8) {
      constexpr std::int64_t largest = std::int64_t{1} << 53;
      constexpr double end = std::is_signed_v<In> ? 0x1p63 : 0x1p64;
      bool is_safe = value <= static_cast<In>(largest);
      if constexpr (std::is_signed_v<In>) is_safe = is_safe && value >= -largest;
      if (!is_safe && (converted >= end || static_cast<In>(converted) != value)) return i;
    }
    std::memcpy(out + i * static_cast<Index>(sizeof(Out)), &converted, sizeof(Out));
  }
  return count;
}

template <class In, class Out>
Convert pick(bool big_endian) {
  return big_endian ? convert<In, Out, true> : convert<In, Out, false>;
}

template <class Out>
Convert pick_integer(const ElementType& type, bool is_signed) {
  const bool swapped = type.big_endian;
  switch (type.bytes) {
    case 1:
      return is_signed ? pick<std::int8_t, Out>(swapped) : pick<std::uint8_t, Out>(swapped);
    case 2:
      return is_signed ? pick<std::int16_t, Out>(swapped) : pick<std::uint16_t, Out>(swapped);
    case 4:
      return is_signed ? pick<std::int32_t, Out>(swapped) : pick<std::uint32_t, Out>(swapped);
    case 8:
      return is_signed ? pick<std::int64_t, Out>(swapped) : pick<std::uint64_t, Out>(swapped);
    default:
      return nullptr;
  }
}

}  // namespace

template <class Out>
Convert conversion_to(const ElementType& type) {
  switch (type.kind) {
    case ElementKind::floating:
      return type.bytes == 4 ? pick<float, Out>(type.big_endian)
                             : pick<double, Out>(type.big_endian);
    case ElementKind::signed_integer:
      return pick_integer<Out>(type, true);
    case ElementKind::unsigned_integer:
      return pick_integer<Out>(type, false);
    case ElementKind::boolean:
      return pick_integer<Out>(type, false);
    case ElementKind::enumeration:
      return pick_integer<Out>(type, type.is_signed);
    default:
      return nullptr;
  }
}

template <class Out>
bool is_identical(const ElementType& type) {
  return type.kind == ElementKind::floating && type.bytes == sizeof(Out) && !type.big_endian;
}

template Convert conversion_to<float>(const ElementType& type);
template Convert conversion_to<double>(const ElementType& type);
template bool is_identical<float>(const ElementType& type);
template bool is_identical<double>(const ElementType& type);

}  // namespace superstep
