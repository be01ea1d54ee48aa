// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/target_encoder.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/data/target_function.hpp>
#include <superstep/learn/cross_validated.hpp>

#include "learn/compose/named_transformers.hpp"
#include "learn/k_folding.hpp"
#include "learn/preprocessing/target_encodings.hpp"

namespace superstep {

namespace {

using P = TargetEncoderParams;
constexpr const char* who = "TargetEncoder";

bool is_deprecated(const Value& v) { return v == Value("deprecated"); }

/// How the rows that train are dealt out for targets of classes, or numbers.
KFolding folding(const P& p, bool by_class, std::uint64_t seed) {
  KFolding how = folding_of(p.cv, by_class, seed);
  const bool shuffles = is_deprecated(p.shuffle) || p.shuffle.as_bool();
  if (!p.cv.is_call() && shuffles) {
    how.seed = p.random_state.is_int() ? static_cast<std::uint64_t>(p.random_state.as_int()) : seed;
  }
  return how;
}

/// The levels of categories; the number behind them stands for texts that are none of these.
std::vector<DistinctValues> all_levels(const Schema& columns) {
  std::vector<DistinctValues> all;
  for (const Column& column : columns.columns()) {
    DistinctValues its;
    for (std::size_t k = 0; k <= column.levels->size(); ++k) {
      its.values.push_back(static_cast<double>(k));
    }
    its.counts.assign(its.values.size(), 0);
    all.push_back(std::move(its));
  }
  return all;
}

/// What is found out of the rows before sums can be made.
struct FirstLook {
  std::vector<DistinctValues> values{};
  bool has_fractions = false;  ///< among targets that are numbers
};

/// **Collective.** One pass, or none where columns are categories and targets classes.
FirstLook first_look(Engine& engine, const Table& table, const Schema& columns, bool infers) {
  FirstLook found;
  const bool are_levels =
      std::ranges::all_of(columns.columns(), [](const Column& c) { return c.levels != nullptr; });
  std::vector<Engine::Work> works;
  if (are_levels) {
    found.values = all_levels(columns);
  } else {
    works.push_back({{}, [&] { found.values = distinct_values(engine, table, columns, who); }});
  }
  if (infers) {
    works.push_back({{}, [&] {
                       const auto fractions = [](const Block& block, std::span<double> largest,
                                                 Workspace&) {
                         for (Index i = 0; i < block.rows; ++i) {
                           const double y = block.y[i];
                           largest[0] = std::max(largest[0], std::fabs(y - std::rint(y)));
                         }
                       };
                       found.has_fractions = engine.maximum(table, 1, fractions).front() > 0.0;
                     }});
  }
  if (!works.empty()) engine.side_by_side(std::move(works));
  return found;
}

/// The columns of one split, as its training rows show them.
struct SplitColumns {
  std::vector<CategoriesFound> categories{};
  EncodedValues values{};
};

SplitColumns columns_of(const P& p, const ValueSlots& slots, const TargetSums& sums,
                        const Schema& schema) {
  std::vector<DistinctValues> found;
  for (Index c = 0; c < slots.columns(); ++c) {
    DistinctValues its;
    const std::vector<double>& values = slots.values(c);
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!(sums.counts[static_cast<std::size_t>(slots.first(c)) + k] > 0.0)) continue;
      if (std::isnan(values[k])) {
        its.missing = 1;
      } else {
        its.values.push_back(values[k]);
        its.counts.push_back(1);  // nobody asks how many
      }
    }
    found.push_back(std::move(its));
  }
  SplitColumns all;
  all.values.category_of.assign(static_cast<std::size_t>(slots.size()), 0);
  for (EncodedColumn& column : categories_among(found, schema, p.categories, true, who)) {
    const Index c = std::ssize(all.categories);
    const CategoryLookup lookup(column.categories);
    for (std::size_t k = 0; k < slots.values(c).size(); ++k) {
      // As scikit-learn has it: what is not listed counts for the first category.
      all.values.category_of[static_cast<std::size_t>(slots.first(c)) + k] =
          std::max<Index>(lookup.find(slots.values(c)[k]), 0);
    }
    all.values.categories.push_back(column.categories.size());
    all.categories.push_back(std::move(column.categories));
  }
  return all;
}

/// The classes that occur in some rows.
std::vector<Index> present_in(const TargetSums& sums, const ValueSlots& slots, Index classes) {
  std::vector<Index> present;
  for (Index k = 0; k < classes; ++k) {
    double rows = 0.0;
    for (Index slot = 0; slot < slots.first(1); ++slot) {
      rows += sums.sums[static_cast<std::size_t>(slot * classes + k)];
    }
    if (rows > 0.0) present.push_back(k);
  }
  return present;
}

Labels chosen(const Labels& labels, const std::vector<Index>& which) {
  if (labels.is_text()) {
    std::vector<std::string> texts;
    for (const Index k : which) texts.push_back(labels.texts()[static_cast<std::size_t>(k)]);
    return Labels::of_texts(std::move(texts));
  }
  std::vector<double> numbers;
  for (const Index k : which) numbers.push_back(labels.numbers()[static_cast<std::size_t>(k)]);
  return Labels::of_numbers(std::move(numbers));
}

/// The classes that are encoded, and what that is called: of two the second one tells all.
void choose_classes(const P& p, const std::vector<Index>& present, const Labels& classes,
                    FittedTargetEncoder& fitted, EncodedValues& values) {
  const bool is_binary = present.size() <= 2;
  if (p.target_type != "auto" && is_binary != (p.target_type == "binary")) {
    throw DataError(fmt::format(
        "TargetEncoder: target_type='{}', but the rows that it learns from are of {} class{}",
        p.target_type, present.size(), present.size() == 1 ? "" : "es"));
  }
  fitted.target_type = is_binary ? "binary" : "multiclass";
  fitted.classes = chosen(classes, present);
  values.outputs = present;
  if (!is_binary) return;
  values.outputs = {present.size() == 2 ? present[1] : EncodedValues::none};
}

/// What sums and encodings of so many cells and values take.
Footprint sums_footprint(Index cells, Index slots, Index sums_of_each, Index outputs) {
  const Index sums = cells * slots * sums_of_each;
  return {.sums = sums, .replicated = 2 * sums + cells * slots * outputs};
}

/// Candidates whose sums are the same.
struct Alike {
  TargetReading reading{};
  KFolding how{};
  std::vector<std::size_t> members{};
};

class TargetEncoderFit {
 public:
  using Batch = std::span<const CandidateOf<P>>;
  TargetEncoderFit(Engine& engine, const Table& table, Batch batch)
      : engine_(engine),
        table_(table),
        batch_(batch),
        schema_(columns_seen(batch.front().columns, table)) {}

  std::vector<Trained> run() {
    const bool infers =
        table_.target == Target::numbers && !has_other_targets(table_) &&
        std::ranges::any_of(batch_, [](const auto& c) { return c.params.target_type == "auto"; });
    const FirstLook look = first_look(engine_, table_, schema_, infers);
    const ValueSlots slots(look.values);
    const bool is_whole = infers && !look.has_fractions;
    std::vector<Trained> trained(batch_.size());
    for (const Alike& alike : groups(is_whole)) train(alike, slots, trained);
    return trained;
  }

 private:
  std::vector<Alike> groups(bool is_whole);
  void train(const Alike& alike, const ValueSlots& slots, std::vector<Trained>& trained);
  Trained model_of(const CandidateOf<P>& c, const TargetReading& reading, const Folds& folds,
                   const TargetSumsByCell& sums, const ValueSlots& slots);
  void reserve_classes(const Alike& alike, Index slots);
  SplitPtr within(const CandidateOf<P>& c) const { return c.split ? c.split : table_.split; }

  Engine& engine_;
  const Table& table_;
  Batch batch_;
  Schema schema_;
};

std::vector<Alike> TargetEncoderFit::groups(bool is_whole) {
  using Key = std::tuple<bool, Index, bool, std::optional<std::uint64_t>>;
  std::map<Key, Alike> all;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const P& p = batch_[i].params;
    const bool are_classes =
        table_.target == Target::classes || (p.target_type == "auto" && is_whole);
    const KFolding how = folding(p, are_classes, engine_.options().seed);
    if (how.by_class && !are_classes) {
      throw AgreedError(ExitCode::usage,
                        "TargetEncoder: cv=StratifiedKFold(...) needs classes as targets; use "
                        "KFold");
    }
    Alike& alike = all[{are_classes, how.n_splits, how.by_class, how.seed}];
    if (alike.members.empty()) {
      alike.how = how;
      alike.reading.are_codes = table_.target == Target::classes;
      if (are_classes) alike.reading.classes = table_.data->classes(engine_.comm());
    }
    alike.members.push_back(i);
  }
  std::vector<Alike> groups;
  for (auto& [key, alike] : all) groups.push_back(std::move(alike));
  return groups;
}

/// Whole numbers may turn out to be classes, of which nobody knew how many there are.
void TargetEncoderFit::reserve_classes(const Alike& alike, Index slots) {
  if (table_.target == Target::classes || alike.reading.is_continuous()) return;
  const Footprint need =
      sums_footprint(static_cast<Index>(alike.members.size()) * (alike.how.n_splits + 2), slots,
                     alike.reading.outputs(), alike.reading.outputs());
  if (!engine_.has_room(table_, need)) engine_.reserve(table_, need);
}

void TargetEncoderFit::train(const Alike& alike, const ValueSlots& slots,
                             std::vector<Trained>& trained) {
  std::vector<SplitPtr> splits;
  for (const std::size_t i : alike.members) {
    const SplitPtr its = within(batch_[i]);
    if (std::ranges::find(splits, its) == splits.end()) splits.push_back(its);
  }
  const std::vector<Folds> folds = k_folds_within(engine_.comm(), table_.data, alike.how, splits);
  std::vector<SplitPtr> all_rows;
  for (const Folds& f : folds) {
    auto whole = std::make_shared<Split>(*f.splits.front());
    std::fill_n(whole->roles.begin(), f.splits.size(), Role::train);
    all_rows.push_back(std::move(whole));
  }
  reserve_classes(alike, slots.size());
  const TargetSumsByCell sums(engine_, table_, slots, alike.reading, all_rows);
  for (const std::size_t i : alike.members) {
    const auto at = std::ranges::find(splits, within(batch_[i])) - splits.begin();
    trained[i] = attempt([&] {
      return model_of(batch_[i], alike.reading, folds[static_cast<std::size_t>(at)], sums, slots);
    });
  }
}

Trained TargetEncoderFit::model_of(const CandidateOf<P>& c, const TargetReading& reading,
                                   const Folds& folds, const TargetSumsByCell& sums,
                                   const ValueSlots& slots) {
  std::shared_ptr<Model> model;
  collectively(engine_.comm(), [&] {
    auto whole = std::make_shared<Split>(*folds.splits.front());
    std::fill_n(whole->roles.begin(), folds.splits.size(), Role::train);
    const TargetSums all = sums.of(whole);
    SplitColumns columns = columns_of(c.params, slots, all, schema_);
    FittedTargetEncoder fitted{.categories = std::move(columns.categories),
                               .target_type = "continuous"};
    if (!reading.is_continuous()) {
      choose_classes(c.params, present_in(all, slots, reading.outputs()), reading.classes, fitted,
                     columns.values);
    }
    std::optional<double> smooth;
    if (c.params.smooth.is_number()) smooth = c.params.smooth.as_double();
    const auto encode = [&](const TargetSums& of) {
      return encodings_of(of, slots, reading.outputs(), columns.values, smooth);
    };
    fitted.all = encode(all);
    fitted.inner = whole->partition;
    for (const SplitPtr& fold : folds.splits) fitted.without.push_back(encode(sums.of(fold)));
    model = target_encoder_model(std::move(fitted), folds.warnings);
  });
  return model;
}

}  // namespace

const ParamTable<TargetEncoderParams>& TargetEncoder::param_table() {
  static const auto table =
      ParamTable<P>(
          "TargetEncoder",
          "Each category replaced by the mean of its rows' targets, drawn towards that of "
          "all; in training, by that of other folds.")
          .add("categories", &P::categories, satisfies("'auto' or a list of lists", is_categories),
               "the categories of each column; 'auto': those that occur")
          .add("target_type", &P::target_type,
               one_of({"auto", "continuous", "binary", "multiclass"}),
               "what the targets are; 'auto': as they look. Of more than two classes each has a "
               "column of its own")
          .add("smooth", &P::smooth,
               satisfies("'auto' or a number >= 0",
                         [](const Value& v) {
                           return v == Value("auto") || (v.is_number() && v.as_double() >= 0.0);
                         }),
               "how many rows with the mean of all each category is joined by; 'auto': as many as "
               "the variances say")
          .add("cv", &P::cv, cv_range(), "the folds of cross-fitting")
          .add("shuffle", &P::shuffle,
               satisfies("True, False or 'deprecated'",
                         [](const Value& v) { return v.is_bool() || is_deprecated(v); }),
               "whether folds of an int are drawn; 'deprecated': they are")
          .add("random_state", &P::random_state,
               satisfies("None, an int >= 0 or 'deprecated'",
                         [](const Value& v) {
                           return v.is_none() || is_deprecated(v) ||
                                  (v.is_int() && v.as_int() >= 0);
                         }),
               "seed of these; None and 'deprecated' take --seed");
  return table;
}

Target TargetEncoder::target() const {
  return params().target_type == "binary" || params().target_type == "multiclass" ? Target::classes
                                                                                  : Target::numbers;
}

void TargetEncoder::check_params() const {
  EstimatorOf::check_params();
  const bool by_class = is_stratified(params().cv).value_or(false);
  if (by_class && params().target_type == "continuous") {
    throw UsageError("TargetEncoder: cv=StratifiedKFold(...) needs classes as targets; use KFold");
  }
  if (params().shuffle == Value(false) && params().random_state.is_int() &&
      !params().cv.is_call()) {
    throw UsageError(
        "TargetEncoder: Setting a random_state has no effect since shuffle is False. You should "
        "leave random_state to its default (None), or set shuffle=True.");
  }
}

void TargetEncoder::check_columns(const Schema& columns) const { refuse_free_text(columns); }

Footprint TargetEncoder::footprint(Index columns, Index classes,
                                   std::span<const Candidate> batch) const {
  const Schema schema = schema_of(batch, columns);
  const Index distinct = doubles_for_distinct(schema);
  const Index slots = distinct / 8 + 2 * columns;
  Index cells = 0;
  std::set<std::pair<SplitPtr, Index>> known;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const TargetEncoder&>(*c.estimator).params();
    const Index folds = folding_of(p.cv, false, 0).n_splits;
    if (known.insert({c.split, folds}).second) cells += folds + 2;
  }
  const Index outputs = std::max<Index>(classes, 1);
  Footprint need = sums_footprint(cells, slots, classes > 0 ? classes : 3, outputs);
  need.row_doubles = columns / 2 + 3;
  need.replicated += 2 * distinct;
  return need;
}

TrainingCost TargetEncoder::cost(Index columns, Index classes,
                                 std::span<const Candidate> batch) const {
  const Schema schema = schema_of(batch, columns);
  const bool are_levels =
      std::ranges::all_of(schema.columns(), [](const Column& c) { return c.levels != nullptr; });
  const bool may_infer = classes == 0 && std::ranges::any_of(batch, [](const Candidate& c) {
                           return c.estimator->follows_targets();
                         });
  const Index passes = are_levels && !may_infer ? 1 : 2;
  return {passes, passes + 1, 8.0 * static_cast<double>(columns)};
}

std::vector<Trained> TargetEncoder::train(Engine& engine, const Table& table, Batch batch) const {
  return TargetEncoderFit(engine, table, batch).run();
}

std::shared_ptr<Model> TargetEncoder::load_fitted(const AttributeReader& in) const {
  return load_target_encoder(in);
}

}  // namespace superstep
