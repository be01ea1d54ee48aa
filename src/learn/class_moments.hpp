// SPDX-License-Identifier: BSD-3-Clause
// Second moments of the rows of each class, for the folds of a batch: a class is a fold of its own.
// A finer partition, of cells times classes, gives each class of a split's training rows a split
// that trains on them, and all that is known of splits serves classes as well: one pass for all,
// another look where moments are lost, principal axes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <superstep/learn/gram.hpp>

namespace superstep {

/// For each split (null: all rows of the table) and class the split that trains on its rows.
class ClassSplits {
 public:
  ClassSplits(const Table& table, Index classes, std::span<const SplitPtr> splits);

  /// All rows, seen as the table shows them: what the splits are of.
  const Table& table() const { return table_; }
  Index classes() const { return classes_; }
  const SplitPtr& of(const SplitPtr& split, Index k) const {
    return by_class_.at(split)[static_cast<std::size_t>(k)];
  }
  const std::vector<SplitPtr>& all() const { return all_; }

 private:
  Table table_;
  Index classes_;
  std::map<SplitPtr, std::vector<SplitPtr>> by_class_;
  std::vector<SplitPtr> all_;
};

/// The sums of one pass over the rows of all classes and splits.
struct ClassMoments : StageState {
  ClassMoments(Engine& engine, const Table& table, Index classes,
               std::span<const SplitPtr> splits_of_rows);

  bool has_rows(const SplitPtr& split, Index k) const {
    return sums->sums->has_rows(splits.of(split, k));
  }
  /// Of each class, seen through a map (may be null); none for one without rows. Where digits are
  /// lost beyond `bearable` (Moments::amplification) its rows are looked at again. **Collective.**
  std::vector<std::optional<Moments>> of(Engine& engine, const SplitPtr& split,
                                         const AffineMapPtr& map,
                                         double bearable = Moments::most_amplification) const;

  ClassSplits splits;
  std::shared_ptr<const GatheredMoments> sums;
};

/// What was gathered for these candidates, if anything; else the sums of a pass. The bits are the
/// same. **Collective.**
std::shared_ptr<const ClassMoments> class_moments_for(Engine& engine, const Table& table,
                                                      std::span<const Candidate> candidates);

/// The classes that a split trains on, by number; AgreedError unless there are two at least.
std::vector<Index> present_classes(const ClassMoments& moments, const Table& table,
                                   const SplitPtr& split);

}  // namespace superstep
