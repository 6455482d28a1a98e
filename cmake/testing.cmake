# toolrack_test(NAME name SOURCES ... LIBS ... [LABELS ...] [PREFIX referee.]): one GoogleTest program a folder, one ctest entry a case;
# an entry a program where a sanitizer is on.
find_package(GTest REQUIRED)
include(GoogleTest)

# Only what ThreadSanitizer is to see, so that its build does not make the rest.
add_custom_target(concurrency_tests)

# What is judged is the host; optimizing the tests themselves takes longer than it saves.
set(TOOLRACK_TEST_OPTIONS -O0)

if(TOOLRACK_PRECOMPILE)
  add_executable(toolrack_precompiled_program EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled_program.cpp)
  target_link_libraries(toolrack_precompiled_program PRIVATE toolrack_options toolrack_headers toolrack_abi GTest::gmock GTest::gtest)
  target_include_directories(toolrack_precompiled_program PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(toolrack_precompiled_program PRIVATE ${TOOLRACK_TEST_OPTIONS})
  target_precompile_headers(toolrack_precompiled_program PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled_tests.hpp)
endif()

function(toolrack_test)
  cmake_parse_arguments(ARG "" "NAME;PREFIX" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE toolrack_options ${ARG_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${ARG_NAME} PRIVATE
    TOOLRACK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TOOLRACK_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  if(TOOLRACK_PRECOMPILE AND "${ARG_LIBS}" MATCHES "toolrack_(base|store|text|registry|accounts|services|sources|call|operations|net|rest|mcp|stdio|cli|app|test_rack)")
    target_precompile_headers(${ARG_NAME} REUSE_FROM toolrack_precompiled_program)
  endif()
  if("concurrency" IN_LIST ARG_LABELS)
    add_dependencies(concurrency_tests ${ARG_NAME})
  endif()
  if(TOOLRACK_SANITIZE)  # A sanitized program takes half a second to start: one process for all of its cases.
    add_test(NAME ${ARG_PREFIX}${ARG_NAME} COMMAND ${ARG_NAME} --gtest_brief=1)
    set_tests_properties(${ARG_PREFIX}${ARG_NAME} PROPERTIES TIMEOUT 900 LABELS "${ARG_LABELS}")
  else()
    gtest_discover_tests(${ARG_NAME} TEST_PREFIX "${ARG_PREFIX}" DISCOVERY_TIMEOUT 300 PROPERTIES TIMEOUT 300 LABELS "${ARG_LABELS}")
  endif()
endfunction()
