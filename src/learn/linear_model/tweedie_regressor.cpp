// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/tweedie_regressor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/ridge.hpp>

#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

namespace {

using P = TweedieRegressorParams;

bool is_a_power(const Value& value) {
  double power = 0.0;
  return detail::store_value(value, power) && std::isfinite(power) && !(power > 0.0 && power < 1.0);
}

/// What has the identity link: the loss is half the mean of squares, Ridge's equations are of their
/// sum.
class LeastSquares final : public WithParams<LeastSquares, P, MomentRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<P>& param_table() { return TweedieRegressor::param_table(); }
  std::shared_ptr<Model> read(const AttributeReader& in) const { return load_fitted(in); }

  bool fits_intercept() const override { return params().fit_intercept; }
  MomentFit solve(const Moments& m) const override { return ridge(m).solve(m); }
  MomentFit refine(const Moments& m, const Spectrum& spectrum) const override {
    return ridge(m).refine(m, spectrum);
  }
  FittedAttributes conclude(MomentFit& fit) const override { return {{"n_iter_", fit.n_iter}}; }
  FittedAttributes attributes() const override { return {{"n_iter_", Index{0}}}; }

 private:
  Ridge ridge(const Moments& m) const {
    return Ridge(RidgeParams{.alpha = params().alpha * m.weight});
  }
};

/// A batch apart, by links. Its numbers are those of the candidates.
struct Links {
  explicit Links(std::span<const Candidate> batch) {
    squares.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& estimator = dynamic_cast<const TweedieRegressor&>(*batch[i].estimator);
      if (estimator.has_log_link()) {
        log.push_back(batch[i]);
        of_log.push_back(i);
      } else {
        squares.emplace_back(estimator.params());
        identity.push_back(batch[i]);
        identity.back().estimator = &squares.back();
        of_identity.push_back(i);
      }
    }
  }
  std::vector<LeastSquares> squares;
  std::vector<Candidate> log, identity;
  std::vector<std::size_t> of_log, of_identity;
};

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

Footprint TweedieRegressor::footprint(Index columns, Index classes,
                                      std::span<const Candidate> batch) const {
  const Links links(batch);
  Footprint most;
  if (!links.log.empty()) most = TweedieFamily::footprint(columns, classes, links.log);
  if (!links.identity.empty()) {
    most = most | links.squares.front().footprint(columns, classes, links.identity);
  }
  return most;
}

Footprint TweedieRegressor::ample_footprint(Index columns, Index classes,
                                            std::span<const Candidate> batch) const {
  const Links links(batch);
  if (links.log.empty() || links.identity.empty()) return footprint(columns, classes, batch);
  return TweedieFamily::footprint(columns, classes, links.log) +
         links.squares.front().footprint(columns, classes, links.identity) + Engine::of_a_stack() +
         Engine::of_a_stack();
}

TrainingCost TweedieRegressor::cost(Index columns, Index classes,
                                    std::span<const Candidate> batch) const {
  const Links links(batch);
  if (links.identity.empty()) return TweedieFamily::cost(columns, classes, batch);
  const TrainingCost direct = links.squares.front().cost(columns, classes, links.identity);
  if (links.log.empty()) return direct;
  const TrainingCost steps = TweedieFamily::cost(columns, classes, links.log);
  return {std::max(steps.passes, direct.passes), steps.most_passes + direct.most_passes,
          std::max(steps.flops_per_row, direct.flops_per_row)};
}

std::shared_ptr<const StageState> TweedieRegressor::gather(Engine& engine, const Table& table,
                                                           std::span<const SplitPtr> splits) const {
  if (has_log_link()) return TweedieFamily::gather(engine, table, splits);
  return LeastSquares(params()).gather(engine, table, splits);
}

std::vector<Trained> TweedieRegressor::train_batch(Engine& engine, const Table& table,
                                                   std::span<const Candidate> candidates) const {
  const Links links(candidates);
  std::vector<Trained> all(candidates.size());
  const auto put = [&](const std::vector<std::size_t>& places, std::vector<Trained> some) {
    for (std::size_t i = 0; i < some.size(); ++i) all[places[i]] = std::move(some[i]);
  };
  const Index columns = table.columns();
  std::vector<Engine::Work> works;
  if (!links.log.empty()) {
    works.push_back({TweedieFamily::footprint(columns, 0, links.log), [&] {
                       put(links.of_log, TweedieFamily::train_batch(engine, table, links.log));
                     }});
  }
  if (!links.identity.empty()) {
    const LeastSquares& first = links.squares.front();
    works.push_back({first.footprint(columns, 0, links.identity), [&] {
                       put(links.of_identity, first.fit_batch(engine, table, links.identity));
                     }});
  }
  engine.side_by_side_where_there_is_room(std::move(works));
  return all;
}

std::shared_ptr<Model> TweedieRegressor::load_fitted(const AttributeReader& in) const {
  if (has_log_link()) return TweedieFamily::load_fitted(in);
  return LeastSquares(params()).read(in);
}

}  // namespace superstep
