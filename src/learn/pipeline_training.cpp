// SPDX-License-Identifier: BSD-3-Clause
// How pipelines are trained: step by step, all candidates of a batch at once. Lanes are pipelines
// on their way; those whose next steps share passes are a stage, and stages are trained side by
// side.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/learn/pipeline_model.hpp>

namespace superstep {

namespace {

/// The steps of all pipelines that are at one place, by type: what is trained side by side.
using Place = std::map<std::string, std::vector<Candidate>>;

std::vector<Place> by_place(std::span<const Candidate> batch) {
  std::vector<Place> places;
  for (const Candidate& c : batch) {
    const auto& steps = dynamic_cast<const Pipeline&>(*c.estimator).steps();
    if (places.size() < steps.size()) places.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      Candidate step{steps[i].estimator.get(), c.split};
      if (i == 0) step.columns = c.columns;
      places[i][steps[i].estimator->name()].push_back(std::move(step));
    }
  }
  return places;
}

/// Those of a place that see the same rows: behind steps that are no affine maps each split has its
/// own.
std::vector<Place> by_rows_seen(std::span<const Candidate> batch) {
  std::vector<Place> places;
  for (const Candidate& c : batch) {
    const auto& steps = dynamic_cast<const Pipeline&>(*c.estimator).steps();
    if (places.size() < steps.size()) places.resize(steps.size());
    std::string prefix, rows;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Estimator& estimator = *steps[i].estimator;
      Candidate step{&estimator, c.split};
      if (i == 0) step.columns = c.columns;
      places[i][estimator.name() + rows].push_back(std::move(step));
      prefix += " | " + estimator.expression();
      if (!estimator.gives_affine_maps()) {
        rows = fmt::format("{} @{}", prefix, static_cast<const void*>(c.split.get()));
      }
    }
  }
  return places;
}

/// What steps that are no affine maps make of a block is kept while the others look at it.
Footprint with_rows_of_steps(Footprint need, std::span<const Candidate> batch,
                             const std::vector<Index>& seen) {
  const bool has_rows = std::ranges::any_of(batch, [](const Candidate& c) {
    const auto& steps = dynamic_cast<const Pipeline&>(*c.estimator).steps();
    bool is_sparse = false;  // behind texts
    return std::any_of(steps.begin(), steps.end() - 1, [&](const Pipeline::Step& s) {
      is_sparse = s.estimator->reads_texts() || (is_sparse && s.estimator->keeps_sparse());
      return !is_sparse && !s.estimator->gives_affine_maps();
    });
  });
  if (has_rows) need.row_doubles += 2 * *std::ranges::max_element(seen);
  return need;
}

/// The most columns that steps at each place see, as far as it can be known before they are fitted.
std::vector<Index> widths(Index columns, std::span<const Candidate> batch) {
  std::vector<Index> most;
  for (const Candidate& c : batch) {
    const auto& steps = dynamic_cast<const Pipeline&>(*c.estimator).steps();
    if (most.size() < steps.size()) most.resize(steps.size(), columns);
    Schema seen = c.columns ? *c.columns : Schema::of_numbers(columns);
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
      const Index behind = steps[i].estimator->most_columns_behind(seen);
      most[i + 1] = std::max(most[i + 1], behind);
      if (behind != seen.size() || !seen.are_numbers()) seen = Schema::of_numbers(behind);
    }
  }
  return most;
}

}  // namespace

Index Pipeline::most_columns_behind(const Schema& columns) const {
  Schema seen = columns;
  for (const Step& step : steps_) {
    seen = Schema::of_numbers(step.estimator->most_columns_behind(seen));
  }
  return seen.size();
}

// Affine maps are handed on: who takes them into its mathematics sees the rows in front of them,
// whether or not they move zeros. Behind any other map that does rows are dense.
bool Pipeline::reads_sparse(Index columns) const {
  bool moves_zeros = false;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Estimator& step = *steps_[i].estimator;
    const bool sees_sparse = !moves_zeros || step.fusion().diagonal_maps;
    if (sees_sparse && !step.reads_sparse(columns)) return false;
    if (step.keeps_sparse()) continue;
    if (!step.gives_affine_maps()) return true;
    moves_zeros = true;
  }
  return true;
}

bool Pipeline::keeps_sparse() const {
  return std::ranges::all_of(steps_, [](const Step& s) { return s.estimator->keeps_sparse(); });
}

Footprint Pipeline::footprint(Index columns, Index classes,
                              std::span<const Candidate> batch) const {
  Footprint most;
  const std::vector<Index> seen = widths(columns, batch);
  const std::vector<Place> places = by_place(batch);
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (const auto& [type, members] : places[i]) {
      most = most | members.front().estimator->footprint(seen[i], classes, members);
    }
  }
  return with_rows_of_steps(most, batch, seen);
}

Footprint Pipeline::ample_footprint(Index columns, Index classes,
                                    std::span<const Candidate> batch) const {
  Footprint most, gathering;
  const std::vector<Index> seen = widths(columns, batch);
  const std::vector<Place> places = by_rows_seen(batch);
  for (std::size_t i = places.size(); i-- > 0;) {
    Footprint sum = gathering;  // for the step behind
    gathering = {};
    for (const auto& [type, members] : places[i]) {
      const Estimator& first = *members.front().estimator;
      sum = sum + first.ample_footprint(seen[i], classes, members) + Engine::of_a_stack();
      if (first.gathers()) {
        gathering = gathering + first.footprint(seen[i], classes, members) + Engine::of_a_stack();
      }
    }
    most = most | sum;
  }
  return with_rows_of_steps(most, batch, seen);
}

TrainingCost Pipeline::cost(Index columns, Index classes, std::span<const Candidate> batch) const {
  TrainingCost sum{0, 0, 0.0};
  bool is_behind_affine_maps = false;
  const std::vector<Index> seen = widths(columns, batch);
  const std::vector<Place> places = by_place(batch);
  for (std::size_t i = 0; i < places.size(); ++i) {
    TrainingCost longest{0, 0, 0.0};
    bool gives_affine_maps = true;
    for (const auto& [type, members] : places[i]) {
      const Estimator& first = *members.front().estimator;
      TrainingCost one = first.cost(seen[i], classes, members);
      if (is_behind_affine_maps && first.gathers()) one = without_a_pass(one);
      for (const Candidate& c : members) {
        gives_affine_maps = gives_affine_maps && c.estimator->gives_affine_maps();
      }
      longest.passes = std::max(longest.passes, one.passes);
      longest.most_passes = std::max(longest.most_passes, one.most_passes);
      longest.flops_per_row += one.flops_per_row;
    }
    is_behind_affine_maps = gives_affine_maps;
    sum.passes += longest.passes;
    sum.most_passes += longest.most_passes;
    sum.flops_per_row = std::max(sum.flops_per_row, longest.flops_per_row);
  }
  return sum;
}

namespace {

/// One pipeline on its way through its steps.
struct Lane {
  const Pipeline* pipeline;
  SplitPtr split;
  Table table;            ///< behind the transformers that are no affine maps
  std::string table_key;  ///< those transformers by name, and the rows they were trained on
  AffineMapPtr features;  ///< the affine maps behind them
  std::string prefix;     ///< all steps so far, and what is in front of an inner pipeline
  std::shared_ptr<const StageState> resume;           ///< of the last step
  std::shared_ptr<const HeldOutJudge> judge;          ///< of the whole
  std::shared_ptr<const Schema> columns;              ///< behind all steps so far
  std::shared_ptr<const StageState> gathered{};       ///< of the table's rows, for this step
  std::shared_ptr<const StageState> gathered_next{};  ///< likewise, for the next one
  bool is_inner = false;                              ///< what is in front of it has no name
  std::vector<PipelineModel::Step> fitted{};
  Trained trained{};

  bool is_at(std::size_t step) const { return !trained.failure && step < pipeline->steps().size(); }
  const Estimator& estimator(std::size_t step) const { return *pipeline->steps()[step].estimator; }
};

/// Lanes whose next step is of one type and sees one table; equal steps behind equal prefixes are
/// trained once.
struct Stage {
  std::vector<Candidate> candidates{};
  std::vector<std::vector<Lane*>> lanes{};  ///< by candidate
  std::vector<Trained> trained{};           ///< likewise

  const Estimator& estimator() const { return *candidates.front().estimator; }
  /// A step that learns nothing from the targets sees the same blocks, with the targets in them.
  const Table& table() const { return lanes.front().front()->table; }
};

std::string key_of(const Lane& lane, std::size_t step) {
  return fmt::format("{} | {} @{}", lane.prefix, lane.estimator(step).expression(),
                     static_cast<const void*>(lane.split.get()));
}

/// A fitted step in the ledger.
struct FittedStep : StageState {
  explicit FittedStep(std::shared_ptr<Model> model_) : model(std::move(model_)) {}
  std::shared_ptr<Model> model;
};

/// The step's name in the ledger; none for a split that has no name of its own.
std::optional<StageName> name_of(const Lane& lane, std::size_t step) {
  if (lane.is_inner || (lane.split && lane.split->name.empty())) return std::nullopt;
  return StageName({lane.table.data->fingerprint(), lane.split ? lane.split->name : "all rows",
                    lane.prefix, lane.estimator(step).expression()});
}

void advance(Lane& lane, std::size_t step, const Trained& trained);

/// What is gathered for the step that comes next of several lanes.
struct Gathering {
  const Estimator* next;
  const Table* table;
  std::vector<Lane*> lanes{};

  std::vector<SplitPtr> splits() const {
    std::vector<SplitPtr> all;
    for (const Lane* lane : lanes) {
      if (std::ranges::find(all, lane->split) == all.end()) all.push_back(lane->split);
    }
    return all;
  }
  std::vector<Candidate> candidates(std::size_t step) const {
    std::vector<Candidate> all;
    for (const Lane* lane : lanes) all.push_back({&lane->estimator(step), lane->split});
    return all;
  }
};

/// Of the lanes whose maps of this step will be affine.
std::vector<Gathering> gatherings_of(const std::vector<Lane*>& lanes, std::size_t step) {
  std::map<std::pair<std::string, std::string>, std::size_t> place_of;
  std::vector<Gathering> all;
  for (Lane* lane : lanes) {
    if (step + 1 >= lane->pipeline->steps().size()) continue;
    const Estimator& next = lane->estimator(step + 1);
    if (!next.gathers() || !lane->estimator(step).gives_affine_maps()) continue;
    const auto [place, is_new] = place_of.try_emplace({next.name(), lane->table_key}, all.size());
    if (is_new) all.push_back({&next, &lane->table});
    all[place->second].lanes.push_back(lane);
  }
  return all;
}

void gather(Engine& engine, Gathering& gathering) {
  engine.set_task(gathering.next->name());
  std::shared_ptr<const StageState> found;
  try {
    found = gathering.next->gather(engine, *gathering.table, gathering.splits());
  } catch (const BadValuesError&) {
    throw;
  } catch (const AgreedError& e) {
    if (!is_the_candidates_fault(e)) throw;  // else training will find out whose
  }
  for (Lane* lane : gathering.lanes) lane->gathered_next = found;
}

/// Trains the stages of a step and gathers for the next one in the same passes, as far as there is
/// room.
void train(Engine& engine, std::vector<Stage>& stages, std::vector<Gathering> gatherings,
           std::size_t step) {
  std::vector<Engine::Work> works;
  for (Stage& stage : stages) {
    const Estimator& first = stage.estimator();
    // How many terms there are is known by now.
    if (stage.table().data->has_texts() && step > 0) {
      engine.reserve(stage.table(), footprint_for(engine, first, stage.table(), stage.candidates));
    }
    works.push_back({footprint_for(engine, first, stage.table(), stage.candidates), [&] {
                       engine.set_task(first.name());
                       stage.trained = first.fit_batch(engine, stage.table(), stage.candidates);
                     }});
  }
  for (Gathering& g : gatherings) {
    works.push_back({footprint_for(engine, *g.next, *g.table, g.candidates(step + 1)),
                     [&] { gather(engine, g); }});
  }
  engine.side_by_side_where_there_is_room(std::move(works));
}

/// Takes over the transformers that were fitted before.
void advance_by_ledger(Engine& engine, std::vector<Lane>& lanes, std::size_t step,
                       std::vector<Lane*>& left) {
  for (Lane& lane : lanes) {
    if (!lane.is_at(step)) continue;
    const auto name = name_of(lane, step);
    const auto found = name ? engine.ledger().find<FittedStep>(*name) : nullptr;
    if (found) {
      advance(lane, step, Trained(found->model));
    } else {
      left.push_back(&lane);
    }
  }
}

/// Judges a pipeline whose last step is being trained.
class JudgeBehindSteps final : public HeldOutJudge {
 public:
  explicit JudgeBehindSteps(const Lane& lane)
      : outer_(lane.judge), steps_(lane.fitted), name_(lane.pipeline->steps().back().name) {}
  bool has_room(const Engine& engine, const Table& table) const override {
    return outer_->has_room(engine, table);
  }
  ModelPtr whole(ModelPtr model) const override {
    std::vector<PipelineModel::Step> steps = steps_;
    steps.push_back({name_, std::move(model)});
    return outer_->whole(std::make_shared<PipelineModel>(std::move(steps)));
  }
  void judge_beside(Engine& engine, const std::function<void()>& look,
                    std::span<Subject> subjects) const override {
    outer_->judge_beside(engine, look, subjects);
  }

 private:
  std::shared_ptr<const HeldOutJudge> outer_;
  std::vector<PipelineModel::Step> steps_;
  std::string name_;
};

std::vector<Stage> stages_of(const std::vector<Lane*>& lanes, std::size_t step) {
  std::map<std::pair<std::string, std::string>, std::size_t> stage_of;
  std::map<std::string, std::pair<std::size_t, std::size_t>> place_of;
  std::vector<Stage> stages;
  for (Lane* at : lanes) {
    Lane& lane = *at;
    const auto [found, is_new_stage] =
        stage_of.try_emplace({lane.estimator(step).name(), lane.table_key}, stages.size());
    if (is_new_stage) stages.emplace_back();
    Stage& stage = stages[found->second];
    const auto [place, is_new] =
        place_of.try_emplace(key_of(lane, step), found->second, stage.candidates.size());
    if (is_new) {
      const bool is_last = step + 1 == lane.pipeline->steps().size();
      stage.candidates.push_back(
          {&lane.estimator(step), lane.split, lane.features, is_last ? lane.resume : nullptr,
           lane.gathered,
           is_last && lane.judge ? std::make_shared<JudgeBehindSteps>(lane) : nullptr,
           lane.columns});
      stage.lanes.emplace_back();
    }
    stages[place->second.first].lanes[place->second.second].push_back(&lane);
  }
  return stages;
}

/// The next step sees what this one makes of the columns.
void meet_columns(Lane& lane, std::size_t next, const Model& model) {
  lane.columns = std::make_shared<const Schema>(model.columns_behind(*lane.columns));
  try {
    lane.estimator(next).check_columns(*lane.columns);
  } catch (const Error& e) {
    lane.trained.failure = std::make_shared<AgreedError>(e.exit_code(), e.what());
  }
}

/// Takes the step's model along; what it does to a row comes before the next step.
void advance(Lane& lane, std::size_t step, const Trained& trained) {
  const std::string& name = lane.pipeline->steps()[step].name;
  if (trained.failure) {
    lane.trained.failure = trained.failure;
    return;
  }
  const std::string key = key_of(lane, step);
  const ModelPtr model = trained.model;
  lane.fitted.push_back({name, model});
  lane.gathered = std::exchange(lane.gathered_next, nullptr);
  lane.prefix += " | " + lane.estimator(step).expression();
  if (step + 1 < lane.pipeline->steps().size()) meet_columns(lane, step + 1, *model);
  if (step + 1 == lane.pipeline->steps().size()) {
    lane.trained.held_out = trained.held_out;
    lane.trained.told = trained.told;
    lane.trained.state = trained.state;
  } else if (const AffineMapPtr map = model->affine()) {
    lane.features = composed(lane.features, map);
  } else {
    lane.gathered = nullptr;  // of rows before this map
    if (lane.features) lane.table = lane.table.through(lane.features);
    lane.table = lane.table.through(map_in_training(model));
    lane.table_key = key;
    lane.features = nullptr;
  }
}

}  // namespace

std::vector<Trained> Pipeline::train_batch(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates) const {
  std::vector<Lane> lanes;
  const bool is_whole_table = table.maps.empty() && !table.split;
  for (const Candidate& c : candidates) {
    Lane lane{dynamic_cast<const Pipeline*>(c.estimator),
              c.split,
              table,
              "",
              c.features,
              "",
              c.resume,
              c.judge,
              c.columns};
    lane.is_inner = !is_whole_table || c.features;
    if (c.features) lane.prefix = fmt::format("{}", static_cast<const void*>(c.features.get()));
    if (!lane.columns) {
      lane.columns = std::make_shared<const Schema>(
          Schema::of_numbers(c.features ? c.features->columns_out() : table.columns()));
    }
    lanes.push_back(std::move(lane));
  }
  for (std::size_t step = 0;
       std::ranges::any_of(lanes, [&](const Lane& lane) { return lane.is_at(step); }); ++step) {
    std::vector<Lane*> left;
    advance_by_ledger(engine, lanes, step, left);
    std::vector<Stage> stages = stages_of(left, step);
    train(engine, stages, gatherings_of(left, step), step);
    for (const Stage& stage : stages) {
      for (std::size_t i = 0; i < stage.trained.size(); ++i) {
        const Lane& one = *stage.lanes[i].front();
        const auto name = name_of(one, step);
        const bool is_prefix = step + 1 < one.pipeline->steps().size();
        if (is_prefix && name && stage.trained[i].model) {
          engine.ledger().keep(*name, std::make_shared<FittedStep>(stage.trained[i].model));
        }
        for (Lane* lane : stage.lanes[i]) advance(*lane, step, stage.trained[i]);
      }
    }
  }
  std::vector<Trained> all;
  for (Lane& lane : lanes) {
    if (!lane.trained.failure) {
      lane.trained.model = std::make_shared<PipelineModel>(std::move(lane.fitted));
    }
    all.push_back(std::move(lane.trained));
  }
  return all;
}

}  // namespace superstep
