# SPDX-License-Identifier: BSD-3-Clause
# cmake --install: the program, the library, its headers, and the package find_package(superstep) finds.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/superstep)

install(TARGETS superstep_app RUNTIME)
install(TARGETS superstep EXPORT superstepTargets FILE_SET HEADERS)
install(EXPORT superstepTargets NAMESPACE superstep:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/superstepConfig.cmake.in
  ${PROJECT_BINARY_DIR}/superstepConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/superstepConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/superstepConfig.cmake
    ${PROJECT_BINARY_DIR}/superstepConfigVersion.cmake
    ${PROJECT_SOURCE_DIR}/cmake/Findlibdeflate.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindxxHash.cmake
  DESTINATION ${package_dir})
