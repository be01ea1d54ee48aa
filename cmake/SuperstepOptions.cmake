# SPDX-License-Identifier: BSD-3-Clause
# How our own code is compiled: superstep_options (language, warnings) for every target of this tree, and
# superstep_code_generation, which users of the library must share.
add_library(superstep_options INTERFACE)
target_compile_features(superstep_options INTERFACE cxx_std_20)
target_compile_options(superstep_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor $<$<BOOL:${SUPERSTEP_WERROR}>:-Werror>
  # GCC 12 finds fault with std::string's own operator+ (gcc.gnu.org/PR105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# Contracting a*b+c into one rounding where the compiler likes would make results depend on its mood.
# The instruction set decides the alignment and the kernels inside Eigen's templates: two of them in one
# program break the one-definition rule, so it is handed on to whoever links the library.
set(superstep_code_generation -ffp-contract=off)
if(SUPERSTEP_ARCH)
  list(APPEND superstep_code_generation -march=${SUPERSTEP_ARCH})
endif()
set(superstep_sanitizers "")
if(SUPERSTEP_SANITIZE STREQUAL address)
  # Null pointers, objects that are not there and pointers that leave an object are found by the first of them as well, and a
  # misaligned vector stops any build: checks of them in every line of Eigen would double the time of building.
  set(superstep_sanitizers -fsanitize=address,undefined -fno-sanitize=null,object-size,vptr,pointer-overflow,alignment -fno-sanitize-recover=undefined)
elseif(SUPERSTEP_SANITIZE STREQUAL thread)
  set(superstep_sanitizers -fsanitize=thread)
elseif(NOT SUPERSTEP_SANITIZE STREQUAL none)
  message(FATAL_ERROR "SUPERSTEP_SANITIZE is '${SUPERSTEP_SANITIZE}'; write address, thread or none")
endif()
if(superstep_sanitizers)
  target_compile_options(superstep_options INTERFACE ${superstep_sanitizers} -fno-omit-frame-pointer)
  target_compile_definitions(superstep_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(SUPERSTEP_PRECOMPILE)
  # Of what was precompiled GCC 12 forgets that it is not ours, and warns of it where it is inlined: known ones are not shown,
  # and others are no errors (the presets say so), for the release build has judged the code.
  target_compile_options(superstep_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-uninitialized;-Wno-maybe-uninitialized;-Wno-array-bounds>)
endif()
target_compile_options(superstep_options INTERFACE ${superstep_code_generation})
target_link_options(superstep_options INTERFACE ${superstep_sanitizers})
