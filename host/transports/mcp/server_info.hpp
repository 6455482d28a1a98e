/// Who we are, in the words of each era.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "registry/exposure.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// {"name":"toolrack","title":…,"version":…}.
std::string_view server_info_json();

/// resultType, ttlMs and cacheScope of a modern result that clients may keep.
void write_cache_hints(base::json::Writer& writer, std::int64_t ttl_ms, bool is_public);

/// The members that a modern result of a list or of discover has beside its own: resultType, ttlMs, cacheScope, _meta.
void write_modern_members(base::json::Writer& writer, int ttl_ms, bool is_public = true);

/// The results of server/discover and of initialize, at that exposure. `has_tasks`: calls can become tasks.
std::string discover_result(registry::Exposure::Kind kind, bool has_tasks);
std::string initialize_result(registry::Exposure::Kind kind, Revision revision);

}  // namespace toolrack::mcp
