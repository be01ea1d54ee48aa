// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/cross_validated.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <superstep/core/error.hpp>
#include <superstep/core/expression.hpp>
#include <superstep/data/placed_map.hpp>
#include <superstep/data/target_function.hpp>
#include <superstep/learn/gram.hpp>
#include <superstep/learn/linear_model/moment_regressor.hpp>
#include <superstep/learn/metrics/held_out.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "learn/k_folding.hpp"

namespace superstep {

// ---- models ------------------------------------------------------------------------------------

namespace {

/// The model of the chosen setting, with what is told of the choice.
class ChosenModel final : public Model {
 public:
  ChosenModel(std::shared_ptr<const Model> model, ChoiceAttributes attributes,
              std::vector<std::string> warnings)
      : model_(std::move(model)), attributes_(std::move(attributes)) {
    report_ = model_->report();
    report_.warnings.insert(report_.warnings.end(), warnings.begin(), warnings.end());
  }

  Index features() const override { return model_->features(); }
  bool can(Method method) const override { return model_->can(method); }
  Index width(Method method) const override { return model_->width(method); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    model_->apply(method, x, out);
  }
  const Labels* classes() const override { return model_->classes(); }
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override {
    return model_->in_front_of(map);
  }
  const LinearFunction* linear() const override { return model_->linear(); }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override {
    model_->apply_to_linear(method, z, out);
  }
  void save(const AttributeWriter& out) const override {
    model_->save(out);
    for (const ChoiceAttribute& a : attributes_) out(a.name, a.values, a.allowed);
  }

 private:
  std::shared_ptr<const Model> model_;
  ChoiceAttributes attributes_;
};

/// A model of the rows in front of some maps; to be judged.
class BehindMaps final : public Model {
 public:
  using Maps = std::vector<std::shared_ptr<const RowMap>>;
  BehindMaps(Maps maps, ModelPtr model) : maps_(std::move(maps)), model_(std::move(model)) {}

  Index features() const override { return maps_.front()->columns_in(); }
  bool can(Method method) const override { return model_->can(method); }
  Index width(Method method) const override { return model_->width(method); }
  const Labels* classes() const override { return model_->classes(); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    std::vector<double> from(static_cast<std::size_t>(x.rows * x.columns)), to;
    for (Index i = 0; i < x.rows; ++i) {
      std::copy_n(x.row(i), x.columns, from.begin() + i * x.columns);
    }
    for (const auto& map : maps_) {
      to.resize(static_cast<std::size_t>(x.rows * map->columns_out()));
      map->apply(from.data(), x.rows, to.data());
      std::swap(from, to);
    }
    model_->apply(method, {from.data(), x.rows, model_->features()}, out);
  }
  void save(const AttributeWriter&) const override {}

 private:
  Maps maps_;
  ModelPtr model_;
};

/// What answers for the rows of the data as the model does behind the table's maps and this one.
ModelPtr seen_from_rows(const Table& table, const AffineMapPtr& features, const ModelPtr& model) {
  BehindMaps::Maps maps = table.maps;
  ModelPtr seen = features ? model->in_front_of(*features) : model;
  if (!seen) {
    maps.push_back(features);
    seen = model;
  }
  return maps.empty() ? seen : std::make_shared<BehindMaps>(std::move(maps), std::move(seen));
}

}  // namespace

// ---- parameters --------------------------------------------------------------------------------

void CrossValidated::check_choice() const {
  const Metric& decides = find_metric(metric());
  if (!decides.is_for(kind())) {
    throw UsageError(fmt::format("{}: scoring='{}' is for {}; see `superstep help scoring`", name(),
                                 metric(), plural(decides.kind)));
  }
  if (leaves_one_out() && decides.needs != Statistic::squared_errors) {
    throw UsageError(fmt::format(
        "{}: scoring='{}' needs more than the squares of errors, which is what leaving one row out "
        "tells; give cv=5, or scoring='neg_mean_squared_error', 'r2' or such",
        name(), metric()));
  }
  if (is_stratified(cv()).value_or(false) && kind() != Kind::classifier) {
    throw UsageError(
        fmt::format("{}: cv=StratifiedKFold(...) needs classes as targets; use KFold", name()));
  }
}

KFolding CrossValidated::folding(std::uint64_t seed) const {
  return folding_of(cv(), kind() == Kind::classifier, seed);
}

// ---- training ----------------------------------------------------------------------------------

namespace {

const CrossValidated& estimator_of(const Candidate& c) {
  return dynamic_cast<const CrossValidated&>(*c.estimator);
}

/// Trains on the rows of all folds, and tests on those that the split tests on, if there is one.
SplitPtr all_of(const std::vector<SplitPtr>& folds, const SplitPtr& base) {
  auto whole = std::make_shared<Split>(*folds.front());
  std::fill_n(whole->roles.begin(), folds.size(), Role::train);
  whole->train_rows = folds.front()->train_rows + folds.front()->test_rows;
  whole->test_rows = base ? base->test_rows : 0;
  if (base) whole->roles[folds.size()] = Role::test;
  return whole;
}

/// Whether its moments are taken around the means; behind a map those around zero follow.
bool is_centred(const Candidate& c) {
  const auto tried = estimator_of(c).tried();
  const auto* of_moments = dynamic_cast<const MomentLearner*>(tried.get());
  return of_moments == nullptr || of_moments->fits_intercept() || c.features;
}

std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                         std::span<Choosing* const> all) {
  std::vector<SplitPtr> splits;
  for (const Choosing* one : all) {
    splits.insert(splits.end(), one->folds.begin(), one->folds.end());
    splits.push_back(one->whole);
  }
  const auto tried = all.front()->estimator->tried();
  if (dynamic_cast<const MomentLearner*>(tried.get()) == nullptr) {
    return tried->gather(engine, table, splits);
  }
  return gather_moments(engine, table, {.centred = all.front()->centred}, splits);
}

/// The folds of each candidate; of equal ones once.
std::vector<Choosing> begin(Engine& engine, const Table& table,
                            std::span<const Candidate> candidates) {
  using How = std::tuple<Index, bool, std::optional<std::uint64_t>>;
  std::map<How, std::vector<std::size_t>> alike;
  std::vector<Choosing> all;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const CrossValidated& estimator = estimator_of(candidates[i]);
    const SplitPtr split = candidates[i].split;
    all.push_back({&estimator, &candidates[i], {}, split, is_centred(candidates[i])});
    if (estimator.leaves_one_out()) continue;
    const KFolding how = estimator.folding(engine.options().seed);
    alike[{how.n_splits, how.by_class, how.seed}].push_back(i);
  }
  for (const auto& [how, members] : alike) {
    std::vector<SplitPtr> splits;
    for (const std::size_t i : members) {
      if (std::ranges::find(splits, candidates[i].split) == splits.end()) {
        splits.push_back(candidates[i].split);
      }
    }
    const auto& [n_splits, by_class, seed] = how;
    const std::vector<Folds> folds =
        k_folds_within(engine.comm(), table.data, {n_splits, by_class, seed}, splits);
    for (std::size_t s = 0; s < splits.size(); ++s) {
      const SplitPtr whole = all_of(folds[s].splits, splits[s]);
      for (const std::size_t i : members) {
        if (candidates[i].split != splits[s]) continue;
        all[i].folds = folds[s].splits;
        all[i].whole = whole;
        all[i].warnings = folds[s].warnings;
      }
    }
  }
  return all;
}

/// Fits of the settings of one fold.
struct FoldFits {
  Choosing* of;
  SplitPtr fold;
  std::vector<Candidate> candidates{};
  std::vector<Trained> trained{};
};

std::vector<FoldFits> fit_folds(Engine& engine, const Table& table,
                                std::span<Choosing* const> all) {
  std::vector<FoldFits> fits;
  for (Choosing* one : all) {
    for (const SplitPtr& fold : one->folds) {
      fits.push_back({one, fold});
      for (const auto& setting : one->tries.settings) {
        fits.back().candidates.push_back(
            {setting.get(), fold, one->candidate->features, nullptr, one->gathered});
      }
    }
  }
  std::vector<Engine::Work> works;
  for (FoldFits& f : fits) {
    const Estimator& first = *f.candidates.front().estimator;
    works.push_back({footprint_for(engine, first, table, f.candidates), [&] {
                       f.trained = first.fit_batch(engine, table, f.candidates);
                       for (Trained& t : f.trained) t.state = nullptr;  // nobody goes on from it
                     }});
  }
  if (!works.empty()) engine.side_by_side_where_there_is_room(std::move(works));
  return fits;
}

/// Rows are judged apart from the table, which alone knows what they are shown as.
void require_told(const Table& table, std::span<const Judged> judged, const Metric& metric,
                  const Estimator& estimator) {
  if (!has_placed_maps(table)) return;
  const auto is_told = [&](const Judged& j) {
    return (static_cast<unsigned>(metric.needs) & ~j.told) == 0;
  };
  if (std::ranges::all_of(judged, is_told)) return;
  throw AgreedError(
      ExitCode::usage,
      fmt::format("{} does not choose by rows that are shown by the folds in which they lie; "
                  "search over the pipeline of TargetEncoder and the estimator that it tries",
                  estimator.name()));
}

/// Judges all models of the folds by their held-out rows.
void score_folds(Engine& engine, const Table& table, std::vector<FoldFits>& fits) {
  if (has_other_targets(table)) {  // judging looks at the targets as they are
    throw AgreedError(
        ExitCode::usage,
        fmt::format("{} does not choose by targets that a function is made of; search "
                    "over TransformedTargetRegressor with the estimator that it tries",
                    fits.front().of->estimator->name()));
  }
  std::map<std::string, std::vector<std::size_t>> by_metric;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    by_metric[fits[i].of->estimator->metric()].push_back(i);
  }
  for (const auto& [metric, members] : by_metric) {
    std::vector<Judged> judged;
    for (const std::size_t i : members) {
      FoldFits& f = fits[i];
      for (Trained& t : f.trained) {
        if (t.failure) throw AgreedError(*t.failure);
        judged.push_back({seen_from_rows(table, f.of->candidate->features, t.model), f.fold,
                          Role::test, t.held_out, t.told});
      }
    }
    require_told(table, judged, find_metric(metric), *fits.front().of->estimator);
    const std::vector<std::string> metrics = {metric};
    const std::vector<Judgement> found = judge(engine, table.data, judged, metrics);
    const double sign = find_metric(metric).greater_is_better ? 1.0 : -1.0;
    std::size_t k = 0;
    for (const std::size_t i : members) {
      TriedScores& scores = fits[i].of->scores;
      scores.resize(fits[i].trained.size());
      for (std::vector<double>& of_setting : scores) {
        of_setting.push_back(sign * found[k++].values.front());
      }
    }
  }
}

void warn_of_fits(const std::vector<FoldFits>& fits) {
  std::map<Choosing*, std::pair<Index, Index>> counts;
  for (const FoldFits& f : fits) {
    auto& [failed, all] = counts[f.of];
    for (const Trained& t : f.trained) {
      ++all;
      if (!t.model->report().converged) ++failed;
    }
  }
  for (const auto& [of, count] : counts) {
    if (count.first == 0) continue;
    of->warnings.push_back(fmt::format(
        "{} of the {} fits in the folds did not converge; increase max_iter, or scale the columns",
        count.first, count.second));
  }
}

/// The first of the settings that are best on the whole; sums go fold by fold, as NumPy's.
std::size_t best_of(const Choosing& choosing) {
  std::optional<std::size_t> best;
  double most = 0.0;
  for (std::size_t i = 0; i < choosing.scores.size(); ++i) {
    double sum = 0.0;
    for (const double score : choosing.scores[i]) sum += score;
    if (std::isnan(sum) || (best && !(sum > most))) continue;
    best = i;
    most = sum;
  }
  if (best) return *best;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: no setting has a score in every fold; check the data, or use fewer folds",
                  choosing.estimator->name()));
}

/// The chosen setting of each, on all of its rows.
std::vector<Trained> refit(Engine& engine, const Table& table, std::span<Choosing* const> all) {
  std::vector<Candidate> candidates;
  std::vector<std::size_t> best;
  for (const Choosing* one : all) {
    best.push_back(best_of(*one));
    candidates.push_back({one->tries.settings[best.back()].get(), one->whole,
                          one->candidate->features, nullptr, one->gathered});
  }
  const Estimator& first = *candidates.front().estimator;
  // Judging may have made room of its own.
  engine.reserve(table, footprint_for(engine, first, table, candidates));
  std::vector<Trained> trained = first.fit_batch(engine, table, candidates);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const Choosing& one = *all[i];
    trained[i].state = nullptr;
    if (trained[i].failure) continue;
    ChoiceAttributes attributes = one.estimator->conclude(one.tries, one.scores, best[i]);
    for (const ChoiceAttribute& a : one.tries.grid) attributes.push_back(a);
    trained[i].model =
        std::make_shared<ChosenModel>(trained[i].model, std::move(attributes), one.warnings);
  }
  return trained;
}

std::vector<Trained> choose(Engine& engine, const Table& table, std::span<Choosing* const> all) {
  const auto gathered = gather(engine, table, all);
  std::vector<Choosing*> left_out;
  for (Choosing* one : all) {
    one->gathered = gathered;
    one->tries =
        one->estimator->tries({engine, table, one->whole, one->candidate->features, gathered});
    if (one->estimator->leaves_one_out()) left_out.push_back(one);
  }
  std::vector<FoldFits> fits = fit_folds(engine, table, all);
  score_folds(engine, table, fits);
  warn_of_fits(fits);
  fits.clear();
  if (!left_out.empty()) left_out.front()->estimator->leave_one_out(engine, table, left_out);
  return refit(engine, table, all);
}

}  // namespace

std::vector<Trained> CrossValidated::train_batch(Engine& engine, const Table& table,
                                                 std::span<const Candidate> candidates) const {
  std::vector<Choosing> all = begin(engine, table, candidates);
  std::vector<Trained> trained(candidates.size());
  for (const bool centred : {true, false}) {
    std::vector<Choosing*> some;
    for (Choosing& one : all) {
      if (one.centred == centred) some.push_back(&one);
    }
    if (some.empty()) continue;
    std::vector<Trained> theirs = choose(engine, table, some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      trained[static_cast<std::size_t>(some[i] - all.data())] = std::move(theirs[i]);
    }
  }
  engine.set_task(name());
  return trained;
}

std::shared_ptr<Model> CrossValidated::load_fitted(const AttributeReader& in) const {
  std::shared_ptr<const Model> model = tried()->load(in);
  ChoiceAttributes found = attributes();
  for (ChoiceAttribute& a : found) in(a.name, a.values, a.allowed);
  return std::make_shared<ChosenModel>(std::move(model), std::move(found),
                                       std::vector<std::string>{});
}

}  // namespace superstep
