// SPDX-License-Identifier: BSD-3-Clause
// The dense types of replicated mathematics. Storage order is written here and nowhere else: rows
// are contiguous, as in the files.
#pragma once

// GCC 12 takes the undefined operands of its own AVX-512 header for a mistake of Eigen's. All of
// Eigen that a file uses is to be included behind this header.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <Eigen/Core>
#pragma GCC diagnostic pop

#include <superstep/core/types.hpp>

namespace superstep {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using RowVector = Eigen::RowVectorXd;
using MatrixView = Eigen::Map<const Matrix>;
using VectorView = Eigen::Map<const Vector>;

}  // namespace superstep
