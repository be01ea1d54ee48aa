// SPDX-License-Identifier: BSD-3-Clause
// What HDF5's types mean to us.
#include <algorithm>
#include <cstring>

#include "io/inspect.hpp"

namespace superstep::h5 {

namespace {

ElementType integer_type(hid_t type) {
  ElementType result;
  result.bytes = H5Tget_size(type);
  result.is_signed = H5Tget_sign(type) == H5T_SGN_2;
  result.big_endian = result.bytes > 1 && H5Tget_order(type) == H5T_ORDER_BE;
  result.kind = result.is_signed ? ElementKind::signed_integer : ElementKind::unsigned_integer;
  const bool is_usual =
      (result.bytes == 1 || result.bytes == 2 || result.bytes == 4 || result.bytes == 8) &&
      H5Tget_precision(type) == 8 * result.bytes;
  if (!is_usual) result.kind = ElementKind::other_number;
  return result;
}

ElementType floating_type(hid_t type) {
  ElementType result;
  result.kind = ElementKind::floating;
  result.bytes = H5Tget_size(type);
  const auto is = [type](hid_t other) { return H5Tequal(type, other) > 0; };
  result.big_endian = is(H5T_IEEE_F32BE) || is(H5T_IEEE_F64BE);
  if (!result.big_endian && !is(H5T_IEEE_F32LE) && !is(H5T_IEEE_F64LE)) {
    result.kind = ElementKind::other_number;
  }
  return result;
}

std::int64_t member_value(hid_t type, unsigned index) {
  std::int64_t value = 0;
  std::vector<std::byte> raw(std::max<std::size_t>(H5Tget_size(type), sizeof value));
  check(H5Tget_member_value(type, index, raw.data()), "read an enumeration");
  const Handle base(H5Tget_super(type), "read an enumeration");
  check(H5Tconvert(base.get(), H5T_NATIVE_INT64, 1, raw.data(), nullptr, H5P_DEFAULT),
        "read an enumeration");
  std::copy_n(raw.data(), sizeof value, reinterpret_cast<std::byte*>(&value));
  return value;
}

ElementType enumeration_type(hid_t type) {
  const Handle base(H5Tget_super(type), "read an enumeration");
  ElementType result = integer_type(base.get());
  if (result.kind == ElementKind::other_number) return result;
  result.kind = ElementKind::enumeration;
  const int n_members = check(H5Tget_nmembers(type), "read an enumeration");
  for (int i = 0; i < n_members; ++i) {
    const auto index = static_cast<unsigned>(i);
    char* name = H5Tget_member_name(type, index);
    if (name == nullptr) fail("read an enumeration");
    result.members.emplace_back(name, member_value(type, index));
    H5free_memory(name);
  }
  std::sort(result.members.begin(), result.members.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  using Members = std::vector<std::pair<std::string, std::int64_t>>;
  if (result.bytes == 1 && result.members == Members{{"FALSE", 0}, {"TRUE", 1}}) {
    result.kind = ElementKind::boolean;
    result.members.clear();
  }
  return result;
}

ElementType string_type(hid_t type) {
  ElementType result;
  result.bytes = H5Tget_size(type);
  result.kind = check(H5Tis_variable_str(type), "read a text type") ? ElementKind::variable_string
                                                                    : ElementKind::fixed_string;
  result.padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? ' ' : '\0';
  return result;
}

}  // namespace

ElementType element_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return integer_type(type);
    case H5T_FLOAT:
      return floating_type(type);
    case H5T_ENUM:
      return enumeration_type(type);
    case H5T_STRING:
      return string_type(type);
    default:
      break;
  }
  ElementType result;
  result.bytes = H5Tget_size(type);
  return result;
}

}  // namespace superstep::h5
