# cmake -DTOOLRACK=<program> -DSDK_BUILD=<build>/sdk -DWORK=<dir> -P check_new_tool.cmake
# Starts a tool in each language with `toolrack new` and does what its README says, with an SDK installed below WORK.
function(run)
  cmake_parse_arguments(ARG "" "IN" "DO" ${ARGN})
  execute_process(COMMAND ${ARG_DO} WORKING_DIRECTORY ${ARG_IN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARG_DO}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(IN ${WORK} DO ${CMAKE_COMMAND} --install ${SDK_BUILD} --component sdk --prefix ${WORK}/prefix)

foreach(language cpp c)
  run(IN ${WORK} DO ${TOOLRACK} new my-${language}-tool --lang ${language})
  set(project ${WORK}/my-${language}-tool)
  # Warnings are errors for whoever likes that.
  run(IN ${project} DO ${CMAKE_COMMAND} --preset default -DCMAKE_PREFIX_PATH=${WORK}/prefix -DTOOLRACK=${TOOLRACK}
    -DCMAKE_C_FLAGS=-Wall\ -Wextra\ -Werror -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Werror)
  run(IN ${project} DO ${CMAKE_COMMAND} --build --preset default --parallel 2)
  run(IN ${project} DO ${CMAKE_CTEST_COMMAND} --preset default)
endforeach()

run(IN ${WORK} DO ${TOOLRACK} new my-tool --lang declarative)
run(IN ${WORK}/my-tool DO ${TOOLRACK} validate my-tool.tool.json)
