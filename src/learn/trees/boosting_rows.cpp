// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/boosting_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <superstep/core/philox.hpp>
#include "learn/trees/draws.hpp"
#include "learn/trees/node_rows.hpp"
#include "learn/trees/purposes.hpp"

namespace superstep::trees {

namespace {

/// The rows of a block as one model has them.
struct ModelRows {
  std::vector<std::uint16_t> training, held_out;
  std::vector<std::uint16_t> out_of_bag;  ///< training rows that the growing trees do not see
  std::vector<double> scores;             ///< output by output
  bool has_baseline = false;              ///< in the scores
  Index iteration = 0;                    ///< of the trees that are in the scores
  std::int64_t words_made = -1;
  double largest_gradient = 0.0, largest_hessian = 0.0;  ///< of training rows, when they were made
  std::vector<std::uint64_t> packed;                     ///< one of both, output by output
  std::vector<WideWord> wide;
  std::vector<NodeRows> trees;  ///< by output, since the words were made
};

struct BlockRows {
  BinnedRows bins;
  Index first_place = 0;
  std::vector<double> y;
  std::vector<double> weight;  ///< empty: all 1
  std::vector<ModelRows> models;
};

/// Cuts a sum into integers that can be added in any order, of which 2^-60 is lost.
void add_parts(double sum, std::int64_t& high, std::int64_t& low) {
  const double whole = std::rint(sum * 0x1p20);
  high += static_cast<std::int64_t>(whole);
  low += static_cast<std::int64_t>(std::rint((sum - whole * 0x1p-20) * 0x1p60));
}

}  // namespace

bool ModelState::is_held_out(Index place) const {
  if (!task->stopping || !(task->stopping->validation_fraction > 0.0)) return false;
  const auto word =
      Philox(task->seed, validation_purpose).at(static_cast<std::uint64_t>(place), 0)[0];
  return static_cast<double>(word) < task->stopping->validation_fraction * 0x1p32;
}

bool ModelState::is_in_bag(Index place) const {
  const auto word =
      Philox(task->seed, subsample_purpose)
          .at(static_cast<std::uint64_t>(place), static_cast<std::uint32_t>(iteration()))[0];
  return static_cast<double>(word) < task->subsample * 0x1p32;
}

class BoostingRows::Impl {
 public:
  Impl(const BinEdges& edges, const BinLayout& layout, Digits digits, bool has_columns,
       Index blocks, int workers)
      : edges_(edges),
        layout_(layout),
        digits_(digits),
        has_columns_(has_columns),
        states_(blocks),
        sums_(static_cast<std::size_t>(workers)) {}

  StatesOf<BlockRows>& states() { return states_; }

  Index begin(std::span<const ModelState> models) {
    models_ = models;
    wants_.clear();
    Index at = 0;
    const Index entries = histogram_entries(layout_);
    for (std::size_t m = 0; m < models.size(); ++m) {
      const ModelState& model = models[m];
      if (!model.is_active()) continue;
      told_.resize(models.size());
      told_[m] = at;
      if (model.quantiles) {
        at += model.quantiles->entries();
        continue;
      }
      if (model.sums_leaves) {
        for (const Grower& grower : model.growing) at += 2 * std::ssize(grower.leaves());
        continue;
      }
      if (model.is_planting()) at += planting_entries;
      for (Index k = 0; k < model.task->outputs; ++k) {
        if (model.is_planting()) {
          wants_.push_back({m, k, 0, at});
          at += entries;
          continue;
        }
        for (const int node : model.growing[static_cast<std::size_t>(k)].wanted()) {
          wants_.push_back({m, k, node, at});
          at += entries;
        }
      }
    }
    return at;
  }

  void look(int worker, const Block& block, std::span<std::int64_t> sums, Workspace& workspace) {
    std::unique_ptr<BlockRows>& state = states_.of(block.position);
    if (state == nullptr) state = make(block, workspace);
    for (std::size_t m = 0; m < models_.size(); ++m) {
      if (!models_[m].is_active()) continue;
      bring_up(*state, m, workspace);
      if (models_[m].quantiles) {
        add_quantiles(*state, m, sums.data() + told_[m], models_[m]);
        continue;
      }
      if (models_[m].is_planting()) tell(*state, m, sums.subspan(at(told_[m])), workspace);
      if (models_[m].sums_leaves) sum_leaves(*state, m, sums.subspan(at(told_[m])), workspace);
    }
    for (std::size_t w = 0; w < wants_.size(); ++w) {
      if (w == 0) fetch(*state, w);
      if (w + 1 < wants_.size()) fetch(*state, w + 1);
      add(worker, *state, w, sums);
    }
  }

  void finish(int worker, std::span<std::int64_t> sums) {
    std::vector<PackedSums>& its = sums_[static_cast<std::size_t>(worker)];
    for (std::size_t w = 0; w < std::min(its.size(), wants_.size()); ++w) {
      its[w].flush(layout_, sums.data() + wants_[w].at);
    }
  }

 private:
  enum Slot : std::size_t { gradients, hessians, scratch };
  /// A histogram that is wanted: of a model, an output and a node, and where it goes.
  struct Want {
    std::size_t model;
    Index output;
    int node;
    Index at;
  };
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  // A block is seen for the first time.

  std::unique_ptr<BlockRows> make(const Block& block, Workspace& workspace) const {
    auto made = std::make_unique<BlockRows>(
        BlockRows{BinnedRows(edges_, layout_, block, has_columns_), block.first_place, {}, {}, {}});
    made->y.assign(block.y, block.y + block.rows);
    if (block.weight != nullptr) made->weight.assign(block.weight, block.weight + block.rows);
    for (const ModelState& model : models_) {
      ModelRows& rows = made->models.emplace_back();
      if (model.is_done) continue;
      choose_rows(model, block, workspace, rows);
      rows.scores.assign(at(block.rows * model.task->outputs), 0.0);
      const std::size_t words = at(block.rows * model.task->outputs);
      digits_ == Digits::few ? rows.packed.resize(words) : rows.wide.resize(words);
      rows.trees.resize(at(model.task->outputs));
    }
    return made;
  }

  static void choose_rows(const ModelState& model, const Block& block, Workspace& workspace,
                          ModelRows& rows) {
    const auto take = [&](Index i) {
      if (!(block.weight_of(i) > 0.0)) return;
      (model.is_held_out(block.place(i)) ? rows.held_out : rows.training)
          .push_back(static_cast<std::uint16_t>(i));
    };
    if (model.task->split == nullptr) {
      for (Index i = 0; i < block.rows; ++i) take(i);
    } else {
      std::int32_t* const cells = workspace.integers(0, block.rows);
      std::int32_t* const chosen = workspace.integers(1, block.rows);
      const Index n = rows_with_role(*model.task->split, Role::train, block, cells, chosen);
      for (Index i = 0; i < n; ++i) take(chosen[i]);
    }
  }

  // A block is brought to where its model is.

  void bring_up(BlockRows& block, std::size_t m, Workspace& workspace) const {
    const ModelState& model = models_[m];
    ModelRows& rows = block.models[m];
    const Index n = block.bins.rows();
    if (model.has_baseline && !rows.has_baseline) {
      rows.has_baseline = true;
      for (Index k = 0; k < model.task->outputs; ++k) {
        std::fill_n(rows.scores.begin() + k * n, n, model.baseline[k]);
      }
    }
    for (; rows.iteration < model.iteration(); ++rows.iteration) {
      const bool has_nodes = rows.iteration + 1 == model.iteration() && rows.words_made >= 0 &&
                             !model.grown.empty() && rows.trees.front().has_root();
      for (Index k = 0; k < model.task->outputs; ++k) {
        double* const scores = rows.scores.data() + k * n;
        const Index tree = rows.iteration * model.task->outputs + k;
        if (has_nodes) {
          const Grower& grown = model.grown[at(k)];
          rows.trees[at(k)].divide(grown, layout_, block.bins);
          rows.trees[at(k)].add_leaves(grown, model.forest, tree, scores);
          walk(model.forest, tree, layout_, block.bins, rows.out_of_bag, scores);
        } else {
          walk(model.forest, tree, layout_, block.bins, rows.training, scores);
        }
        walk(model.forest, tree, layout_, block.bins, rows.held_out, scores);
      }
      for (NodeRows& tree : rows.trees) tree.forget();
    }
    if (rows.words_made != model.words) make_words(block, m, workspace);
    if (model.is_planting()) return;
    for (Index k = 0; k < model.task->outputs; ++k) {
      rows.trees[at(k)].divide(model.growing[at(k)], layout_, block.bins);
    }
  }

  // Words.

  /// Weights times the factors of the classes; null where all are 1.
  static const double* weights_of(const BlockRows& block, const ModelState& model,
                                  std::vector<double>& made) {
    if (model.class_factors.size() == 0) {
      return block.weight.empty() ? nullptr : block.weight.data();
    }
    made.resize(block.y.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i] = (block.weight.empty() ? 1.0 : block.weight[i]) *
                model.class_factors[static_cast<Index>(block.y[i])];
    }
    return made.data();
  }

  /// The rows that the coming trees see; the others are noted.
  static std::vector<std::uint16_t> draw_bag(const ModelState& model, const BlockRows& block,
                                             ModelRows& rows) {
    if (model.task->subsample >= 1.0) return rows.training;
    std::vector<std::uint16_t> in_bag;
    rows.out_of_bag.clear();
    for (const std::uint16_t row : rows.training) {
      (model.is_in_bag(block.first_place + row) ? in_bag : rows.out_of_bag).push_back(row);
    }
    return in_bag;
  }

  /// The rows' weights in place of hessians.
  static void weigh(const BlockRows& block, const ModelState& model, std::vector<double>& made,
                    double* to) {
    const double* const weight = weights_of(block, model, made);
    for (std::size_t i = 0; i < block.y.size(); ++i) to[i] = weight == nullptr ? 1.0 : weight[i];
  }

  /// What scores leave of the targets, leaf by leaf; before there is a tree all rows are one leaf.
  static void add_quantiles(const BlockRows& block, std::size_t m, std::int64_t* to,
                            const ModelState& model) {
    const ModelRows& rows = block.models[m];
    const double* const weight = block.weight.empty() ? nullptr : block.weight.data();
    const double unit = std::ldexp(1.0, leaf_digits - model.units.hessian_exponent);
    const std::vector<int> leaves =
        model.growing.empty() ? std::vector<int>{0} : model.growing.front().leaves();
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      model.quantiles->add(i, rows.trees.front().of(leaves[i]), block.y.data(), rows.scores.data(),
                           weight, unit, to);
    }
  }

  /// Of the leaves of trees that are grown, in full.
  void sum_leaves(const BlockRows& block, std::size_t m, std::span<std::int64_t> to,
                  Workspace& workspace) const {
    const ModelState& model = models_[m];
    const Index n = block.bins.rows(), all = n * model.task->outputs;
    double* const g = workspace.doubles(gradients, all);
    double* const h = workspace.doubles(hessians, all);
    std::vector<double> made;
    derivatives(model.task->loss, model.task->quantile,
                {block.models[m].scores.data(), n, model.task->outputs}, block.y.data(),
                weights_of(block, model, made), g, h, workspace.doubles(scratch, all));
    const double per_g = std::ldexp(1.0, leaf_digits - model.units.gradient_exponent);
    const double per_h = std::ldexp(1.0, leaf_digits - model.units.hessian_exponent);
    std::size_t next = 0;
    for (Index k = 0; k < model.task->outputs; ++k) {
      for (const int leaf : model.growing[at(k)].leaves()) {
        for (const std::uint16_t row : block.models[m].trees[at(k)].of(leaf)) {
          to[next] += static_cast<std::int64_t>(std::rint(g[k * n + row] * per_g));
          to[next + 1] += static_cast<std::int64_t>(std::rint(h[k * n + row] * per_h));
        }
        next += 2;
      }
    }
  }

  void make_words(BlockRows& block, std::size_t m, Workspace& workspace) const {
    const ModelState& model = models_[m];
    ModelRows& rows = block.models[m];
    const Index n = block.bins.rows(), all = n * model.task->outputs;
    double* const g = workspace.doubles(gradients, all);
    double* const h = workspace.doubles(hessians, all);
    std::vector<double> made;
    derivatives(model.task->loss, model.task->quantile,
                {rows.scores.data(), n, model.task->outputs}, block.y.data(),
                weights_of(block, model, made), g, h, workspace.doubles(scratch, all));
    if (model.task->steps == Steps::by_leaves) {
      for (Index k = 0; k < model.task->outputs; ++k) weigh(block, model, made, h + k * n);
    }
    const std::vector<std::uint16_t> in_bag = draw_bag(model, block, rows);
    rows.largest_gradient = rows.largest_hessian = 0.0;
    for (Index k = 0; k < model.task->outputs; ++k) {
      const Index from = k * n;
      raise(rows.largest_gradient, rows.training, g + from);
      raise(rows.largest_hessian, rows.training, h + from);
      if (digits_ == Digits::few) {
        pack(model, k, block.first_place, n, g + from, h + from, rows.packed.data() + from);
      } else {
        widen(model.units, n, g + from, h + from, rows.wide.data() + from);
      }
      rows.trees[at(k)].plant(in_bag);
    }
    rows.words_made = model.words;
  }

  /// Rounded up or down by chance, so that sums are right on average: who draws is the row's place.
  static void pack(const ModelState& model, Index output, Index first_place, Index n,
                   const double* g, const double* h, std::uint64_t* to) {
    const double per_g = std::ldexp(1.0, few_digits - model.units.gradient_exponent);
    const double per_h = std::ldexp(1.0, few_hessian_digits - model.units.hessian_exponent);
    const std::uint64_t key = mixed_bits(
        model.task->seed ^
        mixed_bits(static_cast<std::uint64_t>(model.iteration() * model.task->outputs + output)));
    for (Index i = 0; i < n; ++i) {
      const std::uint64_t chance =
          mixed_bits(key + static_cast<std::uint64_t>(first_place + i) * 0x9e3779b97f4a7c15U);
      const double up_g =
          static_cast<double>(static_cast<std::int32_t>(chance & 0x3fffffff)) * 0x1p-30;
      const double up_h =
          static_cast<double>(static_cast<std::int32_t>((chance >> 32) & 0x3fffffff)) * 0x1p-30;
      const auto q = static_cast<std::int32_t>(std::floor(clamped(g[i] * per_g) + up_g));
      const auto r = static_cast<std::int32_t>(std::floor(clamped(h[i] * per_h) + up_h));
      to[i] = PackedWord::of(q, r);
    }
  }
  /// Gradients that are larger than they may be are told apart: then words are made anew.
  static double clamped(double x, double most = 0x1p20) {
    return x > -most ? std::min(x, most) : -most;
  }

  static void widen(const Units& units, Index n, const double* g, const double* h, WideWord* to) {
    const double per_g = std::ldexp(1.0, many_digits - units.gradient_exponent);
    const double per_h = std::ldexp(1.0, many_digits - units.hessian_exponent);
    constexpr double most = 0x1p46;
    for (Index i = 0; i < n; ++i) {
      to[i] = {static_cast<std::int64_t>(std::rint(clamped(g[i] * per_g, most))),
               static_cast<std::int64_t>(std::rint(clamped(h[i] * per_h, most)))};
    }
  }

  // What is told beside histograms.

  void tell(const BlockRows& block, std::size_t m, std::span<std::int64_t> to,
            Workspace& workspace) const {
    const ModelState& model = models_[m];
    const ModelRows& rows = block.models[m];
    const Index n = block.bins.rows(), all = n * model.task->outputs;
    PlantingTold told;
    std::memcpy(&told, to.data(), sizeof told);
    watch(rows.largest_gradient, model.units.gradient_exponent, told.gradients);
    watch(rows.largest_hessian, model.units.hessian_exponent, told.hessians);
    if (model.is_judged()) {
      std::vector<double> made;
      const double* const weight = weights_of(block, model, made);
      double* const each = workspace.doubles(gradients, all);
      const RowScores scores{rows.scores.data(), n, model.task->outputs};
      losses_of(model.task->loss, model.task->quantile, scores, block.y.data(), each,
                workspace.doubles(scratch, all));
      double loss = 0.0, sum = 0.0;
      const RowList judged =
          model.task->stopping->validation_fraction > 0.0 ? rows.held_out : rows.training;
      for (const std::uint16_t row : judged) {
        const double w = weight == nullptr ? 1.0 : weight[row];
        loss += w * each[row];
        sum += w;
      }
      constexpr double most = 0x1p20;  // 2^22 such blocks can be added
      loss = std::ldexp(loss, -model.loss_exponent);
      sum = std::ldexp(sum, -model.weight_exponent);
      if (std::fabs(loss) < most && sum < most) {
        add_parts(loss, told.loss_high, told.loss_low);
        add_parts(sum, told.weight_high, told.weight_low);
      } else {
        ++told.too_large;
      }
    }
    std::memcpy(to.data(), &told, sizeof told);
  }

  static void raise(double& largest, RowList rows, const double* values) {
    for (const std::uint16_t row : rows) {
      const double v = std::fabs(values[row]);
      largest = std::max(largest, std::isnan(v) ? HUGE_VAL : v);
    }
  }
  static void watch(double largest, int exponent, std::int64_t (&above)[watched_exponents + 1]) {
    if (largest > 0.0) above[watched_exponents] += 1;
    for (Index j = 0; j < watched_exponents; ++j) {
      if (largest > std::ldexp(1.0, exponent - static_cast<int>(j))) above[j] += 1;
    }
  }

  RowList rows_of(const BlockRows& block, const Want& want) const {
    return block.models[want.model].trees[at(want.output)].of(want.node);
  }

  /// Asks for the first rows of a node: lists are short, and their rows lie apart.
  void fetch(const BlockRows& block, std::size_t w) const {
    if (digits_ == Digits::many) return;
    const Want& want = wants_[w];
    const RowList rows = rows_of(block, want);
    const std::uint64_t* const words =
        block.models[want.model].packed.data() + want.output * block.bins.rows();
    const std::uint8_t* const bins = block.bins.tile(layout_, 0);
    const Index stride = layout_.stride(0);
    for (const std::uint16_t row : rows.first(std::min<std::size_t>(rows.size(), 16))) {
      __builtin_prefetch(bins + Index{row} * stride);
      __builtin_prefetch(words + row);
    }
  }

  void add(int worker, const BlockRows& block, std::size_t w, std::span<std::int64_t> sums) {
    const Want& want = wants_[w];
    const ModelRows& rows = block.models[want.model];
    const RowList list = rows_of(block, want);
    if (list.empty()) return;
    const Index first = want.output * block.bins.rows();
    std::int64_t* const to = sums.data() + want.at;
    if (digits_ == Digits::many) {
      add_wide(layout_, block.bins, rows.wide.data() + first, list, to);
      return;
    }
    static const Index most_rows =
        PackedWord::most_rows(std::int64_t{1} << few_digits, std::int64_t{1} << few_hessian_digits);
    std::vector<PackedSums>& its = sums_[static_cast<std::size_t>(worker)];
    while (its.size() < wants_.size()) its.emplace_back(layout_);
    its[w].add(layout_, block.bins, rows.packed.data() + first, list, most_rows, to);
  }

  const BinEdges& edges_;
  const BinLayout& layout_;
  Digits digits_;
  bool has_columns_;
  StatesOf<BlockRows> states_;
  std::span<const ModelState> models_;
  std::vector<Want> wants_;
  std::vector<Index> told_;                    ///< where planting models are told
  std::vector<std::vector<PackedSums>> sums_;  ///< by worker, of what is wanted
};

BoostingRows::BoostingRows(const BinEdges& edges, const BinLayout& layout, Digits digits,
                           bool has_columns, Index blocks, int workers)
    : impl_(std::make_unique<Impl>(edges, layout, digits, has_columns, blocks, workers)) {}
BoostingRows::~BoostingRows() = default;
BlockStates& BoostingRows::states() { return impl_->states(); }
Index BoostingRows::begin(std::span<const ModelState> models) { return impl_->begin(models); }
void BoostingRows::look(int worker, const Block& block, std::span<std::int64_t> sums,
                        Workspace& workspace) {
  impl_->look(worker, block, sums, workspace);
}
void BoostingRows::finish(int worker, std::span<std::int64_t> sums) { impl_->finish(worker, sums); }

Index BoostingRows::bytes_of_row(const BinLayout& layout, std::span<const BoostingTask> tasks) {
  Index bytes = layout.row_bytes() + 16;
  for (const BoostingTask& task : tasks) bytes += 2 + task.outputs * (8 + 8 + 2);
  return bytes;
}

Index BoostingRows::bytes_of_worker(const BinLayout& layout, Index histograms) {
  return histograms * static_cast<Index>(PackedSums::bytes(layout));
}

}  // namespace superstep::trees
