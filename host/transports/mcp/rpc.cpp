#include "transports/mcp/rpc.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/json.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::string_view kOpening = R"({"jsonrpc":"2.0")", kId = R"(,"id":)", kErrorCode = R"(,"error":{"code":)";

}  // namespace

RpcError invalid_params(std::string message) {
  return {.code = kInvalidParams, .http_status = 200, .message = std::move(message), .data_json = {}};
}

RpcError header_mismatch(std::string message) {
  return {.code = kHeaderMismatch, .http_status = 400, .message = std::move(message), .data_json = {}};
}

std::string error_message(std::string_view id, const RpcError& error) {
  auto out = std::string(kOpening);
  if (!id.empty()) out.append(kId).append(id);
  out += fmt::format(R"({}{},"message":{})", kErrorCode, error.code, base::json::quote(error.message));
  if (!error.data_json.empty()) out.append(R"(,"data":)").append(error.data_json);
  return out += "}}";
}

int error_code_of(std::string_view message, std::size_t id_size) noexcept {
  const auto at = kOpening.size() + (id_size == 0 ? 0 : kId.size() + id_size);
  // Nearly all are results, which the third character tells.
  if (message.size() < at + kErrorCode.size() || message[at + 2] != kErrorCode[2]) [[likely]]
    return 0;
  if (!message.substr(at).starts_with(kErrorCode)) return 0;
  int code = 0;
  std::from_chars(message.data() + at + kErrorCode.size(), message.data() + message.size(), code);
  return code;
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
