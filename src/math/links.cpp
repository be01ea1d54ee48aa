// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/links.hpp>

#include <algorithm>

#include <math/links_kernels.hpp>
#include <superstep/math/functions.hpp>

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

double TweedieLoss::power_of_mean(double z, double e) { return e == 0.0 ? 1.0 : exp(e * z); }
double TweedieLoss::integral(double z, double e) { return e == 0.0 ? z : exp(e * z) * (1.0 / e); }

void tweedie(ConstPanel z, const TweedieLoss* losses, const double* y, const RowWeights& rows,
             Panel residual, double* loss) {
  const auto all_are = [&](double power) {
    return std::all_of(losses, losses + z.columns, [&](TweedieLoss l) { return l.power == power; });
  };
  if (all_are(1.0)) return poisson(z, y, rows, residual, loss);
  if (all_are(2.0)) return link_with<Native>(z, y, rows, residual, loss, GammaFamily());
  link_with<Native>(z, y, rows, residual, loss, TweedieFamily(losses, z.columns, Native::width));
}

void tweedie_curvature(TweedieLoss loss, bool bounded, const double* z, const double* y, Index n,
                       double* h) {
  tweedie_curvature_with<Native>(loss, bounded, z, y, n, h);
}

void squared_hinge(ConstPanel z, const double* places, const double* y, const RowWeights& rows,
                   Panel residual, double* loss) {
  link_with<Native>(z, y, rows, residual, loss,
                    SquaredExcess<Sides>(places, z.columns, Native::width));
}

void squared_tube(ConstPanel z, const double* places, const double* y, const RowWeights& rows,
                  Panel residual, double* loss) {
  link_with<Native>(z, y, rows, residual, loss,
                    SquaredExcess<Tube>(places, z.columns, Native::width));
}

void squared_hinge_curvature(double place, const double* z, const double* y, Index n, double* h) {
  squared_excess_curvature<Native, Sides>(place, z, y, n, h);
}

void squared_tube_curvature(double place, const double* z, const double* y, Index n, double* h) {
  squared_excess_curvature<Native, Tube>(place, z, y, n, h);
}

void sigmoid(Panel z) {
  map_panel<Native>(z, [](Native v) { return sigmoid_of(v, exp_of_minus_abs(v)); });
}

void softmax(Panel z, Index classes) { softmax_with<Native>(z, classes); }

void exponential(Panel z) {
  map_panel<Native>(z, [](Native v) { return exp_of(v); });
}

}  // namespace superstep::math
