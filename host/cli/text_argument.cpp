#include "cli/text_argument.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

namespace toolrack::cli {
namespace {

base::Result<std::string> read_all(std::istream& stream, std::string_view name) {
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("{} cannot be read", name));
  return text;
}

}  // namespace

base::Result<std::string> text_argument(const std::string& given) {
  if (given == "-") return read_all(std::cin, "standard input");
  if (!given.starts_with('@')) return given;
  std::ifstream file(given.substr(1), std::ios::binary);
  if (!file) return base::fail(base::ErrorCode::kInvalidRequest, fmt::format("{} cannot be read", given.substr(1)));
  return read_all(file, given);
}

}  // namespace toolrack::cli
