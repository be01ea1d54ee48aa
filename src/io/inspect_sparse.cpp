// SPDX-License-Identifier: BSD-3-Clause
#include "io/inspect_sparse.hpp"

#include <array>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "io/inspect_frame.hpp"

namespace superstep::h5 {

namespace {

/// The two numbers of an attribute or a dataset; nothing where it holds something else.
std::optional<std::array<Index, 2>> two_numbers(hid_t space, const std::string& action,
                                                auto&& read) {
  if (H5Sget_simple_extent_npoints(space) != 2) return std::nullopt;
  std::array<std::int64_t, 2> values{};
  check(read(values.data()), action);
  return std::array<Index, 2>{values[0], values[1]};
}

std::optional<std::array<Index, 2>> shape_attribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const std::string action = fmt::format("read the attribute '{}'", name);
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), action);
  const Handle type(H5Aget_type(attribute.get()), action);
  if (H5Tget_class(type.get()) != H5T_INTEGER) return std::nullopt;
  const Handle space(H5Aget_space(attribute.get()), action);
  return two_numbers(space.get(), action, [&](std::int64_t* to) {
    return H5Aread(attribute.get(), H5T_NATIVE_INT64, to);
  });
}

std::optional<std::array<Index, 2>> shape_dataset(const InspectedFile& file,
                                                  const std::string& path) {
  const std::string action = fmt::format("read {}:{}", file.path(), path);
  const Handle dataset = file.open_dataset(path);
  const Handle type(H5Dget_type(dataset.get()), action);
  if (H5Tget_class(type.get()) != H5T_INTEGER) return std::nullopt;
  const Handle space(H5Dget_space(dataset.get()), action);
  return two_numbers(space.get(), action, [&](std::int64_t* to) {
    return H5Dread(dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
  });
}

/// What the group says of itself.
struct Said {
  std::string encoding{};  ///< "csr_matrix", "10x", "matlab"; empty: nothing of sparse rows
  std::optional<std::array<Index, 2>> shape{};
};

Said said_by(const InspectedFile& file, const std::string& group) {
  const Handle object = open_object(file, group);
  Said said{text_of(object.get(), "encoding-type"), shape_attribute(object.get(), "shape")};
  if (said.encoding.ends_with("_matrix") || said.encoding.ends_with("_array")) return said;
  const std::string old = text_of(object.get(), "h5sparse_format");  // anndata before 0.8
  if (!old.empty()) return {old + "_matrix", shape_attribute(object.get(), "h5sparse_shape")};
  if (H5Aexists(object.get(), "MATLAB_sparse") > 0) return {"matlab", {}};
  const auto has = [&](const char* name) { return file.has(group + "/" + name); };
  const bool has_all = has("data") && has("indices") && has("indptr");
  if (!said.encoding.empty() || !has_all) return {};
  if (has("barcodes") && has("shape")) return {"10x", shape_dataset(file, group + "/shape")};
  if (said.shape) return {"csr_matrix", said.shape};
  if (has("shape")) return {"csr_matrix", shape_dataset(file, group + "/shape")};
  return {};
}

[[noreturn]] void refuse_columns(const std::string& where, const std::string& encoding) {
  throw DataError(
      fmt::format("{} is a sparse matrix that is kept column by column ({}), which is not read; "
                  "write it by rows: X.tocsr() of SciPy",
                  where, encoding));
}

void require_integers(const DatasetLayout& layout) {
  const bool is_integer = layout.type.kind == ElementKind::signed_integer ||
                          layout.type.kind == ElementKind::unsigned_integer;
  if (layout.shape.size() == 1 && is_integer) return;
  throw DataError(fmt::format("{} is {}; of a sparse matrix it must be a list of integers",
                              layout.where(), layout.summary()));
}

/// Where the format has a place for the columns' names.
std::optional<DatasetLayout> names_of(const InspectedFile& file, const std::string& group,
                                      bool is_10x) {
  std::string path = "/feature_names";
  if (is_10x) path = group + "/features/id";
  if (!is_10x && file.has("/var") && file.is_group("/var")) {
    const Handle var = open_object(file, "/var");
    const std::string index = text_of(var.get(), "_index");
    if (!index.empty()) path = "/var/" + index;
  }
  if (!file.has(path) || file.is_group(path)) return std::nullopt;
  return file.layout(path);
}

}  // namespace

bool is_sparse_matrix(const InspectedFile& file, const std::string& group) {
  const std::string encoding = said_by(file, group).encoding;
  return encoding == "10x" || encoding == "matlab" || encoding.starts_with("csr_") ||
         encoding.starts_with("csc_");
}

SparseLayout describe_sparse(const InspectedFile& file, const std::string& group) {
  const Said said = said_by(file, group);
  SparseLayout sparse{.file = file.path(), .group = group};
  if (said.encoding.starts_with("csc_") || said.encoding == "matlab") {
    refuse_columns(sparse.where(), said.encoding);
  }
  if (!said.shape || (*said.shape)[0] < 0 || (*said.shape)[1] < 0) {
    throw DataError(fmt::format("{} does not say how many rows and columns it has (its shape)",
                                sparse.where()));
  }
  const bool is_10x = said.encoding == "10x";
  std::tie(sparse.rows, sparse.columns) = std::pair((*said.shape)[0], (*said.shape)[1]);
  if (is_10x) std::swap(sparse.rows, sparse.columns);  // columns of features x cells are cells
  sparse.values = file.layout(group + "/data");
  sparse.indices = file.layout(group + "/indices");
  sparse.begins = file.layout(group + "/indptr");
  require_integers(sparse.indices);
  require_integers(sparse.begins);
  if (sparse.values.shape.size() != 1 || !sparse.values.type.is_number()) {
    throw DataError(fmt::format("{} is {}; features must be numbers", sparse.values.where(),
                                sparse.values.summary()));
  }
  if (sparse.rows < 1 || sparse.columns < 1) {
    throw DataError(fmt::format("{} is empty ({} x {}); a dataset needs one row and one column",
                                sparse.where(), sparse.rows, sparse.columns));
  }
  constexpr Index most_columns = (Index{1} << 31) - 2;
  if (sparse.columns > most_columns) {
    throw DataError(fmt::format("{} has {} columns; at most {} are read", sparse.where(),
                                sparse.columns, most_columns));
  }
  if (sparse.begins.rows() != sparse.rows + 1 || sparse.indices.rows() != sparse.values.rows()) {
    throw FileError(fmt::format(
        "{} is damaged: of {} rows it tells {} beginnings, and of {} values {} columns; write it "
        "again",
        sparse.where(), sparse.rows, sparse.begins.rows(), sparse.values.rows(),
        sparse.indices.rows()));
  }
  sparse.names = names_of(file, group, is_10x);
  return sparse;
}

}  // namespace superstep::h5
