# libFuzzer targets share the libraries of the sanitizer build: only the host carries the counters that guide the fuzzer, so that
# tests, plugins and third-party code cost nothing more, and there is no third build.
if(TOOLRACK_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(can_fuzz ON)
else()
  set(can_fuzz OFF)
endif()
option(TOOLRACK_FUZZING "Instrument the host for libFuzzer and build the fuzz targets (needs clang)" ${can_fuzz})

# Everything a folder's targets compile is instrumented from here on. The fuzz targets bring the run-time; in other programs the
# sanitizer's own takes the counters and does nothing.
function(toolrack_instrument_folder)
  if(TOOLRACK_FUZZING)
    set_property(DIRECTORY APPEND PROPERTY COMPILE_OPTIONS -fsanitize=fuzzer-no-link)
  endif()
endfunction()

add_custom_target(fuzzers)

# toolrack_fuzz(name LIBS ...): tests/fuzz/<name>_fuzz.cpp becomes fuzz/<name>, and a ctest entry runs what tests/fuzz keeps
# for it (corpus/<name>, finds/<name>) once.
function(toolrack_fuzz name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  set(target fuzz_${name})
  add_executable(${target} ${name}_fuzz.cpp)
  target_link_libraries(${target} PRIVATE toolrack_fuzz_entry toolrack_options ${ARG_LIBS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  target_compile_definitions(${target} PRIVATE TOOLRACK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  if(TOOLRACK_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM toolrack_precompiled_program)
  endif()
  add_dependencies(fuzzers ${target})
  set(inputs ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/finds/${name})
    list(APPEND inputs ${CMAKE_CURRENT_SOURCE_DIR}/finds/${name})
  endif()
  # libFuzzer writes into the first folder it is given.
  set(scratch ${CMAKE_CURRENT_BINARY_DIR}/${name}.scratch)
  file(MAKE_DIRECTORY ${scratch})
  add_test(NAME fuzz.${name} COMMAND ${target} -runs=0 -timeout=60 -artifact_prefix=${scratch}/ ${scratch} ${inputs})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 300)
endfunction()
