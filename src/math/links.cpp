// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/links.hpp>

#include <math/links_kernels.hpp>

namespace superstep::math {

using Native = simd::NativePack;

void logistic(ConstPanel z, const double* y, const RowWeights& rows, Panel residual, double* loss) {
  link_with<Native>(z, y, rows, residual, loss, LogisticFamily());
}

void multinomial(ConstPanel z, Index classes, const double* y, const RowWeights& rows,
                 Panel residual, double* loss) {
  multinomial_with<Native>(z, classes, y, rows, residual, loss);
}

void poisson(ConstPanel z, const double* y, const RowWeights& rows, Panel residual, double* loss) {
  link_with<Native>(z, y, rows, residual, loss, PoissonFamily());
}

void sigmoid(Panel z) {
  map_panel<Native>(z, [](Native v) { return sigmoid_of(v, exp_of_minus_abs(v)); });
}

void softmax(Panel z, Index classes) { softmax_with<Native>(z, classes); }

void exponential(Panel z) {
  map_panel<Native>(z, [](Native v) { return exp_of(v); });
}

}  // namespace superstep::math
