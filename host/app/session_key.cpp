#include "app/session_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace toolrack::app {

base::Result<mcp::Sessions::Key> session_key(store::Store& store) {
  mcp::Sessions::Key key{};
  if (const auto document = TRY(store.get("secrets", "mcp_session_key"))) {
    const auto parsed = TRY(base::json::parse(document->json));
    const auto bytes = TRY(base::from_base64(base::json::find_string(parsed, "key").value_or("")));
    if (bytes.size() != key.size())
      return base::fail(base::ErrorCode::kStoreFailed, "the key of MCP sessions in the store is damaged",
                        "Delete the document mcp_session_key by restoring a backup of the data directory.");
    std::ranges::copy(bytes, key.begin());
    return key;
  }
  randombytes_buf(key.data(), key.size());
  const auto text = base::to_base64({reinterpret_cast<const char*>(key.data()), key.size()});
  TRY(store.commit(
      {store::Put{.collection = "secrets", .key = "mcp_session_key", .json = R"({"key":")" + text + R"("})"}}));
  return key;
}

}  // namespace toolrack::app
