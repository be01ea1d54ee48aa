// SPDX-License-Identifier: BSD-3-Clause
#include "data/dataset_shapes.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/io/row_reader.hpp>

namespace superstep {

namespace {

void check_rows(const FeatureReader& x, const DatasetLayout& other) {
  if (other.rows() == x.rows()) return;
  throw DataError(fmt::format("{} has {} rows but {} has {}; they must be equal", other.where(),
                              other.rows(), x.where(), x.rows()));
}

}  // namespace

void check_targets(const FeatureReader& x, const DatasetLayout& y) {
  const bool is_table = y.shape.size() == 2 && y.shape[1] >= 1;
  if (y.shape.size() != 1 && !is_table) {
    throw DataError(
        fmt::format("{} must be one value per row, or rows x targets, but it is {}; "
                    "name another with --y",
                    y.where(), y.summary()));
  }
  if (is_table && y.shape[1] > 1 && !y.type.is_number()) {
    throw DataError(
        fmt::format("{} holds {} columns of {}; several targets must be numbers: name "
                    "one value per row with --y",
                    y.where(), y.shape[1], y.type.name()));
  }
  check_rows(x, y);
}

void check_length(const FeatureReader& x, const DatasetLayout& other, const char* option) {
  const bool is_column =
      other.shape.size() == 1 || (other.shape.size() == 2 && other.shape[1] == 1);
  if (!is_column) {
    throw DataError(fmt::format("{} must be one value per row, but it is {}; name another with {}",
                                other.where(), other.summary(), option));
  }
  check_rows(x, other);
}

void check_shape_of_x(const DatasetLayout& x) {
  if (x.shape.size() != 2) {
    throw DataError(fmt::format(
        "{} must have two dimensions (rows x columns), but it is {}; name another with --x",
        x.where(), x.summary()));
  }
  if (!x.type.is_number()) {
    throw DataError(fmt::format("{} holds {}, features must be numbers; name another with --x",
                                x.where(), x.type.name()));
  }
  if (x.shape[0] == 0 || x.shape[1] == 0) {
    throw DataError(fmt::format("{} is empty ({} x {}); a dataset needs one row and one column",
                                x.where(), x.shape[0], x.shape[1]));
  }
}

std::vector<std::string> read_names(const DatasetLayout& names, const DatasetLayout& x) {
  if (names.shape.size() == 1 && names.rows() == x.columns()) {
    return RowReader(names, 0).read_strings(0, names.rows());
  }
  if (x.dataset != DataOptions{}.x) return {};
  throw DataError(fmt::format(
      "{} is {}, but {} has {} columns; there must be one name for each column, or no names at all",
      names.where(), names.summary(), x.where(), x.columns()));
}

std::vector<std::string> read_names(const SparseLayout& x) {
  const DatasetLayout& names = *x.names;
  if (!names.type.is_text() || names.shape.size() != 1 || names.rows() != x.columns) return {};
  return RowReader(names, 0).read_strings(0, names.rows());
}

}  // namespace superstep
