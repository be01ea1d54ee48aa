# SPDX-License-Identifier: BSD-3-Clause
# SUPERSTEP_PRECOMPILE: headers of the language and of libraries are parsed once for a target instead of in each of its sources, a
# third of the time of most under the sanitizers. None of ours, and not in the release build: that one has every warning, and proves
# that each source names the headers it needs.
set(superstep_precompiled
  <algorithm> <array> <atomic> <bit> <chrono> <cmath> <cstdint> <cstring> <functional> <limits> <map> <memory> <mutex> <numeric> <optional>
  <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector> <Eigen/Core> <fmt/format.h>)

function(superstep_precompile target)
  if(SUPERSTEP_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${superstep_precompiled})
  endif()
endfunction()

# The tests are many programs: they share what is parsed once for all of them.
function(superstep_precompile_test target)
  if(NOT SUPERSTEP_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET superstep_precompiled_for_tests)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled_for_tests.cpp CONTENT "")
    add_library(superstep_precompiled_for_tests OBJECT ${PROJECT_BINARY_DIR}/precompiled_for_tests.cpp)
    target_link_libraries(superstep_precompiled_for_tests PRIVATE superstep superstep_options GTest::gtest GTest::gmock)
    target_precompile_headers(superstep_precompiled_for_tests PRIVATE ${superstep_precompiled} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM superstep_precompiled_for_tests)
endfunction()
