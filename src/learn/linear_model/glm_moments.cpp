// SPDX-License-Identifier: BSD-3-Clause
// The first pass of a batch of generalised linear models: moments of every cell of the partitions,
// which add up to those of every split.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/products.hpp>

#include "learn/features.hpp"
#include "learn/linear_model/glm.hpp"
#include "learn/linear_model/glm_sample.hpp"

namespace superstep {

namespace {

/// A partition of the batch, or the whole table as one cell, with the runs that its sums go to. The
/// parts of a cell stand one behind the other.
struct Lane {
  const Partition* partition = nullptr;
  Index cells = 1;
  Index rows = 0, weight = 0;  ///< runs
  Index sums = 0,
        squares = 0;  ///< likewise; of sparse rows the first of one for each cell and part
  Index unusual = 0;  ///< run, of amounts: of each cell how many are negative, and zero
  std::vector<int> heaviest{};  ///< of each part: exponent of a block's weight, as expected
};

/// What is counted of a level of a split.
struct LevelRuns {
  Index rows = 0, weight = 0, sampled_weight = 0;
};

class MomentsPass {
 public:
  MomentsPass(const Table& table, const Sketch& sketch, const GlmMoments& m, Index parts)
      : m_(m),
        parts_(parts),
        sums_parts_(sums_parts(m.loss, m.columns(), parts)),
        has_amounts_(m.loss == GlmLoss::tweedie),
        has_classes_(takes_classes(m.loss)) {
    const int weight = sketch.rows_exponent + sketch.weight_exponent;
    std::vector<int> heaviest(static_cast<std::size_t>(parts), weight);
    if (has_amounts_) heaviest[1] += amount_exponent(sketch);  // weighs by w y
    for (const GlmRows& s : m.splits) {
      if (lane_index(s.split) == lanes_.size()) add_lane(s.split, sketch, heaviest);
      for (std::size_t level = 0; level < s.levels.size(); ++level) {
        levels_.push_back(
            {shape_.add(parts, sketch.rows_exponent), shape_.add(heaviest), shape_.add(heaviest)});
      }
    }
    all_ = choose_sample(table.rows(), m.columns(), m.outputs, m.panel_rows).sample;
    if (has_gram(m.columns())) {
      std::vector<int> exponents = m.spread_exponents;
      exponents.push_back(1);
      gram_ = shape_.add_symmetric(exponents, weight);
    }
    if (m.loss == GlmLoss::tube) {
      const int targets = 2 * sketch.target().exponent;
      targets_ = shape_.add(std::vector<int>{targets + weight, weight});
    }
  }

  SumShape& shape() { return shape_; }

  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    for (std::size_t i = 0; i < lanes_.size(); ++i) add_cells(i, block, sum, workspace);
    std::size_t runs = 0;
    for (const GlmRows& s : m_.splits) {
      for (const GlmLevel& level : s.levels) {
        count_level(s, level, levels_[runs++], block, sum, workspace);
      }
    }
    if (gram_ >= 0) add_gram(block, sum, workspace);
    if (targets_ < 0) return;
    for (Index r = 0; r < block.rows; ++r) {
      const double w = block.weight_of(r);
      sum[targets_][0] += w * block.y[r] * block.y[r];
      sum[targets_][1] += w;
    }
  }

  void read_targets(const Totals& totals, GlmMoments& m) const {
    if (targets_ < 0) return;
    m.target_square = totals[targets_][0] / totals[targets_][1];
    m.block_target_squares = bounds_of(targets_, 2, 1)(0, 0);
  }

  /// Adds up the cells that the split trains on.
  void read(const Totals& totals, std::size_t i, GlmRows& s) const {
    const Index d = m_.columns();
    const Lane& lane = lanes_[lane_index(s.split)];
    s.rows.assign(static_cast<std::size_t>(parts_), 0);
    s.weight = s.block_weight = Vector::Zero(parts_);
    s.sums = s.squares = s.block_squares = Matrix::Zero(sums_parts_, d);
    const Matrix weight_bounds = bounds_of(lane.weight, lane.cells * parts_, 1);
    for (Index cell = 0; cell < lane.cells; ++cell) {
      if (s.split && s.split->role_of(static_cast<std::int32_t>(cell)) != Role::train) continue;
      const Index from = cell * parts_;
      for (Index part = 0; part < parts_; ++part) {
        s.rows[static_cast<std::size_t>(part)] +=
            static_cast<Index>(totals[lane.rows][static_cast<std::size_t>(from + part)]);
      }
      s.weight += VectorView(totals[lane.weight].data() + from, parts_);
      for (Index part = 0; part < sums_parts_; ++part) {
        const Index row = cell * sums_parts_ + part;
        s.sums.row(part) += of_columns(totals, lane.sums, row).transpose();
        s.squares.row(part) += of_columns(totals, lane.squares, row).transpose();
        each_exponent(lane.squares, row,
                      [&](Index j, int e) { s.block_squares(part, j) += std::ldexp(1.0, e); });
      }
      s.block_weight += weight_bounds.middleRows(from, parts_);
      if (!has_amounts_) continue;
      const auto unusual = totals[lane.unusual].subspan(static_cast<std::size_t>(2 * cell), 2);
      s.negative += static_cast<Index>(unusual[0]);
      s.zero += static_cast<Index>(unusual[1]);
    }
    for (std::size_t level = 0; level < s.levels.size(); ++level) {
      read_level(totals, levels_[i * s.levels.size() + level], s.levels[level]);
    }
    GlmLevel& last = s.levels.back();
    last.rows = s.rows;
    last.weight = s.weight;
    last.is_trusted = true;
  }

  /// Of a column that is constant in the few blocks of the sketch nothing was known; what its
  /// squares turned out to need tells.
  std::vector<int> spread_exponents() const {
    std::vector<int> spread = m_.spread_exponents;
    for (const Lane& lane : lanes_) {
      for (Index row = 0; row < lane.cells * sums_parts_; ++row) {
        const int heaviest = lane.heaviest[static_cast<std::size_t>(row % sums_parts_)];
        each_exponent(lane.squares, row, [&](Index column, int needed) {
          const auto j = static_cast<std::size_t>(column);
          if (needed <= 2 * m_.spread_exponents[j] + heaviest) return;
          spread[j] = std::max(spread[j], (needed + 1) / 2);
        });
      }
    }
    return spread;
  }

  Matrix gram(const Totals& totals) const {
    if (gram_ < 0) return {};
    const Index n = m_.columns() + 1;
    const Matrix sums = MatrixView(totals[gram_].data(), n, n);
    const double weight = sums(n - 1, n - 1);
    return weight > 0.0 ? Matrix(sums / weight) : sums;
  }

 private:
  enum Slot : std::size_t { codes, counts, written_out };

  /// The sums of the columns for a cell and part.
  VectorView of_columns(const Totals& totals, Index run, Index row) const {
    const Index d = m_.columns();
    if (m_.is_sparse) return {totals[run + row].data(), d};
    return {totals[run].data() + row * d, d};
  }
  /// Calls f(column, exponent) for these.
  template <class F>
  void each_exponent(Index run, Index row, F&& f) const {
    const Index d = m_.columns();
    const SumShape::Run& r = shape_.run(m_.is_sparse ? run + row : run);
    for (Index j = 0; j < d; ++j) {
      const Index entry = r.entry_begin + (m_.is_sparse ? r.in_panel(j) : row * d + j);
      f(j, shape_.exponents()[static_cast<std::size_t>(entry)]);
    }
  }

  std::size_t lane_index(const SplitPtr& split) const {
    const Partition* wanted = split ? split->partition.get() : nullptr;
    return static_cast<std::size_t>(std::ranges::find(lanes_, wanted, &Lane::partition) -
                                    lanes_.begin());
  }

  /// Of the targets. Rows that were not looked at may be nearer to 1 than those that were, unless
  /// these are very small.
  static int amount_exponent(const Sketch& sketch) {
    constexpr int very_small = -20;
    const int exponent = sketch.target().exponent;
    const bool all_are_zero = exponent <= exponent_above(0.0);
    return all_are_zero || exponent > very_small ? std::max(0, exponent) : exponent;
  }

  void add_lane(const SplitPtr& split, const Sketch& sketch, const std::vector<int>& heaviest) {
    Lane lane;
    if (split) lane = {split->partition.get(), split->partition->cells()};
    lane.heaviest = heaviest;
    std::vector<int> weights;
    std::vector<std::vector<int>> sums, squares;  // of each cell and part
    for (Index cell = 0; cell < lane.cells; ++cell) {
      weights.insert(weights.end(), heaviest.begin(), heaviest.end());
      for (Index part = 0; part < sums_parts_; ++part) {
        const int weight = heaviest[static_cast<std::size_t>(part)];
        auto &sum = sums.emplace_back(), &square = squares.emplace_back();
        for (const int e : m_.spread_exponents) {
          sum.push_back(e + weight);
          square.push_back(2 * e + weight);
        }
      }
    }
    lane.rows = shape_.add(lane.cells * parts_, sketch.rows_exponent);
    lane.weight = shape_.add(weights);
    lane.sums = add_columns(sums);
    lane.squares = add_columns(squares);
    if (has_amounts_) lane.unusual = shape_.add(2 * lane.cells, sketch.rows_exponent);
    lanes_.push_back(lane);
  }

  Index add_columns(const std::vector<std::vector<int>>& exponents) {
    if (m_.is_sparse) return shape_.add_panel(exponents, 1);
    std::vector<int> all;
    for (const auto& some : exponents) all.insert(all.end(), some.begin(), some.end());
    return shape_.add(all);
  }

  /// Adds columns and weights of a block's rows, by cells and parts. Where classes are not told
  /// apart in the columns' sums they are in the weights.
  void add_columns(const Lane& lane, const Block& block, const std::int32_t* cell,
                   const double* code, const double* weights, Partial& sum,
                   Workspace& workspace) const {
    const double* column_code = code;
    if (sums_parts_ < parts_) {
      double* coarse = workspace.doubles(counts, block.rows);
      for (Index r = 0; r < block.rows; ++r) coarse[r] = static_cast<double>(cell[r]);
      column_code = coarse;
    }
    const Index rows = lane.cells * sums_parts_;
    const std::span<double> weight_sums = sum[lane.weight];
    if (m_.is_sparse) {
      const SparseRows& x = *block.x.sparse();
      const Partial::Panel sums = sum.panel(lane.sums), squares = sum.panel(lane.squares);
      sum.wrote(lane.sums, x.touched);
      sum.wrote(lane.squares, x.touched);
      with_sparse(x, block.rows, [&](auto panel) {
        math::class_sums_add(panel, column_code, weights, {sums.values, sums.rows, sums.columns},
                             {squares.values, squares.rows, squares.columns});
      });
    }
    const Index d = block.columns;
    if (m_.is_sparse || sums_parts_ < parts_) {
      for (Index r = 0; r < block.rows; ++r) {
        weight_sums[static_cast<std::size_t>(code[r])] += weights == nullptr ? 1.0 : weights[r];
      }
    }
    if (m_.is_sparse) return;
    double* by_column_code = sums_parts_ < parts_ ? workspace.doubles(written_out, rows) : nullptr;
    const math::ClassMoments out{{sum[lane.sums].data(), rows, d},
                                 {sum[lane.squares].data(), rows, d},
                                 by_column_code == nullptr ? weight_sums.data() : by_column_code};
    with_features(block, [&](auto x) {
      math::class_moments_add(x, column_code, weights, m_.shift.data(), out);
    });
  }

  void add_cells(std::size_t i, const Block& block, Partial& sum, Workspace& workspace) const {
    const Lane& lane = lanes_[i];
    std::int32_t* cell = workspace.integers(i, block.rows);
    if (lane.partition == nullptr) {
      std::fill_n(cell, block.rows, 0);
    } else {
      lane.partition->assign(block, cell);
    }
    double* code = workspace.doubles(codes, block.rows);
    for (Index r = 0; r < block.rows; ++r) {
      code[r] = static_cast<double>(cell[r] * parts_) + (has_classes_ ? block.y[r] : 0.0);
    }
    add_columns(lane, block, cell, code, block.weight, sum, workspace);
    for (Index r = 0; r < block.rows; ++r) {
      if (!(block.weight_of(r) > 0.0)) continue;
      sum[lane.rows][static_cast<std::size_t>(code[r])] += 1.0;
      if (!has_amounts_ || block.y[r] > 0.0) continue;
      const Index kind = block.y[r] < 0.0 ? 0 : 1;
      sum[lane.unusual][static_cast<std::size_t>(2 * cell[r] + kind)] += 1.0;
    }
    if (!has_amounts_) return;
    double* wy = workspace.doubles(counts, block.rows);
    for (Index r = 0; r < block.rows; ++r) {
      wy[r] = block.weight_of(r) * std::max(0.0, block.y[r]);
      code[r] += 1.0;
    }
    add_columns(lane, block, cell, code, wy, sum, workspace);
  }

  void count_level(const GlmRows& s, const GlmLevel& level, const LevelRuns& runs,
                   const Block& block, Partial& sum, Workspace& workspace) const {
    if (block.position % level.block_stride != 0) return;
    const std::int32_t* cell = workspace.integers(lane_index(s.split), block.rows);
    const std::span<double> rows = sum[runs.rows];
    const std::span<double> weight = sum[runs.weight];
    const std::span<double> sampled = sum[runs.sampled_weight];
    const Index tall = m_.panel_rows;
    for (Index first = 0, panel = 0; first < block.rows; first += tall, ++panel) {
      const double taken = level.sample.takes(block, panel) ? 1.0 : 0.0;
      if (level.block_stride == 1 && taken == 0.0) continue;  // the cells tell how many there are
      for (Index r = first; r < std::min(first + tall, block.rows); ++r) {
        const double w = block.weight_of(r);
        if (!(w > 0.0) || (s.split && s.split->role_of(cell[r]) != Role::train)) continue;
        const auto part = static_cast<std::size_t>(has_classes_ ? block.y[r] : 0.0);
        rows[part] += 1.0;
        weight[part] += w;
        sampled[part] += taken * w;
        if (!has_amounts_) continue;
        const double counted = w * std::max(0.0, block.y[r]);
        rows[1] += counted > 0.0 ? 1.0 : 0.0;
        weight[1] += counted;
        sampled[1] += taken * counted;
      }
    }
  }

  void read_level(const Totals& totals, const LevelRuns& runs, GlmLevel& level) const {
    for (const double rows : totals[runs.rows]) level.rows.push_back(static_cast<Index>(rows));
    level.weight = VectorView(totals[runs.weight].data(), parts_);
    level.sampled_weight = VectorView(totals[runs.sampled_weight].data(), parts_);
    level.is_trusted = is_trusted(level.rows, m_.columns(), m_.outputs);
  }

  void add_gram(const Block& block, Partial& sum, Workspace& workspace) const {
    const math::ExtraColumn one;
    const Index tall = m_.panel_rows;
    for (Index row = 0, panel = 0; row < block.rows; row += tall, ++panel) {
      if (!all_.takes(block, panel)) continue;
      const Index rows = std::min(tall, block.rows - row);
      const double* weight = block.weight == nullptr ? nullptr : block.weight + row;
      double* const to = sum[gram_].data();
      if (m_.is_sparse) {
        with_sparse(*block.x.sparse(), block.rows, [&](auto x) {
          add_gram_of_sparse(x.middle_rows(row, rows), weight, to, workspace);
        });
        continue;
      }
      with_features(block, [&](auto x) {
        math::gram_add({x.middle_rows(row, rows), weight, m_.shift.data(), {&one, 1}}, to);
      });
    }
  }

  template <class T>
  void add_gram_of_sparse(math::SparsePanelOf<T> x, const double* weight, double* to,
                          Workspace& workspace) const {
    const Index d = m_.columns();
    if (math::has_few_products(x, d)) return math::gram_add(x, d, weight, to);
    const math::ExtraColumn one;
    const math::Panel dense(workspace.doubles(written_out, m_.panel_rows * d), x.rows, d);
    math::write_out(x, dense);
    math::gram_add({dense, weight, nullptr, {&one, 1}}, to);
  }

  /// 2^exponent of every entry of a run: no block has more.
  Matrix bounds_of(Index run, Index rows, Index columns) const {
    Matrix bounds(rows, columns);
    const auto from = static_cast<std::size_t>(shape_.run(run).entry_begin);
    for (Index i = 0; i < bounds.size(); ++i) {
      bounds.data()[i] = std::ldexp(1.0, shape_.exponents()[from + static_cast<std::size_t>(i)]);
    }
    return bounds;
  }

  const GlmMoments& m_;
  Index parts_, sums_parts_;
  bool has_amounts_, has_classes_;
  SumShape shape_;
  std::vector<Lane> lanes_;
  std::vector<LevelRuns> levels_;  ///< of each level of each split
  RowSample all_;
  Index gram_ = -1, targets_ = -1;
};

void check(const Table& table, const GlmMoments& m, const GlmRows& s) {
  const char* where = s.split ? "among the training rows of a split" : "";
  if (!(m.total_weight(s) > 0.0)) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{} has no row with a weight above zero{}{}; check {}", table.data->path(),
                    s.split ? " " : "", where, table.data->options().weight));
  }
}

/// The distinct ones, each with the rows its second derivatives come from.
std::vector<GlmRows> distinct(const Table& table, const GlmMoments& m,
                              std::span<const SplitPtr> splits) {
  std::vector<GlmRows> found;
  for (const SplitPtr& split : splits) {
    if (std::ranges::find(found, split, &GlmRows::split) != found.end()) continue;
    GlmRows& s = found.emplace_back();
    s.split = split;
    const Index rows = split ? split->train_rows : table.rows();
    for (const Index stride : level_strides(table.data->blocks().size())) {
      const Sampling sampling = choose_sample(rows / stride, m.columns(), m.outputs, m.panel_rows);
      GlmLevel& level = s.levels.emplace_back();
      level.block_stride = stride;
      level.sample = sampling.sample;
      level.sample.block_stride = stride;
      s.is_dense = sampling.is_dense;  // that of the last level: all rows
    }
  }
  return found;
}

/// With few digits, so that values that have few (years, counts) are shifted without rounding, and
/// floats as a rule. A constant column is shifted to zero.
double short_shift(double shift, double spread) {
  const double unit = std::max(spread / 8.0, std::ldexp(1.0, std::ilogb(shift) - 22));
  return spread < std::ldexp(1.0, -100) ? shift : std::rint(shift / unit) * unit;
}

/// A column is shifted for the kernels when its mean is so many times larger than its spread: else
/// the digits that the mean costs are not missed.
Vector kernel_shift(const GlmMoments& m) {
  const double large_offset = m.in_floats ? 1.0 : 64.0;
  Vector shift = Vector::Zero(m.columns());
  for (Index j = 0; j < shift.size(); ++j) {
    const double spread = std::ldexp(1.0, m.spread_exponents[static_cast<std::size_t>(j)]);
    if (std::fabs(m.shift[j]) <= large_offset * spread) continue;
    shift[j] = m.in_floats ? short_shift(m.shift[j], spread) : m.shift[j];
  }
  return shift;
}

/// Whether products may be computed in single precision: classes bound the residuals, and what is
/// multiplied is far from where floats end.
bool is_for_floats(const Table& table, const GlmMoments& m) {
  const bool bounds_residuals = m.loss == GlmLoss::logistic || m.loss == GlmLoss::multinomial;
  if (!bounds_residuals || m.is_sparse || !table.data->is_float32() || !table.maps.empty())
    return false;
  constexpr int far = 60;
  return std::ranges::all_of(
      m.spread_exponents, [](int e) { return e <= exponent_above(0.0) || (e > -far && e < far); });
}

}  // namespace

double GlmMoments::total_weight(const GlmRows& s) const {
  return loss == GlmLoss::tweedie ? s.weight[0] : s.weight.sum();
}

const GlmRows& GlmMoments::of(const SplitPtr& split) const {
  return *std::ranges::find(splits, split, &GlmRows::split);
}

GlmMoments glm_moments(Engine& engine, const Table& table, GlmLoss loss, Index classes,
                       std::span<const SplitPtr> splits) {
  const Sketch sketch = engine.sketch(table);
  GlmMoments m;
  m.loss = loss;
  m.outputs = loss == GlmLoss::multinomial ? classes : 1;
  m.is_sparse = table.is_sparse();
  m.panel_rows = panel_rows(table.columns());
  m.shift = Eigen::Map<const Vector>(sketch.shift.data(), table.columns());
  m.spread_exponents = sketch.spread_exponents;
  if (m.is_sparse) {
    m.panel_rows = sparse_panel_rows(table.columns());
    m.shift.setZero();
    m.spread_exponents = sketch.exponents;
    // A column that is zero in the few blocks that were looked at may hold what others do.
    const int largest = *std::ranges::max_element(m.spread_exponents);
    std::ranges::replace(m.spread_exponents, exponent_above(0.0), largest);
  }
  m.kernel_shift = kernel_shift(m);
  m.splits = distinct(table, m, splits);

  const Index parts = loss == GlmLoss::tweedie ? 2 : (takes_classes(loss) ? classes : 1);
  MomentsPass pass(table, sketch, m, parts);
  const Totals totals = engine.superstep(table, pass.shape(), std::cref(pass));
  for (std::size_t i = 0; i < m.splits.size(); ++i) {
    pass.read(totals, i, m.splits[i]);
    check(table, m, m.splits[i]);
  }
  m.gram = pass.gram(totals);
  pass.read_targets(totals, m);
  m.spread_exponents = pass.spread_exponents();
  m.in_floats = is_for_floats(table, m);
  if (m.in_floats) m.kernel_shift = kernel_shift(m);
  return m;
}

std::shared_ptr<const GlmMoments> glm_moments_for(
    Engine& engine, const Table& table, GlmLoss loss, Index classes,
    std::span<const SplitPtr> splits, const std::shared_ptr<const StageState>& gathered) {
  const auto known = std::dynamic_pointer_cast<const GatheredGlm>(gathered);
  if (known != nullptr && known->moments.loss == loss) return {known, &known->moments};
  return std::make_shared<const GlmMoments>(glm_moments(engine, table, loss, classes, splits));
}

}  // namespace superstep
