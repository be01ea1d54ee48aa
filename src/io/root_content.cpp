// SPDX-License-Identifier: BSD-3-Clause
#include "io/root_content.hpp"

#include <type_traits>

#include "io/attributes.hpp"

namespace superstep {

namespace {

void write_to(hid_t object, const RootContent::Attribute& attribute) {
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool>) {
          h5::write_flag(object, attribute.name, value);
        } else if constexpr (std::is_same_v<Value, std::vector<std::string>> ||
                             std::is_same_v<Value, std::vector<std::int64_t>>) {
          h5::write_attribute(object, attribute.name, value);
        } else {
          h5::write_attribute(object, attribute.name, TreeAttribute(value));
        }
      },
      attribute.value);
}

}  // namespace

void RootContent::write(hid_t file, const std::string& action) const {
  for (const auto& [path, list] : texts) h5::write_texts(file, path, list);
  for (const Attribute& attribute : attributes) {
    const h5::Handle object(H5Oopen(file, attribute.object.c_str(), H5P_DEFAULT), action);
    write_to(object.get(), attribute);
  }
}

}  // namespace superstep
