#include "transports/stdio/session_memory.hpp"

#include "base/json.hpp"
#include "transports/stdio/headers.hpp"

namespace toolrack::stdio {

namespace json = base::json;

bool SessionMemory::learn(std::string_view answer, std::string session_id) {
  const auto document = json::parse(answer);
  const auto* version = document ? json::at(*document, "/result/protocolVersion") : nullptr;
  if (version == nullptr || !version->IsString()) return false;
  version_ = json::view(*version);
  id_ = std::move(session_id);
  return true;
}

std::vector<std::string> SessionMemory::headers() const {
  if (!is_open()) return {};
  std::vector<std::string> lines{header_line("MCP-Protocol-Version", version_)};
  if (!id_.empty()) lines.push_back("Mcp-Session-Id: " + id_);
  return lines;
}

Outbound SessionMemory::initialized() const {
  if (!initialized_.body.empty()) return initialized_;
  return {.body = R"({"jsonrpc":"2.0","method":"notifications/initialized"})", .method = "notifications/initialized"};
}

}  // namespace toolrack::stdio
