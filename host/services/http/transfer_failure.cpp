#include "services/http/transfer_failure.hpp"

#include <system_error>

namespace toolrack::services::http {
namespace {

using base::ErrorCode;

std::string cause(const CurlFailure& failure) {
  if (failure.os_error != 0) return std::generic_category().message(failure.os_error);
  return failure.text[0] != '\0' ? failure.text : curl_easy_strerror(failure.code);
}

base::Error to_error(const CurlFailure& failure) {
  const auto& host = failure.authority;
  switch (failure.code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::kTimeout,
              host + " did not accept a connection within " + std::to_string(failure.connect_timeout.count()) + " ms"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::kProviderUnavailable, "The name of " + host + " could not be resolved"};
    case CURLE_COULDNT_CONNECT:
      return {ErrorCode::kProviderUnavailable, "No connection to " + host + ": " + cause(failure)};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorCode::kProviderUnavailable, "No TLS connection to " + host + ": " + failure.text};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
      return {ErrorCode::kProviderError, host + " answered with what is no HTTP: " + cause(failure)};
    case CURLE_ABORTED_BY_CALLBACK:
      return {ErrorCode::kProviderUnavailable,
              host + " closed a kept connection while a request that must not be repeated was sent over it"};
    default:
      break;
  }
  if (failure.is_head_read) {
    return {ErrorCode::kProviderUnavailable, host + " broke off in the middle of its answer: " + cause(failure)};
  }
  return {ErrorCode::kProviderUnavailable, host + " closed the connection without an answer: " + cause(failure)};
}

}  // namespace

Failure explain_curl_failure(const CurlFailure& failure) {
  return {to_error(failure), failure.was_sent ? Sent::kMaybe : Sent::kNo};
}

}  // namespace toolrack::services::http
