/// What operations work on. Filled by the wiring; all of it outlives the table.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "accounts/keys.hpp"
#include "accounts/usage.hpp"
#include "base/clock.hpp"
#include "registry/catalogue.hpp"
#include "registry/published_catalogue.hpp"
#include "registry/version_decision.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::services::credentials {
class PlatformCredentials;
}
namespace toolrack::services::knowledge {
class Knowledge;
}
namespace toolrack::call {
class Approvals;
}
namespace toolrack::call::jobs {
class Jobs;
class WebhookSecrets;
}  // namespace toolrack::call::jobs

namespace toolrack::operations {

class Table;

/// Files of accounts.
struct AssetServices {
  services::assets::Assets& assets;
  const services::assets::AssetLinks& links;
  /// Keeps what a URL answers with; waits for it.
  std::function<base::Result<services::assets::Asset>(const services::assets::Assets::New&, std::string url)> fetch;
};

struct Services {
  registry::PublishedCatalogue& catalogue;
  accounts::Keys& keys;
  accounts::Usage& usage;
  services::providers::ProviderStates& providers;
  const base::Clock& clock;
  std::string_view version;  ///< Of the program.
  std::string_view mode;     ///< "local" or "hosted".
  std::int64_t started_unix_ns = 0;
  std::function<bool()> is_ready;             ///< False while starting or draining; any thread.
  std::function<std::string()> plugins_json;  ///< State and reason of every plugin file seen, a JSON array; any thread.
  std::function<std::string()> workers_json =
      nullptr;  ///< How plugins in processes of their own are, a JSON object; any thread.
  /// {"hanging": [...], "safe_mode": {...}}: what is wrong with plugins' code in this process; any thread.
  std::function<std::string()> safety_json = nullptr;
  std::function<base::Result<void>()> end_safe_mode = nullptr;
  /// Looks at every plugin file again; a JSON object of what came, went and failed. Waits for plugins that start.
  /// `force`: empty, or the "tool@version" that may take something away from callers of the one before.
  std::function<base::Result<std::string>(std::string_view force)> reload_plugins = nullptr;
  /// What was decided about versions, a JSON array; any thread.
  std::function<std::string()> versions_json = nullptr;
  /// About "tool" or "tool@version"; the decision's own version is left empty. The tool's versions after it, a JSON
  /// object. Waits for the store, and for plugins that start.
  std::function<base::Result<std::string>(std::string_view tool, registry::VersionDecision decision)> decide_version =
      nullptr;
  const services::credentials::PlatformCredentials* credentials = nullptr;  ///< Null: nothing is known of them.
  AssetServices* assets = nullptr;                                          ///< Null: the gateway keeps none.
  call::Approvals* approvals = nullptr;                                     ///< Null: the gateway keeps none.
  call::jobs::Jobs* jobs = nullptr;                                         ///< Null: the gateway runs none.
  call::jobs::WebhookSecrets* webhook_secrets = nullptr;                    ///< Null: the gateway tells no webhooks.
  services::knowledge::Knowledge* knowledge = nullptr;                      ///< Null: tools bring nothing to read.
  const Table* table = nullptr;                                             ///< For the documents that describe it.
};

}  // namespace toolrack::operations
