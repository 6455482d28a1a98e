#include "transports/net/event_text.hpp"

#include <algorithm>

namespace toolrack::net {

std::string event_text(std::string_view name, std::string_view json, std::string_view id) {
  std::string event;
  event.reserve(json.size() + name.size() + id.size() + 32);
  event.append("event: ").append(name).append("\n");
  if (!id.empty()) event.append("id: ").append(id).append("\n");
  const auto data = event.append("data: ").size();
  event.append(json);
  // A line break ends a data line; between JSON's tokens a blank means the same, and inside its strings there is none.
  std::replace_if(
      event.begin() + static_cast<std::ptrdiff_t>(data), event.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  return event.append("\n\n");
}

}  // namespace toolrack::net
