# cmake -DCOMPILER=g++-12 -DSOURCE=<here> -DWORK=<dir> -P run.cmake: configures, builds and runs.
find_program(path ${COMPILER})
if(NOT path)
  message("skipped: ${COMPILER} is not installed")
  return()
endif()
foreach(step
    "${CMAKE_COMMAND};-G;Ninja;-S;${SOURCE};-B;${WORK};-DCMAKE_CXX_COMPILER=${path}"
    "${CMAKE_COMMAND};--build;${WORK};--parallel;2"
    "${WORK}/sdk_tests;--gtest_brief=1")
  execute_process(COMMAND ${step} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${step}\n${output}")
  endif()
endforeach()
message("${output}")
