/// JSON-RPC answers as text.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// What a request is refused with.
struct RpcError {
  int code = kInternalError;
  int http_status = 400;  ///< For modern requests; legacy ones answer errors of their methods with 200.
  std::string message;
  std::string data_json;  ///< Or empty.
};

/// -32602 with status 200: what a method was given means nothing to it.
RpcError invalid_params(std::string message);
/// -32020 with status 400: a header and the body disagree; `message` says which and how.
RpcError header_mismatch(std::string message);

/// {"jsonrpc":"2.0","id":…,"error":{…}}; without an id when `id` is empty.
std::string error_message(std::string_view id, const RpcError& error);

/// The code of such a message; 0 when it is none. `id_size`: of the raw id in it.
int error_code_of(std::string_view message, std::size_t id_size) noexcept;

/// {"jsonrpc":"2.0","id":…,"result":…} of a result that is JSON text already.
std::string result_message(std::string_view id, std::string_view result_json);

/// {"jsonrpc":"2.0","id":…,"result":…} written into memory that the next response uses again. One at a time.
class ResponseText {
 public:
  /// Of an answer to `id`, raw JSON. The writer takes one value, the result, and is good until `end`.
  base::json::Writer& begin(std::string_view id);
  /// The whole text, good until the next `begin`.
  std::string_view end();
  /// Once the text was sent: gives back what an unusually large one took.
  void trim();

 private:
  base::json::Buffer buffer_;
  base::json::Writer writer_{buffer_};
};

}  // namespace toolrack::mcp
