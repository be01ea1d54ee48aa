// SPDX-License-Identifier: BSD-3-Clause
// What the kernels take: a row-major rectangle of doubles that lies inside something larger.
#pragma once

#include <superstep/core/types.hpp>

namespace superstep::math {

/// A dense row-major matrix with the interface of Eigen's (a Matrix, a Map of one), but not a
/// vector.
template <class M>
concept RowMajorMatrix = requires(M& m) {
  m.data();
  m.rows();
  m.cols();
  m.outerStride();
}
&&static_cast<bool>(M::IsRowMajor) && !static_cast<bool>(M::IsVectorAtCompileTime);

/// A rectangle to be read. Row i begins at data + i * stride.
struct ConstPanel {
  const double* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  ConstPanel() = default;
  ConstPanel(const double* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  /// Rows lie one behind the other.
  ConstPanel(const double* data_, Index rows_, Index columns_)
      : ConstPanel(data_, rows_, columns_, columns_) {}
  template <RowMajorMatrix M>
  ConstPanel(const M& m) : ConstPanel(m.data(), m.rows(), m.cols(), m.outerStride()) {}

  const double* row(Index i) const { return data + i * stride; }
  /// `count` rows from `first` on.
  ConstPanel middle_rows(Index first, Index count) const {
    return {row(first), count, columns, stride};
  }
};

/// A rectangle to be written.
struct Panel {
  double* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  Panel() = default;
  Panel(double* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  Panel(double* data_, Index rows_, Index columns_) : Panel(data_, rows_, columns_, columns_) {}
  template <RowMajorMatrix M>
  Panel(M& m) : Panel(m.data(), m.rows(), m.cols(), m.outerStride()) {}

  operator ConstPanel() const { return {data, rows, columns, stride}; }
  double* row(Index i) const { return data + i * stride; }
  Panel middle_rows(Index first, Index count) const { return {row(first), count, columns, stride}; }
};

}  // namespace superstep::math
