// SPDX-License-Identifier: BSD-3-Clause
// Out-of-fold predictions against what each model writes for a file of its test rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include <superstep/learn/out_of_fold.hpp>

#include "mpi/held_out.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;

std::vector<double> numbers_in(const std::string& path, const std::string& dataset) {
  return read_tree(path).doubles(dataset).values;
}

// Row i is row i / 3 of the file of its fold.
TEST(OutOfFold, EachRowIsPredictedByTheModelThatHasNotSeenIt) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {.classes = 3});
  Engine engine(comm, {.memory = roomy, .threads = 2});
  const std::string out = "out_of_fold.h5";
  for (const std::string expression :
       {"LogisticRegression()",
        "make_pipeline(StandardScaler(), PCA(n_components=2), GaussianNB())"}) {
    const auto judged = trained(engine, folds.all, {expression});
    const Written written =
        write_out_of_fold(engine, judged, Method::predict_proba, folds.all, out);
    EXPECT_EQ(written.dataset, "/predict_proba");
    EXPECT_EQ(written.columns, 3);
    std::vector<std::vector<double>> of_fold;
    for (std::size_t f = 0; f < judged.size(); ++f) {
      const std::string path = "out_of_fold_one.h5";
      write_output(engine, *judged[f].model, Method::predict_proba, folds.test[f], path);
      if (comm.is_root()) of_fold.push_back(numbers_in(path, "/predict_proba"));
      comm.barrier();
    }
    if (!comm.is_root()) continue;
    const std::vector<double> all = numbers_in(out, "/predict_proba");
    ASSERT_EQ(std::ssize(all), 3 * n_rows);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t row = i / 3;
      ASSERT_EQ(all[i], of_fold[row % 3][row / 3 * 3 + i % 3]) << i;
    }
  }
  const auto judged = trained(engine, folds.all, {"GaussianNB()"});
  write_out_of_fold(engine, judged, Method::predict, folds.all, out);
  if (comm.is_root()) {
    // Labels 0.0, 1.0, 2.0 are whole numbers.
    EXPECT_EQ(std::ssize(read_tree(out).integers("/predict").values), n_rows);
  }
}

TEST(OutOfFold, NeedsAPartition) {
  const Communicator comm = Communicator::world();
  const FoldedRows folds = write_folds(comm, {});
  Engine engine(comm, {.memory = roomy});
  const auto judged = trained(engine, folds.all, {"GaussianNB()"});
  if (comm.is_root()) std::remove("out_of_fold_no.h5");
  const auto refused = [&](const std::vector<Judged>& models) {
    return message_of([&] {
      write_out_of_fold(engine, models, Method::predict, folds.all, "out_of_fold_no.h5");
    });
  };
  EXPECT_THAT(refused({judged[0], judged[1]}), HasSubstr("only works for partitions"));
  // As many rows, some twice and some never: found out on the way.
  auto lying = std::make_shared<Split>(*judged[0].split);
  lying->test_rows = judged[2].split->test_rows;
  EXPECT_THAT(refused({judged[0], judged[1], {judged[0].model, lying}}),
              HasSubstr("only works for partitions"));
  if (comm.is_root()) {
    EXPECT_THROW(read_tree("out_of_fold_no.h5"), Error);
  }
  EXPECT_THAT(message_of([&] {
                write_out_of_fold(engine, judged, Method::decision_function, folds.all, "no.h5");
              }),
              HasSubstr("GaussianNB does not have decision_function"));
}

}  // namespace
}  // namespace superstep
