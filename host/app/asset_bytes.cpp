#include "app/asset_bytes.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "registry/credential.hpp"
#include "services/assets/directory_store.hpp"
#include "services/assets/s3/s3_store.hpp"

namespace toolrack::app {
namespace {

namespace s3 = services::assets::s3;
using services::credentials::PlatformCredentials;

base::Result<s3::AccessKey> access_key(const PlatformCredentials* credentials) {
  registry::Credential credential;
  credential.name = "assets-s3";
  credential.fields = {{.name = "access_key"}, {.name = "secret_key"}, {.name = "session_token", .optional = true}};
  const auto field = [&](std::string_view name) -> const std::string* {
    return credentials == nullptr ? nullptr : credentials->find(credential, name);
  };
  const auto* id = field("access_key");
  const auto* secret = field("secret_key");
  if (id == nullptr || secret == nullptr) {
    const auto variable = [&](std::string_view name) {
      return services::credentials::variable_name(credential.name, name);
    };
    return base::fail(base::ErrorCode::kInvalidConfig, "assets.s3 needs a key, and there is none",
                      fmt::format("Set {} and {}, or give them as systemd credentials.", variable("access_key"),
                                  variable("secret_key")));
  }
  const auto* token = field("session_token");
  return s3::AccessKey{.id = *id, .secret = *secret, .session_token = token == nullptr ? std::string() : *token};
}

/// What this rack is called where several meet; made once.
base::Result<std::string> rack_name(store::Store& store) {
  if (const auto document = TRY(store.get("secrets", "rack_name"))) {
    const auto parsed = TRY(base::json::parse(document->json));
    return std::string(base::json::find_string(parsed, "name").value_or(""));
  }
  auto name = base::random_hex(16);
  TRY(store.commit({store::Put{.collection = "secrets", .key = "rack_name", .json = R"({"name":")" + name + R"("})"}}));
  return name;
}

}  // namespace

base::Result<std::unique_ptr<services::assets::AssetStore>> open_asset_bytes(
    const Config& config, const std::filesystem::path& directory, store::Store& store, const base::Clock& clock,
    base::Metrics& metrics, const PlatformCredentials* credentials) {
  if (!config.assets_s3) return TRY(services::assets::DirectoryStore::open_directory(directory / "assets"));
  auto key = TRY(access_key(credentials));
  const auto rack = TRY(rack_name(store));
  auto client = TRY(s3::S3Client::create(*config.assets_s3, std::move(key), clock, metrics));
  return TRY(s3::S3Store::open_bucket(std::move(client), rack));
}

base::Result<void> check_bucket(const Config& config, const PlatformCredentials& credentials) {
  auto key = TRY(access_key(&credentials));
  base::Metrics metrics;
  const auto client = TRY(s3::S3Client::create(*config.assets_s3, std::move(key), base::system_clock(), metrics));
  TRY(client->list(""));
  return {};
}

}  // namespace toolrack::app
