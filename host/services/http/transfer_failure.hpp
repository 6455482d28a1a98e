/// What libcurl's codes mean to the caller of a skill.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string>

#include "services/http/client.hpp"

namespace toolrack::services::http {

struct CurlFailure {
  CURLcode code;
  int os_error;      ///< errno of the failing connect, or 0.
  const char* text;  ///< libcurl's own words, may be empty.
  std::string authority;
  std::chrono::milliseconds connect_timeout;
  bool is_head_read;  ///< The answer had begun.
  bool was_sent;      ///< Some request had been handed to a connection.
};

/// kTimeout, kProviderUnavailable (no connection, or it broke) or kProviderError (what came is no HTTP).
Failure explain_curl_failure(const CurlFailure& failure);

}  // namespace toolrack::services::http
