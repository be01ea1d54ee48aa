// SPDX-License-Identifier: BSD-3-Clause
#include "learn/class_moments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <superstep/core/error.hpp>

#include "learn/seen_moments.hpp"

namespace superstep {

namespace {

/// The cells of a partition (null: one cell), each divided by class.
class ByClass final : public Partition {
 public:
  ByClass(std::shared_ptr<const Partition> base, Index classes)
      : base_(std::move(base)), classes_(classes) {}
  Index cells() const override { return (base_ ? base_->cells() : 1) * classes_; }
  void assign(const Block& block, std::int32_t* cell) const override {
    if (base_) {
      base_->assign(block, cell);
    } else {
      std::fill_n(cell, block.rows, 0);
    }
    const auto classes = static_cast<std::int32_t>(classes_);
    for (Index i = 0; i < block.rows; ++i) {
      cell[i] = cell[i] * classes + static_cast<std::int32_t>(block.y[i]);
    }
  }

 private:
  std::shared_ptr<const Partition> base_;
  Index classes_;
};

/// The classes of the rows with one role in a split, and one cell with all other rows.
class OfOneSplit final : public Partition {
 public:
  OfOneSplit(SplitPtr base, Role role, Index classes)
      : base_(std::move(base)), role_(role), classes_(classes) {}
  Index cells() const override { return classes_ + 1; }
  void assign(const Block& block, std::int32_t* cell) const override {
    base_->partition->assign(block, cell);
    for (Index i = 0; i < block.rows; ++i) {
      const bool is_its = base_->role_of(cell[i]) == role_;
      cell[i] = static_cast<std::int32_t>(is_its ? static_cast<Index>(block.y[i]) : classes_);
    }
  }

 private:
  SplitPtr base_;
  Role role_;
  Index classes_;
};

/// The split of a partition that trains on some of its cells.
template <class F>
SplitPtr training_on(std::shared_ptr<const Partition> partition, Index rows, F&& is_its) {
  auto split = std::make_shared<Split>();
  for (Index cell = 0; cell < partition->cells(); ++cell) {
    split->roles.push_back(is_its(cell) ? Role::train : Role::unused);
  }
  split->partition = std::move(partition);
  split->train_rows = rows;  // at most
  return split;
}

}  // namespace

ClassSplits::ClassSplits(const Table& table, Index classes, std::span<const SplitPtr> splits)
    : table_(table), classes_(classes) {
  table_.split = nullptr;
  const std::set<SplitPtr> distinct(splits.begin(), splits.end());
  std::map<const Partition*, std::shared_ptr<const Partition>> finer;
  for (const SplitPtr& split : splits) {
    if (by_class_.contains(split)) continue;
    // All rows of a table may be those of a split.
    const SplitPtr& base = split ? split : table.split;
    const Role role = split ? Role::train : table.role;
    const Index rows = base ? base->rows(role) : table.data->rows();
    const bool is_alone = base && distinct.size() == 1;
    const std::shared_ptr<const Partition> partition = base ? base->partition : nullptr;
    auto& its = finer[partition.get()];
    if (!its && is_alone) its = std::make_shared<OfOneSplit>(base, role, classes);
    if (!its) its = std::make_shared<ByClass>(partition, classes);
    std::vector<SplitPtr>& of_split = by_class_[split];
    for (Index k = 0; k < classes; ++k) {
      of_split.push_back(training_on(its, rows, [&](Index cell) {
        if (is_alone || !base) return cell == k;
        const auto coarse = static_cast<std::int32_t>(cell / classes);
        return cell % classes == k && base->role_of(coarse) == role;
      }));
      all_.push_back(of_split.back());
    }
  }
}

ClassMoments::ClassMoments(Engine& engine, const Table& table, Index classes,
                           std::span<const SplitPtr> splits_of_rows)
    : splits(table, classes, splits_of_rows) {
  constexpr MomentsRequest request{.centred = true, .target = false};
  auto gathered = std::make_shared<GatheredMoments>();
  gathered->request = request;
  gathered->sums =
      std::make_shared<const MomentSums>(engine, splits.table(), request, splits.all());
  sums = std::move(gathered);
}

std::vector<std::optional<Moments>> ClassMoments::of(Engine& engine, const SplitPtr& split,
                                                     const AffineMapPtr& map,
                                                     double bearable) const {
  std::vector<View> views;
  for (Index k = 0; k < splits.classes(); ++k) {
    if (has_rows(split, k)) views.push_back({splits.of(split, k), map});
  }
  std::vector<Moments> seen =
      seen_moments(engine, splits.table(), *sums->sums, sums->request, views, bearable);
  std::vector<std::optional<Moments>> all(static_cast<std::size_t>(splits.classes()));
  auto next = seen.begin();
  for (Index k = 0; k < splits.classes(); ++k) {
    if (has_rows(split, k)) all[static_cast<std::size_t>(k)] = std::move(*next++);
  }
  return all;
}

std::shared_ptr<const ClassMoments> class_moments_for(Engine& engine, const Table& table,
                                                      std::span<const Candidate> candidates) {
  const auto gathered = gathered_for(candidates);
  if (auto known = std::dynamic_pointer_cast<const ClassMoments>(gathered)) return known;
  std::vector<SplitPtr> splits;
  for (const Candidate& c : candidates) splits.push_back(c.split);
  const Index classes = table.data->classes(engine.comm()).size();
  return std::make_shared<const ClassMoments>(engine, table, classes, splits);
}

std::vector<Index> present_classes(const ClassMoments& moments, const Table& table,
                                   const SplitPtr& split) {
  std::vector<Index> present;
  for (Index k = 0; k < moments.splits.classes(); ++k) {
    if (moments.has_rows(split, k)) present.push_back(k);
  }
  if (present.size() >= 2) return present;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: {} of its classes {} rows with a weight above zero{}, where "
                                "two are needed; check the targets and {}",
                                table.data->y_name(), present.empty() ? "none" : "only one",
                                present.empty() ? "have" : "has",
                                split ? " among the training rows of a split" : "",
                                table.data->options().weight));
}

}  // namespace superstep
