#include "services/assets/s3/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/encoding.hpp"

namespace toolrack::services::assets::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string sha256_hex(std::string_view text) { return base::to_hex(base::as_bytes(base::sha256(text))); }

/// Blanks at the ends go, and several in a row are one.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string names_of(const Fields& sorted) {
  std::string names;
  for (const auto& [name, value] : sorted) names.append(names.empty() ? "" : ";").append(name);
  return names;
}

std::string scope_text(const SigningScope& scope, std::string_view date) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

/// Of a request whose headers are sorted and whose query is complete.
std::string signature_of(const Signable& request, const AccessKey& key, const SigningScope& scope,
                         std::string_view date) {
  auto canonical = fmt::format("{}\n{}\n{}\n", request.method, request.path, encode_query(request.query));
  for (const auto& [name, value] : request.headers) canonical += fmt::format("{}:{}\n", name, trimmed(value));
  canonical += fmt::format("\n{}\n{}", names_of(request.headers), request.payload);

  const auto text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope_text(scope, date), sha256_hex(canonical));
  auto derived = base::hmac_sha256("AWS4" + key.secret, date.substr(0, 8));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")})
    derived = base::hmac_sha256(derived, part);
  return base::to_hex(base::hmac_sha256(derived, text));
}

}  // namespace

std::string encode_path(std::string_view path) {
  std::string encoded;
  for (;;) {
    const auto slash = path.find('/');
    encoded += base::percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) return encoded;
    encoded += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string encode_query(Fields query) {
  for (auto& [name, value] : query) {
    name = base::percent_encode(name);
    value = base::percent_encode(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

std::string amz_date(std::int64_t unix_seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

void sign(Signable& request, const AccessKey& key, const SigningScope& scope, std::int64_t unix_seconds) {
  const auto date = amz_date(unix_seconds);
  request.headers.emplace_back("x-amz-date", date);
  if (scope.service == "s3") request.headers.emplace_back("x-amz-content-sha256", request.payload);
  if (!key.session_token.empty()) request.headers.emplace_back("x-amz-security-token", key.session_token);
  std::ranges::sort(request.headers);
  request.headers.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, key.id, scope_text(scope, date),
                  names_of(request.headers), signature_of(request, key, scope, date)));
}

std::string presigned_query(Signable request, const AccessKey& key, const SigningScope& scope,
                            std::int64_t unix_seconds, std::int64_t lifetime_seconds) {
  const auto date = amz_date(unix_seconds);
  std::erase_if(request.headers, [](const auto& header) { return header.first != "host"; });
  request.payload = kUnsignedPayload;
  auto& query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", fmt::format("{}/{}", key.id, scope_text(scope, date)));
  query.emplace_back("X-Amz-Date", date);
  query.emplace_back("X-Amz-Expires", std::to_string(lifetime_seconds));
  if (!key.session_token.empty()) query.emplace_back("X-Amz-Security-Token", key.session_token);
  query.emplace_back("X-Amz-SignedHeaders", "host");
  const auto signature = signature_of(request, key, scope, date);
  return fmt::format("{}&X-Amz-Signature={}", encode_query(query), signature);
}

}  // namespace toolrack::services::assets::s3
