// SPDX-License-Identifier: BSD-3-Clause
// The rows of boosting, where they lie: binned columns, scores, and which rows each node of the
// growing trees has. A block is brought to where its models are, however far behind it is (a block
// that came from another rank begins with nothing), and then adds what is wanted of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include "learn/trees/boosting.hpp"
#include "learn/trees/leaf_quantiles.hpp"

namespace superstep::trees {

/// What derivatives are made integers by: an integer q stands for q 2^(exponent - digits).
struct Units {
  int gradient_exponent = 0;  ///< no gradient is above 2^that
  int hessian_exponent = 0;
  bool operator==(const Units&) const = default;
};

/// Derivatives with few digits, rounded by chance, in one word; else with many in two.
enum class Digits { few, many };
/// Tables of so many rows have many.
inline constexpr Index most_rows_with_many_digits = 65'536;
inline constexpr int few_digits = 11;
inline constexpr int few_hessian_digits = 12;
inline constexpr int many_digits = 44;

/// Where a model stands: the same on every rank.
struct ModelState {
  const BoostingTask* task = nullptr;
  Vector class_factors{};  ///< on the weights of the classes' rows; empty: none
  Vector baseline{};
  bool has_baseline = true;     ///< else it is looked for, as leaves are, and 0 until then
  Forest forest{};              ///< of finished iterations
  std::vector<Grower> grown{};  ///< the trees of the last one, by output
  std::vector<std::vector<double>> steps{};  ///< of their leaves, where these are summed apart
  std::vector<Grower> growing{};  ///< those of this one; empty until their roots are known
  Units units{};
  int loss_exponent = 0;    ///< losses of rows are about that large
  int weight_exponent = 0;  ///< and weights
  std::int64_t words = 0;   ///< goes up when the words of the rows are to be made anew
  std::optional<LeafQuantiles> quantiles{};  ///< of leaves, while they are looked for
  bool sums_leaves = false;  ///< its trees are grown, and their leaves' steps are to be found
  bool is_done = false;
  bool waits = false;            ///< for others to have grown their trees
  std::vector<double> judged{};  ///< mean loss before the first iteration, after it, ...

  Index iteration() const { return forest.trees() / task->outputs; }
  bool is_active() const { return !is_done && !waits; }
  bool is_planting() const { return growing.empty(); }
  /// Of whose losses the early end hangs.
  bool is_judged() const { return task->stopping.has_value(); }
  bool is_held_out(Index place) const;
  /// Whether the trees of this iteration see a row.
  bool is_in_bag(Index place) const;
};

/// What a model wants to know in a superstep, beside histograms.
///   blocks with a gradient above 2^(exponent - j), for j = 0 ... watched_exponents - 1; likewise
///   hessians; and of the loss the parts of a sum and the weight it is of.
inline constexpr Index watched_exponents = 16;
struct PlantingTold {
  std::int64_t gradients[watched_exponents + 1];  ///< the last: above 0
  std::int64_t hessians[watched_exponents + 1];
  std::int64_t loss_high, loss_low, weight_high, weight_low;
  std::int64_t too_large;  ///< blocks whose loss or weight does not fit
};
inline constexpr Index planting_entries =
    static_cast<Index>(sizeof(PlantingTold) / sizeof(std::int64_t));

/// For each leaf the sums of gradients and hessians; an integer stands for 2^(exponent - digits).
inline constexpr int leaf_digits = 30;

class BoostingRows final : public Engine::TallyMap {
 public:
  /// `has_columns`: bins are kept column by column, too.
  BoostingRows(const BinEdges& edges, const BinLayout& layout, Digits digits, bool has_columns,
               Index blocks, int workers);
  ~BoostingRows() override;

  BlockStates& states();
  /// What the next superstep is to bring, and where it will be: model by model, planting ones with
  /// what they are told and a histogram for each output, growing ones with those that are wanted.
  Index begin(std::span<const ModelState> models);

  void look(int worker, const Block& block, std::span<std::int64_t> sums,
            Workspace& workspace) override;
  void finish(int worker, std::span<std::int64_t> sums) override;

  /// Bytes that are kept of a row.
  static Index bytes_of_row(const BinLayout& layout, std::span<const BoostingTask> tasks);
  /// Of a worker.
  static Index bytes_of_worker(const BinLayout& layout, Index histograms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep::trees
