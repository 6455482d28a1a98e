/// Reads a manifest's credentials, fills in what a scheme takes for granted, and refuses what could not be sent.
#include <fmt/format.h>

#include <algorithm>

#include "registry/manifest_reader.hpp"

namespace toolrack::registry {

namespace json = base::json;
using json::Value;

namespace {

CredentialScheme scheme_of(std::string_view name) {
  if (name == "query") return CredentialScheme::kQuery;
  if (name == "basic") return CredentialScheme::kBasic;
  if (name == "bearer") return CredentialScheme::kBearer;
  return name == "hmac-sha512" ? CredentialScheme::kHmacSha512 : CredentialScheme::kHeader;
}

std::string_view default_wire_name(CredentialScheme scheme) {
  if (scheme == CredentialScheme::kQuery) return "key";
  return scheme == CredentialScheme::kHmacSha512 ? "API-Sign" : "Authorization";
}

/// The name itself when there is such a field, else the field at `place` that a caller must give.
std::string default_field(const Credential& credential, std::string_view name, std::size_t place) {
  if (credential.find_field(name) != nullptr) return std::string(name);
  for (const auto& field : credential.fields)
    if (!field.optional && place-- == 0) return field.name;
  return {};
}

}  // namespace

void ManifestReader::read_credentials(Tool& tool) {
  const auto* credentials = json::find(document_, "credentials");
  if (credentials == nullptr || !credentials->IsObject()) return;
  for (const auto& [name, value] : credentials->GetObject()) {
    const auto* fields = json::find(value, "fields");
    if (fields == nullptr || !fields->IsObject()) continue;  // The schema has said so.
    Credential credential;
    credential.name = json::view(name);
    credential.title = json::find_string(value, "title").value_or(credential.name);
    credential.help_url = json::find_string(value, "help_url").value_or("");
    for (const auto& [field, about] : fields->GetObject()) {
      credential.fields.push_back({.name = std::string(json::view(field)),
                                   .secret = json::find_bool(about, "secret").value_or(true),
                                   .optional = json::find_bool(about, "optional").value_or(false)});
    }
    credential.scheme = scheme_of(json::find_string(value, "scheme").value_or(""));
    read_placement(credential, json::find(value, "placement"),
                   fmt::format("/credentials/{}/placement", credential.name));
    tool.credentials.push_back(std::move(credential));
  }
}

void ManifestReader::read_placement(Credential& credential, const Value* placement, const std::string& pointer) {
  const auto given = [&](std::string_view key) {
    return placement == nullptr ? std::nullopt : json::find_string(*placement, key);
  };
  const auto field = [&](std::string_view key, std::string_view name, std::size_t place) {
    const auto named = given(key);
    if (named && credential.find_field(*named) == nullptr)
      violate(fmt::format("{}/{}", pointer, key),
              fmt::format("field \"{}\" is not among the credential's fields", *named));
    return named ? std::string(*named) : default_field(credential, name, place);
  };
  credential.wire_name = given("name").value_or(default_wire_name(credential.scheme));
  credential.username = field("username", "username", 0);
  credential.password = field("password", "password", 1);
  credential.key = field("key", "key", 0);
  credential.secret = field("secret", "secret", 1);
  credential.key_name = given("key_name").value_or("API-Key");
  credential.nonce = given("nonce").value_or("nonce");
  read_placed_value(credential, given("value"), pointer + "/value");
  if (credential.scheme == CredentialScheme::kHmacSha512 && (credential.secret.empty() || credential.key.empty()))
    violate(pointer, "hmac-sha512 needs a field that signs and one that identifies the caller (secret, key)");
}

void ManifestReader::read_placed_value(Credential& credential, std::optional<std::string_view> given,
                                       const std::string& pointer) {
  if (!given) {
    const bool has_value =
        credential.scheme != CredentialScheme::kBasic && credential.scheme != CredentialScheme::kHmacSha512;
    if (has_value && credential.fields.size() > 1)
      violate(pointer, "is missing: with several fields it says how they are put together, e.g. \"{id}:{token}\"");
    credential.value = fmt::format("{{{}}}", credential.fields.front().name);
    return;
  }
  credential.value = *given;
  if (std::any_of(given->begin(), given->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    violate(pointer, "has a control character, which no header may carry");
  std::size_t at = 0;
  while ((at = given->find('{', at)) != std::string_view::npos) {
    const auto end = given->find('}', at);
    const auto name = given->substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    if (end == std::string_view::npos || credential.find_field(name) == nullptr)
      violate(pointer, fmt::format("{{{}}} is not among the credential's fields", name));
    ++at;
  }
}

}  // namespace toolrack::registry
