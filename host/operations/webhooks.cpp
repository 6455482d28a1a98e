/// What the webhooks of the caller's account are signed with.
#include <fmt/format.h>

#include <string>

#include "base/json.hpp"
#include "call/jobs/webhook_secrets.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using call::jobs::WebhookSecret;

base::Result<call::jobs::WebhookSecrets*> webhook_secrets_of(Services& services) {
  if (services.webhook_secrets == nullptr)
    return base::fail(base::ErrorCode::kUnavailable, "this gateway tells no webhooks");
  return services.webhook_secrets;
}

Answer shown(const WebhookSecret& secret, std::int64_t now_unix_ns) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  const auto put = [&](std::string_view name, std::string_view value) {
    base::json::key(writer, name);
    base::json::put(writer, value);
  };
  writer.StartObject();
  put("secret", secret.text());
  put("created_at", base::to_rfc3339(secret.made_ns).text);
  if (secret.previous_until_ns > now_unix_ns) put("previous_until", base::to_rfc3339(secret.previous_until_ns).text);
  writer.EndObject();
  return {.json = std::string(base::json::view(buffer))};
}

base::Result<Answer> get_webhook_secret(Services& services, const Context& context) {
  auto& secrets = *TRY(webhook_secrets_of(services));
  return shown(TRY(secrets.get(context.principal->account)), services.clock.unix_ns());
}

base::Result<Answer> rotate_webhook_secret(Services& services, const Context& context) {
  auto& secrets = *TRY(webhook_secrets_of(services));
  return shown(TRY(secrets.rotate(context.principal->account)), services.clock.unix_ns());
}

}  // namespace

std::vector<Operation> webhook_operations() {
  constexpr std::string_view kNoInput = R"({"type":"object","properties":{},"additionalProperties":false})";
  return {
      {.name = "get_webhook_secret",
       .method = "GET",
       .path = "/v1/webhooks/secret",
       .cli = "webhooks secret",
       .scope = accounts::Scope::kKeysWrite,
       .kind = Kind::kWaits,
       .title = "Show the webhook secret",
       .description =
           "What the account's webhooks are signed with, for the receiver to verify them: whsec_ and base64, as "
           "Standard Webhooks has it. It is made when it is first asked for.",
       .input_schema = kNoInput,
       .run = get_webhook_secret},
      {.name = "rotate_webhook_secret",
       .method = "POST",
       .path = "/v1/webhooks/secret/rotate",
       .cli = "webhooks rotate",
       .scope = accounts::Scope::kKeysWrite,
       .kind = Kind::kWaits,
       .title = "Change the webhook secret",
       .description =
           "Makes a new one. For 24 hours webhooks carry a signature by the one before as well, so that receivers "
           "can be changed meanwhile; a second change ends that.",
       .input_schema = kNoInput,
       .annotations = R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":false})",
       .run = rotate_webhook_secret},
  };
}

}  // namespace toolrack::operations
