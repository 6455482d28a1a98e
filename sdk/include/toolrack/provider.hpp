/// The one table that turns what an upstream service answered into a skill's failure. Included by reply.hpp.
#pragma once

#include <toolrack/reply.hpp>

#include <string>
#include <utility>

namespace toolrack {
namespace detail {

struct ProviderRow {
  tr_status status;
  std::uint32_t flags;
  const char* code;
  const char* hint;
};

/// A refusal before any work (credential, quota, overload) leaves the way to another backend open; a 5xx only when
/// doing the same again is harmless.
inline ProviderRow provider_row(std::int64_t http_status, bool is_repeatable) noexcept {
  const std::uint32_t next = TR_OUT_NEXT | TR_OUT_NOT_BILLED;
  switch (http_status) {
    case 401:
    case 403:
      return {TR_UNAUTHENTICATED, next, "provider_auth", "Check the credential of this provider and what it may do."};
    case 402:
      return {TR_RESOURCE_EXHAUSTED, next, "provider_payment",
              "Top up the account at the provider or use another one."};
    case 404:
    case 410:
      return {TR_NOT_FOUND, 0, "provider_not_found", "Check the identifier or URL in the input."};
    case 408:
    case 504:
      return {TR_DEADLINE_EXCEEDED, is_repeatable ? std::uint32_t{TR_OUT_NEXT} : 0, "provider_timeout",
              "Try again later."};
    case 429:
      return {TR_RESOURCE_EXHAUSTED, next, "provider_rate_limited", "Wait for the time given, then try again."};
    case 503:
      return {TR_UNAVAILABLE, next, "provider_unavailable", "Try again later."};
    default:
      if (http_status >= 500) {
        return {TR_UNAVAILABLE, is_repeatable ? std::uint32_t{TR_OUT_NEXT} : 0, "provider_unavailable",
                "Try again later."};
      }
      return {TR_INVALID_ARGUMENT, 0, "provider_rejected", "Read what the provider says and change the input."};
  }
}

/// The host itself did not send it (no credential, no grant, a request that is none): that tells nothing of the
/// provider.
inline bool is_hosts_refusal(const Reply& answer) noexcept {
  const tr_status status = answer.status();
  return (answer.result_flags() & TR_RESULT_NOT_SENT) != 0 &&
         (status == TR_UNAUTHENTICATED || status == TR_INVALID_ARGUMENT || status == TR_PERMISSION_DENIED ||
          status == TR_FAILED_PRECONDITION || status == TR_UNIMPLEMENTED);
}

/// The beginning of a body as a JSON string when it is plain printable ASCII text, else empty: a message never carries
/// bytes nobody checked.
inline std::string excerpt(std::string_view body) {
  const std::string_view head = body.substr(0, 300);
  for (const char c : head) {
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) return {};
  }
  return json_quote(head);
}

}  // namespace detail

inline Reply Reply::provider(const Reply& answer) {
  if (answer.ok() || answer.status_ == TR_CANCELLED || answer.status_ == TR_SUSPENDED) return answer;
  if (answer.status_ != TR_OK) {  // No answer came.
    Reply reply = answer;
    reply.is_http_ = false;
    reply.body_ = Bytes();
    if (!detail::is_hosts_refusal(answer)) reply.outcome_flags_ |= TR_OUT_PROVIDER;
    if ((answer.result_flags_ & TR_RESULT_NOT_SENT) != 0) {
      reply.outcome_flags_ |= TR_OUT_NEXT | TR_OUT_NOT_BILLED;
    } else if ((answer.result_flags_ & TR_RESULT_MAYBE_SENT) != 0) {
      reply.outcome_flags_ |= answer.is_repeatable_ ? TR_OUT_NEXT : TR_OUT_FINAL;
    }
    return reply;
  }
  const detail::ProviderRow row = detail::provider_row(answer.number_, answer.is_repeatable_);
  const std::string number = std::to_string(answer.number_);
  Reply reply = error(row.status, row.code, "The provider answered with HTTP status " + number + ".", row.hint);
  reply.outcome_flags_ = TR_OUT_PROVIDER | row.flags;
  std::string details = "{\"http_status\":" + number;
  if (const std::string said = detail::excerpt(answer.body()); said.size() > 2) details += ",\"body\":" + said;
  reply.details(details + "}");
  reply.retry_after(answer.retry_after());
  return reply;
}

}  // namespace toolrack
