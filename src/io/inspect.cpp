// SPDX-License-Identifier: BSD-3-Clause
#include "io/inspect.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include "io/attributes.hpp"
#include "io/filters.hpp"
#include "io/posix_file.hpp"
#include "io/recording_driver.hpp"

namespace superstep::h5 {

namespace {

// Enough for a message and for `info`; a file may hold millions.
constexpr std::size_t max_listed = 10000;
// Elements times bytes must stay far from the end of 64 bits.
constexpr double max_dataset_bytes = 4e18;

herr_t refuse_external_link(const char*, const char*, const char*, const char*, unsigned*, hid_t,
                            void*) {
  return -1;
}

herr_t collect_dataset(hid_t, const char* name, const H5O_info_t* info, void* out) {
  auto& paths = *static_cast<std::vector<std::string>*>(out);
  if (info->type == H5O_TYPE_DATASET) paths.push_back(std::string("/") + name);
  return paths.size() < max_listed ? 0 : 1;
}

const char* class_name(H5T_class_t type_class) {
  switch (type_class) {
    case H5T_COMPOUND:
      return "compound values";
    case H5T_REFERENCE:
      return "references";
    case H5T_ARRAY:
      return "arrays inside its elements";
    case H5T_VLEN:
      return "lists of varying length";
    case H5T_OPAQUE:
      return "opaque bytes";
    case H5T_BITFIELD:
      return "bit fields";
    case H5T_TIME:
      return "times";
    default:
      return "values of an unknown type";
  }
}

std::vector<Filter> filters_of(hid_t properties) {
  std::vector<Filter> filters;
  const int n_filters = check(H5Pget_nfilters(properties), "read the filters");
  for (int i = 0; i < n_filters; ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    unsigned values[64] = {};
    std::size_t n_values = 64;
    char name[64] = {};
    const int id = check(H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &n_values,
                                        values, sizeof name - 1, name, &config),
                         "read the filters");
    filters.push_back({id, name, {values, values + std::min<std::size_t>(n_values, 64)}});
  }
  return filters;
}

// Whether our own code undoes every filter; FileError when HDF5 cannot either.
bool decodes_filters(const DatasetLayout& layout) {
  bool all_ours = true;
  for (const Filter& filter : layout.filters) {
    if (is_known_filter(filter)) continue;
    all_ours = false;
    if (H5Zfilter_avail(filter.id) > 0) continue;
    throw FileError(fmt::format(
        "{} is compressed with {}, which this program does not read; rewrite it with 'h5repack -f "
        "GZIP=4 {} NEW'",
        layout.where(), filter_name(filter), layout.file));
  }
  return all_ours;
}

void read_fill(hid_t properties, hid_t type, DatasetLayout& layout) {
  H5D_fill_value_t status = H5D_FILL_VALUE_UNDEFINED;
  check(H5Pfill_value_defined(properties, &status), "read the fill value");
  if (status != H5D_FILL_VALUE_USER_DEFINED || layout.type.kind == ElementKind::variable_string ||
      layout.type.kind == ElementKind::unsupported) {
    return;
  }
  layout.fill.resize(layout.type.bytes);
  check(H5Pget_fill_value(properties, type, layout.fill.data()), "read the fill value");
}

void refuse_external_storage(hid_t properties, const DatasetLayout& layout) {
  if (H5Pget_external_count(properties) > 0) {
    throw FileError(
        fmt::format("{} keeps its values in other files (external storage), which is not followed; "
                    "copy it into "
                    "one file with h5repack",
                    layout.where()));
  }
}

void locate_contiguous(hid_t dataset, DatasetLayout& layout, std::uint64_t n_bytes) {
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF || n_bytes == 0) {
    H5Eclear2(H5E_DEFAULT);
    return;
  }
  layout.storage = Storage::contiguous;
  layout.offset = offset;
  if (offset > layout.file_bytes || n_bytes > layout.file_bytes - offset) {
    throw FileError(
        fmt::format("{} is truncated: its values need {} bytes of the file, which has {}; copy or "
                    "write it again",
                    layout.where(), offset + n_bytes, layout.file_bytes));
  }
}

void read_compact(hid_t dataset, hid_t type, DatasetLayout& layout, std::uint64_t n_bytes) {
  layout.storage = Storage::compact;
  layout.inline_bytes.resize(n_bytes);
  if (n_bytes == 0) return;
  check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, layout.inline_bytes.data()),
        fmt::format("read {}", layout.where()));
}

void read_chunk_shape(hid_t properties, DatasetLayout& layout) {
  std::vector<hsize_t> shape(layout.shape.size());
  check(H5Pget_chunk(properties, static_cast<int>(shape.size()), shape.data()), "read the chunks");
  layout.chunk_shape.assign(shape.begin(), shape.end());
  layout.filters = filters_of(properties);
}

}  // namespace

std::vector<Index> extents(hid_t space, const std::string& where) {
  const int n =
      check(H5Sget_simple_extent_ndims(space), fmt::format("read the shape of {}", where));
  std::vector<hsize_t> shape(static_cast<std::size_t>(n));
  check(H5Sget_simple_extent_dims(space, shape.data(), nullptr),
        fmt::format("read the shape of {}", where));
  double elements = 1;
  for (const hsize_t extent : shape) elements *= static_cast<double>(std::max<hsize_t>(extent, 1));
  if (elements > max_dataset_bytes) {
    throw FileError(fmt::format("{} is damaged: no file can hold its shape, {}; write it again",
                                where, fmt::join(shape, " x ")));
  }
  return {shape.begin(), shape.end()};
}

InspectedFile::InspectedFile(const std::string& path)
    : path_(path), stamp_(posix::stamp_of_regular_file(path)) {
  file_ = open_for_reading(path, recording_access());
  link_access_ = Handle(H5Pcreate(H5P_DATASET_ACCESS), "prepare to open a dataset");
  check(H5Pset_elink_cb(link_access_.get(), refuse_external_link, nullptr), "refuse outer links");
}

std::vector<std::string> InspectedFile::dataset_paths() const {
  std::vector<std::string> paths;
  check(H5Ovisit2(file_.get(), H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &paths, H5O_INFO_BASIC),
        fmt::format("list what '{}' holds", path_));
  std::sort(paths.begin(), paths.end());
  return paths;
}

void InspectedFile::refuse_links_outside(const std::string& dataset) const {
  for (std::size_t end = dataset.find('/', 1);; end = dataset.find('/', end + 1)) {
    const std::string prefix = dataset.substr(0, end);
    H5L_info_t link{};
    if (H5Lget_info(file_.get(), prefix.c_str(), &link, link_access_.get()) < 0) break;
    if (link.type >= H5L_TYPE_UD_MIN) {
      throw FileError(fmt::format(
          "{}:{} is a link to another file, which is not followed; copy the data into one file, or "
          "name the other file",
          path_, prefix));
    }
    if (end == std::string::npos) break;
  }
  H5Eclear2(H5E_DEFAULT);
}

bool InspectedFile::has(const std::string& dataset) const {
  refuse_links_outside(dataset);
  const hid_t object = H5Oopen(file_.get(), dataset.c_str(), link_access_.get());
  if (object < 0) {
    const std::string reason = error_text();
    if (is_linked(dataset)) report_unreadable(dataset, reason);
    return false;
  }
  Handle(object, "open");
  return true;
}

bool InspectedFile::is_group(const std::string& path) const {
  const Handle object(H5Oopen(file_.get(), path.c_str(), link_access_.get()),
                      fmt::format("open {}:{}", path_, path));
  return H5Iget_type(object.get()) == H5I_GROUP;
}

/// Whether a link of that name leads to something, readable or not.
bool InspectedFile::is_linked(const std::string& dataset) const {
  for (std::size_t end = dataset.find('/', 1);; end = dataset.find('/', end + 1)) {
    const std::string prefix = dataset.substr(0, end);
    if (H5Oexists_by_name(file_.get(), prefix.c_str(), link_access_.get()) <= 0) {
      // Also when it cannot tell, because what holds the link is no group that it can open.
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
    if (end == std::string::npos) return true;
  }
}

void InspectedFile::report_unreadable(const std::string& dataset, const std::string& reason) const {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  throw FileError(fmt::format(
      "{}:{} is there, but HDF5 {}.{}.{} cannot open it ({}): it is damaged, or written in a newer "
      "format of HDF5; write it with h5py.File(..., libver=('earliest', 'v110')), or convert it "
      "with the newer HDF5's 'h5repack --low=0 --high=2 {} NEW'",
      path_, dataset, major, minor, release, reason, path_));
}

/// What NetCDF's conventions say of the values and would have to be applied to them.
void InspectedFile::refuse_conventions(hid_t object, const DatasetLayout& layout) const {
  if (!layout.type.is_number()) return;
  const auto number_of = [&](const char* name) -> std::optional<double> {
    if (H5Aexists(object, name) <= 0) return std::nullopt;
    const std::string action = fmt::format("read the attribute '{}' of {}", name, layout.where());
    const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), action);
    const Handle type(H5Aget_type(attribute.get()), action);
    const Handle space(H5Aget_space(attribute.get()), action);
    const H5T_class_t kind = H5Tget_class(type.get());
    double value = 0.0;
    const bool is_number = (kind == H5T_INTEGER || kind == H5T_FLOAT) &&
                           H5Sget_simple_extent_npoints(space.get()) == 1;
    if (is_number) check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), action);
    return is_number ? value : std::numeric_limits<double>::infinity();
  };
  const auto scale = number_of("scale_factor");
  const auto offset = number_of("add_offset");
  if (scale.value_or(1.0) != 1.0 || offset.value_or(0.0) != 0.0) {
    throw DataError(fmt::format(
        "{} holds packed values (its attributes scale_factor and add_offset say how to unpack "
        "them), which are not unpacked here; write the unpacked values, as xarray's open_dataset() "
        "reads them",
        layout.where()));
  }
  for (const char* name : {"_FillValue", "missing_value"}) {
    const auto mark = number_of(name);
    if (!mark || std::isnan(*mark)) continue;
    throw DataError(fmt::format(
        "{} marks missing values with a number (its attribute {} is {}), which would be taken for "
        "a value; write NaN in their place and remove the attribute (xarray: "
        "encoding={{'_FillValue': None}}), or remove it if none is missing",
        layout.where(), name, format_double(*mark)));
  }
}

/// Whether a matrix beside it has a column of that name.
bool InspectedFile::is_column_of_matrix(const std::string& name) const {
  if (!has("/X") || !has("/feature_names")) return false;
  const DatasetLayout names = outline("/feature_names");
  if (names.shape.size() != 1 || !names.type.is_text()) return false;
  const Handle dataset = open_dataset("/feature_names");
  const std::string action = fmt::format("read {}", names.where());
  const Handle type(H5Dget_type(dataset.get()), action);
  const auto texts = read_texts(
      type.get(), static_cast<std::size_t>(names.rows()),
      [&](hid_t memory, void* to) {
        return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
      },
      action);
  return std::ranges::find(texts, name) != texts.end();
}

void InspectedFile::report_missing(const std::string& dataset, const std::string& option) const {
  std::vector<std::string> paths = dataset_paths();
  std::string message = fmt::format("'{}' has no dataset {}", path_, dataset);
  if (paths.empty()) throw DataError(message + ": it holds none at all; check the file");
  if (is_column_of_matrix(dataset.substr(1))) {
    throw DataError(
        fmt::format("{}: '{}' is a column of the matrix /X; import the file it comes "
                    "from with --target '{}', or as a table, with --layout table",
                    message, dataset.substr(1), dataset.substr(1)));
  }
  const auto nearest = nearest_name(dataset, paths);
  constexpr std::size_t max_shown = 10;
  const std::size_t n_more = paths.size() > max_shown ? paths.size() - max_shown : 0;
  paths.resize(paths.size() - n_more);
  message += fmt::format("; it holds {}", fmt::join(paths, ", "));
  if (n_more > 0) message += fmt::format(" and {} more", n_more);
  if (!option.empty()) {
    message += fmt::format("; name the right one: {} {}", option, nearest.value_or(paths.front()));
  } else if (nearest) {
    message += fmt::format("; did you mean {}?", *nearest);
  }
  throw DataError(message);
}

Handle InspectedFile::open_dataset(const std::string& dataset) const {
  refuse_links_outside(dataset);
  const std::string where = path_ + ":" + dataset;
  Handle object(H5Oopen(file_.get(), dataset.c_str(), link_access_.get()),
                fmt::format("open {}", where));
  if (H5Iget_type(object.get()) != H5I_DATASET) {
    std::vector<std::string> inside = dataset_paths();
    std::erase_if(inside, [&](const std::string& path) { return !path.starts_with(dataset); });
    throw DataError(
        fmt::format("{} is a group, not a dataset; it holds {}", where,
                    inside.empty() ? "none" : fmt::format("{}", fmt::join(inside, ", "))));
  }
  return object;
}

DatasetLayout InspectedFile::outline(const std::string& dataset) const {
  DatasetLayout layout;
  layout.file = path_;
  layout.dataset = dataset;
  layout.file_bytes = stamp_.bytes;
  layout.file_modified_ns = stamp_.modified_ns;
  try {
    const Handle object = open_dataset(dataset);
    const Handle space(H5Dget_space(object.get()), "read the shape");
    const Handle type(H5Dget_type(object.get()), "read the type");
    const Handle properties(H5Dget_create_plist(object.get()), "read the storage");
    layout.type = element_type(type.get());
    layout.shape = extents(space.get(), layout.where());
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) layout.type = {};
    switch (H5Pget_layout(properties.get())) {
      case H5D_COMPACT:
        layout.storage = Storage::compact;
        break;
      case H5D_CONTIGUOUS:
        layout.storage = Storage::contiguous;
        break;
      case H5D_CHUNKED:
        layout.storage = Storage::chunked;
        read_chunk_shape(properties.get(), layout);
        break;
      default:
        layout.type = {};
    }
  } catch (const Error&) {
    layout.type = {};
  }
  return layout;
}

DatasetLayout InspectedFile::layout(const std::string& dataset) const {
  const Handle object = open_dataset(dataset);
  DatasetLayout layout;
  layout.file = path_;
  layout.dataset = dataset;
  layout.file_bytes = stamp_.bytes;
  layout.file_modified_ns = stamp_.modified_ns;
  const std::string where = layout.where();
  const Handle space(H5Dget_space(object.get()), fmt::format("read the shape of {}", where));
  const Handle type(H5Dget_type(object.get()), fmt::format("read the type of {}", where));
  const Handle properties(H5Dget_create_plist(object.get()),
                          fmt::format("read the storage of {}", where));
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    throw DataError(fmt::format("{} is empty: it has a type but no shape; write it again", where));
  }
  layout.shape = extents(space.get(), where);
  layout.type = element_type(type.get());
  if (layout.type.kind == ElementKind::unsupported) {
    throw DataError(
        fmt::format("{} holds {}; numbers or text are needed: store each field as a "
                    "dataset of its own",
                    where, class_name(H5Tget_class(type.get()))));
  }
  refuse_conventions(object.get(), layout);
  double total = static_cast<double>(layout.type.bytes);
  for (const Index extent : layout.shape) total *= static_cast<double>(extent);
  if (total > max_dataset_bytes) {
    throw FileError(
        fmt::format("{} is damaged: no file can hold its shape; write it again", where));
  }
  const auto n_bytes = static_cast<std::uint64_t>(layout.rows()) *
                       static_cast<std::uint64_t>(layout.columns()) * layout.type.bytes;
  layout.needs_hdf5 = layout.type.kind == ElementKind::variable_string ||
                      layout.type.kind == ElementKind::other_number;
  read_fill(properties.get(), type.get(), layout);
  refuse_external_storage(properties.get(), layout);
  switch (H5Pget_layout(properties.get())) {
    case H5D_CONTIGUOUS:
      if (layout.needs_hdf5) {
        layout.storage = Storage::contiguous;
      } else {
        locate_contiguous(object.get(), layout, n_bytes);
      }
      break;
    case H5D_COMPACT:
      layout.storage = Storage::compact;
      if (!layout.needs_hdf5) read_compact(object.get(), type.get(), layout, n_bytes);
      break;
    case H5D_CHUNKED:
      layout.storage = Storage::chunked;
      read_chunk_shape(properties.get(), layout);
      layout.needs_hdf5 = !decodes_filters(layout) || layout.needs_hdf5;
      if (!layout.needs_hdf5) find_chunks(object.get(), layout);
      break;
    default:
      throw FileError(
          fmt::format("{} is a virtual dataset, put together from others, which is not followed; "
                      "copy it into a "
                      "plain one",
                      where));
  }
  return layout;
}

std::string filter_name(const Filter& filter) {
  switch (filter.id) {
    case H5Z_FILTER_DEFLATE:
      return "deflate";
    case H5Z_FILTER_SHUFFLE:
      return "shuffle";
    case H5Z_FILTER_FLETCHER32:
      return "fletcher32";
    case H5Z_FILTER_SZIP:
      return "szip";
    case H5Z_FILTER_NBIT:
      return "nbit";
    case H5Z_FILTER_SCALEOFFSET:
      return "scaleoffset";
    case 32000:
      return "lzf";
    default:
      return filter.name.empty() ? fmt::format("filter {}", filter.id)
                                 : fmt::format("filter {} ({})", filter.id, filter.name);
  }
}

}  // namespace superstep::h5
