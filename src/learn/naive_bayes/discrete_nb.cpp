// SPDX-License-Identifier: BSD-3-Clause
#include "learn/naive_bayes/discrete_nb.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <superstep/math/links.hpp>

#include "learn/features.hpp"

namespace superstep {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Settings.

Vector numbers_of(const Value& list) {
  Vector numbers(static_cast<Index>(list.items().size()));
  for (Index i = 0; i < numbers.size(); ++i) {
    numbers[i] = list.items()[static_cast<std::size_t>(i)].as_double();
  }
  return numbers;
}

bool are_not_negative(const Value& value) {
  return value.is_sequence() && !value.items().empty() &&
         std::ranges::all_of(value.items(), [](const Value& v) {
           return v.is_number() && v.as_double() >= 0.0 && v.as_double() < infinity;
         });
}

Vector alpha_of(const std::string& estimator, const NBSettings& s, Index columns,
                FitReport& report) {
  Vector alpha = s.alpha.is_number() ? Vector(Vector::Constant(columns, s.alpha.as_double()))
                                     : numbers_of(s.alpha);
  if (alpha.size() != columns) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("{}: when alpha is a list, it should hold a number for each column; there are "
                    "{} numbers and {} columns",
                    estimator, alpha.size(), columns));
  }
  constexpr double least = 1e-10;
  if (!s.force_alpha && alpha.minCoeff() < least) {
    report.warnings.push_back(fmt::format(
        "alpha is below {:.0e}, which is taken instead; force_alpha=True keeps it", least));
    alpha = alpha.cwiseMax(least);
  }
  return alpha;
}

Vector log_prior_of(const std::string& estimator, const NBSettings& s, const Vector& class_count) {
  const Index classes = class_count.size();
  if (!s.class_prior.is_none()) {
    const Vector given = numbers_of(s.class_prior);
    if (given.size() != classes) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("{}: Number of priors must match number of classes "
                                    "(class_prior={}, {} classes)",
                                    estimator, s.class_prior.repr(), classes));
    }
    return given.unaryExpr([](double p) { return math::log(p); });
  }
  if (s.fit_prior) {
    double total = 0.0;
    for (const double w : class_count) total += w;
    const double log_total = math::log(total);
    return class_count.unaryExpr([&](double w) { return math::log(w) - log_total; });
  }
  const double each = -math::log(static_cast<double>((class_count.array() > 0.0).count()));
  return class_count.unaryExpr([&](double w) { return w > 0.0 ? each : -infinity; });
}

/// alpha and priors with scikit-learn's conditions and words.
NBFit fit_of(const std::string& estimator, const NBSettings& settings, NBCounts counts) {
  NBFit fit;
  fit.counts = std::move(counts);
  const NBCounts& c = fit.counts;
  if (!(c.class_count.maxCoeff() > 0.0)) {
    throw AgreedError(ExitCode::bad_data, "no class has a row with a weight above zero");
  }
  fit.alpha = alpha_of(estimator, settings, c.feature_count.cols(), fit.report);
  fit.log_prior = log_prior_of(estimator, settings, c.class_count);
  fit.log_prob.resize(c.feature_count.rows(), c.feature_count.cols());
  for (Index k = 0; k < c.class_count.size(); ++k) {
    if (fit.is_present(k)) continue;
    fit.report.warnings.push_back(
        fmt::format("class {} has no row with a weight above zero and will never be predicted",
                    c.classes.text(k)));
  }
  return fit;
}

}  // namespace

Range alpha_range() {
  return satisfies("a float >= 0 or a list of them, one for each column", [](const Value& v) {
    return are_not_negative(v) || are_not_negative(Value::list({v}));
  });
}

Range class_prior_range() {
  return satisfies("None or a list of numbers >= 0, one for each class",
                   [](const Value& v) { return v.is_none() || are_not_negative(v); });
}

void log_shares(const double* smoothed, Index count, double* out) {
  double total = 0.0;
  for (Index i = 0; i < count; ++i) total += smoothed[i];
  if (!(total > 0.0)) {
    std::fill_n(out, count, -math::log(static_cast<double>(count)));
    return;
  }
  const double log_total = math::log(total);
  for (Index i = 0; i < count; ++i) out[i] = math::log(smoothed[i]) - log_total;
}

Vector start_of(const NBFit& fit) {
  Vector start = fit.log_prior;
  for (Index k = 0; k < start.size(); ++k) {
    if (!fit.is_present(k)) start[k] = -infinity;
  }
  return start;
}

// Likelihoods.

LinearLikelihood::LinearLikelihood(Matrix weights, const Vector& start) {
  for (Index k = 0; k < weights.rows(); ++k) {
    for (Index c = 0; c < weights.cols(); ++c) {
      if (weights(k, c) != -infinity) continue;
      weights(k, c) = 0.0;
      impossible_.push_back({c, k, 0.0});
    }
  }
  function_ = LinearFunction(weights, start);
}

LinearLikelihood::LinearLikelihood(Matrix above, Matrix below, Vector start,
                                   std::optional<double> threshold)
    : threshold_(threshold) {
  for (Index k = 0; k < above.rows(); ++k) {
    double sum = 0.0;
    for (Index c = 0; c < above.cols(); ++c) {
      double &one = above(k, c), &other = below(k, c);
      if (one == -infinity) impossible_.push_back({c, k, 0.0});
      if (other == -infinity) impossible_.push_back({c, k, 1.0});
      one = one == -infinity ? other : one;
      other = other == -infinity ? one : other;
      sum += other;
    }
    start[k] += sum;
  }
  function_ = LinearFunction(above - below, std::move(start));
}

void LinearLikelihood::apply(math::ConstPanel x, math::Panel z) const {
  Matrix indicators;
  if (threshold_) {
    indicators.resize(x.rows, x.columns);
    for (Index i = 0; i < x.rows; ++i) {
      for (Index c = 0; c < x.columns; ++c)
        indicators(i, c) = x.row(i)[c] > *threshold_ ? 1.0 : 0.0;
    }
    x = indicators;
  }
  function_.apply(x, z);
  if (impossible_.empty()) return;
  for (Index i = 0; i < x.rows; ++i) {
    for (const Impossible& p : impossible_) {
      if (x.row(i)[p.column] != p.unless) z.row(i)[p.label] = -infinity;
    }
  }
}

// The model.

NBModel::NBModel(NBFit fit, std::unique_ptr<const JointLikelihood> joint)
    : fit_(std::move(fit)), joint_(std::move(joint)) {
  report_ = fit_.report;
}

Index NBModel::features() const {
  const NBCounts& c = fit_.counts;
  return c.categories.empty() ? c.feature_count.cols() : std::ssize(c.categories);
}

bool LinearLikelihood::apply_sparse(const SparseRows& x, Index rows, math::Panel z) const {
  if (!reads_sparse()) return false;
  SparseRowsOut above;
  above.begin(function_.features());
  for (Index i = 0; i < rows; ++i) {
    for (Index k = x.begin[i]; k < x.end[i]; ++k) {
      if (x.value(k) > *threshold_) above.put(x.columns[k], 1.0);
    }
    above.end_row();
  }
  with_sparse(above.rows(), rows, [&](auto panel) {
    math::multiply(panel, function_.weights(), function_.intercept().data(), z);
  });
  return true;
}

void NBModel::apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const {
  if (linear() == nullptr) {
    Matrix z(rows, fit_.log_prior.size());
    if (joint_->apply_sparse(x, rows, z)) return apply_to_linear(method, z, out);
  }
  Model::apply_sparse(method, x, rows, out);
}

void NBModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  constexpr Index tall = 256;
  Matrix z(std::min(tall, x.rows), fit_.log_prior.size());
  for (Index row = 0; row < x.rows; row += tall) {
    const Index rows = std::min(tall, x.rows - row);
    const math::Panel some = math::Panel(z).middle_rows(0, rows);
    joint_->apply(x.middle_rows(row, rows), some);
    apply_to_linear(method, some, out.middle_rows(row, rows));
  }
}

// A row that no class can have is of any class that there is, with equal probability.
void NBModel::apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const {
  for (Index i = 0; i < z.rows; ++i) {
    const double* row = z.row(i);
    const Index best = std::max_element(row, row + z.columns) - row;
    const bool is_possible = row[best] > -infinity;
    const Vector& count = fit_.counts.class_count;
    if (method == Method::predict) {
      const auto is_there = [](double w) { return w > 0.0; };
      const Index first = std::find_if(count.begin(), count.end(), is_there) - count.begin();
      out.row(i)[0] = static_cast<double>(is_possible ? best : first);
      continue;
    }
    for (Index k = 0; k < z.columns; ++k) {
      out.row(i)[k] = is_possible ? row[k] : (fit_.is_present(k) ? 0.0 : -infinity);
    }
  }
  if (method == Method::predict_proba) math::softmax(out, out.columns);
}

// The model file.

namespace {

/// Categories of all columns lie side by side, n_categories_ of them for each.
template <class Archive, class Fit>
void fields(const Archive& a, Fit& f, bool has_categories, bool has_all) {
  constexpr Allowed logarithm{.infinite = true};
  Length columns, classes;
  auto& c = f.counts;
  a.size("n_features_in_", columns,
         has_categories ? std::ssize(c.categories) : c.feature_count.cols());
  if (has_categories) {
    a("n_categories_", c.categories, columns, 1);
    constexpr Index many = Index{1} << 40;  // more than any file has
    columns = {0, a.path("n_categories_")};
    for (const Index n : c.categories) {
      columns.value = std::min(columns.value + std::min(n, many), many);
    }
  }
  a("classes_", c.classes, classes);
  a("class_count_", c.class_count, classes, allowed::not_negative);
  a("class_log_prior_", f.log_prior, classes, logarithm);
  a(has_categories ? "category_count_" : "feature_count_", c.feature_count, classes, columns,
    allowed::not_negative);
  if (has_all) a("feature_all_", f.all, columns, allowed::not_negative);
  a("feature_log_prob_", f.log_prob, classes, columns, logarithm);
}

}  // namespace

void NBModel::save(const AttributeWriter& out) const {
  fields(out, fit_, !fit_.counts.categories.empty(), fit_.all.size() > 0);
}

namespace {

/// DataError unless what follows from the counts is what the file says.
void check_what_follows(const AttributeReader& in, const NBFit& told, const NBFit& follows) {
  const auto check = [&](const char* name, const auto& a, const auto& b) {
    bool is_same = a.size() == b.size();
    for (Index i = 0; i < a.size() && is_same; ++i) {
      const double x = a.data()[i], y = b.data()[i];
      is_same = x == y || std::fabs(x - y) <= 1e-9 * std::max(1.0, std::fabs(y));
    }
    if (is_same) return;
    throw DataError(
        fmt::format("{} is not what the other attributes and parameters make it", in.path(name)));
  };
  check("class_log_prior_", told.log_prior, follows.log_prior);
  check("feature_all_", told.all, follows.all);
  check("feature_log_prob_", told.log_prob, follows.log_prob);
}

}  // namespace

std::shared_ptr<Model> DiscreteNB::load_fitted(const AttributeReader& in) const {
  NBFit told;
  fields(in, told, counts_categories(), in.has("feature_all_"));
  std::shared_ptr<NBModel> model;
  try {
    model = model_of(told.counts);
  } catch (const AgreedError& e) {
    throw DataError(fmt::format("{}: {}", in.path("class_count_"), e.what()));
  }
  check_what_follows(in, told, model->fit());
  return model;
}

// Training.

std::string column_text(const Table& table, Index column) {
  return table.maps.empty() ? table.data->column_name(column)
                            : fmt::format("column {} behind the steps in front", column);
}

NBCounts counts_of(const Table& table, const Labels& classes, const SplitPtr& split,
                   const ClassSums& sums) {
  NBCounts counts{classes, sums.weight, sums.sums};
  if (sums.weight.maxCoeff() > 0.0) return counts;
  const bool is_some = split != nullptr || table.split != nullptr;
  counts.refusal = std::make_shared<AgreedError>(
      ExitCode::bad_data,
      fmt::format("{} has no {}row with a weight above zero; check {}", table.data->path(),
                  is_some ? "training " : "", table.data->options().weight));
  return counts;
}

void refuse_outside(const Table& table, const Vector& outside, const std::string& what,
                    const std::string& advice, NBCounts& counts) {
  const Index columns = (outside.array() > 0.0).count();
  if (columns == 0 || counts.refusal) return;
  const auto is_hit = [](double n) { return n > 0.0; };
  const Index first = std::find_if(outside.begin(), outside.end(), is_hit) - outside.begin();
  const std::string others =
      columns == 1 ? ""
                   : fmt::format(" and {} other column{}", columns - 1, columns == 2 ? "" : "s");
  counts.refusal = std::make_shared<AgreedError>(
      ExitCode::bad_data, fmt::format("{} holds {} in {}{}; {}", table.data->x_name(), what,
                                      column_text(table, first), others, advice));
}

std::vector<SplitPtr> splits_of_batch(std::span<const Candidate> candidates) {
  std::vector<SplitPtr> splits;
  for (const Candidate& c : candidates) splits.push_back(c.split);
  return splits;
}

std::vector<NBCounts> DiscreteNB::count(Engine& engine, const Table& table,
                                        std::span<const Candidate> candidates) const {
  const Labels& classes = table.data->classes(engine.comm());
  Summands summands;
  summands.width = table.columns();
  summands.least = 0.0;
  summands.add = [](const Block& b, const double* group, math::Panel sums, Workspace&) {
    with_features(b, [&](auto x) { math::class_sums_add(x, group, b.weight, sums); });
  };
  summands.add_sparse = [](const Block& b, const double* group, math::Panel sums, Workspace&) {
    with_sparse(*b.x.sparse(), b.rows,
                [&](auto x) { math::class_sums_add(x, group, b.weight, sums, {}); });
  };
  const std::vector<SplitPtr> splits = splits_of_batch(candidates);
  const SumsByClass sums(engine, table, classes.size(), splits, summands);
  std::vector<NBCounts> all;
  for (const SplitPtr& split : splits) {
    const ClassSums s = sums.of(split);
    all.push_back(counts_of(table, classes, split, s));
    refuse_outside(table, s.outside, "negative values",
                   name() + " takes counts: scale with MinMaxScaler first, or use GaussianNB",
                   all.back());
  }
  return all;
}

std::shared_ptr<NBModel> DiscreteNB::model_of(NBCounts counts) const {
  return conclude(fit_of(name(), settings(), std::move(counts)));
}

std::vector<Trained> DiscreteNB::train_batch(Engine& engine, const Table& table,
                                             std::span<const Candidate> candidates) const {
  std::vector<NBCounts> counts = count(engine, table, candidates);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    models.push_back(attempt([&]() -> Trained {
      if (counts[i].refusal) throw *counts[i].refusal;
      const auto& estimator = dynamic_cast<const DiscreteNB&>(*candidates[i].estimator);
      return estimator.model_of(std::move(counts[i]));
    }));
  }
  return models;
}

Footprint DiscreteNB::footprint(Index columns, Index classes,
                                std::span<const Candidate> batch) const {
  const Index width = summands(columns, batch);
  Footprint need = SumsByClass::footprint(columns, classes, width, batch);
  if (writes_summands()) need.row_doubles += width;
  // Counts, their logarithms, and weights as the kernel takes them.
  need.replicated += 4 * std::ssize(batch) * classes * (columns + 1);
  return need;
}

TrainingCost DiscreteNB::cost(Index columns, Index, std::span<const Candidate> batch) const {
  const Index passes = counts_categories() ? 2 : 1;
  return {passes, passes, 2.0 * static_cast<double>(summands(columns, batch))};
}

}  // namespace superstep
