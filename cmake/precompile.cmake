# Precompiled headers: one for the host's libraries (-fPIC), one for test programs (-fPIE). Off where every header must prove that it
# includes what it uses.
option(TOOLRACK_PRECOMPILE "Use precompiled headers" ${TOOLRACK_DEVELOPER_MODE})

file(WRITE ${CMAKE_BINARY_DIR}/precompiled_library.cpp "")
file(WRITE ${CMAKE_BINARY_DIR}/precompiled_program.cpp "int main() {}\n")

if(TOOLRACK_PRECOMPILE)
  # ccache can keep what a precompiled header went into only when the header carries no time.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Some libraries bring -pthread and some do not; a precompiled header wants one answer.
    target_compile_options(toolrack_options INTERFACE -pthread "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  add_library(toolrack_precompiled STATIC EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled_library.cpp)
  if(TOOLRACK_FUZZING)  # As the host's folders are.
    target_compile_options(toolrack_precompiled PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  target_link_libraries(toolrack_precompiled PRIVATE toolrack_options toolrack_headers toolrack_abi)
  target_precompile_headers(toolrack_precompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.hpp)
endif()

# toolrack_precompile(targets...): these libraries of the host use it.
function(toolrack_precompile)
  if(NOT TOOLRACK_PRECOMPILE)
    return()
  endif()
  foreach(target IN LISTS ARGN)
    target_precompile_headers(${target} REUSE_FROM toolrack_precompiled)
  endforeach()
endfunction()
