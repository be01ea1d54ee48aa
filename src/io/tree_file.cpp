// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/tree_file.hpp>

#include <algorithm>
#include <bit>
#include <functional>
#include <type_traits>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/io/atomic_file.hpp>
#include "io/attributes.hpp"
#include "io/guarded_child.hpp"
#include "io/inspect.hpp"

namespace superstep {

namespace {

constexpr std::size_t image_increment = 65536;

void require_writable_text(const std::string& text, const std::string& where) {
  if (text.find('\0') != std::string::npos) {
    throw DataError(
        fmt::format("{} holds a NUL character, which HDF5 texts cannot; remove it", where));
  }
}

h5::Handle space_of(const std::vector<Index>& shape) {
  if (shape.empty()) return h5::Handle(H5Screate(H5S_SCALAR), "make a shape");
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return h5::Handle(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                    "make a shape");
}

template <class T>
void write_array(hid_t file, const std::string& path, const TreeArray<T>& array) {
  const std::string action = fmt::format("write {}", path);
  const h5::Handle space = space_of(array.shape);
  if (H5Sget_simple_extent_npoints(space.get()) != static_cast<hssize_t>(array.values.size())) {
    throw std::logic_error(fmt::format("{}: its shape does not fit its values", path));
  }
  const h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), action);
  h5::check(H5Pset_obj_track_times(properties.get(), false), action);
  h5::make_groups_above(file, path);
  const auto write = [&](hid_t file_type, hid_t memory_type, const void* data) {
    const h5::Handle dataset(H5Dcreate2(file, path.c_str(), file_type, space.get(), H5P_DEFAULT,
                                        properties.get(), H5P_DEFAULT),
                             action);
    if (array.values.empty()) return;
    h5::check(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), action);
  };
  if constexpr (std::is_same_v<T, double>) {
    write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, array.values.data());
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    write(H5T_STD_I64LE, H5T_NATIVE_INT64, array.values.data());
  } else {
    const h5::Handle type = h5::variable_text_type();
    std::vector<const char*> pointers;
    for (const std::string& text : array.values) {
      require_writable_text(text, path);
      pointers.push_back(text.c_str());
    }
    write(type.get(), type.get(), pointers.data());
  }
}

// Built in memory, so that HDF5 meets no full disk and no process that dies half-way.
std::vector<std::byte> image_of(const Tree& tree) {
  const std::scoped_lock lock(h5::library_mutex());
  const h5::Handle access = h5::serial_access();
  h5::check(H5Pset_fapl_core(access.get(), image_increment, false), "build a file in memory");
  const h5::Handle creation(H5Pcreate(H5P_FILE_CREATE), "build a file in memory");
  h5::check(H5Pset_obj_track_times(creation.get(), false), "build a file in memory");
  h5::Handle file(H5Fcreate("superstep-in-memory", H5F_ACC_TRUNC, creation.get(), access.get()),
                  "build a file in memory");
  for (const auto& [name, value] : tree.attributes) {
    if (const auto* text = std::get_if<std::string>(&value)) require_writable_text(*text, name);
    h5::write_attribute(file.get(), name, value);
  }
  for (const auto& entry : tree.datasets) {
    const auto write = [&](const auto& array) { write_array(file.get(), entry.first, array); };
    std::visit(write, entry.second);
  }
  h5::check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "build a file in memory");
  const ssize_t size =
      h5::check(H5Fget_file_image(file.get(), nullptr, 0), "build a file in memory");
  std::vector<std::byte> image(static_cast<std::size_t>(size));
  h5::check(H5Fget_file_image(file.get(), image.data(), image.size()), "build a file in memory");
  return image;
}

template <class T>
TreeArray<T> read_numbers(hid_t dataset, hid_t memory_type, std::vector<Index> shape,
                          std::size_t count, const std::string& action) {
  TreeArray<T> array{std::move(shape), std::vector<T>(count)};
  if (count > 0) {
    h5::check(H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()),
              action);
  }
  return array;
}

TreeDataset read_dataset(const h5::InspectedFile& file, const std::string& path) {
  const std::string action = fmt::format("read {}:{}", file.path(), path);
  const h5::Handle dataset = file.open_dataset(path);
  const h5::Handle type(H5Dget_type(dataset.get()), action);
  const DatasetLayout layout = file.layout(path);
  const auto count = static_cast<std::size_t>(layout.rows() * layout.columns());
  if (layout.type.is_text()) {
    const auto read = [&](hid_t memory, void* to) {
      return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
    };
    return TreeArray<std::string>{layout.shape, h5::read_texts(type.get(), count, read, action)};
  }
  switch (H5Tget_class(type.get())) {
    case H5T_FLOAT:
      return read_numbers<double>(dataset.get(), H5T_NATIVE_DOUBLE, layout.shape, count, action);
    case H5T_INTEGER:
      return read_numbers<std::int64_t>(dataset.get(), H5T_NATIVE_INT64, layout.shape, count,
                                        action);
    default:
      throw FileError(
          fmt::format("{} holds {} values, which no model file does; use a file this "
                      "program wrote",
                      layout.where(), layout.type.name()));
  }
}

Tree read_in_child(const std::string& path) {
  const h5::InspectedFile file(path);
  Tree tree;
  for (auto& [name, value] : h5::read_attributes(file.get())) {
    if (!value) {
      throw FileError(fmt::format(
          "the attribute '{}' of '{}' is no single text or number; use a file this program wrote",
          name, path));
    }
    tree.attributes.emplace_back(name, std::move(*value));
  }
  for (const std::string& dataset : file.dataset_paths()) {
    tree.datasets.emplace_back(dataset, read_dataset(file, dataset));
  }
  return tree;
}

template <class T>
const T& expect(const Tree& tree, const std::string& path, const char* what) {
  const TreeDataset* dataset = tree.find(path);
  if (dataset == nullptr) {
    std::vector<std::string> paths;
    for (const auto& entry : tree.datasets) paths.push_back(entry.first);
    throw DataError(fmt::format("the file has no dataset {}; {}", path, did_you_mean(path, paths)));
  }
  const T* array = std::get_if<T>(dataset);
  if (array == nullptr) {
    throw DataError(fmt::format("{} does not hold {}; use a file this program wrote", path, what));
  }
  return *array;
}

}  // namespace

void Tree::set(const std::string& attribute, TreeAttribute value) {
  attributes.emplace_back(attribute, std::move(value));
}

void Tree::add(const std::string& path, TreeDataset dataset) {
  datasets.emplace_back(path, std::move(dataset));
}

const TreeAttribute* Tree::find_attribute(const std::string& name) const {
  const auto at = std::find_if(attributes.begin(), attributes.end(),
                               [&](const auto& entry) { return entry.first == name; });
  return at == attributes.end() ? nullptr : &at->second;
}

const TreeDataset* Tree::find(const std::string& path) const {
  const auto at = std::find_if(datasets.begin(), datasets.end(),
                               [&](const auto& entry) { return entry.first == path; });
  return at == datasets.end() ? nullptr : &at->second;
}

const TreeArray<double>& Tree::doubles(const std::string& path) const {
  return expect<TreeArray<double>>(*this, path, "floating-point numbers");
}
const TreeArray<std::int64_t>& Tree::integers(const std::string& path) const {
  return expect<TreeArray<std::int64_t>>(*this, path, "integers");
}
const TreeArray<std::string>& Tree::strings(const std::string& path) const {
  return expect<TreeArray<std::string>>(*this, path, "texts");
}

void write_tree(const std::string& path, const Tree& tree) { write_file(path, image_of(tree)); }

Tree read_tree(const std::string& path) {
  return deserialize_tree(in_guarded_child(path, [&] { return serialize(read_in_child(path)); }));
}

namespace {

void add(Hash64& hash, const std::string& value) { hash.add(std::string_view(value)); }
template <class T>
void add(Hash64& hash, T value) {
  static_assert(sizeof value == sizeof(std::uint64_t));
  hash.add(std::bit_cast<std::uint64_t>(value));
}

}  // namespace

std::string digest(const Tree& tree, const std::vector<std::string>& attributes) {
  Hash64 hash;
  for (const std::string& name : attributes) {
    add(hash, name);
    const TreeAttribute* value = tree.find_attribute(name);
    if (value != nullptr) std::visit([&](const auto& v) { add(hash, v); }, *value);
  }
  std::vector<const std::pair<std::string, TreeDataset>*> datasets;
  for (const auto& entry : tree.datasets) datasets.push_back(&entry);
  std::ranges::sort(datasets, {}, [](const auto* entry) { return entry->first; });
  for (const auto* entry : datasets) {
    add(hash, entry->first);
    hash.add(std::uint64_t{entry->second.index()});
    std::visit(
        [&](const auto& array) {
          hash.add(std::uint64_t{array.shape.size()});
          for (const Index extent : array.shape) add(hash, extent);
          for (const auto& value : array.values) add(hash, value);
        },
        entry->second);
  }
  return hash.hex();
}

std::vector<std::byte> serialize(const Tree& tree) {
  ByteWriter out;
  out.put(std::uint64_t{tree.attributes.size()});
  for (const auto& [name, value] : tree.attributes) {
    out.put(std::string_view(name)).put(std::uint8_t(value.index()));
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
            out.put(std::string_view(v));
          } else {
            out.put(v);
          }
        },
        value);
  }
  out.put(std::uint64_t{tree.datasets.size()});
  for (const auto& [path, dataset] : tree.datasets) {
    out.put(std::string_view(path)).put(std::uint8_t(dataset.index()));
    if (const auto* reals = std::get_if<TreeArray<double>>(&dataset)) {
      out.put(reals->shape).put(reals->values);
    } else if (const auto* integers = std::get_if<TreeArray<std::int64_t>>(&dataset)) {
      out.put(integers->shape).put(integers->values);
    } else {
      const auto& texts = std::get<TreeArray<std::string>>(dataset);
      out.put(texts.shape).put(std::uint64_t{texts.values.size()});
      for (const std::string& text : texts.values) out.put(std::string_view(text));
    }
  }
  return out.take();
}

Tree deserialize_tree(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  Tree tree;
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    std::string name = in.text();
    switch (in.get<std::uint8_t>()) {
      case 0:
        tree.set(name, in.text());
        break;
      case 1:
        tree.set(name, in.get<std::int64_t>());
        break;
      default:
        tree.set(name, in.get<double>());
    }
  }
  for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
    const std::string path = in.text();
    const auto kind = in.get<std::uint8_t>();
    auto shape = in.values<Index>();
    switch (kind) {
      case 0:
        tree.add(path, TreeArray<double>{std::move(shape), in.values<double>()});
        break;
      case 1:
        tree.add(path, TreeArray<std::int64_t>{std::move(shape), in.values<std::int64_t>()});
        break;
      default: {
        TreeArray<std::string> texts{std::move(shape), {}};
        for (auto m = in.get<std::uint64_t>(); m > 0; --m) texts.values.push_back(in.text());
        tree.add(path, std::move(texts));
      }
    }
  }
  return tree;
}

}  // namespace superstep
