// SPDX-License-Identifier: BSD-3-Clause
// Rankings against their definition, pair by pair, with a model whose outputs are the columns of
// the data: ties, weights, several classes, repeated supersteps, scores that do not fit in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/metrics/score.hpp>
#include <superstep/learn/session.hpp>

namespace superstep {
namespace {

using ::testing::HasSubstr;
using Names = std::vector<std::string>;

/// Gives its input as probabilities; with two classes also the second column as decision.
class Echo final : public Model {
 public:
  explicit Echo(Index classes) {
    std::vector<double> codes;
    for (Index c = 0; c < classes; ++c) codes.push_back(static_cast<double>(c));
    labels_ = Labels::of_numbers(codes);
    set_expression("Echo()");
  }
  Index features() const override { return labels_.size(); }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::predict_proba ||
           (method == Method::decision_function && features() == 2);
  }
  Index width(Method method) const override {
    return method == Method::predict_proba ? features() : 1;
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      const double* from = x.row(i);
      if (method == Method::predict) out.row(i)[0] = from[1] > from[0] ? 1.0 : 0.0;
      if (method == Method::decision_function) out.row(i)[0] = from[1];
      if (method == Method::predict_proba) std::copy_n(from, features(), out.row(i));
    }
  }
  const Labels* classes() const override { return &labels_; }
  void save(const AttributeWriter&) const override {}

 private:
  Labels labels_;
};

struct Rows {
  Index n = 0;
  Index classes = 2;
  std::vector<double> x;
  std::vector<std::int64_t> y;
  std::vector<double> weight;

  double score(Index row, Index column) const {
    return x[static_cast<std::size_t>(row * classes + column)];
  }
};

/// `levels`: how many different scores there are, fewer than rows for ties.
Rows make_rows(Index n, Index classes, double levels, bool weighted) {
  Rows rows{n, classes, {}, {}, {}};
  for (Index i = 0; i < n; ++i) {
    RowRandom random(Philox(3, 9), static_cast<std::uint64_t>(i));
    const auto y = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(classes)));
    rows.y.push_back(y);
    for (Index c = 0; c < classes; ++c) {
      const double signal = c == y ? 0.5 : 0.0;
      rows.x.push_back(std::rint((random.normal() + signal) * levels) / levels);
    }
    if (weighted) rows.weight.push_back(random.uniform() < 0.1 ? 0.0 : -std::log(random.uniform()));
  }
  return rows;
}

std::shared_ptr<Dataset> write_and_open(const Communicator& comm, const Rows& rows) {
  const std::string path = "score_data.h5";
  on_root(comm, [&] {
    Tree tree;
    tree.add("/X", TreeArray<double>{{rows.n, rows.classes}, rows.x});
    tree.add("/y", TreeArray<std::int64_t>{{rows.n}, rows.y});
    if (!rows.weight.empty()) tree.add("/weight", TreeArray<double>{{rows.n}, rows.weight});
    write_tree(path, tree);
  });
  return Dataset::open(comm, path);
}

/// The definition: every row of `a` against every row of `b`, by the score for `a`.
double pair_auc(const Rows& rows, Index a, Index b) {
  std::vector<std::pair<double, double>> of_a, of_b;  // score and weight
  for (Index i = 0; i < rows.n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double weight = rows.weight.empty() ? 1.0 : rows.weight[at];
    if (rows.y[at] == a) of_a.emplace_back(rows.score(i, a), weight);
    if (rows.y[at] == b) of_b.emplace_back(rows.score(i, a), weight);
  }
  double wins = 0.0, pairs = 0.0;
  for (const auto& [score, weight] : of_a) {
    double beaten = 0.0, all = 0.0;
    for (const auto& [other, other_weight] : of_b) {
      all += other_weight;
      beaten += other_weight * (score > other ? 1.0 : (score == other ? 0.5 : 0.0));
    }
    wins += weight * beaten;
    pairs += weight * all;
  }
  return wins / pairs;
}

/// The judge is slow and known to one rank only.
void expect_auc(const Communicator& comm, double actual, const std::function<double()>& judge) {
  if (comm.is_root()) {
    EXPECT_NEAR(actual, judge(), 1e-13);
  }
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const AgreedError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Score, RankingIsThatOfAllPairs) {
  const Communicator comm = Communicator::world();
  for (const bool weighted : {false, true}) {
    for (const double levels : {0.5, 1e6}) {
      const Rows rows = make_rows(9000, 2, levels, weighted);
      const auto data = write_and_open(comm, rows);
      Engine engine(comm, {.memory = std::size_t{64} << 20, .threads = 2});
      const auto values = score(engine, Echo(2), data, Names{"roc_auc"});
      expect_auc(comm, values[0], [&] { return pair_auc(rows, 1, 0); });
      EXPECT_EQ(engine.counters().passes, 1);
    }
  }
}

TEST(Score, SeveralClasses) {
  const Communicator comm = Communicator::world();
  const Rows rows = make_rows(5000, 3, 2.0, true);
  const auto data = write_and_open(comm, rows);
  const auto ovo = [&] {
    double sum = 0.0;
    for (const auto& [a, b] : {std::pair<Index, Index>{0, 1}, {0, 2}, {1, 2}}) {
      sum += pair_auc(rows, a, b) + pair_auc(rows, b, a);
    }
    return sum / 6.0;
  };
  Engine engine(comm, {.memory = std::size_t{64} << 20});
  expect_auc(comm, score(engine, Echo(3), data, Names{"roc_auc_ovo"})[0], ovo);
  EXPECT_EQ(engine.counters().passes, 1);
}

// The weights of a block that the sketch does not look at break the bounds: the pass is repeated,
// without the scores.
TEST(Score, RepeatedSupersteps) {
  const Communicator comm = Communicator::world();
  Rows rows = make_rows(6 * 4096, 2, 3.0, true);
  for (std::size_t i = 4100; i < 4110; ++i) rows.weight[i] = 1e9;
  const auto data = write_and_open(comm, rows);
  Engine engine(comm, {.memory = std::size_t{64} << 20});
  const double auc = score(engine, Echo(2), data, Names{"roc_auc"})[0];
  expect_auc(comm, auc, [&] { return pair_auc(rows, 1, 0); });
  EXPECT_GT(engine.counters().repeated, 0);
}

TEST(Score, WhatDoesNotFitTakesMorePasses) {
  const Communicator comm = Communicator::world();
  const Names names = {"accuracy", "roc_auc_ovr", "roc_auc_ovo_weighted"};
  for (const bool weighted : {false, true}) {
    const Rows rows = make_rows(100'000, 3, 1e6, weighted);
    const auto data = write_and_open(comm, rows);
    Engine roomy(comm, {.memory = std::size_t{256} << 20});
    const auto expected = score(roomy, Echo(3), data, names);
    EXPECT_EQ(roomy.counters().passes, 1);
    Engine tight(comm, {.memory = std::size_t{4} << 20});
    EXPECT_EQ(score(tight, Echo(3), data, names), expected);
    // Fewer scores than rows of a rank fit, unless there are many ranks.
    EXPECT_GT(tight.counters().passes, comm.size() < 4 ? 3 : 1);
  }
}

TEST(Score, ScoresThatCannotBeRanked) {
  const Communicator comm = Communicator::world();
  Rows rows = make_rows(9000, 2, 3.0, false);
  rows.x[2 * 8000 + 1] = std::numeric_limits<double>::max();
  const auto fine = write_and_open(comm, rows);
  Engine engine(comm, {.memory = std::size_t{64} << 20});
  EXPECT_NO_THROW(score(engine, Echo(2), fine, Names{"roc_auc"}));

  class Doubled final : public Model {
   public:
    Doubled() { set_expression("Doubled()"); }
    Index features() const override { return 2; }
    bool can(Method method) const override { return method != Method::transform; }
    Index width(Method) const override { return 1; }
    void apply(Method, math::ConstPanel x, math::Panel out) const override {
      for (Index i = 0; i < x.rows; ++i) out.row(i)[0] = 2.0 * x.row(i)[1];
    }
    const Labels* classes() const override { return &labels_; }
    void save(const AttributeWriter&) const override {}
    Labels labels_ = Labels::of_numbers({0.0, 1.0});
  };
  EXPECT_THAT(message_of([&] { score(engine, Doubled(), fine, Names{"roc_auc"}); }),
              HasSubstr("NaN or infinite"));
}

TEST(Score, ThroughASession) {
  const Communicator comm = Communicator::world();
  const Rows rows = make_rows(9000, 2, 3.0, false);
  write_and_open(comm, rows);
  Session session(comm, {.memory = std::size_t{64} << 20});
  const Data data = session.open("score_data.h5");
  const Fitted model(session, std::make_shared<Echo>(2));
  std::vector<std::int64_t> answers;
  double hits = 0.0;
  for (Index i = 0; i < rows.n; ++i) {
    answers.push_back(rows.score(i, 1) > rows.score(i, 0) ? 1 : 0);
    hits += answers.back() == rows.y[static_cast<std::size_t>(i)] ? 1.0 : 0.0;
  }
  EXPECT_EQ(model.score(data), hits / static_cast<double>(rows.n));
  EXPECT_EQ(model.score(data, "recall_micro"), model.score(data));
  EXPECT_THAT(message_of([&] { model.score(data, "acuracy"); }), HasSubstr("'accuracy'"));
  model.write(Method::predict, data, "score_out.h5");
  if (comm.is_root()) {
    EXPECT_EQ(read_tree("score_out.h5").integers("/predict").values, answers);
  }
}

}  // namespace
}  // namespace superstep
