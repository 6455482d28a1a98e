/// A credential that has been found, and what it does to a request.
///
/// Secrets live here, on their way from where they were given to the wire; nothing else of the host sees them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "registry/credential.hpp"
#include "registry/provider_keys.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/http/client.hpp"

namespace toolrack::services::credentials {

/// By field.
using Secrets = std::map<std::string, std::string, std::less<>>;

/// Movable value; wipes its secrets at its end.
class Signing {
 public:
  Signing(const registry::Credential& credential, Secrets secrets, bool is_callers);
  Signing(Signing&&) = default;
  Signing& operator=(Signing&&) = delete;
  Signing(const Signing&) = delete;
  Signing& operator=(const Signing&) = delete;
  ~Signing();

  /// The caller's own, so the caller pays the provider.
  bool is_callers() const noexcept { return is_callers_; }
  /// Requests are signed with an ever rising number, so only one of this identity may be on its way.
  bool needs_nonce() const noexcept { return scheme_.scheme == registry::CredentialScheme::kHmacSha512; }
  /// The same for the same credential whoever uses it, in any run of the program; tells nothing about it.
  std::string identity() const;
  /// Adds it, or signs with it. A header of that name that the plugin wrote is replaced. kInvalidRequest when the
  /// request is none that can be signed; no message carries a secret.
  base::Result<void> apply(http::Request& request, std::uint64_t nonce) const;
  /// What must not be shown: each secret, and the forms in which it goes out.
  std::vector<std::string> private_texts() const;

 private:
  std::string placed_value() const;
  std::string basic_value() const;
  base::Result<void> sign_hmac_sha512(http::Request& request, std::uint64_t nonce) const;
  std::string_view secret(std::string_view field) const;

  registry::Credential scheme_;
  Secrets secrets_;
  bool is_callers_ = false;
};

/// The caller's keys come first, and then all of them must be the caller's; `provider` is the slug that stands in
/// `X-Provider-Key-<Provider>`. kAuthRequired ("credential_missing") names the field, the variable and the header that
/// set it; kInvalidConfig ("credential_invalid") one that no request may carry.
base::Result<Signing> find_credential(const registry::Credential& credential, std::string_view provider,
                                      const PlatformCredentials& platform, const registry::ProviderKeys* caller);

/// What would have to be set; empty when everything is there.
std::vector<std::string> missing_variables(const registry::Credential& credential, const PlatformCredentials& platform);

/// Would the caller's keys serve this credential?
bool has_caller_key(const registry::Credential& credential, std::string_view provider,
                    const registry::ProviderKeys& caller);

/// base64(HMAC-SHA512(base64decode(secret), path || SHA256(nonce || body))): the signature of Kraken's API.
/// kInvalidConfig when the secret is no base64.
base::Result<std::string> sign_request_hmac_sha512(std::string_view secret, std::string_view path,
                                                   std::string_view nonce, std::string_view body);

}  // namespace toolrack::services::credentials
