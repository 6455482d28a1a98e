#include "services/http/redirect.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

namespace toolrack::services::http {
namespace {

/// Any other header may hold a secret (x-api-key, xi-api-key, cookie ...), so the list says what may pass.
constexpr std::array<std::string_view, 11> kHeadersForEverybody = {
    "accept",       "accept-encoding",   "accept-language", "cache-control", "content-encoding", "content-language",
    "content-type", "if-modified-since", "if-none-match",   "range",         "user-agent"};
constexpr std::array<std::string_view, 5> kHeadersOfBody = {"content-type", "content-encoding", "content-language",
                                                            "content-location", "content-md5"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) noexcept {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) {
    return name.size() == known.size() && strncasecmp(name.data(), known.data(), name.size()) == 0;
  });
}

/// Does the next request keep neither method nor body?
bool becomes_get(const Request& request, int status) noexcept {
  return (status == 303 && request.method != "HEAD") || ((status == 301 || status == 302) && request.method == "POST");
}

}  // namespace

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool may_follow(const Request& request, int status, const Url& from, const Url& target) noexcept {
  if (from.has_same_origin(target)) return true;
  const auto is_inside = [&](const std::string& text) { return target.text().find(text) != std::string::npos; };
  if (std::any_of(request.private_texts.begin(), request.private_texts.end(), is_inside)) return false;
  if (becomes_get(request, status)) return true;
  return request.body.empty() && (request.method == "GET" || request.method == "HEAD");
}

void redirect(Request& request, int status, const Url& from, const Url& target) {
  if (becomes_get(request, status)) {
    request.method = "GET";
    request.body.clear();
    std::erase_if(request.headers, [](const Header& header) { return is_one_of(header.name, kHeadersOfBody); });
  }
  if (!from.has_same_origin(target)) {
    std::erase_if(request.headers, [](const Header& header) { return !is_one_of(header.name, kHeadersForEverybody); });
  }
}

}  // namespace toolrack::services::http
