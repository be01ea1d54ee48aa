// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/frame_layout.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include "io/guarded_child.hpp"
#include "io/inspect.hpp"
#include "io/inspect_frame.hpp"
#include "io/inspect_sparse.hpp"

namespace superstep {

namespace {

void put(ByteWriter& out, const std::optional<DatasetLayout>& layout) {
  out.put(layout.has_value());
  if (layout) out.put(serialize(*layout));
}

std::optional<DatasetLayout> get_layout(ByteReader& in) {
  if (!in.get<bool>()) return std::nullopt;
  return deserialize_layout(in.values<std::byte>());
}

void put(ByteWriter& out, const FrameLayout& frame) {
  out.put(std::string_view(frame.file)).put(std::string_view(frame.group)).put(frame.rows);
  out.put(std::uint64_t{frame.columns.size()});
  for (const FrameColumn& column : frame.columns) {
    out.put(std::string_view(column.name)).put(column.kind).put(serialize(column.values));
    put(out, column.mask);
    put(out, column.ends);
    out.put(std::string_view(column.unit));
  }
}

FrameLayout get_frame(ByteReader& in) {
  FrameLayout frame;
  frame.file = in.text();
  frame.group = in.text();
  frame.rows = in.get<Index>();
  frame.columns.resize(in.get<std::uint64_t>());
  for (FrameColumn& column : frame.columns) {
    column.name = in.text();
    column.kind = in.get<ColumnKind>();
    column.values = deserialize_layout(in.values<std::byte>());
    column.mask = get_layout(in);
    column.ends = get_layout(in);
    column.unit = in.text();
  }
  return frame;
}

std::vector<std::string> names_of(const FrameLayout& frame) {
  std::vector<std::string> names;
  for (const FrameColumn& column : frame.columns) names.push_back(column.name);
  return names;
}

/// The column of that name, which is no feature then.
DatasetLayout take_column(FrameLayout& frame, const DatasetRequest& request) {
  const auto found = std::ranges::find(frame.columns, request.dataset, &FrameColumn::name);
  if (found == frame.columns.end()) {
    throw DataError(fmt::format("{} has no column '{}'; {}, or a path that begins with '/': {}",
                                frame.where(), request.dataset,
                                did_you_mean(request.dataset, names_of(frame)), request.option));
  }
  if (found->mask) {
    throw DataError(
        fmt::format("{}, column '{}', is kept with a mask of missing values, which only "
                    "features may have; store it as numbers without one",
                    frame.where(), found->name));
  }
  DatasetLayout layout = std::move(found->values);
  frame.columns.erase(found);
  return layout;
}

std::string absolute(const std::string& path) { return path.starts_with('/') ? path : "/" + path; }

DataLayout look_at(const h5::InspectedFile& file, const std::vector<std::string>& places,
                   const std::vector<DatasetRequest>& others) {
  DataLayout layout;
  std::string place = absolute(places.front());
  for (const std::string& candidate : places) {
    if (!file.has(absolute(candidate))) continue;
    place = absolute(candidate);
    break;
  }
  const auto text = h5::describe_text(file, place);
  if (!file.has(place) && !text) file.report_missing(place, "--x");
  if (text) {
    layout.frame = *text;
  } else if (file.is_group(place) && h5::is_sparse_matrix(file, place)) {
    layout.sparse = h5::describe_sparse(file, place);
  } else if (file.is_group(place)) {
    layout.frame = h5::describe_frame(file, place);
  } else {
    layout.matrix = file.layout(place);
  }
  for (const DatasetRequest& request : others) {
    const bool is_column = layout.frame && !request.dataset.starts_with('/');
    if (is_column) {
      layout.others.emplace_back(take_column(*layout.frame, request));
      continue;
    }
    const std::string path = absolute(request.dataset);
    const bool is_there = file.has(path);
    if (!is_there && request.is_required) file.report_missing(path, request.option);
    layout.others.push_back(is_there ? std::optional(h5::describe_column(file, path))
                                     : std::nullopt);
  }
  if (layout.frame && layout.frame->columns.empty()) {
    throw DataError(fmt::format("{} has no column left for the features", layout.frame->where()));
  }
  return layout;
}

}  // namespace

const char* kind_name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::real:
      return "real";
    case ColumnKind::integer:
      return "integer";
    case ColumnKind::boolean:
      return "boolean";
    case ColumnKind::date:
      return "date";
    case ColumnKind::category:
      return "category";
    case ColumnKind::text:
      break;
  }
  return "text";
}

DataLayout describe_data(const std::string& file, const std::vector<std::string>& places,
                         const std::vector<DatasetRequest>& others) {
  return deserialize_data(in_guarded_child(
      file, [&] { return serialize(look_at(h5::InspectedFile(file), places, others)); }));
}

std::vector<std::byte> serialize(const DataLayout& layout) {
  ByteWriter out;
  put(out, layout.matrix);
  out.put(layout.frame.has_value());
  if (layout.frame) put(out, *layout.frame);
  out.put(layout.sparse.has_value());
  if (layout.sparse) out.put(serialize(*layout.sparse));
  return out.put(serialize(layout.others)).take();
}

DataLayout deserialize_data(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  DataLayout layout;
  layout.matrix = get_layout(in);
  if (in.get<bool>()) layout.frame = get_frame(in);
  if (in.get<bool>()) layout.sparse = deserialize_sparse(in.values<std::byte>());
  layout.others = deserialize_layouts(in.values<std::byte>());
  return layout;
}

}  // namespace superstep
