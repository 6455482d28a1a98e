/// What the native source needs from the program around it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "sources/isolated/settings.hpp"
#include "sources/native/frame_watch.hpp"
#include "sources/native/library.hpp"

namespace toolrack::registry {
class Announcements;
}
namespace toolrack::services::assets {
class Assets;
}
namespace toolrack::services::files {
class Scratches;
}
namespace toolrack::services::knowledge {
class Knowledge;
}
namespace toolrack::services::upstream {
class Client;
class Places;
}  // namespace toolrack::services::upstream

namespace toolrack::services::credentials {
class PlatformCredentials;
}

namespace toolrack::sources::native {

struct Settings {
  /// For private copies; made when missing, mode 0700. Of this process alone.
  std::filesystem::path runtime_dir;
  UnloadPolicy unload = default_unload_policy();
  /// Files and their folders must belong to root or to us, and nobody else may write to them.
  bool require_safe_permissions = false;
  bool allow_unique_symbols = false;
  /// Files that do not ship with the program must be signed (signature.hpp) by one of these public keys; until
  /// NativeSource::set_trust.
  bool require_signature = false;
  std::vector<std::string> trusted_keys;
  /// Whether a higher version may take away from callers what a lower one of the same major version took
  /// (registry/compatibility.hpp).
  bool allow_breaking = false;
  /// Files may be replaced before their plugin is called for the first time: keep what was checked.
  bool copies_at_once = false;
  /// Provider slug to base URL, in place of the manifest's: how tests put a local server there.
  std::map<std::string, std::string, std::less<>> provider_base_urls;
  /// The operator's settings for a plugin, by "owner/slug", JSON objects.
  std::map<std::string, std::string, std::less<>> plugin_config;
  /// Plugins that run in processes of their own.
  isolated::Settings isolation;
  /// After a cancellation or the deadline, how long a plugin may take to complete before the host answers itself.
  std::chrono::milliseconds grace{2'000};
  /// After a failed load, how long until a call may try again.
  std::chrono::milliseconds retry_after{30'000};
  /// How long a plugin may take to load, create() and start() included. Who waits for it is refused then; it serves
  /// once it is ready all the same.
  std::chrono::milliseconds load_timeout{10'000};
  /// How long a plugin may take to say which skills it has, where it lists them itself; all pages together.
  std::chrono::milliseconds list_timeout{10'000};
  /// How long a frame may keep a thread of the host before its plugin is named.
  FrameWatch::Patience hang_patience;
  /// How long calls may go on when their module is to be closed, before they are cancelled.
  std::chrono::milliseconds drain_timeout{30'000};
};

/// All of it outlives the source, and the loops and pools run until the source has been destroyed.
struct Environment {
  base::Loops* loops = nullptr;
  base::Pool* workers = nullptr;   ///< Pooled skills.
  base::Pool* blocking = nullptr;  ///< Blocking skills and toolrack.executor/1's post_blocking.
  /// Blocking skills that skills call, by depth, the first one below callers' own calls; the last serves all deeper
  /// ones. One that waits in place for another must not keep its thread from it. Empty: all share `blocking`.
  std::vector<base::Pool*> nested_blocking;
  std::vector<services::upstream::Client*> http;  ///< By loop index; empty: no tool can send requests.
  services::upstream::Places* places = nullptr;
  const services::credentials::PlatformCredentials* credentials = nullptr;
  services::assets::Assets* assets = nullptr;           ///< Null: plugins get no toolrack.assets/1.
  services::files::Scratches* scratches = nullptr;      ///< Null: calls have no directory of their own.
  base::Pool* files = nullptr;                          ///< Reads and writes disks; there when one of those is.
  services::knowledge::Knowledge* knowledge = nullptr;  ///< Null: plugins get no toolrack.x-knowledge/0.
  registry::Announcements* announcements = nullptr;     ///< Null: nobody listens to what plugins say of their lists.
  const base::Clock* clock = &base::system_clock();
  base::Metrics* metrics = nullptr;
  FrameBoard* frames = nullptr;  ///< Where it is shown who is inside of plugins; null: for this source alone.
  /// Whether plugins that do not ship with the program run in processes of their own whatever the settings say; asked
  /// when one is found. Null: no.
  std::function<bool()> is_safe_mode;
  Settings settings;
};

}  // namespace toolrack::sources::native
