// SPDX-License-Identifier: BSD-3-Clause
// What the kernels take: a row-major rectangle of doubles (or floats) that lies inside something
// larger.
#pragma once

#include <type_traits>

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

/// Such a matrix of T.
template <class M, class T>
concept RowMajorMatrixOf =
    RowMajorMatrix<M> && std::is_same_v<std::remove_cv_t<typename M::Scalar>, T>;

/// A rectangle to be read. Row i begins at data + i * stride.
template <class T>
struct ConstPanelOf {
  const T* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  ConstPanelOf() = default;
  ConstPanelOf(const T* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  /// Rows lie one behind the other.
  ConstPanelOf(const T* data_, Index rows_, Index columns_)
      : ConstPanelOf(data_, rows_, columns_, columns_) {}
  template <RowMajorMatrixOf<T> M>
  ConstPanelOf(const M& m) : ConstPanelOf(m.data(), m.rows(), m.cols(), m.outerStride()) {}

  const T* row(Index i) const { return data + i * stride; }
  /// `count` rows from `first` on.
  ConstPanelOf middle_rows(Index first, Index count) const {
    return {row(first), count, columns, stride};
  }
};
using ConstPanel = ConstPanelOf<double>;
/// Features kept as floats. Kernels that take them widen while they read, and all they compute is
/// double, with the bits it would have if the floats had been widened before; but for those that
/// say so.
using FloatPanel = ConstPanelOf<float>;
/// The same, for the bodies of kernels: T is named, not deduced, so that what converts to a panel
/// may be given.
template <class T>
using PanelOf = std::type_identity_t<ConstPanelOf<T>>;

/// A rectangle to be written.
template <class T>
struct WritablePanelOf {
  T* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  WritablePanelOf() = default;
  WritablePanelOf(T* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  WritablePanelOf(T* data_, Index rows_, Index columns_)
      : WritablePanelOf(data_, rows_, columns_, columns_) {}
  template <RowMajorMatrixOf<T> M>
  WritablePanelOf(M& m) : WritablePanelOf(m.data(), m.rows(), m.cols(), m.outerStride()) {}

  operator ConstPanelOf<T>() const { return {data, rows, columns, stride}; }
  T* row(Index i) const { return data + i * stride; }
  WritablePanelOf middle_rows(Index first, Index count) const {
    return {row(first), count, columns, stride};
  }
};
using Panel = WritablePanelOf<double>;
using WritableFloats = WritablePanelOf<float>;

}  // namespace superstep::math
