// SPDX-License-Identifier: BSD-3-Clause
// Minka's choice of the number of principal components.
#pragma once

#include <superstep/math/matrix.hpp>

namespace superstep {

/// The dimension 1 .. d-1 with the largest evidence, for the d eigenvalues (descending) of a
/// covariance matrix of n rows. T. P. Minka, Automatic choice of dimensionality for PCA, NIPS 2000,
/// equation 30 (with his paper's p_u, p_l, p_v, p_p and p_a). d^3 / 6 logarithms.
Index minka_dimension(const Vector& eigenvalues, double n);

}  // namespace superstep
