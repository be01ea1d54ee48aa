// SPDX-License-Identifier: BSD-3-Clause
// The link of each candidate decides who trains it: the family itself, or equations from moments.
#include <superstep/learn/linear_model/tweedie_family.hpp>

#include <algorithm>

#include <superstep/learn/linear_model/ridge.hpp>

#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

namespace {

/// What has the identity link: the loss is half the mean of squares, Ridge's equations are of their
/// sum.
class LeastSquares final : public WithParams<LeastSquares, TweedieParams, MomentRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<TweedieParams>& param_table() {
    static const auto table = with_tweedie_params(
        ParamTable<TweedieParams>("TweedieRegressor", "Least squares; penalty on coef^2."));
    return table;
  }
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
      const auto& estimator = dynamic_cast<const LinkedTweedieFamily&>(*batch[i].estimator);
      if (estimator.has_log_link()) {
        log.push_back(batch[i]);
        of_log.push_back(i);
      } else {
        squares.emplace_back(estimator.settings());
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

Footprint LinkedTweedieFamily::footprint(Index columns, Index classes,
                                         std::span<const Candidate> batch) const {
  const Links links(batch);
  Footprint most;
  if (!links.log.empty()) most = TweedieFamily::footprint(columns, classes, links.log);
  if (!links.identity.empty()) {
    most = most | links.squares.front().footprint(columns, classes, links.identity);
  }
  return most;
}

Footprint LinkedTweedieFamily::ample_footprint(Index columns, Index classes,
                                               std::span<const Candidate> batch) const {
  const Links links(batch);
  if (links.log.empty() || links.identity.empty()) return footprint(columns, classes, batch);
  return TweedieFamily::footprint(columns, classes, links.log) +
         links.squares.front().footprint(columns, classes, links.identity) + Engine::of_a_stack() +
         Engine::of_a_stack();
}

TrainingCost LinkedTweedieFamily::cost(Index columns, Index classes,
                                       std::span<const Candidate> batch) const {
  const Links links(batch);
  if (links.identity.empty()) return TweedieFamily::cost(columns, classes, batch);
  const TrainingCost direct = links.squares.front().cost(columns, classes, links.identity);
  if (links.log.empty()) return direct;
  const TrainingCost steps = TweedieFamily::cost(columns, classes, links.log);
  return {std::max(steps.passes, direct.passes), steps.most_passes + direct.most_passes,
          std::max(steps.flops_per_row, direct.flops_per_row)};
}

std::shared_ptr<const StageState> LinkedTweedieFamily::gather(
    Engine& engine, const Table& table, std::span<const SplitPtr> splits) const {
  if (has_log_link()) return TweedieFamily::gather(engine, table, splits);
  return LeastSquares(settings()).gather(engine, table, splits);
}

std::vector<Trained> LinkedTweedieFamily::train_batch(Engine& engine, const Table& table,
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

std::shared_ptr<Model> LinkedTweedieFamily::load_fitted(const AttributeReader& in) const {
  if (has_log_link()) return TweedieFamily::load_fitted(in);
  return LeastSquares(settings()).read(in);
}

}  // namespace superstep
