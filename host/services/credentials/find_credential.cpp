/// Whose credential a request carries, and what to say when there is none.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "services/credentials/signing.hpp"

namespace toolrack::services::credentials {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using registry::Credential;

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return out;
}

/// What a caller would write: "X-Provider-Key-Kraken-Api-Secret".
std::string header_name(const Credential& credential, std::string_view provider, std::string_view field) {
  auto name = lower(provider.empty() ? std::string_view(credential.name) : provider);
  if (credential.required_fields() > 1) name += "-" + lower(field);
  bool starts = true;
  for (auto& c : name) {
    if (starts && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    starts = c == '-';
  }
  return "X-Provider-Key-" + name;
}

/// A member of a JSON object that stands for all fields.
std::optional<std::string> member_of(const std::string& text, std::string_view field) {
  if (!text.starts_with('{')) return std::nullopt;
  const auto object = base::json::parse(text);
  if (!object || !object->IsObject()) return std::nullopt;
  const auto value = base::json::find_string(*object, field);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

std::optional<std::string> find_callers(const Credential& credential, std::string_view provider, std::string_view field,
                                        const registry::ProviderKeys& caller) {
  const auto* about = credential.find_field(field);
  const bool is_only = credential.required_fields() == 1 && !about->optional;
  for (const auto& name : {lower(provider), lower(credential.name)}) {
    if (name.empty()) continue;
    if (const auto* one = caller.find(name + "-" + lower(field))) return *one;
    const auto* all = caller.find(name);
    if (all == nullptr) continue;
    if (auto member = member_of(*all, field)) return member;
    if (is_only) return *all;
  }
  return std::nullopt;
}

Error missing(const Credential& credential, std::string_view provider, std::string_view field, bool is_callers) {
  const auto header = header_name(credential, provider, field);
  const auto variable =
      credential.required_fields() == 1 ? variable_name(credential.name) : variable_name(credential.name, field);
  auto message = is_callers
                     ? fmt::format("the call brings a part of the credential \"{}\", but not its field \"{}\"",
                                   credential.name, field)
                     : fmt::format("the credential \"{}\" is not set up on this host: its field \"{}\" is missing",
                                   credential.name, field);
  auto hint = is_callers ? fmt::format("Send the header {} too.", header)
                         : fmt::format("Set {} for the gateway{}, or send the header {} with the call.", variable,
                                       credential.help_url.empty() ? "" : " (" + credential.help_url + ")", header);
  return Error(ErrorCode::kAuthRequired, std::move(message), std::move(hint)).with_name("credential_missing");
}

Error invalid(const Credential& credential, std::string_view field, bool is_callers) {
  return Error(is_callers ? ErrorCode::kInvalidRequest : ErrorCode::kInvalidConfig,
               fmt::format("field \"{}\" of the credential \"{}\" has a character that no request may carry", field,
                           credential.name),
               fmt::format("Set {} again, without line ends and other control characters.",
                           variable_name(credential.name, field)))
      .with_name("credential_invalid");
}

bool is_sendable(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_given(const Credential& credential, std::string_view provider, const registry::ProviderKeys* caller) {
  if (caller == nullptr) return false;
  return std::any_of(credential.fields.begin(), credential.fields.end(), [&](const auto& field) {
    return find_callers(credential, provider, field.name, *caller).has_value();
  });
}

}  // namespace

bool has_caller_key(const Credential& credential, std::string_view provider, const registry::ProviderKeys& caller) {
  return is_given(credential, provider, &caller);
}

Result<Signing> find_credential(const Credential& credential, std::string_view provider,
                                const PlatformCredentials& platform, const registry::ProviderKeys* caller) {
  const bool is_callers = is_given(credential, provider, caller);
  Secrets secrets;
  for (const auto& field : credential.fields) {
    std::optional<std::string> value;
    if (is_callers) {
      value = find_callers(credential, provider, field.name, *caller);
    } else if (const auto* ours = platform.find(credential, field.name)) {
      value = *ours;
    }
    if (!value || value->empty()) {
      if (field.optional) continue;
      return tl::unexpected(missing(credential, provider, field.name, is_callers));
    }
    if (!is_sendable(*value)) return tl::unexpected(invalid(credential, field.name, is_callers));
    secrets.emplace(field.name, *std::move(value));
  }
  return Signing(credential, std::move(secrets), is_callers);
}

std::vector<std::string> missing_variables(const Credential& credential, const PlatformCredentials& platform) {
  std::vector<std::string> out;
  for (const auto& field : credential.fields) {
    const auto* value = platform.find(credential, field.name);
    if (field.optional || (value != nullptr && !value->empty())) continue;
    out.push_back(credential.required_fields() == 1 ? variable_name(credential.name)
                                                    : variable_name(credential.name, field.name));
  }
  return out;
}

}  // namespace toolrack::services::credentials
