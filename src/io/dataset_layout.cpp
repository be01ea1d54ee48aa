// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/dataset_layout.hpp>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include "io/attributes.hpp"
#include "io/guarded_child.hpp"
#include "io/inspect.hpp"
#include "io/inspect_frame.hpp"

namespace superstep {

namespace {

std::string extents_text(const std::vector<Index>& shape) {
  if (shape.empty()) return "1 value";
  std::string text;
  for (const Index extent : shape) {
    if (!text.empty()) text += " x ";
    text += format_count(extent);
  }
  return text;
}

std::string absolute(const std::string& dataset) {
  return dataset.starts_with('/') ? dataset : "/" + dataset;
}

void put(ByteWriter& out, const ElementType& type) {
  out.put(type.kind).put(std::uint64_t{type.bytes}).put(type.big_endian).put(type.is_signed);
  out.put(type.padding).put(std::uint64_t{type.members.size()});
  for (const auto& [name, value] : type.members) out.put(std::string_view(name)).put(value);
}

ElementType get_type(ByteReader& in) {
  ElementType type;
  type.kind = in.get<ElementKind>();
  type.bytes = in.get<std::uint64_t>();
  type.big_endian = in.get<bool>();
  type.is_signed = in.get<bool>();
  type.padding = in.get<char>();
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    std::string name = in.text();
    type.members.emplace_back(std::move(name), in.get<std::int64_t>());
  }
  return type;
}

}  // namespace

bool ElementType::is_exact_in_float() const {
  switch (kind) {
    case ElementKind::floating:
      return bytes == 4;
    case ElementKind::signed_integer:
    case ElementKind::unsigned_integer:
    case ElementKind::boolean:
    case ElementKind::enumeration:
      return bytes <= 2;
    default:
      return false;
  }
}

std::string ElementType::name() const {
  switch (kind) {
    case ElementKind::floating:
      return fmt::format("float{}", 8 * bytes);
    case ElementKind::signed_integer:
      return fmt::format("int{}", 8 * bytes);
    case ElementKind::unsigned_integer:
      return fmt::format("uint{}", 8 * bytes);
    case ElementKind::boolean:
      return "bool";
    case ElementKind::enumeration:
      return "enumeration";
    case ElementKind::fixed_string:
      return fmt::format("text of {} bytes", bytes);
    case ElementKind::variable_string:
      return "text";
    case ElementKind::other_number:
      return fmt::format("number of {} bytes", bytes);
    case ElementKind::unsupported:
      break;
  }
  return "unsupported type";
}

Index DatasetLayout::columns() const {
  Index columns = 1;
  for (std::size_t d = 1; d < shape.size(); ++d) columns *= shape[d];
  return columns;
}

std::string DatasetLayout::summary() const {
  std::string text = extents_text(shape) + " " + type.name();
  if (storage == Storage::chunked) text += ", chunks " + extents_text(chunk_shape);
  std::string names;
  for (const Filter& filter : filters)
    names += (names.empty() ? "" : "+") + h5::filter_name(filter);
  return names.empty() ? text : text + ", " + names;
}

std::vector<std::byte> serialize(const DatasetLayout& layout) {
  ByteWriter out;
  out.put(std::string_view(layout.file)).put(std::string_view(layout.dataset));
  out.put(layout.file_bytes).put(layout.file_modified_ns).put(layout.shape);
  put(out, layout.type);
  out.put(layout.storage).put(layout.needs_hdf5).put(layout.offset);
  out.put(layout.inline_bytes).put(layout.fill).put(layout.chunk_shape);
  out.put(std::uint64_t{layout.filters.size()});
  for (const Filter& filter : layout.filters) {
    out.put(filter.id).put(std::string_view(filter.name)).put(filter.values);
  }
  return out.put(layout.chunks).take();
}

DatasetLayout deserialize_layout(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  DatasetLayout layout;
  layout.file = in.text();
  layout.dataset = in.text();
  layout.file_bytes = in.get<std::uint64_t>();
  layout.file_modified_ns = in.get<std::int64_t>();
  layout.shape = in.values<Index>();
  layout.type = get_type(in);
  layout.storage = in.get<Storage>();
  layout.needs_hdf5 = in.get<bool>();
  layout.offset = in.get<std::uint64_t>();
  layout.inline_bytes = in.values<std::byte>();
  layout.fill = in.values<std::byte>();
  layout.chunk_shape = in.values<Index>();
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    const int id = in.get<int>();
    std::string name = in.text();
    layout.filters.push_back({id, std::move(name), in.values<std::uint32_t>()});
  }
  layout.chunks = in.values<StoredChunk>();
  return layout;
}

std::vector<std::byte> serialize(const std::vector<std::optional<DatasetLayout>>& layouts) {
  ByteWriter out;
  for (const auto& layout : layouts) {
    out.put(layout.has_value());
    if (layout) out.put(serialize(*layout));
  }
  return out.take();
}

std::vector<std::optional<DatasetLayout>> deserialize_layouts(std::span<const std::byte> bytes) {
  std::vector<std::optional<DatasetLayout>> layouts;
  for (ByteReader in(bytes); !in.at_end();) {
    auto& layout = layouts.emplace_back();
    if (in.get<bool>()) layout = deserialize_layout(in.values<std::byte>());
  }
  return layouts;
}

std::vector<std::optional<DatasetLayout>> describe_all(
    const std::string& file, const std::vector<DatasetRequest>& requests) {
  return deserialize_layouts(in_guarded_child(file, [&] {
    const h5::InspectedFile inspected(file);
    std::vector<std::optional<DatasetLayout>> layouts;
    for (const DatasetRequest& request : requests) {
      const std::string path = absolute(request.dataset);
      const bool is_there = inspected.has(path);
      if (!is_there && request.is_required) inspected.report_missing(path, request.option);
      layouts.push_back(is_there ? std::optional(h5::describe_column(inspected, path))
                                 : std::nullopt);
    }
    return serialize(layouts);
  }));
}

DatasetLayout describe(const std::string& file, const std::string& dataset,
                       const std::string& option) {
  return std::move(*describe_all(file, {{dataset, true, option}}).front());
}

std::optional<DatasetLayout> describe_if_present(const std::string& file,
                                                 const std::string& dataset) {
  return std::move(describe_all(file, {{dataset, false}}).front());
}

FileSummary summarize(const std::string& file) {
  const std::vector<std::byte> answer = in_guarded_child(file, [&] {
    const h5::InspectedFile inspected(file);
    ByteWriter out;
    out.put(inspected.bytes());
    const auto attributes = h5::attributes_as_text(inspected.get());
    out.put(std::uint64_t{attributes.size()});
    for (const auto& [name, text] : attributes) {
      out.put(std::string_view(name)).put(std::string_view(text));
    }
    const std::vector<std::string> paths = inspected.dataset_paths();
    out.put(std::uint64_t{paths.size()});
    for (const std::string& path : paths) out.put(serialize(inspected.outline(path)));
    return out.take();
  });
  ByteReader in(answer);
  FileSummary summary;
  summary.file_bytes = in.get<std::uint64_t>();
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    std::string name = in.text();
    summary.attributes.emplace_back(std::move(name), in.text());
  }
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    summary.datasets.push_back(deserialize_layout(in.values<std::byte>()));
  }
  return summary;
}

}  // namespace superstep
