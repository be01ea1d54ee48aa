// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/links.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <math/links_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

enum class Family { logistic, poisson, multinomial, gamma, tweedie, hinge, tube };

/// Model j's loss where each has its own.
TweedieLoss own_loss(Index j) {
  constexpr double powers[] = {1.5, 2.0, 1.0, 0.0, 3.0, -1.0, 1.25};
  return {powers[j % 7]};
}
std::vector<TweedieLoss> own_losses(Index models) {
  std::vector<TweedieLoss> losses;
  for (Index j = 0; j < models; ++j) losses.push_back(own_loss(j));
  return losses;
}

/// Where each model has its class, or half the width of its tube.
double own_place(Index j) {
  constexpr double places[] = {1.0, 0.0, 2.0, 0.5};
  return places[j % 4];
}

// Rows with weights and targets for `models` models, and margins. Model j trains on the rows
// outside fold j / 2 % 6 of five; there is no sixth fold.
struct Problem {
  Index rows, models, classes;
  Rectangle z;
  std::vector<double> y, weights, masked[2];
  std::vector<std::int32_t> column;
  std::vector<TweedieLoss> losses;
  std::vector<double> places;
  static constexpr Index folds = 6;

  Problem(Family family, Index n_rows, Index n_models, Index gap = 0)
      : rows(n_rows),
        models(n_models),
        classes(family == Family::multinomial ? 3 : 1),
        z(Rectangle::random(rows, models * classes, 1, gap)) {
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < z.columns(); ++j) z(i, j) *= 3;
      y.push_back(static_cast<double>((i * 5 / 3) % (family == Family::logistic ? 2 : 3)));
      weights.push_back(i % 11 == 0 ? 0.0 : 0.25 * static_cast<double>(1 + i % 4));
      for (Index f = 0; f < folds; ++f) {
        masked[0].push_back(i % 5 == f ? 0.0 : 1.0);
        masked[1].push_back(i % 5 == f ? 0.0 : weights.back());
      }
    }
    for (Index j = 0; j < models; ++j) column.push_back(static_cast<std::int32_t>(j / 2 % folds));
    losses = own_losses(models);
    for (Index j = 0; j < models; ++j) places.push_back(own_place(j));
  }
  RowWeights row_weights(bool weighted, bool masks) const {
    if (masks) return {masked[weighted ? 1 : 0].data(), folds, column.data()};
    return {weighted ? weights.data() : nullptr};
  }
};

struct Result {
  Rectangle residual;
  std::vector<double> loss;
  Result(const Problem& p, Index gap = 0)
      : residual(p.rows, p.models * p.classes, gap),
        loss(static_cast<std::size_t>(p.models), 0.5) {}
};

template <class P>
void run(Family family, const Problem& p, const RowWeights& w, Panel residual, double* loss) {
  switch (family) {
    case Family::logistic:
      return link_with<P>(p.z, p.y.data(), w, residual, loss, LogisticFamily());
    case Family::poisson:
      return link_with<P>(p.z, p.y.data(), w, residual, loss, PoissonFamily());
    case Family::multinomial:
      return multinomial_with<P>(p.z, p.classes, p.y.data(), w, residual, loss);
    case Family::gamma:
      return link_with<P>(p.z, p.y.data(), w, residual, loss, GammaFamily());
    case Family::tweedie:
      return link_with<P>(p.z, p.y.data(), w, residual, loss,
                          TweedieFamily(p.losses.data(), p.models, P::width));
    case Family::hinge:
      return link_with<P>(p.z, p.y.data(), w, residual, loss,
                          SquaredExcess<Sides>(p.places.data(), p.models, P::width));
    case Family::tube:
      return link_with<P>(p.z, p.y.data(), w, residual, loss,
                          SquaredExcess<Tube>(p.places.data(), p.models, P::width));
  }
}

struct Reference {
  long double loss = 0, derivative[3] = {};
  /// What the losses and the derivative are sums of, as far as that is larger.
  long double loss_terms = 0, derivative_terms = 0;
};

/// mu^a and mu^b may be large where their difference is small; a product e z has a rounding error.
Reference tweedie_reference(TweedieLoss loss, long double z, long double y) {
  Reference r;
  for (const int i : {0, 1}) {
    const long double e = 2 - i - static_cast<long double>(loss.power), factor = i == 0 ? 1 : -y;
    const long double power = factor * std::exp(e * z);
    const long double integral = e == 0 ? factor * z : power / e;
    r.derivative[0] += power;
    r.loss += integral;
    r.derivative_terms += std::fabs(power) * (1 + std::fabs(e * z));
    r.loss_terms += std::fabs(integral) * (1 + std::fabs(e * z));
  }
  return r;
}

Reference hinge_reference(double place, long double z, double y) {
  const int side = y == place ? 1 : -1;
  const long double excess = std::max<long double>(0, 1 - side * z);
  return {excess * excess, {-2 * side * excess}, 1 + z * z};
}
Reference tube_reference(double place, long double z, double y) {
  const long double excess = std::max<long double>(0, std::fabs(z - y) - place);
  return {excess * excess, {z < y ? -2 * excess : 2 * excess}, 1 + z * z + y * y};
}

// Loss and derivatives of one row for one model, as the formulas say.
Reference reference(Family family, TweedieLoss own, double place, const double* z, Index classes,
                    double y) {
  Reference r;
  const long double margin = z[0];
  switch (family) {
    case Family::logistic:
      r.derivative[0] = 1 / (1 + std::exp(-margin)) - y;
      r.loss =
          std::log1p(std::exp(-std::fabs(margin))) + std::max<long double>(margin, 0) - y * margin;
      break;
    case Family::poisson:
      r.derivative[0] = std::exp(margin) - y;
      r.loss = std::exp(margin) - y * margin;
      break;
    case Family::gamma:
      return tweedie_reference({2.0}, margin, y);
    case Family::tweedie:
      return tweedie_reference(own, margin, y);
    case Family::hinge:
      return hinge_reference(place, margin, y);
    case Family::tube:
      return tube_reference(place, margin, y);
    case Family::multinomial: {
      long double sum = 0;
      for (Index c = 0; c < classes; ++c) sum += std::exp(static_cast<long double>(z[c]));
      for (Index c = 0; c < classes; ++c) {
        r.derivative[c] =
            std::exp(static_cast<long double>(z[c])) / sum - (c == static_cast<Index>(y) ? 1 : 0);
      }
      r.loss = std::log(sum) - z[static_cast<Index>(y)];
    }
  }
  r.loss_terms = r.loss;
  return r;
}

void expect_near_reference(Family family, const Problem& p, const RowWeights& w,
                           const Result& got) {
  for (Index j = 0; j < p.models; ++j) {
    const auto model = static_cast<std::size_t>(j);
    long double sum = 0.5, terms = 0.5;
    for (Index i = 0; i < p.rows; ++i) {
      const double weight =
          w.weights == nullptr
              ? 1.0
              : w.weights[i * w.columns + (w.column == nullptr ? 0 : p.column[model])];
      const double* z = ConstPanel(p.z).row(i) + j * p.classes;
      const Reference r = reference(family, p.losses[model], p.places[model], z, p.classes,
                                    p.y[static_cast<std::size_t>(i)]);
      sum += weight * r.loss;
      terms += weight * r.loss_terms;
      for (Index c = 0; c < p.classes; ++c) {
        const double expected = weight * static_cast<double>(r.derivative[c]);
        const double size = 1 + std::fabs(expected) + static_cast<double>(r.derivative_terms);
        ASSERT_NEAR(got.residual(i, j * p.classes + c), expected, 1e-15 * size)
            << "row " << i << " model " << j;
      }
    }
    ASSERT_NEAR(got.loss[model], static_cast<double>(sum), 1e-14 * static_cast<double>(terms));
  }
}

constexpr Family families[] = {Family::logistic, Family::poisson, Family::multinomial,
                               Family::gamma,    Family::tweedie, Family::hinge,
                               Family::tube};

template <class P>
class LinksOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(LinksOnPack, Packs);

TYPED_TEST(LinksOnPack, LossAndResidualFollowTheFormulas) {
  for (const Family family : families) {
    for (const Index rows : {1, 7, 8, 9, 300}) {
      for (const Index models : {1, 2, 3, 5, 8, 17}) {
        const Problem p(family, rows, models, models % 3);
        for (const int options : {0, 1, 2, 3}) {
          const RowWeights w = p.row_weights((options & 1) != 0, (options & 2) != 0);
          Result got(p, models % 2);
          run<TypeParam>(family, p, w, got.residual, got.loss.data());
          expect_near_reference(family, p, w, got);
          ASSERT_TRUE(got.residual.gaps_untouched());
        }
      }
    }
  }
}

TYPED_TEST(LinksOnPack, BitsAreThoseOfTheNativePack) {
  for (const Family family : families) {
    for (const Index models : {1, 3, 17, 200}) {
      const Problem p(family, 203, models);
      const RowWeights w = p.row_weights(true, true);
      Result own(p), native(p);
      run<TypeParam>(family, p, w, own.residual, own.loss.data());
      run<simd::NativePack>(family, p, w, native.residual, native.loss.data());
      EXPECT_TRUE(same_bits(own.residual, native.residual));
      EXPECT_EQ(own.loss, native.loss);
    }
  }
}

TYPED_TEST(LinksOnPack, SoftmaxSumsToOneAndSurvivesLargeMargins) {
  for (const Index classes : {2, 3, 8, 11}) {
    for (const Index models : {1, 4}) {
      Rectangle z = Rectangle::random(77, classes * models, 2, classes % 2);
      z(0, 0) = 1e4;
      z(1, 0) = -1e4;
      const Rectangle margins = z;
      softmax_with<TypeParam>(z, classes);
      for (Index i = 0; i < z.rows(); ++i) {
        for (Index j = 0; j < models; ++j) {
          long double most = -std::numeric_limits<long double>::infinity(), sum = 0;
          for (Index c = 0; c < classes; ++c)
            most = std::max<long double>(most, margins(i, j * classes + c));
          for (Index c = 0; c < classes; ++c) sum += std::exp(margins(i, j * classes + c) - most);
          for (Index c = 0; c < classes; ++c) {
            const long double p = std::exp(margins(i, j * classes + c) - most) / sum;
            EXPECT_NEAR(z(i, j * classes + c), static_cast<double>(p), 1e-15);
          }
        }
      }
      EXPECT_TRUE(z.gaps_untouched());
    }
  }
}

Rectangle column_group(const Rectangle& z, Index first, Index count) {
  Rectangle r(z.rows(), count);
  for (Index i = 0; i < z.rows(); ++i) {
    for (Index c = 0; c < count; ++c) r(i, c) = z(i, first + c);
  }
  return r;
}

TEST(Links, AModelAloneHasTheBitsItHasInABatch) {
  for (const Family family : families) {
    const Problem batch(family, 333, 13);
    const RowWeights w = batch.row_weights(true, true);
    Result together(batch);
    run<simd::NativePack>(family, batch, w, together.residual, together.loss.data());
    for (Index j = 0; j < batch.models; ++j) {
      const auto model = static_cast<std::size_t>(j);
      Problem alone = batch;
      alone.models = 1;
      alone.z = column_group(batch.z, j * batch.classes, batch.classes);
      alone.column = {batch.column[model]};
      alone.losses = {batch.losses[model]};
      alone.places = {batch.places[model]};
      Result single(alone);
      run<simd::NativePack>(family, alone, alone.row_weights(true, true), single.residual,
                            single.loss.data());
      EXPECT_TRUE(same_bits(single.residual,
                            column_group(together.residual, j * batch.classes, batch.classes)));
      EXPECT_TRUE(same_bits(single.loss[0], together.loss[model]));
    }
  }
}

TEST(Links, OutputsMayBeLeftOutAndTheResidualMayReplaceTheMargins) {
  for (const Family family : families) {
    for (const Index gap : {0, 2}) {
      const Problem p(family, 100, 4, gap);
      const RowWeights w = p.row_weights(true, true);
      Result full(p), no_loss(p), no_residual(p), in_place(p);
      run<simd::NativePack>(family, p, w, full.residual, full.loss.data());
      run<simd::NativePack>(family, p, w, no_loss.residual, nullptr);
      EXPECT_TRUE(same_bits(full.residual, no_loss.residual));
      run<simd::NativePack>(family, p, w, Panel(), no_residual.loss.data());
      EXPECT_EQ(full.loss, no_residual.loss);
      Problem replaced = p;
      run<simd::NativePack>(family, replaced, w, replaced.z, in_place.loss.data());
      EXPECT_TRUE(same_bits(full.residual, replaced.z));
      EXPECT_TRUE(replaced.z.gaps_untouched());
      EXPECT_EQ(full.loss, in_place.loss);
    }
  }
}

TEST(Links, MarginsThatOverflowLeaveMaskedRowsAtZero) {
  Problem p(Family::poisson, 16, 1);
  for (const std::int32_t fold : {2, 5}) {
    p.column = {fold};
    for (Index i = 0; i < 16; ++i) {
      if (i % 5 == 2) p.z(i, 0) = 1e4;
    }
    Result got(p);
    poisson(p.z, p.y.data(), p.row_weights(false, true), got.residual, got.loss.data());
    EXPECT_EQ(std::isfinite(got.loss[0]), fold == 2);
    EXPECT_EQ(got.residual(2, 0) == 0, fold == 2);
  }
}

// A common power has a kernel of its own; which one is taken depends on the batch.
TEST(Links, ACommonPowerHasTheBitsItHasAmongOthers) {
  for (const double power : {1.0, 2.0, 1.5}) {
    const Problem p(Family::tweedie, 203, 5);
    std::vector<TweedieLoss> losses(5, TweedieLoss{power});
    const RowWeights w = p.row_weights(true, true);
    Result own(p), mixed(p);
    tweedie(p.z, losses.data(), p.y.data(), w, own.residual, own.loss.data());
    losses[4] = {3.0};
    tweedie(p.z, losses.data(), p.y.data(), w, mixed.residual, mixed.loss.data());
    EXPECT_TRUE(same_bits(column_group(own.residual, 0, 4), column_group(mixed.residual, 0, 4)));
    for (std::size_t j = 0; j < 4; ++j) EXPECT_TRUE(same_bits(own.loss[j], mixed.loss[j]));
    EXPECT_FALSE(same_bits(own.loss[4], mixed.loss[4]));
  }
}

TYPED_TEST(LinksOnPack, CurvaturesAreTheDerivativesOfResiduals) {
  const std::vector<double> z = {-2.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0, -1.5, 0.125};
  const std::vector<double> y = {0.5, 2.0, 1.0, 0.0, 4.0, 1.0, 25.0, 3.0, 0.75};
  const auto n = static_cast<Index>(z.size());
  for (Index j = 0; j < 7; ++j) {
    const TweedieLoss loss = own_loss(j);
    std::vector<double> h(z.size()), bounded(z.size()), native(z.size());
    tweedie_curvature_with<TypeParam>(loss, false, z.data(), y.data(), n, h.data());
    tweedie_curvature_with<TypeParam>(loss, true, z.data(), y.data(), n, bounded.data());
    tweedie_curvature(loss, false, z.data(), y.data(), n, native.data());
    EXPECT_EQ(h, native);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const long double step = 1e-4L;
      const Reference up = tweedie_reference(loss, z[i] + step, y[i]);
      const Reference down = tweedie_reference(loss, z[i] - step, y[i]);
      const auto slope = static_cast<double>((up.derivative[0] - down.derivative[0]) / (2 * step));
      EXPECT_NEAR(h[i], slope, 1e-6 * static_cast<double>(up.derivative_terms)) << loss.power;
      EXPECT_GE(bounded[i],
                std::fabs(static_cast<double>(tweedie_reference(loss, z[i], y[i]).derivative[0])) *
                    (1 - 1e-14));
      EXPECT_GT(bounded[i], 0.0);
      if (loss.is_convex()) {
        EXPECT_GE(h[i], 0.0);
      }
    }
  }
}

TYPED_TEST(LinksOnPack, CurvaturesOfHingesAreTwoWhereTheyCost) {
  const std::vector<double> z = {-2.0, -0.5, 0.0, 0.25, 1.0, 1.5, 3.0, -1.5, 0.125};
  const std::vector<double> y = {0.0, 1.0, 2.0, 0.0, 1.0, 1.0, 2.0, 1.0, 0.0};
  const auto n = static_cast<Index>(z.size());
  for (Index j = 0; j < 4; ++j) {
    const double place = own_place(j);
    std::vector<double> sides(z.size()), tube(z.size()), native(z.size());
    squared_excess_curvature<TypeParam, Sides>(place, z.data(), y.data(), n, sides.data());
    squared_hinge_curvature(place, z.data(), y.data(), n, native.data());
    EXPECT_EQ(sides, native);
    squared_excess_curvature<TypeParam, Tube>(place, z.data(), y.data(), n, tube.data());
    squared_tube_curvature(place, z.data(), y.data(), n, native.data());
    EXPECT_EQ(tube, native);
    for (std::size_t i = 0; i < z.size(); ++i) {
      EXPECT_EQ(sides[i], hinge_reference(place, z[i], y[i]).loss > 0 ? 2.0 : 0.0) << z[i];
      EXPECT_EQ(tube[i], tube_reference(place, z[i], y[i]).loss > 0 ? 2.0 : 0.0) << z[i];
    }
  }
}

TEST(Links, ExtremeMarginsKeepTheirDigits) {
  Problem p(Family::logistic, 4, 1);
  const double margins[] = {800, -800, 40, -40};
  const double targets[] = {0, 1, 1, 0};
  for (Index i = 0; i < 4; ++i) {
    p.z(i, 0) = margins[i];
    p.y[static_cast<std::size_t>(i)] = targets[i];
  }
  Result got(p);
  logistic(p.z, p.y.data(), {}, got.residual, got.loss.data());
  EXPECT_EQ(got.residual(0, 0), 1);
  EXPECT_EQ(got.residual(1, 0), -1);
  EXPECT_NEAR(got.residual(3, 0) / std::exp(-40.0), 1, 1e-15);
  EXPECT_EQ(got.loss[0], 0.5 + 1600 + 2 * std::exp(-40.0));
  Rectangle z(1, 3, 1);
  z(0, 0) = -40;
  z(0, 1) = 0;
  z(0, 2) = -750;
  sigmoid(z);
  EXPECT_NEAR(z(0, 0) / std::exp(-40.0), 1, 1e-15);
  EXPECT_EQ(z(0, 1), 0.5);
  EXPECT_EQ(z(0, 2), 0);
  EXPECT_TRUE(z.gaps_untouched());
}

TEST(Links, ProbabilitiesInPlace) {
  Rectangle z = Rectangle::random(50, 3, 3);
  Rectangle upper = z, mean = z, shares = z;
  sigmoid(upper);
  exponential(mean);
  softmax(shares, 3);
  for (Index i = 0; i < 50; ++i) {
    double sum = 0;
    for (Index c = 0; c < 3; ++c) {
      EXPECT_NEAR(upper(i, c), 1 / (1 + std::exp(-z(i, c))), 1e-15);
      EXPECT_NEAR(mean(i, c), std::exp(z(i, c)), 1e-14);
      sum += shares(i, c);
    }
    EXPECT_NEAR(sum, 1, 1e-15);
  }
}

}  // namespace
}  // namespace superstep::math
