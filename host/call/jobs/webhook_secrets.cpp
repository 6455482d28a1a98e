#include "call/jobs/webhook_secrets.hpp"

#include <fmt/format.h>
#include <sodium/randombytes.h>

#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::Result;

constexpr std::string_view kSecrets = "webhook_secrets";
constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string random_secret() {
  std::string bytes(kSecretBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string secret_document(const WebhookSecret& secret) {
  return fmt::format(R"({{"current":"{}","made_ns":{},"previous":"{}","previous_until_ns":{}}})",
                     base::to_base64(secret.current), secret.made_ns, base::to_base64(secret.previous),
                     secret.previous_until_ns);
}

Result<WebhookSecret> read_secret(std::string_view account, std::string_view text) {
  const auto parsed = json::parse(text);
  WebhookSecret secret;
  if (parsed) {
    secret.current = base::from_base64(json::find_string(*parsed, "current").value_or("")).value_or("");
    secret.previous = base::from_base64(json::find_string(*parsed, "previous").value_or("")).value_or("");
    secret.made_ns = json::find_int(*parsed, "made_ns").value_or(0);
    secret.previous_until_ns = json::find_int(*parsed, "previous_until_ns").value_or(0);
  }
  if (secret.current.size() != kSecretBytes)
    return base::fail(ErrorCode::kStoreFailed, fmt::format("the webhook secret of account {} is damaged", account),
                      "Restore the data directory from a backup.");
  return secret;
}

std::string signature(std::string_view secret, std::string_view text) {
  return "v1," + base::to_base64(base::hmac_sha256(secret, text));
}

}  // namespace

std::string WebhookSecret::text() const { return "whsec_" + base::to_base64(current); }

std::string WebhookSecret::sign(std::string_view id, std::int64_t now_unix_ns, std::string_view body) const {
  const auto text = fmt::format("{}.{}.{}", id, now_unix_ns / kNsPerSecond, body);
  auto all = signature(current, text);
  if (!previous.empty() && now_unix_ns < previous_until_ns) all.append(" ").append(signature(previous, text));
  return all;
}

Result<WebhookSecret> WebhookSecrets::get(std::string_view account) {
  if (const auto document = TRY(store_.get(kSecrets, account))) return read_secret(account, document->json);
  const WebhookSecret made{.current = random_secret(), .previous = {}, .made_ns = clock_.unix_ns()};
  const auto receipt =
      TRY(store_.commit({store::PutIfAbsent{std::string(kSecrets), std::string(account), secret_document(made)}}));
  if (receipt.accepted()) return made;
  return get(account);  // Somebody else made one at the same moment.
}

Result<WebhookSecret> WebhookSecrets::rotate(std::string_view account) {
  for (;;) {
    const auto document = TRY(store_.get(kSecrets, account));
    const auto now_ns = clock_.unix_ns();
    WebhookSecret made{.current = random_secret(), .previous = {}, .made_ns = now_ns};
    if (document) {
      made.previous = TRY(read_secret(account, document->json)).current;
      made.previous_until_ns = now_ns + std::chrono::nanoseconds(kSecretOverlap).count();
    }
    const auto receipt = TRY(store_.commit(
        {store::ExpectVersion{std::string(kSecrets), std::string(account), document ? document->version : 0},
         store::Put{std::string(kSecrets), std::string(account), secret_document(made)}}));
    if (receipt.accepted()) return made;
  }
}

}  // namespace toolrack::call::jobs
