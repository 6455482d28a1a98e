# Compiler settings of the whole tree; usage requirements that only the host needs live on `toolrack_options`.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(toolrack_options INTERFACE)
target_include_directories(toolrack_options INTERFACE ${PROJECT_SOURCE_DIR}/host)
target_compile_options(toolrack_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wno-gnu-statement-expression>)
if(TOOLRACK_DEVELOPER_MODE)
  target_compile_options(toolrack_options INTERFACE -Werror)
endif()

if(TOOLRACK_SANITIZE)
  add_compile_options(-fsanitize=${TOOLRACK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TOOLRACK_SANITIZE})
  if(TOOLRACK_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # A plugin calls the host through C function pointers; the check needs RTTI that crosses dlopen.
    add_compile_options(-fno-sanitize=function,vptr)
    add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/sanitizer_ignore.txt)
  endif()
endif()
