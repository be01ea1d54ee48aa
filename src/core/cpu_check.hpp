// SPDX-License-Identifier: BSD-3-Clause
// Says in one line that this CPU cannot run this program, where it would otherwise die of an
// illegal instruction: the login node is not always the compute node.
#pragma once

#include <cstddef>

namespace superstep {

/// The instruction sets that are looked at: our name, the compiler's macro, the name the user sees.
#define SUPERSTEP_INSTRUCTION_SETS(X)                        \
  X(sse3, __SSE3__, "sse3")                                  \
  X(ssse3, __SSSE3__, "ssse3")                               \
  X(sse4_1, __SSE4_1__, "sse4.1")                            \
  X(sse4_2, __SSE4_2__, "sse4.2")                            \
  X(popcnt, __POPCNT__, "popcnt")                            \
  X(fma, __FMA__, "fma")                                     \
  X(bmi, __BMI__, "bmi")                                     \
  X(bmi2, __BMI2__, "bmi2")                                  \
  X(avx, __AVX__, "avx")                                     \
  X(avx2, __AVX2__, "avx2")                                  \
  X(avx512f, __AVX512F__, "avx512f")                         \
  X(avx512cd, __AVX512CD__, "avx512cd")                      \
  X(avx512dq, __AVX512DQ__, "avx512dq")                      \
  X(avx512bw, __AVX512BW__, "avx512bw")                      \
  X(avx512vl, __AVX512VL__, "avx512vl")                      \
  X(avx512ifma, __AVX512IFMA__, "avx512ifma")                \
  X(avx512vbmi, __AVX512VBMI__, "avx512vbmi")                \
  X(avx512vbmi2, __AVX512VBMI2__, "avx512vbmi2")             \
  X(avx512vnni, __AVX512VNNI__, "avx512vnni")                \
  X(avx512bitalg, __AVX512BITALG__, "avx512bitalg")          \
  X(avx512vpopcntdq, __AVX512VPOPCNTDQ__, "avx512vpopcntdq") \
  X(avx512bf16, __AVX512BF16__, "avx512bf16")                \
  X(sse4a, __SSE4A__, "sse4a")                               \
  X(gfni, __GFNI__, "gfni")

/// A set of instruction sets.
struct InstructionSets {
#define SUPERSTEP_MEMBER(member, macro, name) bool member;
  SUPERSTEP_INSTRUCTION_SETS(SUPERSTEP_MEMBER)
#undef SUPERSTEP_MEMBER
};

/// What the library was compiled for. Its file is compiled like the rest of the library and holds
/// nothing but this constant, so no instruction of it ever runs.
extern const InstructionSets built_for;

/// What this CPU and its operating system can run. Needs nothing but the C library.
InstructionSets this_cpu();

/// Writes the names of what `has` lacks of `needs` into `names`, separated by blanks and cut at
/// `size`. Returns how many are lacking.
int missing(const InstructionSets& needs, const InstructionSets& has, char* names,
            std::size_t size);

/// Ends the process with one line on standard error (host, what is lacking, the preset to use) and
/// exit code 1 if `has` lacks anything of `needs`. Needs nothing but the C library and may run
/// before any constructor.
void require_cpu(const InstructionSets& needs, const InstructionSets& has);

}  // namespace superstep
