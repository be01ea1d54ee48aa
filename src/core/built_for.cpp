// SPDX-License-Identifier: BSD-3-Clause
// What the compiler was allowed to use, kept as a constant: a predefined macro spells "1" or,
// undefined, its own name.
#include "core/cpu_check.hpp"

#define SUPERSTEP_SPELLING(macro) #macro
#define SUPERSTEP_IS_SET(member, macro, name) SUPERSTEP_SPELLING(macro)[0] == '1',

namespace superstep {

constinit const InstructionSets built_for = {SUPERSTEP_INSTRUCTION_SETS(SUPERSTEP_IS_SET)};

}  // namespace superstep
