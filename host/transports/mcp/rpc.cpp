#include "transports/mcp/rpc.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"

namespace toolrack::mcp {

RpcError header_mismatch(std::string message) {
  return {.code = kHeaderMismatch, .http_status = 400, .message = std::move(message), .data_json = {}};
}

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

base::json::Writer& ResponseText::begin(std::string_view id) {
  buffer_.Clear();
  writer_.Reset(buffer_);
  writer_.StartObject();
  base::json::key(writer_, "jsonrpc");
  base::json::put(writer_, "2.0");
  base::json::key(writer_, "id");
  base::json::raw(writer_, id, rapidjson::kNumberType);
  base::json::key(writer_, "result");
  return writer_;
}

std::string_view ResponseText::end() {
  writer_.EndObject();
  return base::json::view(buffer_);
}

void ResponseText::trim() {
  constexpr std::size_t kKept = 64 << 10;
  if (buffer_.GetSize() <= kKept) return;
  buffer_.Clear();
  buffer_.ShrinkToFit();
}

}  // namespace toolrack::mcp
