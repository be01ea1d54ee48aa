// SPDX-License-Identifier: BSD-3-Clause
#include "learn/compose/branches.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/features.hpp"

namespace superstep {

namespace {

constexpr Index rows_at_once = 256;

/// Some columns of a row, side by side.
class ChosenColumns final : public RowMap {
 public:
  ChosenColumns(Index columns, std::vector<Index> chosen)
      : columns_(columns), chosen_(std::move(chosen)) {}
  Index columns_in() const override { return columns_; }
  Index columns_out() const override { return std::ssize(chosen_); }
  void apply(const double* in, Index rows, double* out) const override {
    for (Index i = 0; i < rows; ++i, in += columns_) {
      for (const Index c : chosen_) *out++ = in[c];
    }
  }

 private:
  Index columns_;
  std::vector<Index> chosen_;
};

/// A branch that has learnt.
struct FittedBranch {
  std::string name;
  ModelPtr model;  ///< null: the columns as they are
  std::vector<Index> columns;
  double factor = 1.0;

  Index width() const { return model ? model->width(Method::transform) : std::ssize(columns); }
};

class BranchedModel final : public Model {
 public:
  BranchedModel(Index features, std::vector<FittedBranch> branches, BranchNames names)
      : features_(features), branches_(std::move(branches)), names_(names) {
    for (const FittedBranch& branch : branches_) {
      width_ += branch.width();
      if (!branch.model) continue;
      for (const std::string& w : branch.model->report().warnings) {
        report_.warnings.push_back(branch.name + ": " + w);
      }
    }
  }

  Index features() const override { return features_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return width_; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override;
  Schema columns_behind(const Schema& in) const override;
  /// All that have columns do, if any does: check_texts().
  bool reads_texts() const override {
    return std::ranges::any_of(
        branches_, [](const FittedBranch& b) { return b.model && b.model->reads_texts(); });
  }
  Index sparse_scratch(Method method) const override;
  bool keeps_sparse() const override {
    return reads_texts() && std::ranges::all_of(branches_, [](const FittedBranch& b) {
             return b.width() == 0 || b.model->keeps_sparse();
           });
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  bool is_cross_fitted() const override {
    return std::ranges::any_of(
        branches_, [](const FittedBranch& b) { return b.model && b.model->is_cross_fitted(); });
  }
  void transform_in_training(const Block& block, math::ConstPanel x,
                             math::Panel out) const override;
  void apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const override;
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  /// transform(model, x, out) for each branch that has learnt.
  template <class F>
  void each_branch(math::ConstPanel x, math::Panel out, F&& transform) const;

  Index features_;
  std::vector<FittedBranch> branches_;
  BranchNames names_;
  Index width_ = 0;
};

MayMiss BranchedModel::may_miss(const MayMiss& behind) const {
  std::vector<char> where(static_cast<std::size_t>(features_), 1);
  Index first = 0;
  for (const FittedBranch& branch : branches_) {
    std::vector<char> its(static_cast<std::size_t>(branch.width()));
    for (std::size_t i = 0; i < its.size(); ++i) {
      its[i] = static_cast<char>(behind.in(first + static_cast<Index>(i)));
    }
    first += branch.width();
    const MayMiss behind_it(std::move(its));
    const MayMiss before = branch.model ? branch.model->may_miss(behind_it) : behind_it;
    for (std::size_t i = 0; i < branch.columns.size(); ++i) {
      if (!before.in(static_cast<Index>(i))) where[static_cast<std::size_t>(branch.columns[i])] = 0;
    }
  }
  return MayMiss(std::move(where));
}

Schema BranchedModel::columns_behind(const Schema& in) const {
  std::vector<Column> columns;
  for (const FittedBranch& branch : branches_) {
    Schema its = in.chosen(branch.columns);
    if (!its.has_names()) {
      std::vector<Column> named = its.columns();
      for (std::size_t i = 0; i < named.size(); ++i) {
        named[i].name = fmt::format("x{}", branch.columns[i]);
      }
      its = Schema(std::move(named));
    }
    if (branch.model) its = branch.model->columns_behind(its);
    for (Column column : its.columns()) {
      if (names_ == BranchNames::prefixed) column.name = branch.name + "__" + column.name;
      columns.push_back(std::move(column));
    }
  }
  return Schema(std::move(columns));
}

template <class F>
void BranchedModel::each_branch(math::ConstPanel x, math::Panel out, F&& transform) const {
  std::vector<double> from, to;
  Index first = 0;
  for (const FittedBranch& branch : branches_) {
    const Index taken = std::ssize(branch.columns);
    const Index width = branch.width();
    from.resize(static_cast<std::size_t>(x.rows * taken));
    double* at = from.data();
    for (Index i = 0; i < x.rows; ++i) {
      for (const Index c : branch.columns) *at++ = x.row(i)[c];
    }
    const double* made = from.data();
    if (branch.model) {
      to.resize(static_cast<std::size_t>(x.rows * width));
      transform(*branch.model, math::ConstPanel(from.data(), x.rows, taken),
                math::Panel(to.data(), x.rows, width));
      made = to.data();
    }
    for (Index i = 0; i < x.rows; ++i) {
      double* row = out.row(i) + first;
      for (Index c = 0; c < width; ++c) row[c] = branch.factor * *made++;
    }
    first += width;
  }
}

void BranchedModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  for (Index begin = 0; begin < x.rows; begin += rows_at_once) {
    const Index rows = std::min(rows_at_once, x.rows - begin);
    each_branch({x.row(begin), rows, x.columns, x.stride},
                {out.row(begin), rows, out.columns, out.stride},
                [&](const Model& model, math::ConstPanel in, math::Panel to) {
                  model.apply(method, in, to);
                });
  }
}

void BranchedModel::transform_in_training(const Block& block, math::ConstPanel x,
                                          math::Panel out) const {
  each_branch(x, out, [&](const Model& model, math::ConstPanel in, math::Panel to) {
    model.transform_in_training(block, in, to);
  });
}

void BranchedModel::apply_sparse(Method method, const SparseRows& x, Index rows,
                                 math::Panel out) const {
  if (!reads_texts() || keeps_sparse()) return Model::apply_sparse(method, x, rows, out);
  Index first = 0;
  for (const FittedBranch& branch : branches_) {
    const Index width = branch.width();
    if (width == 0) continue;
    const math::Panel its(out.data + first, rows, width, out.stride);
    branch.model->apply_sparse(method, x, rows, its);
    for (Index i = 0; i < rows; ++i) {
      for (Index c = 0; c < width; ++c) its.row(i)[c] *= branch.factor;
    }
    first += width;
  }
}

Index BranchedModel::sparse_scratch(Method method) const {
  if (!reads_texts() || keeps_sparse()) return Model::sparse_scratch(method);
  Index most = 0;
  for (const FittedBranch& b : branches_) {
    if (b.width() > 0) most = std::max(most, b.model->sparse_scratch(method));
  }
  return most;
}

void BranchedModel::transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  std::vector<SparseRowsOut> made(branches_.size());
  std::vector<const SparseRows*> parts;
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    made[b].begin(branches_[b].width());
    if (branches_[b].width() > 0) branches_[b].model->transform_sparse(in, rows, made[b]);
    parts.push_back(&made[b].rows());
  }
  for (Index i = 0; i < rows; ++i) {
    Index first = 0;
    for (std::size_t b = 0; b < branches_.size(); ++b) {
      if (branches_[b].width() == 0) continue;
      const SparseRows& part = *parts[b];
      for (Index k = part.begin[i]; k < part.end[i]; ++k) {
        out.put(static_cast<std::int32_t>(first + part.columns[k]),
                branches_[b].factor * part.value(k));
      }
      first += branches_[b].width();
    }
    out.end_row();
  }
}

void BranchedModel::save(const AttributeWriter& out) const {
  Length columns, count;
  out.size("n_features_in_", columns, features_);
  std::vector<std::string> names;
  for (const FittedBranch& branch : branches_) {
    names.push_back(branch.name);
    const AttributeWriter below = out.below("transformers/" + branch.name + "/");
    Length chosen;
    below("columns", branch.columns, chosen);
    below("factor", branch.factor);
    if (branch.model) branch.model->save(below);
  }
  out("transformer_names", names, count);
}

/// Branches of several candidates that are one training.
struct Training {
  const Branch* branch;
  std::vector<Candidate> candidates{};
  std::vector<std::pair<std::size_t, std::size_t>> users{};  ///< candidate's number, of its branch
  std::vector<std::size_t> candidate_of{};                   ///< of each user
  std::vector<Trained> trained{};
};

std::string key_of(const Branch& branch) {
  return fmt::format("{} {}", branch.estimator->name(), fmt::join(branch.columns, ","));
}

std::vector<Training> trainings_of(const std::vector<BranchSet>& sets,
                                   std::span<const Candidate> candidates) {
  std::map<std::string, std::size_t> place_of;
  std::map<std::string, std::size_t> candidate_of;
  std::vector<Training> all;
  for (std::size_t k = 0; k < sets.size(); ++k) {
    for (std::size_t b = 0; b < sets[k].branches.size(); ++b) {
      const Branch& branch = sets[k].branches[b];
      if (!branch.estimator || branch.columns.empty()) continue;
      const std::string key = key_of(branch);
      const auto [place, is_new] = place_of.try_emplace(key, all.size());
      if (is_new) all.push_back({&branch});
      Training& training = all[place->second];
      const std::string whole = fmt::format("{} | {} @{}", key, branch.estimator->expression(),
                                            static_cast<const void*>(candidates[k].split.get()));
      const auto [one, is_first] = candidate_of.try_emplace(whole, training.candidates.size());
      if (is_first) {
        Candidate candidate{branch.estimator.get(), candidates[k].split};
        candidate.columns =
            std::make_shared<const Schema>(candidates[k].columns->chosen(branch.columns));
        training.candidates.push_back(std::move(candidate));
      }
      training.users.emplace_back(k, b);
      training.candidate_of.push_back(one->second);
    }
  }
  return all;
}

}  // namespace

std::vector<Trained> train_branches(Engine& engine, const Table& table,
                                    const std::vector<BranchSet>& sets,
                                    std::span<const Candidate> candidates) {
  std::vector<Training> trainings = trainings_of(sets, candidates);
  std::vector<Engine::Work> works;
  std::vector<Table> tables;
  for (const Training& t : trainings) {
    tables.push_back(
        t.branch->estimator->reads_texts()
            ? table
            : table.through(std::make_shared<ChosenColumns>(table.columns(), t.branch->columns)));
  }
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    Training& t = trainings[i];
    const Table& its_table = tables[i];
    works.push_back({footprint_for(engine, *t.branch->estimator, its_table, t.candidates), [&] {
                       engine.set_task(t.branch->estimator->name());
                       t.trained = t.branch->estimator->fit_batch(engine, its_table, t.candidates);
                     }});
  }
  engine.side_by_side_where_there_is_room(std::move(works));

  std::vector<std::vector<FittedBranch>> fitted(sets.size());
  std::vector<Trained> all(sets.size());
  for (std::size_t k = 0; k < sets.size(); ++k) {
    for (const Branch& b : sets[k].branches) {
      fitted[k].push_back({b.name, nullptr, b.columns, b.factor});
    }
  }
  for (const Training& t : trainings) {
    for (std::size_t u = 0; u < t.users.size(); ++u) {
      const auto [k, b] = t.users[u];
      const Trained& one = t.trained[t.candidate_of[u]];
      if (one.failure && !all[k].failure) all[k].failure = one.failure;
      fitted[k][b].model = one.model;
    }
  }
  for (std::size_t k = 0; k < sets.size(); ++k) {
    if (all[k].failure) continue;
    all[k].model =
        std::make_shared<BranchedModel>(table.columns(), std::move(fitted[k]), sets[k].names);
  }
  return all;
}

std::shared_ptr<Model> load_branches(
    const AttributeReader& in,
    const std::vector<std::pair<std::string, std::shared_ptr<const Estimator>>>& estimators,
    BranchNames names) {
  Length columns, count;
  in.size("n_features_in_", columns);
  std::vector<std::string> found;
  in("transformer_names", found, count);
  std::vector<FittedBranch> branches;
  for (const std::string& name : found) {
    const auto estimator =
        std::ranges::find(estimators, name, [](const auto& e) { return e.first; });
    if (estimator == estimators.end()) {
      throw DataError(fmt::format("{} names '{}', which the estimator does not have",
                                  in.path("transformer_names"), name));
    }
    const AttributeReader below = in.below("transformers/" + name + "/");
    FittedBranch branch{.name = name, .model = nullptr, .columns = {}};
    Length chosen;
    below("columns", branch.columns, chosen);
    below("factor", branch.factor);
    for (const Index c : branch.columns) {
      if (c < columns.value) continue;
      throw DataError(
          fmt::format("{} chooses column {} of {}", below.path("columns"), c, columns.value));
    }
    if (estimator->second && !branch.columns.empty()) {
      branch.model = estimator->second->load(below);
      if (branch.model->features() != std::ssize(branch.columns)) {
        throw DataError(fmt::format("{} takes {} columns, but {} are chosen for it", below.path(""),
                                    branch.model->features(), branch.columns.size()));
      }
    }
    branches.push_back(std::move(branch));
  }
  return std::make_shared<BranchedModel>(columns.value, std::move(branches), names);
}

MayMiss may_miss_in(const std::vector<Branch>& branches, const Schema& columns,
                    const MayMiss& behind) {
  std::vector<char> where(static_cast<std::size_t>(columns.size()), 1);
  const MayMiss uniform(behind.is_everywhere());
  for (const Branch& branch : branches) {
    const Schema its = columns.chosen(branch.columns);
    const MayMiss before = branch.estimator ? branch.estimator->may_miss(&its, uniform) : uniform;
    for (std::size_t i = 0; i < branch.columns.size(); ++i) {
      if (!before.in(static_cast<Index>(i))) where[static_cast<std::size_t>(branch.columns[i])] = 0;
    }
  }
  return MayMiss(std::move(where));
}

Index most_columns_of(const std::vector<Branch>& branches, const Schema& columns) {
  Index sum = 0;
  for (const Branch& b : branches) {
    sum += b.estimator ? b.estimator->most_columns_behind(columns.chosen(b.columns))
                       : std::ssize(b.columns);
  }
  return sum;
}

BranchBatch branch_batch(std::span<const Candidate> batch, const Schema& columns,
                         const std::function<std::vector<Branch>(const Estimator&)>& branches_of) {
  BranchBatch all;
  const auto schema = std::make_shared<const Schema>(columns);
  std::set<std::pair<std::string, SplitPtr>> known;
  std::map<const Estimator*, std::string> expressions;
  for (const Candidate& c : batch) {
    std::string& expression = expressions[c.estimator];
    if (expression.empty()) expression = c.estimator->expression();
    if (!known.insert({expression, c.split}).second) continue;
    all.sets.push_back({branches_of(*c.estimator)});
    all.candidates.push_back({c.estimator, c.split});
    all.candidates.back().columns = schema;
  }
  return all;
}

namespace {

template <class F>
Footprint sum_of(const BranchBatch& batch, Index columns, F&& of_training) {
  Footprint all;
  for (const Training& t : trainings_of(batch.sets, batch.candidates)) {
    all = all + of_training(*t.branch->estimator, std::ssize(t.branch->columns), t.candidates) +
          Engine::of_a_stack();
  }
  all.row_doubles += columns;  // those that were chosen
  return all;
}

}  // namespace

Footprint footprint_of(const BranchBatch& batch, Index columns, Index classes) {
  return sum_of(batch, columns, [&](const Estimator& e, Index its, std::span<const Candidate> c) {
    return e.footprint(its, classes, c);
  });
}

Footprint ample_footprint_of(const BranchBatch& batch, Index columns, Index classes) {
  return sum_of(batch, columns, [&](const Estimator& e, Index its, std::span<const Candidate> c) {
    return e.ample_footprint(its, classes, c);
  });
}

TrainingCost cost_of(const BranchBatch& batch, Index classes) {
  TrainingCost longest{0, 0, 0.0};
  for (const Training& t : trainings_of(batch.sets, batch.candidates)) {
    const TrainingCost one =
        t.branch->estimator->cost(std::ssize(t.branch->columns), classes, t.candidates);
    longest.passes = std::max(longest.passes, one.passes);
    longest.most_passes = std::max(longest.most_passes, one.most_passes);
    longest.flops_per_row += one.flops_per_row;
  }
  return longest;
}

void check_texts(const std::vector<Branch>& branches, const Schema& columns,
                 const std::string& parent) {
  const auto reads_texts = [](const Branch& b) {
    return b.estimator && b.estimator->reads_texts();
  };
  if (std::ranges::none_of(branches, reads_texts)) return;
  if (columns.size() != 1) {
    throw DataError(
        fmt::format("{}: texts beside other columns are not among what it takes yet; "
                    "name the texts alone: --x /table/NAME, and the targets by --y "
                    "/table/NAME",
                    parent));
  }
  const auto other = std::ranges::find_if(
      branches, [&](const Branch& b) { return !b.columns.empty() && !reads_texts(b); });
  if (other != branches.end()) {
    throw DataError(
        fmt::format("{}: '{}' would hand on texts, which are no numbers", parent, other->name));
  }
}

}  // namespace superstep
