#include "app/embedding.hpp"

#include <fmt/format.h>

#include <utility>

#include "registry/credential.hpp"

namespace toolrack::app {
namespace {

using services::credentials::PlatformCredentials;

/// What `/health` calls it while its breaker is open.
constexpr std::string_view kProvider = "knowledge-embeddings";

base::Result<std::string> secret_of(const std::string& name, const PlatformCredentials* credentials) {
  if (name.empty()) return std::string();
  registry::Credential credential;
  credential.name = name;
  credential.fields = {{.name = "api_key"}};
  const auto* secret = credentials == nullptr ? nullptr : credentials->find(credential, "api_key");
  if (secret != nullptr) return *secret;
  return base::fail(
      base::ErrorCode::kInvalidConfig,
      fmt::format("knowledge.embeddings needs the credential {}, and there is none", name),
      fmt::format("Set {}, or give it as a systemd credential.", services::credentials::variable_name(name)));
}

}  // namespace

base::Result<std::unique_ptr<services::knowledge::HttpEmbedder>> open_embedder(
    const Config& config, const PlatformCredentials* credentials, base::Loops& loops,
    const std::vector<std::unique_ptr<services::http::Client>>& clients, services::providers::ProviderStates& providers,
    const base::Clock& clock) {
  if (!config.embeddings) return nullptr;
  auto secret = TRY(secret_of(config.embeddings->credential, credentials));
  std::vector<services::http::Client*> by_loop;
  for (const auto& client : clients) by_loop.push_back(client.get());
  return std::make_unique<services::knowledge::HttpEmbedder>(
      *config.embeddings, std::move(secret),
      services::knowledge::HttpEmbedder::Dependencies{
          .loops = loops, .clients = std::move(by_loop), .state = providers.of(kProvider), .clock = clock});
}

}  // namespace toolrack::app
