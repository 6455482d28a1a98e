# find_package(toolrack-sdk 1.0 CONFIG REQUIRED): the target toolrack::sdk and toolrack_add_plugin().
include(${CMAKE_CURRENT_LIST_DIR}/toolrack-sdk-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ToolrackPlugin.cmake)
