// SPDX-License-Identifier: BSD-3-Clause
#include "io/attributes.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include "io/inspect.hpp"

namespace superstep::h5 {

namespace {

herr_t collect_name(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::optional<TreeAttribute> read_value(hid_t attribute, const std::string& action) {
  const Handle type(H5Aget_type(attribute), action);
  const Handle space(H5Aget_space(attribute), action);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL ||
      H5Sget_simple_extent_npoints(space.get()) != 1) {
    return std::nullopt;
  }
  const ElementType element = element_type(type.get());
  if (element.is_text()) {
    return read_texts(
        type.get(), 1, [&](hid_t memory, void* to) { return H5Aread(attribute, memory, to); },
        action)[0];
  }
  if (!element.is_number()) return std::nullopt;
  if (H5Tget_class(type.get()) == H5T_FLOAT) {
    double value = 0;
    check(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value), action);
    return value;
  }
  // HDF5 converts enumerations only to enumerations: read their integers as they lie there.
  if (H5Tget_class(type.get()) == H5T_ENUM) return std::nullopt;
  std::int64_t value = 0;
  check(H5Aread(attribute, H5T_NATIVE_INT64, &value), action);
  return value;
}

std::vector<const char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

}  // namespace

Handle variable_text_type() {
  Handle type(H5Tcopy(H5T_C_S1), "make a text type");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "make a text type");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a text type");
  return type;
}

Handle boolean_type() {
  const char* action = "make a type";
  Handle type(H5Tenum_create(H5T_STD_I8LE), action);
  for (const std::int8_t value : {std::int8_t{0}, std::int8_t{1}}) {
    check(H5Tenum_insert(type.get(), value == 0 ? "FALSE" : "TRUE", &value), action);
  }
  return type;
}

std::string unpadded(const char* text, std::size_t bytes, char padding) {
  std::string result(text, ::strnlen(text, bytes));
  if (padding == ' ') result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> read_texts(hid_t type, std::size_t count,
                                    const std::function<herr_t(hid_t, void*)>& read,
                                    const std::string& action) {
  std::vector<std::string> texts(count);
  if (count == 0) return texts;
  const ElementType element = element_type(type);
  const Handle memory(H5Tcopy(type), action);
  if (element.kind == ElementKind::fixed_string) {
    std::vector<char> bytes(count * element.bytes);
    check(read(memory.get(), bytes.data()), action);
    for (std::size_t i = 0; i < count; ++i) {
      texts[i] = unpadded(bytes.data() + i * element.bytes, element.bytes, element.padding);
    }
    return texts;
  }
  std::vector<char*> pointers(count, nullptr);
  const herr_t status = read(memory.get(), pointers.data());
  if (status >= 0) {
    for (std::size_t i = 0; i < count; ++i) texts[i] = pointers[i] ? pointers[i] : "";
    const hsize_t n = count;
    const Handle space(H5Screate_simple(1, &n, nullptr), action);
    H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, pointers.data());
  }
  check(status, action);
  return texts;
}

void write_attribute(hid_t object, const std::string& name, const TreeAttribute& value) {
  const std::string action = fmt::format("write the attribute '{}'", name);
  const Handle space(H5Screate(H5S_SCALAR), action);
  const auto write = [&](hid_t file_type, hid_t memory_type, const void* data) {
    const Handle attribute(
        H5Acreate2(object, name.c_str(), file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT), action);
    check(H5Awrite(attribute.get(), memory_type, data), action);
  };
  if (const auto* text = std::get_if<std::string>(&value)) {
    const Handle type = variable_text_type();
    const char* pointer = text->c_str();
    write(type.get(), type.get(), &pointer);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    write(H5T_STD_I64LE, H5T_NATIVE_INT64, integer);
  } else {
    write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &std::get<double>(value));
  }
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts) {
  const std::string action = fmt::format("write the attribute '{}'", name);
  const hsize_t n = texts.size();
  const Handle space(H5Screate_simple(1, &n, nullptr), action);
  const Handle type = variable_text_type();
  const Handle attribute(
      H5Acreate2(object, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), action);
  const std::vector<const char*> pointers = pointers_to(texts);
  if (n > 0) check(H5Awrite(attribute.get(), type.get(), pointers.data()), action);
}

void write_attribute(hid_t object, const std::string& name,
                     const std::vector<std::int64_t>& integers) {
  const std::string action = fmt::format("write the attribute '{}'", name);
  const hsize_t n = integers.size();
  const Handle space(H5Screate_simple(1, &n, nullptr), action);
  const Handle attribute(
      H5Acreate2(object, name.c_str(), H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
      action);
  check(H5Awrite(attribute.get(), H5T_NATIVE_INT64, integers.data()), action);
}

void write_flag(hid_t object, const std::string& name, bool value) {
  const std::string action = fmt::format("write the attribute '{}'", name);
  const Handle space(H5Screate(H5S_SCALAR), action);
  const Handle type = boolean_type();
  const Handle attribute(
      H5Acreate2(object, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), action);
  const std::int8_t byte = value ? 1 : 0;
  check(H5Awrite(attribute.get(), type.get(), &byte), action);
}

void write_texts(hid_t file, const std::string& path, const std::vector<std::string>& texts) {
  const std::string action = fmt::format("write {}", path);
  const hsize_t n = texts.size();
  const Handle space(H5Screate_simple(1, &n, nullptr), action);
  const Handle type = variable_text_type();
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE), action);
  check(H5Pset_obj_track_times(properties.get(), false), action);
  make_groups_above(file, path);
  const Handle dataset(H5Dcreate2(file, path.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                  properties.get(), H5P_DEFAULT),
                       action);
  const std::vector<const char*> pointers = pointers_to(texts);
  if (n == 0) return;
  check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()),
        action);
}

std::vector<std::pair<std::string, std::optional<TreeAttribute>>> read_attributes(hid_t object) {
  std::vector<std::string> names;
  check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names),
        "read the attributes");
  std::sort(names.begin(), names.end());
  std::vector<std::pair<std::string, std::optional<TreeAttribute>>> attributes;
  for (const std::string& name : names) {
    const std::string action = fmt::format("read the attribute '{}'", name);
    const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), action);
    attributes.emplace_back(name, read_value(attribute.get(), action));
  }
  return attributes;
}

std::vector<std::pair<std::string, std::string>> attributes_as_text(hid_t object) {
  const auto as_text = [](const auto& value) -> std::string {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) return value;
    if constexpr (std::is_same_v<Value, std::int64_t>) return fmt::format("{}", value);
    if constexpr (std::is_same_v<Value, double>) return format_double(value);
  };
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, value] : read_attributes(object)) {
    texts.emplace_back(name, value ? std::visit(as_text, *value) : "(not shown)");
  }
  return texts;
}

void make_groups_above(hid_t file, const std::string& path) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), "make groups");
  const Handle timeless(H5Pcreate(H5P_GROUP_CREATE), "make groups");
  check(H5Pset_obj_track_times(timeless.get(), false), "make groups");
  for (std::size_t end = path.find('/', 1); end != std::string::npos;
       end = path.find('/', end + 1)) {
    const std::string group = path.substr(0, end);
    const std::string action = fmt::format("make the group {}", group);
    if (check(H5Lexists(file, group.c_str(), H5P_DEFAULT), action) > 0) continue;
    Handle(H5Gcreate2(file, group.c_str(), links.get(), timeless.get(), H5P_DEFAULT), action);
  }
}

}  // namespace superstep::h5
