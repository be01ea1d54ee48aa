// SPDX-License-Identifier: BSD-3-Clause
// The check that runs before everything else: what it finds missing, and that this program passes
// it.
#include "core/cpu_check.hpp"

#include <gtest/gtest.h>

namespace superstep {
namespace {

TEST(CpuCheck, KnowsWhatIsMissing) {
  InstructionSets needs = {};
  needs.fma = needs.avx2 = needs.avx512f = true;
  InstructionSets has = needs;
  has.avx512vl = true;
  char names[64];
  EXPECT_EQ(missing(needs, has, names, sizeof names), 0);
  EXPECT_STREQ(names, "");
  has.fma = has.avx512f = false;
  EXPECT_EQ(missing(needs, has, names, sizeof names), 2);
  EXPECT_STREQ(names, "fma avx512f");
}

TEST(CpuCheck, CutsALongList) {
  InstructionSets needs = {};
  needs.avx512vpopcntdq = needs.avx2 = true;
  char names[8];
  EXPECT_EQ(missing(needs, InstructionSets{}, names, sizeof names), 2);
  EXPECT_STREQ(names, "avx2 av");
}

TEST(CpuCheck, EndsTheProcessInOneLine) {
  InstructionSets needs = {};
  needs.avx2 = needs.fma = needs.bmi = needs.bmi2 = needs.avx512f = true;
  InstructionSets has = needs;
  require_cpu(needs, has);
  has.avx512f = false;
  EXPECT_EXIT(require_cpu(needs, has), testing::ExitedWithCode(1),
              "^superstep: the CPU of [^ ]+ lacks avx512f, .*--preset portable\n$");
  has.fma = false;
  EXPECT_EXIT(require_cpu(needs, has), testing::ExitedWithCode(1),
              "lacks fma avx512f, .* on that host with cmake --preset release\n$");
}

TEST(CpuCheck, KnowsWhatTheCompilerMayUse) {
  require_cpu(built_for, this_cpu());
#ifdef __AVX2__
  EXPECT_TRUE(built_for.avx2);
#else
  EXPECT_FALSE(built_for.avx2);
#endif
#ifdef __AVX512F__
  EXPECT_TRUE(built_for.avx512f);
#else
  EXPECT_FALSE(built_for.avx512f);
#endif
}

}  // namespace
}  // namespace superstep
