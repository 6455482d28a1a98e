/// Server-sent events as text.
#pragma once

#include <string>
#include <string_view>

namespace toolrack::net {

/// One event with JSON as its data; an `id` that is not empty lets the client resume behind it.
std::string event_text(std::string_view name, std::string_view json, std::string_view id = {});

}  // namespace toolrack::net
