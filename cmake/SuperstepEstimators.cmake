# SPDX-License-Identifier: BSD-3-Clause
# The list of estimators (learn/estimators.def): their sources, and the header that includes all of theirs.
set(superstep_estimator_list ${PROJECT_SOURCE_DIR}/src/learn/estimators.def)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${superstep_estimator_list})
file(STRINGS ${superstep_estimator_list} lines REGEX "^SUPERSTEP_ESTIMATOR")
set(superstep_estimator_sources)
set(superstep_estimator_includes)
foreach(line ${lines})
  if(NOT line MATCHES "^SUPERSTEP_ESTIMATOR\\(([a-z_]+), ([A-Za-z]+)\\)$")
    message(FATAL_ERROR "${superstep_estimator_list}: '${line}' is not SUPERSTEP_ESTIMATOR(module, Class)")
  endif()
  set(module ${CMAKE_MATCH_1})
  string(REGEX REPLACE "([a-z0-9])([A-Z])" "\\1_\\2" file ${CMAKE_MATCH_2})
  string(TOLOWER ${module}/${file} file)
  list(APPEND superstep_estimator_sources ${file}.cpp)
  string(APPEND superstep_estimator_includes "#include <superstep/learn/${file}.hpp>\n")
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/cmake/estimators.hpp.in
               ${PROJECT_BINARY_DIR}/include/superstep/learn/estimators.hpp @ONLY)
