// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/tweedie_regressor.hpp>

#include <fmt/format.h>

#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

using P = TweedieRegressorParams;

bool is_a_power(const Value& value) {
  double power = 0.0;
  return detail::store_value(value, power) && std::isfinite(power) && !(power > 0.0 && power < 1.0);
}

}  // namespace

const ParamTable<P>& TweedieRegressor::param_table() {
  static const auto table = with_tweedie_params(
      ParamTable<P>("TweedieRegressor",
                    "Means of a Tweedie distribution, or least squares; penalty on coef^2.")
          .add("power", &P::power,
               satisfies("a float <= 0 or >= 1 (no distribution is between)", is_a_power),
               "the variance goes by this power of the mean: 0 normal, 1 Poisson, between 1 and 2 "
               "compound Poisson, 2 gamma, 3 inverse Gaussian")
          .add("link", &P::link, one_of({"auto", "identity", "log"}),
               "'log': the mean is exp of a linear function; 'identity': it is that function, with "
               "power=0 only; 'auto': 'identity' for power <= 0, else 'log'"));
  return table;
}

bool TweedieRegressor::has_log_link() const {
  return params().link == "log" || (params().link == "auto" && params().power > 0.0);
}

void TweedieRegressor::check_params() const {
  WithParams::check_params();
  if (params().power == 0.0 || has_log_link()) return;
  throw UsageError(
      fmt::format("TweedieRegressor: link='{}'{} goes with power=0 only, for a linear function may "
                  "be negative where power={} needs a mean > 0; use link='log'",
                  params().link, params().link == "auto" ? " ('identity' where power <= 0)" : "",
                  Value(params().power).repr()));
}

TweedieParams TweedieRegressor::settings() const {
  const P& p = params();
  return {p.alpha, p.fit_intercept, p.solver, p.max_iter, p.tol};
}

std::string TweedieRegressor::takes() const {
  const std::string power = Value(params().power).repr();
  if (params().power >= 2.0) {
    return fmt::format("power={} takes targets > 0, try a power from 1 to below 2 if some are zero",
                       power);
  }
  return fmt::format(
      "power={} with link='log' takes targets >= 0, try power=0 with link='identity' for others",
      power);
}

}  // namespace superstep
