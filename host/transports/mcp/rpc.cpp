#include "transports/mcp/rpc.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace toolrack::mcp {

std::string error_message(std::string_view id, const RpcError& error) {
  auto out = std::string(R"({"jsonrpc":"2.0")");
  if (!id.empty()) out.append(R"(,"id":)").append(id);
  out += fmt::format(R"(,"error":{{"code":{},"message":{})", error.code, base::json::quote(error.message));
  if (!error.data_json.empty()) out.append(R"(,"data":)").append(error.data_json);
  return out += "}}";
}

std::string result_message(std::string_view id, std::string_view result_json) {
  std::string out;
  out.reserve(id.size() + result_json.size() + 40);
  return out.append(R"({"jsonrpc":"2.0","id":)").append(id).append(R"(,"result":)").append(result_json).append("}");
}

}  // namespace toolrack::mcp
