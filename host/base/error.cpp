#include "base/error.hpp"

#include <toolrack/abi.h>

#include <array>

namespace toolrack::base {
namespace {

using enum ErrorCode;
using T = ErrorType;

// clang-format off
constexpr std::array kTable{
    ErrorInfo{kInvalidJson, "invalid_json", T::kValidation, 400, -32700, TR_INVALID_ARGUMENT, "Send one well-formed JSON document."},
    ErrorInfo{kInvalidUtf8, "invalid_utf8", T::kValidation, 400, -32700, TR_INVALID_ARGUMENT, "Encode the body as UTF-8."},
    ErrorInfo{kDuplicateKey, "duplicate_key", T::kValidation, 400, -32700, TR_INVALID_ARGUMENT, "Give each member of an object once."},
    ErrorInfo{kTooDeep, "too_deep", T::kValidation, 400, -32700, TR_INVALID_ARGUMENT, "Nest the document less deeply."},
    ErrorInfo{kTooManyValues, "too_many_values", T::kValidation, 400, -32700, TR_INVALID_ARGUMENT, "Split the request into smaller ones."},
    ErrorInfo{kBodyTooLarge, "body_too_large", T::kValidation, 413, -32600, TR_INVALID_ARGUMENT, "Send a smaller body."},
    ErrorInfo{kHeadersTooLarge, "headers_too_large", T::kValidation, 431, -32600, TR_INVALID_ARGUMENT, "Send fewer or shorter headers."},
    ErrorInfo{kUriTooLong, "uri_too_long", T::kValidation, 414, -32600, TR_INVALID_ARGUMENT, "Use a shorter URL; put long input into a POST body."},
    ErrorInfo{kBadHttp, "bad_http", T::kValidation, 400, -32600, TR_INVALID_ARGUMENT, "Send HTTP/1.1 as RFC 9112 defines it."},
    ErrorInfo{kRequestTimeout, "request_timeout", T::kValidation, 408, -32600, TR_DEADLINE_EXCEEDED, "Send the whole request without long pauses."},
    ErrorInfo{kUnsupportedMediaType, "unsupported_media_type", T::kValidation, 415, -32600, TR_INVALID_ARGUMENT, "Send Content-Type: application/json."},
    ErrorInfo{kNotAcceptable, "not_acceptable", T::kValidation, 406, -32600, TR_INVALID_ARGUMENT, "Accept application/json (and text/event-stream on /mcp)."},
    ErrorInfo{kMethodNotAllowed, "method_not_allowed", T::kValidation, 405, -32600, TR_INVALID_ARGUMENT, "Use a method that the Allow header names."},
    ErrorInfo{kRouteNotFound, "route_not_found", T::kNotFound, 404, -32601, TR_NOT_FOUND, "See GET /openapi.json for every route."},
    ErrorInfo{kInvalidRequest, "invalid_request", T::kValidation, 400, -32602, TR_INVALID_ARGUMENT, "Correct the named field and send the request again."},
    ErrorInfo{kAuthRequired, "auth_required", T::kAuth, 401, 0, TR_UNAUTHENTICATED, "Send Authorization: Bearer <key>; an operator makes keys with `toolrack keys create`."},
    ErrorInfo{kInvalidKey, "invalid_key", T::kAuth, 401, 0, TR_UNAUTHENTICATED, "Check the key for typing errors, or have a new one made; revoked keys stay revoked."},
    ErrorInfo{kInsufficientScope, "insufficient_scope", T::kAuth, 403, 0, TR_PERMISSION_DENIED, "Use a key with the named scope."},
    ErrorInfo{kOriginRefused, "origin_refused", T::kAuth, 403, -32600, TR_PERMISSION_DENIED, "Call from an origin that the configuration lists under http.allowed_origins."},
    ErrorInfo{kHostRefused, "host_refused", T::kAuth, 403, -32600, TR_PERMISSION_DENIED, "Use a host name that the configuration lists under http.allowed_hosts."},
    ErrorInfo{kToolNotFound, "tool_not_found", T::kNotFound, 404, -32602, TR_NOT_FOUND, "List the tools with GET /v1/tools or `toolrack tools`."},
    ErrorInfo{kSkillNotFound, "skill_not_found", T::kNotFound, 404, -32602, TR_NOT_FOUND, "See the tool's skills with GET /v1/tools/<tool> or `toolrack info <tool>`."},
    ErrorInfo{kVersionNotFound, "version_not_found", T::kNotFound, 404, -32602, TR_NOT_FOUND, "Leave the version out, or pin one that is loaded."},
    ErrorInfo{kResourceNotFound, "resource_not_found", T::kNotFound, 404, -32602, TR_NOT_FOUND, "List what can be read with resources/list and resources/templates/list."},
    ErrorInfo{kPromptNotFound, "prompt_not_found", T::kNotFound, 404, -32602, TR_NOT_FOUND, "List the prompts with prompts/list."},
    ErrorInfo{kKeyNotFound, "key_not_found", T::kNotFound, 404, 0, TR_NOT_FOUND, "List the keys with GET /v1/keys or `toolrack keys list`."},
    ErrorInfo{kInvalidInput, "invalid_input", T::kValidation, 422, 0, TR_INVALID_ARGUMENT, "Correct the named values; the skill's input schema is in GET /v1/tools/<tool>."},
    ErrorInfo{kConfirmationRequired, "confirmation_required", T::kValidation, 422, 0, TR_FAILED_PRECONDITION, "Ask the person, then call again with \"confirm\": true."},
    ErrorInfo{kApprovalRequired, "approval_required", T::kValidation, 409, 0, TR_FAILED_PRECONDITION, "Have a person approve the call, then make it again with the same input."},
    ErrorInfo{kPriceTooHigh, "price_too_high", T::kBilling, 402, 0, TR_PAYMENT_REQUIRED, "Raise max_price, or choose a cheaper backend."},
    ErrorInfo{kInsufficientCredits, "insufficient_credits", T::kBilling, 402, 0, TR_PAYMENT_REQUIRED, "Top up the account's credits."},
    ErrorInfo{kRateLimited, "rate_limited", T::kRateLimit, 429, 0, TR_RESOURCE_EXHAUSTED, "Wait for retry_after, then call again."},
    ErrorInfo{kTooManyConcurrent, "too_many_concurrent", T::kRateLimit, 429, 0, TR_RESOURCE_EXHAUSTED, "Wait until one of the running calls has ended."},
    ErrorInfo{kToolError, "tool_error", T::kProvider, 422, 0, TR_TOOL_ERROR, "Read the message; change the input accordingly."},
    ErrorInfo{kProviderError, "provider_error", T::kProvider, 502, 0, TR_UNAVAILABLE, "The upstream service failed or refused; see the message."},
    ErrorInfo{kProviderUnavailable, "provider_unavailable", T::kProvider, 503, 0, TR_UNAVAILABLE, "Try again later or with another backend."},
    ErrorInfo{kEgressRefused, "egress_refused", T::kValidation, 403, 0, TR_PERMISSION_DENIED, "Use a public address that the tool's grants cover; an operator can allow more under egress.allow."},
    ErrorInfo{kTimeout, "timeout", T::kProvider, 504, 0, TR_DEADLINE_EXCEEDED, "Try again; ask for less, or allow a longer timeout."},
    ErrorInfo{kCancelled, "cancelled", T::kInternal, 499, 0, TR_CANCELLED, "The call was cancelled; call again if that was not meant."},
    ErrorInfo{kPluginFailed, "plugin_failed", T::kInternal, 503, 0, TR_UNAVAILABLE, "The operator sees the reason with `toolrack plugins`."},
    ErrorInfo{kInvalidOutput, "invalid_output", T::kInternal, 502, 0, TR_INTERNAL, "The tool broke its own output schema; report it to the tool's author."},
    ErrorInfo{kUnimplemented, "unimplemented", T::kInternal, 501, -32601, TR_UNIMPLEMENTED, "This host does not offer it; see the documentation of this version."},
    ErrorInfo{kUnavailable, "unavailable", T::kInternal, 503, 0, TR_UNAVAILABLE, "The gateway is starting or stopping; try again in a moment."},
    ErrorInfo{kConflict, "conflict", T::kValidation, 409, 0, TR_ABORTED, "Read the current state, then decide again."},
    ErrorInfo{kStoreFailed, "store_failed", T::kInternal, 503, 0, TR_UNAVAILABLE, "Check the data directory's space and permissions with `toolrack doctor`."},
    ErrorInfo{kInvalidConfig, "invalid_config", T::kValidation, 500, 0, TR_FAILED_PRECONDITION, "Correct the named line; `toolrack doctor` checks the file."},
    ErrorInfo{kInvalidManifest, "invalid_manifest", T::kValidation, 422, 0, TR_FAILED_PRECONDITION, "Correct the named place; `toolrack validate <file>` checks a manifest."},
    ErrorInfo{kInternal, "internal", T::kInternal, 500, -32603, TR_INTERNAL, "This is a defect; report it with the request id."},
};
// clang-format on

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].code != static_cast<ErrorCode>(i)) return false;
  return kTable.size() == static_cast<std::size_t>(kInternal) + 1;
}
static_assert(table_is_in_order(), "rows stand in the order of the enum, none is missing");

}  // namespace

std::string_view to_string(ErrorType type) noexcept {
  switch (type) {
    case T::kAuth:
      return "auth";
    case T::kBilling:
      return "billing";
    case T::kRateLimit:
      return "rate_limit";
    case T::kValidation:
      return "validation";
    case T::kProvider:
      return "provider";
    case T::kNotFound:
      return "not_found";
    case T::kInternal:
      break;
  }
  return "internal";
}

const ErrorInfo& info(ErrorCode code) noexcept { return kTable[static_cast<std::size_t>(code)]; }

std::span<const ErrorInfo> all_errors() noexcept { return kTable; }

}  // namespace toolrack::base
