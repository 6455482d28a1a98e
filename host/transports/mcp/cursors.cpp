#include "transports/mcp/cursors.hpp"

#include <fmt/format.h>

namespace toolrack::mcp {
namespace {

std::string purpose_of(std::string_view list) { return fmt::format("toolrack mcp cursor 1 {}", list); }

}  // namespace

std::string make_cursor(const base::Seal::Key& key, std::string_view list, const ListPlace& place) {
  const auto purpose = purpose_of(list);
  return base::Seal(key, purpose).close(fmt::format("{}\n{}", place.lister, place.after));
}

std::optional<ListPlace> read_cursor(const base::Seal::Key& key, std::string_view list, std::string_view cursor) {
  const auto purpose = purpose_of(list);
  const auto text = base::Seal(key, purpose).open(cursor);
  const auto line = text ? text->find('\n') : std::string::npos;
  if (line == std::string::npos) return std::nullopt;
  return ListPlace{.after = text->substr(line + 1), .lister = text->substr(0, line)};
}

}  // namespace toolrack::mcp
