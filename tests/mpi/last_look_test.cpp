// SPDX-License-Identifier: BSD-3-Clause
// Where the last look of a batch is at its models themselves, they are judged by their held-out
// rows beside it: a pass less, the same scores.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <superstep/engine/journal.hpp>
#include <superstep/select/evaluation.hpp>

#include "mpi/held_out.hpp"

namespace superstep {
namespace {

struct Evaluated {
  std::vector<Outcomes> outcomes;
  Index passes = 0;
};

class LastLookTest : public ::testing::Test {
 protected:
  LastLookTest() : comm_(Communicator::world()) {}

  /// Where a journal is written, the judging takes a pass of its own.
  Evaluated evaluate(const std::vector<std::string>& expressions,
                     const std::vector<std::string>& metrics, const FoldedData& folds,
                     bool is_apart, std::size_t memory) {
    std::vector<std::unique_ptr<Estimator>> owned;
    std::vector<const Estimator*> candidates;
    for (const std::string& e : expressions) {
      owned.push_back(make_estimator(e));
      candidates.push_back(owned.back().get());
    }
    Engine engine(comm_, {.memory = memory, .threads = 2, .seed = 3});
    Journal journal;
    if (is_apart) engine.set_journal(&journal);
    Evaluator evaluator(engine, folds, {.metrics = metrics});
    Evaluated result;
    result.outcomes = evaluator.evaluate(candidates);
    result.passes = engine.counters().passes;
    return result;
  }

  /// How many passes it saves that they are judged beside the last look.
  Index saved(const std::vector<std::string>& expressions, const std::vector<std::string>& metrics,
              const Sample& sample, std::size_t memory = roomy) {
    const FoldedData folds{write_folds(comm_, sample).all, striped_splits()};
    const Evaluated ours = evaluate(expressions, metrics, folds, false, memory);
    const Evaluated apart = evaluate(expressions, metrics, folds, true, memory);
    for (std::size_t c = 0; c < expressions.size(); ++c) {
      for (std::size_t f = 0; f < folds.splits.size(); ++f) {
        EXPECT_EQ(ours.outcomes[c][f].failure, "") << expressions[c];
        EXPECT_EQ(ours.outcomes[c][f].test, apart.outcomes[c][f].test) << expressions[c];
      }
    }
    return apart.passes - ours.passes;
  }

  Communicator comm_;
};

const std::vector<std::string> of_classes = {"accuracy", "neg_log_loss", "roc_auc"};
const std::vector<std::string> of_counts = {"r2", "d2_poisson_deviance", "max_error"};

TEST_F(LastLookTest, FitsThatEndByTheirGradient) {
  EXPECT_EQ(saved({"make_pipeline(StandardScaler(), PoissonRegressor(alpha=0.01))",
                   "make_pipeline(StandardScaler(), PoissonRegressor())"},
                  of_counts, {.classes = 0, .is_weighted = true}),
            1);
}

TEST_F(LastLookTest, FitsThatEndByMaxIter) {
  EXPECT_EQ(saved({"LogisticRegression(max_iter=2)", "LogisticRegression(C=0.01, max_iter=2)",
                   "LogisticRegression(max_iter=1)"},
                  of_classes, {.classes = 2}),
            1);
  EXPECT_EQ(saved({"make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=2))",
                   "make_pipeline(StandardScaler(), LogisticRegression(max_iter=3))"},
                  {"accuracy"}, {.classes = 3, .is_weighted = true}),
            1);
}

TEST_F(LastLookTest, CentresThatStand) {
  EXPECT_EQ(saved({"KMeans(n_clusters=3, max_iter=4)", "KMeans(n_clusters=5, max_iter=3)"},
                  {"inertia"}, {.classes = 0}),
            1);
}

TEST_F(LastLookTest, AStepThatIsNotLookedAtIsJudgedLater) {
  EXPECT_EQ(
      saved({"LogisticRegression()", "LogisticRegression(max_iter=1)"}, of_classes, {.classes = 2}),
      0);
}

}  // namespace
}  // namespace superstep
