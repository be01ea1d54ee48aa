// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/rows_of_trees.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>
#include "learn/class_weight.hpp"
#include "learn/trees/draws.hpp"
#include "learn/trees/purposes.hpp"

namespace superstep::trees {

namespace {

[[noreturn]] void refuse(const Table& table, const CartTask& task, const std::string& why) {
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}{}: {}", table.data->path(),
                                task.split ? ", the training rows of a split" : "", why));
}

/// A number of rows, or a part of them, rounded up.
Index rows_of(const Value& value, Index all) {
  if (value.is_int()) return std::min<Index>(value.as_int(), Index{1} << 40);
  return static_cast<Index>(std::ceil(value.as_double() * static_cast<double>(all)));
}

bool is(const Value& value, const char* text) {
  return value.is_string() && value.as_string() == text;
}

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

RowsOfTask::RowsOfTask(const Engine& engine, const Table& table, const std::string& name,
                       const CodedTable& coded, const CartTask& task,
                       const std::vector<std::uint8_t>* trains)
    : coded_(coded), task_(task), rules_(task.rules) {
  for (Index i = 0; i < coded.rows; ++i) {
    if (trains == nullptr || (*trains)[at(i)] != 0) rows_.push_back(static_cast<std::int32_t>(i));
  }
  if (rows_.empty()) refuse(table, task, "no row with a weight above zero trains");
  if (is_of_classes(rules_.criterion)) {
    take_classes(engine, table, name);
  } else if (rules_.criterion == Criterion::poisson) {
    check_numbers(table);
  }
  set_rules();
  if (task.bootstrap) set_draws();
}

double RowsOfTask::weight(std::size_t row) const {
  const double w = coded_.weight_of(row);
  return class_factors_.empty() ? w
                                : w * class_factors_[static_cast<std::size_t>(coded_.targets[row])];
}

void RowsOfTask::take_classes(const Engine& engine, const Table& table, const std::string& name) {
  const Labels& classes = table.data->classes(engine.comm());
  rules_.classes = classes.size();
  Vector weights = Vector::Zero(classes.size());
  for (const std::int32_t i : rows_) {
    weights[static_cast<Index>(coded_.targets[at(i)])] += coded_.weight_of(at(i));
  }
  const bool by_tree = is(task_.class_weight, "balanced_subsample");
  if (!task_.class_weight.is_none() && !(by_tree && task_.bootstrap)) {
    const Value wanted = by_tree ? Value("balanced") : task_.class_weight;
    const Vector factors = class_factors(wanted, name, classes, weights);
    class_factors_.assign(factors.data(), factors.data() + factors.size());
    weights = weights.cwiseProduct(factors);
    std::erase_if(rows_, [&](std::int32_t i) { return !(weight(at(i)) > 0.0); });
  }
  if ((weights.array() > 0.0).count() < 2) {
    refuse(table, task_, "all rows that train are of one class; a classifier needs two");
  }
}

void RowsOfTask::check_numbers(const Table& table) const {
  Index negative = 0;
  double sum = 0.0;
  for (const std::int32_t i : rows_) {
    negative += coded_.targets[at(i)] < 0.0 ? 1 : 0;
    sum += coded_.targets[at(i)];
  }
  if (negative > 0) {
    refuse(table, task_,
           fmt::format("{} of /y are below 0, which criterion='poisson' does not take", negative));
  }
  if (!(sum > 0.0)) refuse(table, task_, "all targets are 0, whose logarithm there is none of");
}

void RowsOfTask::set_rules() {
  const Index n = std::ssize(rows_);
  rules_.min_rows_in_leaf = rows_of(task_.min_samples_leaf, n);
  rules_.min_rows_to_split =
      std::max({Index{2}, rows_of(task_.min_samples_split, n), 2 * rules_.min_rows_in_leaf});
}

// As scikit-learn since 1.9: rows are drawn by their weights, and a tree counts how often.
void RowsOfTask::set_draws() {
  const bool has_weights = !coded_.weights.empty() || !class_factors_.empty();
  double all = 0.0;
  for (const std::int32_t i : rows_) all += weight(at(i));
  if (has_weights) {
    double sum = 0.0;
    for (const std::int32_t i : rows_) weight_up_to_.push_back(sum += weight(at(i)));
  }
  const Value& most = task_.max_samples;
  draws_ = most.is_none() ? std::ssize(rows_)
           : most.is_int()
               ? Index{most.as_int()}
               : static_cast<Index>(std::clamp(most.as_double() * all, 1.0, 2147483647.0));
}

std::vector<std::uint32_t> RowsOfTask::times_in(Index tree) const {
  const Draws draws(key_of_tree(task_.seed, bootstrap_purpose, static_cast<std::uint64_t>(tree)));
  std::vector<std::uint32_t> times(rows_.size());
  const auto n = static_cast<std::uint64_t>(draws_);
  if (weight_up_to_.empty()) {
    for (std::uint64_t i = 0; i < n; ++i) ++times[draws.below(i, rows_.size())];
    return times;
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    const double wanted = draws.uniform(i) * weight_up_to_.back();
    const auto row = std::ranges::upper_bound(weight_up_to_, wanted) - weight_up_to_.begin();
    ++times[std::min(at(row), times.size() - 1)];
  }
  return times;
}

RowsOfTree RowsOfTask::of_tree(Index tree) const {
  RowsOfTree of;
  if (!task_.bootstrap) {
    of.rows = rows_;
    of.class_factors = class_factors_;
    if (coded_.weights.empty()) return of;
    for (const std::int32_t i : rows_) of.weights.push_back(coded_.weights[at(i)]);
    return of;
  }
  const std::vector<std::uint32_t> times = times_in(tree);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (times[i] == 0) continue;
    of.rows.push_back(rows_[i]);
    of.times.push_back(times[i]);
  }
  if (!is(task_.class_weight, "balanced_subsample")) return of;
  std::vector<double> seen(at(rules_.classes));
  for (std::size_t i = 0; i < of.rows.size(); ++i) {
    seen[at(static_cast<Index>(coded_.targets[at(of.rows[i])]))] += of.times[i];
  }
  const auto present =
      static_cast<double>(std::ranges::count_if(seen, [](double w) { return w > 0.0; }));
  for (const double w : seen) {
    of.class_factors.push_back(w > 0.0 ? static_cast<double>(draws_) / (present * w) : 0.0);
  }
  return of;
}

}  // namespace superstep::trees
