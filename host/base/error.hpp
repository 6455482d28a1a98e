/// Every failure a caller can meet, and the one table that says how it looks on each wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace toolrack::base {

/// What kind of thing went wrong; agents branch on it. Serialized in lower case.
enum class ErrorType : std::uint8_t { kAuth, kBilling, kRateLimit, kValidation, kProvider, kNotFound, kInternal };

std::string_view to_string(ErrorType type) noexcept;

/// Stable codes. The row of each (name, type, statuses, remedy) stands in error.cpp; docs/errors.md is made from it.
enum class ErrorCode : std::uint8_t {
  // Bytes that are no request.
  kInvalidJson,
  kInvalidUtf8,
  kDuplicateKey,
  kTooDeep,
  kTooManyValues,
  kBodyTooLarge,
  kHeadersTooLarge,
  kUriTooLong,
  kBadHttp,
  kRequestTimeout,
  kUnsupportedMediaType,
  kNotAcceptable,
  kMethodNotAllowed,
  kRouteNotFound,
  kInvalidRequest,  ///< Well-formed JSON that is not what this route takes.
  // Who calls.
  kAuthRequired,
  kInvalidKey,
  kInsufficientScope,
  kOriginRefused,
  kHostRefused,
  // What is called.
  kToolNotFound,
  kSkillNotFound,
  kVersionNotFound,
  kResourceNotFound,
  kPromptNotFound,
  kKeyNotFound,
  kInvalidInput,  ///< Violates the skill's input schema; details list every violation.
  kConfirmationRequired,
  kApprovalRequired,  ///< A person has to agree to this very call; details have `approval_id`.
  kPriceTooHigh,
  // May it run.
  kInsufficientCredits,
  kRateLimited,
  kTooManyConcurrent,
  // It ran, or could not.
  kToolError,  ///< The skill ran and reports a failure of its own.
  kProviderError,
  kProviderUnavailable,
  kEgressRefused,
  kTimeout,
  kCancelled,
  kPluginFailed,  ///< The plugin could not be loaded or started; the message carries its E_ code.
  kInvalidOutput,
  kUnimplemented,
  kUnavailable,
  kConflict,
  kStoreFailed,
  kInvalidConfig,
  kInvalidManifest,
  kInternal,
};

/// One row of the table.
struct ErrorInfo {
  ErrorCode code;
  std::string_view name;  ///< As in {"error":{"code":...}}.
  ErrorType type;
  int http_status;
  int jsonrpc_code;       ///< 0: not a protocol error; an MCP tools/call answers isError=true instead.
  int tr_status;          ///< How a plugin sees it (abi.h).
  std::string_view hint;  ///< Default resolution_hint.
};

const ErrorInfo& info(ErrorCode code) noexcept;
std::span<const ErrorInfo> all_errors() noexcept;

/// A failure as a value. Cheap to move; `message` says what was wrong with which value.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  Error(ErrorCode code, std::string message, std::string hint)
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

  ErrorCode code() const noexcept { return code_; }
  ErrorType type() const noexcept { return type_ ? *type_ : info(code_).type; }
  /// The table's name, unless a plugin gave its own ("kraken.bad_nonce").
  std::string_view name() const noexcept { return name_.empty() ? info(code_).name : std::string_view(name_); }
  const std::string& message() const noexcept { return message_; }
  /// What the reader should do; the table's sentence unless a better one was given.
  std::string_view hint() const noexcept { return hint_.empty() ? info(code_).hint : std::string_view(hint_); }
  /// A JSON value with particulars, or empty.
  const std::string& details_json() const noexcept { return details_json_; }
  std::optional<std::chrono::nanoseconds> retry_after() const noexcept { return retry_after_; }

  Error& with_name(std::string name) & {
    name_ = std::move(name);
    return *this;
  }
  Error&& with_name(std::string name) && { return std::move(with_name(std::move(name))); }
  Error&& with_hint(std::string hint) && {
    hint_ = std::move(hint);
    return std::move(*this);
  }
  Error&& with_details(std::string json) && {
    details_json_ = std::move(json);
    return std::move(*this);
  }
  Error&& with_type(ErrorType type) && {
    type_ = type;
    return std::move(*this);
  }
  Error&& with_retry_after(std::chrono::nanoseconds delay) && {
    retry_after_ = delay;
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  std::optional<ErrorType> type_;
  std::string message_;
  std::string hint_;
  std::string name_;
  std::string details_json_;
  std::optional<std::chrono::nanoseconds> retry_after_;
};

}  // namespace toolrack::base
