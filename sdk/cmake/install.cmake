# The package `toolrack-sdk`. Its version is what abi.h says, so that header and package cannot disagree.
include(CMakePackageConfigHelpers)
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/include/toolrack/abi.h lines REGEX "^#define TR_ABI_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*TR_ABI_MAJOR ([0-9]+).*TR_ABI_MINOR ([0-9]+).*" "\\1.\\2" TOOLRACK_SDK_VERSION "${lines}")

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/toolrack-sdk)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/toolrack-sdk-config-version.cmake
  VERSION ${TOOLRACK_SDK_VERSION} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
file(RELATIVE_PATH TOOLRACK_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/toolrack-sdk.pc.in toolrack-sdk.pc @ONLY)

set_target_properties(toolrack_abi PROPERTIES EXPORT_NAME abi)
set_target_properties(toolrack_sdk PROPERTIES EXPORT_NAME sdk)
install(TARGETS toolrack_abi toolrack_sdk EXPORT toolrack-sdk-targets COMPONENT sdk)
install(EXPORT toolrack-sdk-targets NAMESPACE toolrack:: DESTINATION ${config_dir} COMPONENT sdk)
install(DIRECTORY include/toolrack DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(FILES cmake/toolrack-sdk-config.cmake cmake/ToolrackPlugin.cmake cmake/plugin.map cmake/manifest_note.S.in
  ${CMAKE_CURRENT_BINARY_DIR}/toolrack-sdk-config-version.cmake DESTINATION ${config_dir} COMPONENT sdk)
install(FILES schema/manifest.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/toolrack COMPONENT sdk)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/toolrack-sdk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
