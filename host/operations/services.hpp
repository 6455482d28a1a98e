/// What operations work on. Filled by the wiring; all of it outlives the table.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "accounts/keys.hpp"
#include "accounts/usage.hpp"
#include "base/clock.hpp"
#include "registry/catalogue.hpp"
#include "services/providers/provider_states.hpp"

namespace toolrack::services::credentials {
class PlatformCredentials;
}

namespace toolrack::operations {

class Table;

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
  const services::credentials::PlatformCredentials* credentials = nullptr;  ///< Null: nothing is known of them.
  const Table* table = nullptr;                                             ///< For the documents that describe it.
};

}  // namespace toolrack::operations
