# toolrack_add_plugin(name MANIFEST manifest.json SOURCES a.cpp ... [KNOWLEDGE dir-or-files ...] [LINK libs ...]
#   [OUTPUT_DIRECTORY dir])
#
# Builds <name>.so, a plugin that a Toolrack host loads: the target <name>, a module without prefix, in
# ${CMAKE_BINARY_DIR}/plugins unless OUTPUT_DIRECTORY says otherwise. The flags below are not a matter of taste:
#   hidden visibility, no unique symbols   two plugins must not share inline statics, and must be unloadable
#   version script                         one exported symbol, whatever static libraries bring along
#   -z defs, -z now                        what is missing shows when linking, or at load, never in the middle of a call
#   --build-id                             tells two builds of one version apart
# The manifest becomes an ELF note (`readelf -n`), so that hosts read it without running anything. So does each Markdown
# file of KNOWLEDGE (of a folder: its *.md), for knowledge search.
include_guard(GLOBAL)
include(CheckCXXCompilerFlag)

get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT "ASM" IN_LIST languages)
  enable_language(ASM)
endif()
check_cxx_compiler_flag(-fno-gnu-unique TOOLRACK_HAS_NO_GNU_UNIQUE)

# Everything that a gateway serves, and no tests: what `toolrack dev` builds.
if(NOT TARGET toolrack-plugins)
  add_custom_target(toolrack-plugins)
endif()

function(toolrack_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MANIFEST;OUTPUT_DIRECTORY" "SOURCES;KNOWLEDGE;LINK")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "toolrack_add_plugin(${name}): \"${ARG_UNPARSED_ARGUMENTS}\" belongs to no keyword; "
      "use MANIFEST, SOURCES, KNOWLEDGE, LINK or OUTPUT_DIRECTORY.")
  endif()
  if(NOT ARG_MANIFEST OR NOT ARG_SOURCES)
    message(FATAL_ERROR "toolrack_add_plugin(${name}): MANIFEST and SOURCES are needed.")
  endif()
  if(NOT ARG_OUTPUT_DIRECTORY)
    set(ARG_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
  toolrack_check_manifest(${name} ${manifest})

  set(note ${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest_note.S)
  toolrack_list_knowledge(documents ${name} ${ARG_KNOWLEDGE})
  set(NAME ${name})
  set(MANIFEST ${manifest})
  set(DOCUMENT_NOTES "")
  foreach(document IN LISTS documents)
    get_filename_component(document_name ${document} NAME)
    string(APPEND DOCUMENT_NOTES "  .balign 4\n  .long 2f - 1f\n  .long 4f - 3f\n  .long 0x54524b31\n"
      "1: .asciz \"Toolrack\"\n2: .balign 4\n3: .asciz \"${document_name}\"\n  .incbin \"${document}\"\n4:\n")
  endforeach()
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/manifest_note.S.in ${note} @ONLY)
  set_source_files_properties(${note} PROPERTIES OBJECT_DEPENDS "${manifest};${documents}" LANGUAGE ASM)

  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${name} MODULE ${ARG_SOURCES} ${note})
  add_dependencies(toolrack-plugins ${name})
  target_link_libraries(${name} PRIVATE toolrack::sdk ${ARG_LINK})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${TOOLRACK_HAS_NO_GNU_UNIQUE}>>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    LINKER:--version-script=${map} LINKER:-z,now LINKER:-z,noexecstack LINKER:--build-id=sha1)
  toolrack_is_sanitized(sanitized)
  if(NOT sanitized)  # The sanitizers' run-time library is in the program, not among our libraries.
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${ARG_OUTPUT_DIRECTORY} LINK_DEPENDS ${map}
    POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# toolrack_add_declarative_tool(name MANIFEST manifest.json [KNOWLEDGE dir-or-files ...] [OUTPUT_DIRECTORY dir])
#
# A tool whose skills are `request` blocks needs no code: the target <name> puts its manifest, as <name>.tool.json, where
# toolrack_add_plugin() puts plugins, and the Markdown files of KNOWLEDGE into <name>.knowledge/ beside it.
function(toolrack_add_declarative_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MANIFEST;OUTPUT_DIRECTORY" "KNOWLEDGE")
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_MANIFEST)
    message(FATAL_ERROR
      "toolrack_add_declarative_tool(${name}): takes MANIFEST and perhaps KNOWLEDGE and OUTPUT_DIRECTORY.")
  endif()
  if(NOT ARG_OUTPUT_DIRECTORY)
    set(ARG_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
  toolrack_check_manifest(${name} ${manifest})
  set(file ${ARG_OUTPUT_DIRECTORY}/${name}.tool.json)
  toolrack_list_knowledge(documents ${name} ${ARG_KNOWLEDGE})
  set(folder ${ARG_OUTPUT_DIRECTORY}/${name}.knowledge)
  set(copy_documents "")
  if(documents)
    set(copy_documents COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
      COMMAND ${CMAKE_COMMAND} -E copy ${documents} ${folder})
  endif()
  add_custom_command(OUTPUT ${file} DEPENDS ${manifest} ${documents}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${ARG_OUTPUT_DIRECTORY}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder}
    ${copy_documents}
    COMMAND ${CMAKE_COMMAND} -E copy ${manifest} ${file})
  add_custom_target(${name} ALL DEPENDS ${file})
  add_dependencies(toolrack-plugins ${name})
endfunction()

# The absolute paths of Markdown files: those given, and the *.md of folders given. A new one configures again.
function(toolrack_list_knowledge result name)
  set(documents "")
  foreach(given IN LISTS ARGN)
    get_filename_component(path ${given} ABSOLUTE)
    if(IS_DIRECTORY ${path})
      file(GLOB found CONFIGURE_DEPENDS ${path}/*.md)
      list(APPEND documents ${found})
    elseif(EXISTS ${path})
      list(APPEND documents ${path})
    else()
      message(FATAL_ERROR "${name}: the knowledge ${path} does not exist.")
    endif()
  endforeach()
  foreach(document IN LISTS documents)
    get_filename_component(document_name ${document} NAME)
    if(NOT document_name MATCHES "^[A-Za-z0-9_.-]+[.]md$")
      message(FATAL_ERROR "${name}: a document's file is named with A-Z, a-z, 0-9, _ . - and ends in .md, not ${document}.")
    endif()
  endforeach()
  set(${result} "${documents}" PARENT_SCOPE)
endfunction()

# Whether the current directory builds with -fsanitize=, however that was asked for.
function(toolrack_is_sanitized result)
  get_directory_property(compile COMPILE_OPTIONS)
  get_directory_property(link LINK_OPTIONS)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  set(flags "${compile} ${link} ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}} ${CMAKE_MODULE_LINKER_FLAGS}")
  string(FIND "${flags}" "-fsanitize=" at)
  if(at EQUAL -1)
    set(${result} OFF PARENT_SCOPE)
  else()
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

# Refuses a manifest that is no JSON object or lacks what every manifest has; `toolrack lint` checks the rest. A change
# of the file configures again.
function(toolrack_check_manifest name manifest)
  if(NOT EXISTS ${manifest})
    message(FATAL_ERROR "${name}: the manifest ${manifest} does not exist.")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  file(READ ${manifest} text)
  string(JSON type ERROR_VARIABLE error TYPE "${text}")
  if(error OR NOT type STREQUAL "OBJECT")
    message(FATAL_ERROR "${name}: ${manifest} is no JSON object: ${error}")
  endif()
  foreach(field manifest owner name version)
    string(JSON value ERROR_VARIABLE error GET "${text}" ${field})
    if(error)
      message(FATAL_ERROR "${name}: ${manifest} has no \"${field}\".")
    endif()
  endforeach()
  if(NOT value MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+")
    message(FATAL_ERROR "${name}: version \"${value}\" in ${manifest} is not like 1.2.3.")
  endif()
endfunction()
