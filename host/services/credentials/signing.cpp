#include "services/credentials/signing.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace toolrack::services::credentials {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using registry::CredentialScheme;

/// Shorter texts stand in many answers by chance; hiding them would spoil those.
constexpr std::size_t kShortestSecret = 8;
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

bool is_same_name(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

void set_header(http::Request& request, std::string_view name, std::string value) {
  std::erase_if(request.headers, [&](const http::Header& header) { return is_same_name(header.name, name); });
  request.headers.push_back({std::string(name), std::move(value)});
}

/// The path as it stands in an absolute URL; "/" when there is none.
std::string_view path_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  const auto end = url.find_first_of("?#");
  const auto begin = url.find('/');
  if (begin == std::string_view::npos || begin > end) return "/";
  return url.substr(begin, end == std::string_view::npos ? end : end - begin);
}

/// Takes the parameters of that name, as written or escaped, out of a URL without fragment.
void drop_query(std::string& url, std::string_view name) {
  const auto question = url.find('?');
  if (question == std::string::npos) return;
  const auto escaped = base::percent_encode(name);
  auto query = std::string_view(url).substr(question + 1);
  std::string kept;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto key = part.substr(0, part.find('='));
    if (key == name || key == escaped) continue;
    kept.append(kept.empty() ? "?" : "&").append(part);
  }
  url.replace(question, std::string::npos, kept);
}

/// In place of parameters of that name: a link to the next page may hold the one that led to this page.
void set_query(std::string& url, std::string_view name, std::string_view value) {
  std::string fragment;
  if (const auto at = url.find('#'); at != std::string::npos) {
    fragment = url.substr(at);
    url.resize(at);
  }
  drop_query(url, name);
  url += url.find('?') == std::string::npos ? '?' : '&';
  url.append(base::percent_encode(name)).append("=").append(base::percent_encode(value)).append(fragment);
}

/// Does a form have a parameter of this name?
bool has_parameter(std::string_view form, std::string_view name) noexcept {
  while (!form.empty()) {
    const auto part = form.substr(0, form.find('&'));
    if (part.substr(0, part.find('=')) == name) return true;
    form.remove_prefix(std::min(form.size(), part.size() + 1));
  }
  return false;
}

}  // namespace

Signing::Signing(const registry::Credential& credential, Secrets secrets, bool is_callers)
    : scheme_(credential), secrets_(std::move(secrets)), is_callers_(is_callers) {}

Signing::~Signing() {
  for (auto& [field, value] : secrets_) OPENSSL_cleanse(value.data(), value.size());
}

std::string_view Signing::secret(std::string_view field) const {
  const auto found = secrets_.find(field);
  return found == secrets_.end() ? std::string_view() : std::string_view(found->second);
}

std::string Signing::identity() const {
  std::string all = scheme_.name;
  // What names the caller at the provider is enough, and stays when only the secret is renewed.
  for (const auto& [field, value] : secrets_)
    if (!needs_nonce() || field == scheme_.key) all.append("\n").append(field).append("\n").append(value);
  const auto digest = base::sha256(all);
  OPENSSL_cleanse(all.data(), all.size());
  return scheme_.name + "." + base::to_hex(base::as_bytes(digest)).substr(0, 32);
}

std::string Signing::placed_value() const {
  std::string out;
  const std::string_view value = scheme_.value;
  for (std::size_t at = 0; at < value.size();) {
    const auto open = value.find('{', at);
    out.append(value.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    const auto close = value.find('}', open);
    out.append(secret(value.substr(open + 1, close - open - 1)));
    at = close + 1;
  }
  return out;
}

std::string Signing::basic_value() const {
  return base::to_base64(fmt::format("{}:{}", secret(scheme_.username), secret(scheme_.password)));
}

Result<void> Signing::apply(http::Request& request, std::uint64_t nonce) const {
  request.private_texts = private_texts();
  switch (scheme_.scheme) {
    case CredentialScheme::kHeader:
      set_header(request, scheme_.wire_name, placed_value());
      return {};
    case CredentialScheme::kBearer:
      set_header(request, scheme_.wire_name, "Bearer " + placed_value());
      return {};
    case CredentialScheme::kBasic:
      set_header(request, scheme_.wire_name, "Basic " + basic_value());
      return {};
    case CredentialScheme::kQuery:
      set_query(request.url, scheme_.wire_name, placed_value());
      return {};
    case CredentialScheme::kHmacSha512:
      return sign_hmac_sha512(request, nonce);
  }
  return {};
}

Result<void> Signing::sign_hmac_sha512(http::Request& request, std::uint64_t nonce) const {
  for (const auto& header : request.headers) {
    if (is_same_name(header.name, "content-type") && !header.value.starts_with(kForm))
      return fail(ErrorCode::kInvalidRequest,
                  fmt::format("the credential \"{}\" signs forms; the body is {}", scheme_.name, header.value),
                  fmt::format("Send the body as {}.", kForm));
  }
  if (has_parameter(request.body, scheme_.nonce))
    return fail(ErrorCode::kInvalidRequest, fmt::format("the body has a parameter \"{}\" already", scheme_.nonce),
                "Leave it out: the host adds it.");
  const auto number = std::to_string(nonce);
  request.body = fmt::format("{}={}{}{}", scheme_.nonce, number, request.body.empty() ? "" : "&", request.body);
  auto signature = sign_request_hmac_sha512(secret(scheme_.secret), path_of(request.url), number, request.body);
  if (!signature) return tl::unexpected(std::move(signature).error());
  set_header(request, "Content-Type", std::string(kForm));
  set_header(request, scheme_.key_name, std::string(secret(scheme_.key)));
  set_header(request, scheme_.wire_name, *std::move(signature));
  request.max_redirects = 0;  // A number serves once, so nothing of this is sent a second time.
  return {};
}

std::vector<std::string> Signing::private_texts() const {
  std::vector<std::string> out;
  const auto add = [&](std::string text) {
    if (text.size() >= kShortestSecret && std::find(out.begin(), out.end(), text) == out.end())
      out.push_back(std::move(text));
  };
  if (scheme_.scheme == CredentialScheme::kBasic) add(basic_value());
  for (const auto& [field, value] : secrets_) {
    const auto* about = scheme_.find_field(field);
    if (about != nullptr && !about->secret) continue;
    add(value);
    add(base::percent_encode(value));
    add(base::to_base64(value));
  }
  // A text that holds another one is hidden first.
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return out;
}

Result<std::string> sign_request_hmac_sha512(std::string_view secret, std::string_view path, std::string_view nonce,
                                             std::string_view body) {
  auto key = base::from_base64(secret);
  if (!key || key->empty())
    return tl::unexpected(base::Error(ErrorCode::kInvalidConfig, "the secret that signs requests is no base64",
                                      "Copy it again from the provider, with its padding.")
                              .with_name("credential_invalid"));
  const auto inner = base::sha256(std::string(nonce).append(body));
  const auto message = std::string(path).append(base::as_bytes(inner));
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(EVP_sha512(), key->data(), static_cast<int>(key->size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), out.data(), &size);
  OPENSSL_cleanse(key->data(), key->size());
  return base::to_base64({reinterpret_cast<const char*>(out.data()), size});
}

}  // namespace toolrack::services::credentials
