#include "sources/native/outcome_reader.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "sources/native/abi_text.hpp"
#include "sources/native/output_check.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;
using base::ErrorType;

constexpr std::size_t kMaxParts = 1024;

/// Takes the buffer in any case; the view stays valid while `lent` holds it.
std::string_view take(const tr_buffer& buffer, std::vector<base::LentBytes>& lent) {
  const std::string_view bytes = buffer.data == nullptr
                                     ? std::string_view()
                                     : std::string_view(static_cast<const char*>(buffer.data), buffer.size);
  if (buffer.release != nullptr) lent.emplace_back(bytes, buffer.release, buffer.owner);
  return bytes;
}

/// The host's type for a status that only the skill can judge; the code alone would say `provider`.
std::optional<ErrorType> type_of(tr_status status, std::uint32_t flags) noexcept {
  if ((flags & TR_OUT_PROVIDER) != 0) return ErrorType::kProvider;
  switch (status) {
    case TR_NOT_FOUND:
      return ErrorType::kNotFound;
    case TR_PERMISSION_DENIED:
    case TR_UNAUTHENTICATED:
      return ErrorType::kAuth;
    case TR_ALREADY_EXISTS:
    case TR_OUT_OF_RANGE:
    case TR_FAILED_PRECONDITION:
      return ErrorType::kValidation;
    default:
      return std::nullopt;
  }
}

std::string_view word_for(tr_status status) noexcept {
  switch (status) {
    case TR_CANCELLED:
      return "the skill was cancelled";
    case TR_DEADLINE_EXCEEDED:
      return "the skill ran out of time";
    case TR_NOT_FOUND:
      return "the skill did not find it";
    case TR_UNIMPLEMENTED:
      return "the skill does not offer this";
    case TR_UNAVAILABLE:
      return "the skill is not available now";
    case TR_USER_DECLINED:
      return "the person declined";
    case TR_USER_DISMISSED:
      return "the person closed the question";
    default:
      return "the skill failed without saying why";
  }
}

base::Error read_error(const tr_outcome& in, bool is_overdue, std::string& misuse) {
  auto code = to_error_code(in.status, in.flags);
  if (code == ErrorCode::kCancelled && is_overdue) code = ErrorCode::kTimeout;
  for (const auto text : {in.code, in.message, in.hint}) {
    if (!is_text(text)) misuse = "code, message or hint is not UTF-8 text";
  }
  if (!misuse.empty()) return {ErrorCode::kInvalidOutput, "the skill failed, and its error message is not valid text"};
  base::Error error(code, std::string(in.message.size != 0 ? view(in.message) : word_for(in.status)),
                    std::string(view(in.hint)));
  // NOLINTBEGIN(bugprone-use-after-move): with_type() and its kin change the error where it is.
  if (const auto type = type_of(in.status, in.flags)) std::move(error).with_type(*type);
  if (in.code.size != 0) error.with_name(std::string(view(in.code)));
  if (in.retry_after_ns > 0) std::move(error).with_retry_after(std::chrono::nanoseconds(in.retry_after_ns));
  if (in.details_json.size != 0) {
    if (const auto fault = find_json_fault(view(in.details_json), JsonKind::kAny)) {
      misuse = "details_json: " + *fault;  // The failure itself stands; only its particulars are lost.
    } else {
      std::move(error).with_details(std::string(view(in.details_json)));
    }
  }
  return error;
  // NOLINTEND(bugprone-use-after-move)
}

ReadOutcome broken(registry::Outcome& outcome, ErrorCode code, std::string message) {
  ReadOutcome out;
  out.misuse = message;
  outcome = {};
  outcome.error.emplace(code, std::move(message));
  outcome.is_final = true;  // It has run; nobody knows what it did.
  return out;
}

}  // namespace

ErrorCode to_error_code(tr_status status, std::uint32_t flags) noexcept {
  const bool by_provider = (flags & TR_OUT_PROVIDER) != 0;
  switch (status) {
    case TR_CANCELLED:
      return ErrorCode::kCancelled;
    case TR_INVALID_ARGUMENT:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kInvalidInput;
    case TR_DEADLINE_EXCEEDED:
      return ErrorCode::kTimeout;
    case TR_RESOURCE_EXHAUSTED:
      return by_provider ? ErrorCode::kProviderUnavailable : ErrorCode::kRateLimited;
    case TR_ABORTED:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kConflict;
    case TR_UNIMPLEMENTED:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kUnimplemented;
    case TR_UNAVAILABLE:
      return by_provider ? ErrorCode::kProviderUnavailable : ErrorCode::kUnavailable;
    case TR_PAYMENT_REQUIRED:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kInsufficientCredits;
    case TR_NOT_FOUND:
    case TR_ALREADY_EXISTS:
    case TR_PERMISSION_DENIED:
    case TR_FAILED_PRECONDITION:
    case TR_OUT_OF_RANGE:
    case TR_UNAUTHENTICATED:
    case TR_TOOL_ERROR:
    case TR_USER_DECLINED:
    case TR_USER_DISMISSED:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kToolError;
    default:
      return by_provider ? ErrorCode::kProviderError : ErrorCode::kInternal;
  }
}

bool read_part(const tr_part& in, registry::Part& out, std::vector<base::LentBytes>& lent, std::string& misuse) {
  const auto bytes = take(in.bytes, lent);
  if (in.type < TR_PART_TEXT || in.type > TR_PART_JSON) {
    misuse = fmt::format("part type {} is unknown", in.type);
  } else if (!is_text(in.text) || !is_text(in.media_type) || !is_text(in.uri) || !is_text(in.name)) {
    misuse = "a part's text, media type, URI or name is not UTF-8 text";
  } else if (in.type == TR_PART_JSON) {
    if (const auto fault = find_json_fault(view(in.text), JsonKind::kObject))
      misuse = "a part's content block: " + *fault;
  }
  if (misuse.empty() && in.extra_json.size != 0) {
    if (const auto fault = find_json_fault(view(in.extra_json), JsonKind::kObject))
      misuse = "a part's extra_json: " + *fault;
  }
  if (!misuse.empty()) return false;
  out.type = static_cast<registry::Part::Type>(in.type);
  out.text = view(in.text);
  out.media_type = view(in.media_type);
  out.uri = view(in.uri);
  out.name = view(in.name);
  out.bytes = bytes;
  out.extra_json = view(in.extra_json);
  return true;
}

namespace {

/// Returns what is wrong with them, or nothing. Takes all their buffers in any case.
std::string read_parts(const tr_outcome& in, registry::Outcome& outcome, std::vector<base::LentBytes>& lent) {
  if (in.part_count > kMaxParts) {
    for (std::size_t i = 0; i < in.part_count; ++i) take(in.parts[i].bytes, lent);
    return fmt::format("{} parts, more than the {} that are read", in.part_count, kMaxParts);
  }
  std::string misuse;
  outcome.parts.reserve(in.part_count);
  for (std::size_t i = 0; i < in.part_count; ++i) {
    registry::Part part;
    std::string wrong;
    if (read_part(in.parts[i], part, lent, wrong)) {
      outcome.parts.push_back(std::move(part));
    } else {
      misuse = std::move(wrong);
    }
  }
  return misuse;
}

}  // namespace

ReadOutcome read_outcome(const tr_outcome& in, registry::Outcome& outcome, bool is_overdue,
                         std::vector<base::LentBytes>& lent, bool has_schema) {
  if (in.struct_size < sizeof(tr_outcome)) {
    return broken(
        outcome, ErrorCode::kInternal,
        fmt::format("the skill's outcome is {} bytes long, ABI 1.0 says {}", in.struct_size, sizeof(tr_outcome)));
  }
  // All buffers first, so that none is lost whatever we find.
  ReadOutcome out;
  const std::string_view output =
      in.output_json.data == nullptr
          ? std::string_view()
          : std::string_view(static_cast<const char*>(in.output_json.data), in.output_json.size);
  const bool is_lent = in.output_json.release != nullptr;
  if (is_lent) outcome.output_json = base::LentBytes(output, in.output_json.release, in.output_json.owner);
  const auto give_back = [&] {
    if (is_lent) lent.push_back(std::move(outcome.output_json));
  };
  const auto refuse = [&](std::string_view misuse) {
    give_back();
    return broken(outcome, ErrorCode::kInvalidOutput, fmt::format("the skill's result cannot be used: {}", misuse));
  };
  if (in.parts != nullptr && in.part_count != 0) [[unlikely]]
    if (const auto misuse = read_parts(in, outcome, lent); !misuse.empty()) return refuse(misuse);
  // What succeeded is parsed by the call path where it has a schema to hold; once is enough.
  const bool is_parsed_later = has_schema && in.status == TR_OK;
  if (!output.empty() && !is_parsed_later)
    if (const auto fault = find_json_fault(output, JsonKind::kAny))
      return refuse(fmt::format("its output is no JSON: {}", *fault));
  if (in.meta_json.size != 0)
    if (const auto fault = find_json_fault(view(in.meta_json), JsonKind::kObject))
      return refuse(fmt::format("its meta_json: {}", *fault));
  if (in.status == TR_SUSPENDED) {
    give_back();
    outcome = {};
    outcome.is_suspended = true;
    return out;
  }

  if (in.status != TR_OK) outcome.error = read_error(in, is_overdue, out.misuse);
  if (!is_lent) out.borrowed_output = output;
  if (in.meta_json.size != 0) outcome.meta_json = view(in.meta_json);
  if ((in.flags & TR_OUT_BILLED) != 0) {
    outcome.billed = true;
  } else if ((in.flags & TR_OUT_NOT_BILLED) != 0) {
    outcome.billed = false;
  }
  outcome.ttl_ns = in.ttl_ns > 0 ? in.ttl_ns : 0;
  outcome.is_final = (in.flags & TR_OUT_FINAL) != 0;
  outcome.try_next = (in.flags & TR_OUT_NEXT) != 0;
  outcome.truncated = (in.flags & TR_OUT_TRUNCATED) != 0;
  outcome.cache_public = (in.flags & TR_OUT_CACHE_PUBLIC) != 0;
  return out;
}

}  // namespace toolrack::sources::native
