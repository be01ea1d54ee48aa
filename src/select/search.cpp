// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/search.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

double SearchResult::mean(Index row, std::size_t metric) const {
  return mean_score(rows[static_cast<std::size_t>(row)].outcomes, metric);
}

std::size_t SearchResult::decisive() const {
  return static_cast<std::size_t>(std::ranges::find(scoring, refit) - scoring.begin());
}

Search::Search(const Estimator& estimator, std::vector<ParamSetting> settings,
               SearchOptions options)
    : estimator_(estimator), settings_(std::move(settings)), options_(std::move(options)) {
  if (settings_.empty()) throw UsageError("the search has no candidates; give at least one value");
  for (Index i = 0; i < size(); ++i) candidate(i)->check_params();
  if (options_.strategy == Strategy::full) return;
  candidate(0, 1);  // the parameter that is dealt out exists and takes whole numbers
  for (const auto& [name, value] : settings_.front()) {
    if (name == options_.resource) {
      throw UsageError(fmt::format(
          "'{}' is the resource and cannot be searched at the same time; leave it out of the grid",
          name));
    }
  }
}

std::unique_ptr<Estimator> Search::candidate(Index i, std::optional<Index> resources) const {
  auto estimator = estimator_.clone();
  for (const auto& [name, value] : settings_[static_cast<std::size_t>(i)]) {
    estimator->set(name, value);
  }
  const bool deals_out_a_parameter = options_.strategy != Strategy::full && !counts_rows();
  if (resources && deals_out_a_parameter) estimator->set(options_.resource, *resources);
  return estimator;
}

RowsAtHand rows_at_hand(const FoldedData& folds, Index classes) {
  constexpr Index rows_each = 2;  // scikit-learn's
  return {folds.data->rows(), rows_each * std::ssize(folds.splits) * std::max<Index>(classes, 1)};
}

namespace {

/// UsageError when a rung would have fewer rows than its folds need.
void check_rows(const RowsAtHand& rows, Index first_rung) {
  if (first_rung >= rows.fewest) return;
  throw UsageError(fmt::format(
      "a rung would have {} of the {} rows, but its folds need {} (two for each fold and class); "
      "use fewer folds, another --min-resources or --max-resources, --strategy full, or --resource "
      "max_iter",
      first_rung, rows.all, rows.fewest));
}

}  // namespace

Index Search::row_units(const RowsAtHand& rows) const {
  if (options_.strategy != Strategy::hyperband) return rows.all;
  if (options_.max_resources) return *options_.max_resources;
  // As many parts as can be split into folds, each a power of the factor; 81 at most.
  constexpr Index most_parts = 81;
  Index parts = 1;
  const Index factor = std::max<Index>(options_.factor, 2);
  while (parts * factor <= most_parts && rows.all / (parts * factor) >= rows.fewest) {
    parts *= factor;
  }
  return std::max(parts, factor);
}

std::vector<Bracket> Search::brackets(const RowsAtHand& rows) const {
  const SearchOptions& o = options_;
  if (o.strategy == Strategy::full) return {{{size(), 1}}};
  const Index units = row_units(rows);
  if (o.strategy == Strategy::hyperband) {
    if (o.min_resources) {
      throw UsageError("--min-resources is for --strategy halving; Hyperband chooses it itself");
    }
    const Index most = counts_rows() ? units : o.max_resources.value_or(81);
    const std::vector<Bracket> brackets = hyperband_brackets(most, o.factor);
    if (counts_rows()) check_rows(rows, rows.all * brackets.front().front().resources / units);
    return brackets;
  }
  if (!counts_rows() && !o.max_resources) {
    throw UsageError(
        fmt::format("--resource {} needs --max-resources: the most that a candidate "
                    "may get",
                    o.resource));
  }
  if (counts_rows() && o.max_resources.value_or(units) > units) {
    throw UsageError(fmt::format("--max-resources {} is more than the {} rows there are",
                                 *o.max_resources, units));
  }
  HalvingOptions halving{o.factor, o.min_resources, o.max_resources.value_or(units), 1};
  if (counts_rows()) {
    check_rows(rows, o.min_resources.value_or(halving.max_resources));
    halving.smallest = rows.fewest;
  }
  return {halving_rungs(size(), halving)};
}

namespace {

/// The candidates' places by falling mean score of the decisive metric, the first of equal ones
/// first, failed ones last.
std::vector<std::size_t> by_rank(const std::vector<Outcomes>& outcomes, std::size_t metric) {
  std::vector<double> means;
  for (const Outcomes& of_candidate : outcomes) means.push_back(mean_score(of_candidate, metric));
  std::vector<std::size_t> order(outcomes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return is_better(means[a], means[b]); });
  return order;
}

/// Fits that stopped before they converged, counted by what they said.
void collect_warnings(const std::vector<SearchRow>& rows, SearchResult& result) {
  Index unfinished = 0, fits = 0;
  std::string example;
  for (const SearchRow& row : rows) {
    for (const FoldOutcome& o : row.outcomes) {
      ++fits;
      if (o.report.converged) continue;
      ++unfinished;
      if (example.empty() && !o.report.warnings.empty()) example = o.report.warnings.front();
    }
  }
  if (unfinished > 0) {
    result.warnings.push_back(
        fmt::format("{} of {} fits did not converge; the first: {}", unfinished, fits, example));
  }
}

/// Which candidates a bracket begins with.
class Dealer {
 public:
  explicit Dealer(Index all) : all_(all) {}
  /// The next `count` candidates, beginning anew when they run out.
  std::vector<Index> deal(Index count) {
    std::vector<Index> dealt;
    for (Index i = 0; i < std::min(count, all_); ++i) dealt.push_back(next_++ % all_);
    return dealt;
  }

 private:
  Index all_;
  Index next_ = 0;
};

}  // namespace

/// One search on its way.
class SearchRun {
 public:
  SearchRun(const Search& search, Engine& engine, const FoldSource& source)
      : search_(search), engine_(engine), source_(source) {
    const SearchOptions& o = search.options();
    result_.scoring = o.scoring;
    result_.refit = o.refit;
    result_.strategy = o.strategy;
    result_.train_scores = o.train_scores;
  }

  SearchResult run();

 private:
  void run_bracket(Index number, const Bracket& bracket, std::vector<Index> candidates);
  std::vector<Outcomes> train(const std::vector<Index>& candidates, Index resources,
                              const std::vector<Index>& earlier_rows);
  void forget_states(Index row);
  bool counts_rows() const { return search_.counts_rows(); }
  Index reported(Index resources) const;
  void choose_best();
  void check_targets_of_candidates() const;
  /// Of the rung that is being trained, so many of its fits are done.
  void show(const Rung& rung, Index done);
  /// Classes of the target that the estimator wants; they have been read before.
  Index classes_at_hand(const FoldedData& all) const {
    bool are_wanted = false;
    for (Index i = 0; i < search_.size() && !are_wanted; ++i) {
      are_wanted = search_.candidate(i)->target() == Target::classes;
    }
    return are_wanted ? all.data->classes(engine_.comm()).size() : Index{0};
  }
  Index fits_of(const Rung& rung) const {
    return std::min(rung.candidates, search_.size()) * result_.n_splits;
  }
  /// Whole passes or rows are dealt out: a fit takes in proportion.
  double work_of(const Rung& rung) const {
    return static_cast<double>(fits_of(rung)) * static_cast<double>(rung.resources);
  }
  /// A hair below where it is not all, so that rounding never costs a block more.
  double fraction_of(Index resources) const {
    if (resources >= units_) return 1.0;
    return (1.0 - 1e-12) * static_cast<double>(resources) / static_cast<double>(units_);
  }

  struct Shown : Watcher {
    SearchRun* run = nullptr;
    Rung rung;
    void ended(Index fits, Index) override { run->show(rung, fits); }
  };

  const Search& search_;
  Engine& engine_;
  const FoldSource& source_;
  SearchResult result_;
  Index units_ = 1;    ///< what all the rows are as a resource
  SearchState state_;  ///< before the rung that is being trained
  double work_ = 0.0;  ///< of all rungs
  double work_done_ = 0.0;
  std::map<Index, std::unique_ptr<Evaluator>> evaluators_;  ///< by units of rows
};

SearchResult Search::run(Engine& engine, const FoldSource& source) const {
  return SearchRun(*this, engine, source).run();
}

/// Steps may have been exchanged for others that learn from targets read in another way.
void SearchRun::check_targets_of_candidates() const {
  Target all = Target::none;
  for (Index i = 0; i < search_.size(); ++i) {
    const Target its = search_.candidate(i)->target();
    if (all != Target::none && its != Target::none && its != all) {
      throw AgreedError(ExitCode::usage,
                        "some candidates learn from classes and others from numbers, but a search "
                        "reads /y in one way; search them apart");
    }
    if (its != Target::none) all = its;
  }
}

SearchResult SearchRun::run() {
  const FoldedData all = source_(1.0);
  check_targets_of_candidates();
  for (Index i = 0; all.data->targets() > 1 && i < search_.size(); ++i) {
    check_target(*search_.candidate(i), *all.data);  // steps may have been exchanged
  }
  result_.n_splits = static_cast<Index>(all.splits.size());
  const RowsAtHand rows = rows_at_hand(all, classes_at_hand(all));
  std::vector<Bracket> brackets;
  collectively(engine_.comm(), [&] {
    brackets = search_.brackets(rows);
    if (counts_rows()) units_ = search_.row_units(rows);
  });
  for (const Bracket& bracket : brackets) {
    for (const Rung& rung : bracket) {
      state_.fits += fits_of(rung);
      work_ += work_of(rung);
    }
  }
  Dealer dealer(search_.size());
  for (std::size_t b = 0; b < brackets.size(); ++b) {
    run_bracket(static_cast<Index>(brackets.size() - 1 - b), brackets[b],
                dealer.deal(brackets[b].front().candidates));
  }
  choose_best();
  engine_.events().publish({.kind = Event::Kind::search});
  std::vector<const Outcomes*> all_outcomes;
  for (const SearchRow& row : result_.rows) all_outcomes.push_back(&row.outcomes);
  result_.warnings = describe_failures(all_outcomes, search_.options().error_score.value);
  collect_warnings(result_.rows, result_);
  return std::move(result_);
}

void SearchRun::run_bracket(Index number, const Bracket& bracket, std::vector<Index> candidates) {
  std::vector<Index> earlier_rows;  // of the candidates, in the rung before
  for (std::size_t i = 0; i < bracket.size(); ++i) {
    const Rung& rung = bracket[i];
    std::vector<Outcomes> outcomes = train(candidates, rung.resources, earlier_rows);
    const std::vector<std::size_t> order = by_rank(outcomes, result_.decisive());
    const auto first_row = static_cast<Index>(result_.rows.size());
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      result_.rows.push_back({search_.settings()[static_cast<std::size_t>(candidates[c])],
                              static_cast<Index>(i), number, reported(rung.resources),
                              i + 1 == bracket.size(), std::move(outcomes[c])});
    }
    for (const Index row : earlier_rows) forget_states(row);
    earlier_rows.clear();
    const bool is_last = i + 1 == bracket.size();
    const std::size_t go_on =
        is_last ? 0
                : std::min(candidates.size(), static_cast<std::size_t>(bracket[i + 1].candidates));
    for (std::size_t k = go_on; k < order.size(); ++k) {
      forget_states(first_row + static_cast<Index>(order[k]));
    }
    if (is_last) break;
    std::vector<Index> survivors;
    for (std::size_t k = 0; k < go_on; ++k) {
      survivors.push_back(candidates[order[k]]);
      earlier_rows.push_back(first_row + static_cast<Index>(order[k]));
    }
    state_.stopped += static_cast<Index>(candidates.size() - go_on);
    candidates = std::move(survivors);
  }
}

/// Rows are drawn in small runs, so a rung may have some more than it was dealt.
Index SearchRun::reported(Index resources) const {
  if (!counts_rows()) return resources;
  return evaluators_.at(resources)->folds().data->rows();
}

void SearchRun::forget_states(Index row) {
  for (FoldOutcome& o : result_.rows[static_cast<std::size_t>(row)].outcomes) o.state = nullptr;
}

std::vector<Outcomes> SearchRun::train(const std::vector<Index>& candidates, Index resources,
                                       const std::vector<Index>& earlier_rows) {
  const SearchOptions& o = search_.options();
  // Survivors of a rung that dealt out iterations go on from where they were.
  const bool goes_on = o.strategy != Strategy::full && o.resource.ends_with("max_iter");
  const Index units = counts_rows() ? resources : units_;
  std::vector<std::unique_ptr<Estimator>> estimators;
  std::vector<const Estimator*> pointers;
  for (const Index c : candidates) {
    estimators.push_back(search_.candidate(c, resources));
    pointers.push_back(estimators.back().get());
  }
  std::unique_ptr<Evaluator>& evaluator = evaluators_[units];
  if (!evaluator) {
    const FoldedData folds = source_(fraction_of(units));
    EvaluationOptions options{o.scoring, o.train_scores, false, goes_on};
    // States stay with the team that has them, so the first rung decides for all.
    if (result_.rows.empty()) {
      result_.teams = o.teams.value_or(Evaluator(engine_, folds, options).best_teams(pointers));
    }
    options.teams = static_cast<int>(result_.teams);
    options.error_score = o.error_score;
    evaluator = std::make_unique<Evaluator>(engine_, folds, options);
  }
  std::vector<const Outcomes*> earlier;
  for (const Index row : earlier_rows) {
    earlier.push_back(&result_.rows[static_cast<std::size_t>(row)].outcomes);
  }
  const Rung rung{std::ssize(candidates), resources};
  Shown shown;
  shown.run = this;
  shown.rung = rung;
  show(rung, 0);
  std::vector<Outcomes> outcomes = evaluator->evaluate(pointers, &shown, earlier);
  state_.fits_done += fits_of(rung);
  work_done_ += work_of(rung);
  return outcomes;
}

// Of the candidates in the last rung of a bracket; of equal ones the first.
void SearchRun::choose_best() {
  double best = 0.0;
  for (Index i = 0; i < static_cast<Index>(result_.rows.size()); ++i) {
    if (!result_.rows[static_cast<std::size_t>(i)].is_last) continue;
    const double mean = result_.mean(i, result_.decisive());
    if (result_.best >= 0 && !is_better(mean, best)) continue;
    result_.best = i;
    best = mean;
  }
}

void SearchRun::show(const Rung& rung, Index done) {
  SearchState state = state_;
  state.fits_done += done;
  state.metric = result_.refit;
  const double share = static_cast<double>(done) / static_cast<double>(fits_of(rung));
  state.work_done = (work_done_ + share * work_of(rung)) / work_;
  state.work_now = (1.0 - share) * work_of(rung) / work_;
  double highest = -HUGE_VAL;
  for (Index i = 0; i < static_cast<Index>(result_.rows.size()); ++i) {
    const double mean = result_.mean(i, result_.decisive());
    if (!(mean > highest)) continue;
    highest = mean;
    state.best_mean = mean;
    state.best_params = result_.rows[static_cast<std::size_t>(i)].params;
  }
  engine_.events().publish(
      {.kind = Event::Kind::search, .moment = Event::Moment::goes_on, .search = &state});
}

}  // namespace superstep
