// SPDX-License-Identifier: BSD-3-Clause
#include "io/inspect_frame.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include "io/attributes.hpp"

namespace superstep::h5 {

namespace {

constexpr std::size_t most_columns = 1'000'000;
constexpr std::size_t most_levels = 10'000'000;

/// The texts of an attribute; nothing where there is none, or it holds no texts.
std::optional<std::vector<std::string>> texts_of(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const std::string action = fmt::format("read the attribute '{}'", name);
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), action);
  const Handle type(H5Aget_type(attribute.get()), action);
  const Handle space(H5Aget_space(attribute.get()), action);
  const hssize_t count = check(H5Sget_simple_extent_npoints(space.get()), action);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL || count == 0) {
    return std::vector<std::string>();
  }
  if (!element_type(type.get()).is_text()) return std::nullopt;
  if (count > static_cast<hssize_t>(most_columns)) {
    throw FileError(fmt::format("the attribute '{}' holds {} texts, too many", name, count));
  }
  return read_texts(
      type.get(), static_cast<std::size_t>(count),
      [&](hid_t memory, void* to) { return H5Aread(attribute.get(), memory, to); }, action);
}

herr_t collect_member(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::vector<std::string> members_of(hid_t group, const std::string& where) {
  std::vector<std::string> names;
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_member, &names),
        fmt::format("list what {} holds", where));
  return names;
}

/// The names of the categories: texts, or numbers as texts.
std::vector<std::string> read_levels(const InspectedFile& file, const std::string& path,
                                     bool& are_numbers) {
  const DatasetLayout layout = file.layout(path);
  if (layout.shape.size() != 1 || layout.rows() > static_cast<Index>(most_levels)) {
    throw DataError(fmt::format("{} is {}; it must be one name for each category", layout.where(),
                                layout.summary()));
  }
  const std::string action = fmt::format("read {}", layout.where());
  const Handle dataset = file.open_dataset(path);
  const Handle type(H5Dget_type(dataset.get()), action);
  const auto count = static_cast<std::size_t>(layout.rows());
  are_numbers = !layout.type.is_text();
  if (!are_numbers) {
    return read_texts(
        type.get(), count,
        [&](hid_t memory, void* to) {
          return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
        },
        action);
  }
  std::vector<std::string> names;
  if (layout.type.kind == ElementKind::boolean) {
    std::vector<std::uint8_t> values(count);
    check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), action);
    for (const auto v : values) names.emplace_back(v != 0 ? "True" : "False");
    are_numbers = false;
    return names;
  }
  std::vector<double> values(count);
  check(H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
        action);
  const bool is_float = layout.type.kind == ElementKind::floating;
  for (const double v : values) {
    names.push_back(is_float ? format_double(v) : fmt::format("{:.0f}", v));
  }
  return names;
}

/// The codes of a categorical column as an enumeration, its members in the order in which
/// scikit-learn sorts what they name.
DatasetLayout categorical(const InspectedFile& file, const std::string& path) {
  bool are_numbers = false;
  std::vector<std::string> names = read_levels(file, path + "/categories", are_numbers);
  DatasetLayout layout = file.layout(path + "/codes");
  ElementType& type = layout.type;
  const bool is_integer =
      type.kind == ElementKind::signed_integer || type.kind == ElementKind::unsigned_integer;
  if (layout.shape.size() != 1 || !is_integer) {
    throw DataError(fmt::format("{} is {}; codes of categories are one integer a row",
                                layout.where(), layout.summary()));
  }
  type.is_signed = type.kind == ElementKind::signed_integer;
  type.kind = ElementKind::enumeration;
  for (std::size_t i = 0; i < names.size(); ++i) {
    type.members.emplace_back(std::move(names[i]), static_cast<std::int64_t>(i));
  }
  if (are_numbers) {
    std::ranges::stable_sort(type.members, {}, [](const auto& m) { return std::stod(m.first); });
  } else {
    std::ranges::sort(type.members);
  }
  const auto same = std::ranges::adjacent_find(
      type.members, [](const auto& a, const auto& b) { return a.first == b.first; });
  if (same != type.members.end()) {
    throw DataError(fmt::format("{}:{}/categories names '{}' twice; write the column again",
                                file.path(), path, shorten(same->first, 40)));
  }
  return layout;
}

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& way) {
  throw DataError(fmt::format("{} {}, which is not read; {}", where, what, way));
}

/// Groups of others, with the way to what can be read.
void refuse_other_frames(const InspectedFile& file, const std::string& path, hid_t group) {
  const std::string where = file.path() + ":" + path;
  const std::string pandas = text_of(group, "pandas_type");
  if (!pandas.empty()) {
    refuse(
        where, fmt::format("is a table of pandas' HDFStore (pandas_type '{}')", pandas),
        "write it as CSV and import that: pandas.read_hdf(...).to_csv('table.csv', index=False)");
  }
  const std::string encoding = text_of(group, "encoding-type");
  if (encoding == "anndata") {
    refuse(where, "is a whole anndata file", "name a part of it: --x /X or --x /obs");
  }
  if (!encoding.empty() && encoding != "dataframe" && encoding != "dict") {
    refuse(where, fmt::format("is encoded as '{}'", encoding),
           "features are a matrix or a data frame");
  }
}

ColumnKind kind_of(const ElementType& type) {
  switch (type.kind) {
    case ElementKind::signed_integer:
    case ElementKind::unsigned_integer:
      return ColumnKind::integer;
    case ElementKind::boolean:
      return ColumnKind::boolean;
    case ElementKind::enumeration:
      return ColumnKind::category;
    case ElementKind::fixed_string:
    case ElementKind::variable_string:
      return ColumnKind::text;
    default:
      return ColumnKind::real;
  }
}

bool is_column(const DatasetLayout& layout) {
  return layout.shape.size() == 1 || (layout.shape.size() == 2 && layout.shape[1] == 1);
}

/// A member that is a dataset.
FrameColumn plain_column(const InspectedFile& file, const std::string& path) {
  FrameColumn column;
  column.values = file.layout(path);
  column.kind = kind_of(column.values.type);
  const Handle object = open_object(file, path);
  column.unit = text_of(object.get(), "units");
  const bool is_date = column.unit.find(" since ") != std::string::npos;
  if (is_date && column.kind == ColumnKind::integer) column.kind = ColumnKind::date;
  return column;
}

/// A member that is a group: categories, or values with a mask.
FrameColumn encoded_column(const InspectedFile& file, const std::string& path) {
  const Handle object = open_object(file, path);
  const std::string encoding = text_of(object.get(), "encoding-type");
  FrameColumn column;
  if (encoding == "categorical") {
    column.values = categorical(file, path);
    column.kind = ColumnKind::category;
  } else if (encoding.starts_with("nullable-")) {
    column = plain_column(file, path + "/values");
    column.mask = file.layout(path + "/mask");
  } else if (encoding == "superstep-text") {
    column.kind = ColumnKind::text;
    column.values = file.layout(path + "/data");
    column.ends = file.layout(path + "/indptr");
  } else {
    refuse(file.path() + ":" + path,
           encoding.empty() ? "is a group" : fmt::format("is encoded as '{}'", encoding),
           "columns of a data frame are datasets, or groups that anndata encodes as categorical or "
           "nullable");
  }
  return column;
}

Index rows_of(const FrameColumn& column) {
  return column.ends ? column.ends->rows() - 1 : column.values.rows();
}

void check_rows(const FrameLayout& frame, const FrameColumn& column) {
  const Index rows = rows_of(column);
  const bool masks = !column.mask || (is_column(*column.mask) && column.mask->rows() == rows);
  if (rows == frame.rows && masks) return;
  throw DataError(fmt::format(
      "{}: column '{}' has {} rows but '{}' has {}; the columns of a table must be equally long",
      frame.where(), column.name, masks ? rows : column.mask->rows(), frame.columns.front().name,
      masks ? frame.rows : rows));
}

/// Where a frame says what its columns are called, and where those lie.
struct Member {
  std::string name;
  std::string path;
};

/// Those whose names HDF5 cannot hold: an attribute has them.
std::vector<Member> renamed_members(const InspectedFile& file,
                                    const std::vector<std::string>& groups) {
  std::vector<Member> members;
  for (const std::string& group : groups) {
    if (!file.has(group)) continue;
    const Handle object = open_object(file, group);
    for (const std::string& stored : members_of(object.get(), file.path() + ":" + group)) {
      const std::string path = group + "/" + stored;
      const Handle member = open_object(file, path);
      const auto name = texts_of(member.get(), "superstep-name");
      if (name && name->size() == 1) members.push_back({name->front(), path});
    }
  }
  return members;
}

std::vector<Member> listed_members(const InspectedFile& file, const std::string& group,
                                   hid_t object) {
  auto order = texts_of(object, "superstep-columns");
  if (!order) order = texts_of(object, "column-order");
  if (!order) {
    throw DataError(
        fmt::format("{}:{} does not say what its columns are (its attribute "
                    "column-order); write it again with anndata",
                    file.path(), group));
  }
  const std::string texts = group + "_text";
  const std::vector<Member> renamed = renamed_members(file, {group, texts});
  std::vector<Member> members;
  for (const std::string& name : *order) {
    const auto other = std::ranges::find(renamed, name, &Member::name);
    const std::string inside = group + "/" + name;
    if (other == renamed.end() && !file.has(inside) && !file.has(texts + "/" + name)) {
      throw DataError(fmt::format("{}:{} names the column '{}', which is not there; write it again",
                                  file.path(), group, shorten(name, 40)));
    }
    members.push_back({name, other != renamed.end() ? other->path
                             : file.has(inside)     ? inside
                                                    : texts + "/" + name});
  }
  return members;
}

/// Equally long datasets side by side, in the order of the alphabet.
std::vector<Member> all_members(const InspectedFile& file, const std::string& group, hid_t object) {
  std::vector<Member> members;
  for (const std::string& name : members_of(object, file.path() + ":" + group)) {
    members.push_back({name, group + "/" + name});
  }
  return members;
}

}  // namespace

Handle open_object(const InspectedFile& file, const std::string& path) {
  return {H5Oopen(file.get(), path.c_str(), H5P_DEFAULT),
          fmt::format("open {}:{}", file.path(), path)};
}

std::string text_of(hid_t object, const char* name) {
  const auto texts = texts_of(object, name);
  return texts && texts->size() == 1 ? texts->front() : std::string();
}

DatasetLayout describe_column(const InspectedFile& file, const std::string& path) {
  const Handle object = open_object(file, path);
  // Of a group that is no column, the layout says what it is.
  if (text_of(object.get(), "encoding-type").empty()) return file.layout(path);
  if (!file.is_group(path)) return file.layout(path);
  FrameColumn column = encoded_column(file, path);
  if (column.kind == ColumnKind::category) return std::move(column.values);
  refuse(file.path() + ":" + path,
         column.mask ? "is kept with a mask of missing values" : "is free text",
         "store it as numbers without a mask, or as categories");
}

std::optional<FrameLayout> describe_text(const InspectedFile& file, const std::string& place) {
  const std::size_t slash = place.rfind('/');
  const std::string name = place.substr(slash + 1);
  // Where texts of a table lie that is written here.
  const std::string beside = place.substr(0, slash) + "_text/" + name;
  const std::string path = !file.has(place) && file.has(beside) ? beside : place;
  if (!file.has(path)) return std::nullopt;
  FrameLayout frame{.file = file.path(), .group = place};
  if (!file.is_group(path)) {
    frame.columns.push_back(plain_column(file, path));
  } else if (text_of(open_object(file, path).get(), "encoding-type") == "superstep-text") {
    frame.columns.push_back(encoded_column(file, path));
  }
  if (frame.columns.empty() || frame.columns.front().kind != ColumnKind::text) return std::nullopt;
  const FrameColumn& column = frame.columns.front();
  if (!column.ends && column.values.shape.size() != 1) return std::nullopt;
  frame.columns.front().name = name;
  frame.rows = rows_of(column);
  if (frame.rows < 1) throw DataError(frame.where() + " has no rows");
  return frame;
}

FrameLayout describe_frame(const InspectedFile& file, const std::string& group) {
  const Handle object = open_object(file, group);
  refuse_other_frames(file, group, object.get());
  FrameLayout frame{.file = file.path(), .group = group};
  const bool is_listed = text_of(object.get(), "encoding-type") == "dataframe";
  const std::vector<Member> members = is_listed ? listed_members(file, group, object.get())
                                                : all_members(file, group, object.get());
  for (const Member& member : members) {
    FrameColumn column = file.is_group(member.path) ? encoded_column(file, member.path)
                                                    : plain_column(file, member.path);
    column.name = member.name;
    if (column.kind != ColumnKind::text && !is_column(column.values)) {
      throw DataError(
          fmt::format("{} is {}; a column of a table is one value a row: name it alone "
                      "with --x, or take it out of the group",
                      column.values.where(), column.values.summary()));
    }
    if (frame.columns.empty()) frame.rows = rows_of(column);
    frame.columns.push_back(std::move(column));
    check_rows(frame, frame.columns.back());
  }
  if (frame.columns.empty() || frame.rows < 1) {
    throw DataError(fmt::format("{} has no {}; a dataset needs one row and one column",
                                frame.where(), frame.columns.empty() ? "columns" : "rows"));
  }
  return frame;
}

}  // namespace superstep::h5
