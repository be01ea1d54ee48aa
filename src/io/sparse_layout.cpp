// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/sparse_layout.hpp>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

std::string SparseLayout::summary() const {
  return fmt::format("{} x {} sparse {}, {} values", format_count(rows), format_count(columns),
                     values.type.name(), format_count(values.rows()));
}

std::vector<std::byte> serialize(const SparseLayout& layout) {
  ByteWriter out;
  out.put(std::string_view(layout.file)).put(std::string_view(layout.group));
  out.put(layout.rows).put(layout.columns);
  for (const DatasetLayout* part : {&layout.values, &layout.indices, &layout.begins}) {
    out.put(serialize(*part));
  }
  out.put(layout.names.has_value());
  if (layout.names) out.put(serialize(*layout.names));
  return out.take();
}

SparseLayout deserialize_sparse(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  SparseLayout layout;
  layout.file = in.text();
  layout.group = in.text();
  layout.rows = in.get<Index>();
  layout.columns = in.get<Index>();
  for (DatasetLayout* part : {&layout.values, &layout.indices, &layout.begins}) {
    *part = deserialize_layout(in.values<std::byte>());
  }
  if (in.get<bool>()) layout.names = deserialize_layout(in.values<std::byte>());
  return layout;
}

}  // namespace superstep
