// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/block.hpp>

#include <gtest/gtest.h>

namespace superstep {
namespace {

TEST(BlockPlan, BlocksCoverEveryRowOnce) {
  for (const Index rows : {1, 63, 64, 4095, 4096, 4097, 100'000}) {
    for (const Index columns : {1, 20, 1024, 1025, 50'000, 10'000'000}) {
      const BlockPlan plan(rows, columns);
      EXPECT_EQ(plan.rows(), rows);
      Index next = 0;
      for (Index i = 0; i < plan.size(); ++i) {
        EXPECT_EQ(plan.id(i), i);
        EXPECT_EQ(plan.first_row(i), next);
        EXPECT_GE(plan.rows_of(i), 1);
        // Only the last may be shorter.
        EXPECT_LE(plan.rows_of(i), plan.rows_per_block());
        EXPECT_TRUE(plan.rows_of(i) == plan.rows_per_block() || i + 1 == plan.size());
        next += plan.rows_of(i);
      }
      EXPECT_EQ(next, rows) << rows << " x " << columns;
    }
  }
}

TEST(BlockPlan, HeightDependsOnTheWidthAlone) {
  for (const Index rows : {10, 1'000'000}) {
    EXPECT_EQ(BlockPlan(rows, 0).rows_per_block(), 4096);
    EXPECT_EQ(BlockPlan(rows, 20).rows_per_block(), 4096);
    EXPECT_EQ(BlockPlan(rows, 1024).rows_per_block(), 4096);  // 32 MiB
    EXPECT_EQ(BlockPlan(rows, 1025).rows_per_block(), 2048);
    EXPECT_EQ(BlockPlan(rows, 10'000'000).rows_per_block(), 64);
  }
}

TEST(BlockPlan, SubsetKeepsTheNumbersOfItsBlocks) {
  const BlockPlan all(5 * 4096 + 7, 3);
  const BlockPlan some(all, {1, 3, 5});
  EXPECT_EQ(some.size(), 3);
  EXPECT_EQ(some.rows(), 2 * 4096 + 7);
  EXPECT_EQ(some.id(2), 5);
  EXPECT_EQ(some.first_row(1), 3 * 4096);
  EXPECT_EQ(some.rows_of(1), 4096);
  EXPECT_EQ(some.rows_of(2), 7);
  EXPECT_EQ(BlockPlan(all, {}).rows(), 0);
}

TEST(Block, RowsAndPlacesOfChosenRows) {
  const std::int32_t taken[] = {2, 9};
  Block block;
  block.first_row = 4096;
  block.first_place = 100;
  EXPECT_EQ(block.row(1), 4097);
  EXPECT_EQ(block.place(1), 101);
  block.taken = taken;
  EXPECT_EQ(block.row(1), 4105);
  EXPECT_EQ(block.place(1), 109);
}

TEST(Share, SharesFollowEachOtherAndDifferByOne) {
  for (const Index n : {0, 1, 4, 5, 1000}) {
    for (const int parts : {1, 2, 3, 5, 7}) {
      Index next = 0;
      for (int part = 0; part < parts; ++part) {
        const Share share = share_of(n, part, parts);
        EXPECT_EQ(share.begin, next);
        EXPECT_GE(share.size(), n / parts);
        EXPECT_LE(share.size(), n / parts + 1);
        next = share.end;
      }
      EXPECT_EQ(next, n);
    }
  }
}

}  // namespace
}  // namespace superstep
