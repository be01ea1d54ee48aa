// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_sample.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/gram.hpp>

namespace superstep {

namespace {

/// Up to this many parameters a model's second derivatives go into one matrix.
constexpr Index widest_dense = 1024;
/// Likewise where a quarter of the rows is sample enough: the cost of that matrix is what would
/// forbid it.
constexpr Index widest_dense_sampled = 2048;
/// Beyond, all outputs share one matrix, up to this width; then there is the diagonal alone.
constexpr Index widest_block = 2048;

RowSample sample_for(Index rows, Index parameters, Index tall) {
  const Index wanted = std::max(16 * parameters, 4 * rows / parameters);
  const Index panels = rows / tall;
  return {tall, std::clamp<Index>(rows / wanted, 1, std::max<Index>(1, panels / 4))};
}

/// Doubles of a model's matrix of second derivatives.
Index matrix_size(Index columns, Index outputs, bool is_dense) {
  const Index wide = columns + 1;
  if (is_dense) return outputs * outputs * wide * wide;
  return has_gram(columns) ? wide * wide : outputs * wide;
}

/// Scratch of a pass for so many models, however many rows a block has: panels of rows, and what
/// the kernels of products keep, who add up in a layout of their own.
Index pass_scratch(Index columns, Index outputs, Index models, Index groups) {
  const Index wide = columns + 16;  // whole packs
  const Index margins = models_in_cache(outputs) * outputs;
  const Index each_row = 3 * margins + outputs + groups + 4;
  const Index written_out = has_gram(columns) ? sparse_panel_rows(columns) : panel_rows(columns);
  const Index panel = sparse_panel_rows(columns) * each_row + written_out * columns;
  const Index together = std::min(models * outputs, margins);
  return panel + wide * (together + 32) + 128 * (together + 16);
}

}  // namespace

Index panel_rows(Index columns) {
  constexpr Index near_the_core = 32768;  // doubles
  return std::clamp<Index>(near_the_core / std::max<Index>(columns, 1) / 8 * 8, 32, 512);
}

Index sparse_panel_rows(Index columns) {
  constexpr Index enough_rows = 128;
  return std::max(panel_rows(columns), enough_rows);
}

Index models_in_cache(Index outputs) {
  constexpr Index near_the_core = 72;  // columns of the product: whole strips of its kernel
  return std::max<Index>(1, near_the_core / outputs);
}

Index sums_parts(GlmLoss loss, Index columns, Index parts) {
  constexpr Index widest_by_part = 16384;
  return takes_classes(loss) && columns > widest_by_part ? 1 : parts;
}

bool has_gram(Index columns) { return columns < widest_block; }

std::vector<Index> level_strides(Index blocks) {
  std::vector<Index> strides;
  for (const Index stride : {Index{64}, Index{8}}) {
    if (blocks >= stride + stride / 2) strides.push_back(stride);
  }
  strides.push_back(1);
  return strides;
}

bool is_trusted(std::span<const Index> rows, Index columns, Index outputs) {
  const Index parameters = outputs * (columns + 1);
  const Index all = std::accumulate(rows.begin(), rows.end(), Index{0});
  return all >= 16 * parameters &&
         std::ranges::all_of(rows, [&](Index n) { return n >= 2 * (columns + 1); });
}

Sampling choose_sample(Index rows, Index columns, Index outputs, Index tall) {
  const Index parameters = outputs * (columns + 1);
  const RowSample sample = sample_for(rows, parameters, tall);
  if (parameters <= widest_dense || (parameters <= widest_dense_sampled && sample.stride >= 4)) {
    return {sample, true};
  }
  return {sample_for(rows, columns + 1, tall), false};
}

Index most_together(Index columns, Index outputs, bool is_dense) {
  constexpr Index room = Index{1} << 24;  // doubles
  return std::clamp<Index>(room / matrix_size(columns, outputs, is_dense), 1, 1024);
}

Footprint glm_footprint(GlmLoss loss, Index columns, Index outputs,
                        std::span<const Candidate> batch) {
  std::set<const Split*> splits;
  for (const Candidate& c : batch) splits.insert(c.split.get());
  const auto n_splits = static_cast<Index>(splits.size());
  // Where parts are outputs of a loss they are one model, else a model each.
  const Index parts = loss == GlmLoss::tweedie ? 2 : std::max<Index>(outputs, 2);
  const auto candidates = static_cast<Index>(batch.size()) * (is_hinged(loss) ? outputs : 1);
  if (is_hinged(loss)) outputs = 1;
  const Index cells = cells_of(batch);
  const Index wide = columns + 1;
  const Index parameters = outputs * wide;
  const bool is_dense = parameters <= widest_dense_sampled;
  const Index together = std::min(candidates, most_together(columns, outputs, is_dense));
  const Index pairs = outputs * (outputs + 1) / 2;
  Footprint first, further;
  const Index of_columns = sums_parts(loss, columns, parts);
  first.sums = cells * (of_columns * 2 * columns + 2 * parts + 1) + 9 * parts * n_splits +
               (has_gram(columns) ? wide * wide : 0);
  first.row_doubles = 2 + n_splits;
  further.sums = together * (1 + parameters + (is_dense ? pairs * wide * wide : 0));
  further.row_doubles = 3 + n_splits;
  // What the first pass told; the matrix of a model, its factor and what they are made from; steps,
  // gradients, maps.
  further.replicated = (has_gram(columns) ? wide * wide : 0) +
                       n_splits * (of_columns * 3 * columns + 5 * parts) +
                       together * (3 * matrix_size(columns, outputs, is_dense) + 40 * parameters);
  first.replicated = first.sums;
  first.thread_doubles = has_gram(columns) ? gram_scratch(wide) : 0;
  // Class weights may differ from candidate to candidate.
  further.thread_doubles =
      pass_scratch(columns, outputs, together, candidates) + (is_dense ? gram_scratch(wide) : 0);
  return first | further;
}

}  // namespace superstep
