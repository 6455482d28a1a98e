# Debian 12 packages, as they are. docs/adr/0002-libraries.md says why each was chosen.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(GUMBO REQUIRED IMPORTED_TARGET gumbo)

# Header-only ones behind one target, as system headers, with the switches that make them safe.
add_library(toolrack_headers INTERFACE)
target_link_libraries(toolrack_headers INTERFACE Boost::headers tl::expected fmt::fmt Threads::Threads)
target_compile_definitions(toolrack_headers INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_DLL_USE_STD_FS BOOST_ALL_NO_LIB
  RAPIDJSON_HAS_STDSTRING=1 VALIJSON_USE_EXCEPTIONS=1)
