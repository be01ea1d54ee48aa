# SPDX-License-Identifier: BSD-3-Clause
# Four ways to register a test.
find_package(GTest QUIET)
if(NOT GTest_FOUND)
  message(FATAL_ERROR "GoogleTest was not found; install it: apt-get install libgtest-dev libgmock-dev, "
                      "or configure with -DSUPERSTEP_BUILD_TESTS=OFF")
endif()

# More ranks than cores, as root, in a container: what mpirun needs to be told for that. Leaks are not
# looked for because Open MPI has its own; too much memory is answered as malloc answers it without sanitizers.
set(superstep_test_environment
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/thread_sanitizer.txt history_size=4"
  SUPERSTEP_SANITIZED=${SUPERSTEP_SANITIZE})

# Some tests run once more under sanitizers (the presets debug and thread): they have the label `sanitized`
# there, the target sanitized_tests builds what they need, and they have more time. Scripts find the word in
# $SUPERSTEP_SANITIZED and ask for less.
add_custom_target(sanitized_tests)
add_custom_target(sanitized_engine_tests)  # of those, the ones below the estimators, with the label engine
set(superstep_slower 1)
if(NOT SUPERSTEP_SANITIZE STREQUAL none)
  set(superstep_slower 5)
endif()

# What the target is part of, and the label of its tests, where this build has the sanitizer: one of those listed.
function(superstep_sanitized label target)
  set(${label} "" PARENT_SCOPE)
  if(SUPERSTEP_SANITIZE IN_LIST ARGN)
    add_dependencies(sanitized_tests ${target})
    set(${label} sanitized PARENT_SCOPE)
  endif()
endfunction()

function(superstep_test_executable target library)
  add_executable(${target} ${ARGN})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${library} superstep_options GTest::gtest GTest::gmock)
  superstep_precompile_test(${target})
  # Scratch files go into a directory of the test's own.
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/scratch)
endfunction()

# superstep_unit_test(NAME source... [ENGINE]): one process, one test `unit.NAME`. The target unit_tests builds all. ENGINE: as below.
add_custom_target(unit_tests)
function(superstep_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ENGINE" "" "")
  set(library superstep)
  if(arg_ENGINE)
    set(library superstep_engine)
    set(engine engine)
  endif()
  superstep_test_executable(unit_${name} ${library} ${arg_UNPARSED_ARGUMENTS})
  add_dependencies(unit_tests unit_${name})
  target_link_libraries(unit_${name} PRIVATE GTest::gtest_main)
  superstep_sanitized(sanitized unit_${name} address)
  if(sanitized AND arg_ENGINE)
    add_dependencies(sanitized_engine_tests unit_${name})
  endif()
  add_test(NAME unit.${name} COMMAND unit_${name} WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/scratch)
  set_tests_properties(unit.${name} PROPERTIES
    LABELS "unit;${engine};${sanitized}" TIMEOUT 300 ENVIRONMENT "${superstep_test_environment}")
endfunction()

# superstep_mpi_test(NAME SOURCES source... RANKS 1 2 3 5 [TIMEOUT seconds] [ENGINE] [THREADED | UNSANITIZED]): one program for any number
# of ranks; a test `mpi.NAME.npN` for each number, with the labels mpi and npN. On one and two ranks it runs under
# the address sanitizer, too, and under that of threads where it is THREADED; under none where it is UNSANITIZED. ENGINE: it needs no
# estimators.
function(superstep_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ENGINE;THREADED;UNSANITIZED" "TIMEOUT" "SOURCES;RANKS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(library superstep)
  if(arg_ENGINE)
    set(library superstep_engine)
    set(engine engine)
  endif()
  superstep_test_executable(mpi_${name} ${library} ${arg_SOURCES} $<TARGET_OBJECTS:superstep_mpi_main>)
  set(sanitizers address)
  if(arg_THREADED)
    list(APPEND sanitizers thread)
  endif()
  if(arg_UNSANITIZED)
    set(sanitizers)
  endif()
  superstep_sanitized(sanitized mpi_${name} ${sanitizers})
  if(sanitized AND arg_ENGINE)
    add_dependencies(sanitized_engine_tests mpi_${name})
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${superstep_slower}")
  foreach(ranks IN LISTS arg_RANKS)
    if(ranks GREATER 2)
      set(sanitized "")
    endif()
    set(test mpi.${name}.np${ranks})
    set(scratch ${CMAKE_CURRENT_BINARY_DIR}/scratch/${name}.np${ranks})
    file(MAKE_DIRECTORY ${scratch})
    add_test(NAME ${test} WORKING_DIRECTORY ${scratch}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS}
                     $<TARGET_FILE:mpi_${name}> ${MPIEXEC_POSTFLAGS})
    set_tests_properties(${test} PROPERTIES LABELS "mpi;np${ranks};${engine};${sanitized}" PROCESSORS ${ranks}
      TIMEOUT ${timeout} ENVIRONMENT "${superstep_test_environment};SUPERSTEP_TEST_RANKS=${ranks}")
  endforeach()
endfunction()

# superstep_script_test(NAME COMMAND command... [LABELS label...] [TIMEOUT seconds] [PROCESSORS n] [COST seconds] [SANITIZED target]):
# any command, also under the address sanitizer where it says so and which target it needs for that. It finds the program in $SUPERSTEP,
# the MPI launcher in $MPIEXEC, the sources in $SUPERSTEP_SOURCE and starts in an empty directory of its own. Those with a cost are begun
# first, the longest before the others, so that none of them is left to run alone at the end.
function(superstep_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;PROCESSORS;COST;SANITIZED" "COMMAND;LABELS")
  if(arg_SANITIZED)
    superstep_sanitized(sanitized ${arg_SANITIZED} address)
    list(APPEND arg_LABELS ${sanitized})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  if(NOT arg_COST)
    set(arg_COST 0)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${superstep_slower}")
  set(scratch ${CMAKE_CURRENT_BINARY_DIR}/scratch/${name})
  file(MAKE_DIRECTORY ${scratch})
  add_test(NAME ${name} WORKING_DIRECTORY ${scratch} COMMAND ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" PROCESSORS ${arg_PROCESSORS}
    COST ${arg_COST} TIMEOUT ${timeout}
    ENVIRONMENT "${superstep_test_environment};SUPERSTEP=$<TARGET_FILE:superstep_app>;MPIEXEC=${MPIEXEC_EXECUTABLE};SUPERSTEP_SOURCE=${PROJECT_SOURCE_DIR}")
endfunction()

# The Python of the newest scikit-learn, which judges: the one of tests/oracle.sh where it was made, else Debian's.
set(superstep_debian_python /usr/bin/python3)
if(DEFINED ENV{SUPERSTEP_ORACLE})
  set(superstep_oracle $ENV{SUPERSTEP_ORACLE})
elseif(EXISTS ${PROJECT_SOURCE_DIR}/build/oracle/bin/python)
  set(superstep_oracle ${PROJECT_SOURCE_DIR}/build/oracle/bin/python)
else()
  set(superstep_oracle ${superstep_debian_python})
  message(STATUS "tests/oracle.sh was not run: scikit-learn's newest release judges nothing, Debian's does")
endif()

# superstep_conformance_test(NAME [ALSO_DEBIAN]): tests/conformance/test_NAME.py beside the newest
# scikit-learn, as conformance.NAME: two thirds of its tests, others every day; a few of them also beside Debian's.
function(superstep_conformance_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALSO_DEBIAN" "" "")
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.py)
  file(STRINGS ${script} draws_by_common REGEX "main\\(.*globals\\(\\)")
  file(STRINGS ${script} has_arguments REGEX "argparse")  # others draw their cases themselves
  set(draw)
  if(draws_by_common AND NOT has_arguments)
    set(draw --draw 67%)
  endif()
  superstep_script_test(conformance.${name} LABELS conformance TIMEOUT 600 COMMAND ${superstep_oracle} ${script} ${draw})
  if(arg_ALSO_DEBIAN AND NOT superstep_oracle STREQUAL superstep_debian_python)
    superstep_script_test(conformance.${name}.debian LABELS conformance TIMEOUT 600
      COMMAND ${superstep_debian_python} ${script} --draw 4)
  endif()
endfunction()
