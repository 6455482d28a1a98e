/// Where the code of a plugin runs: in a library of this process, or in a worker process that stands in for it.
#pragma once

#include <toolrack/abi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toolrack::sources::native {

/// What `close` does. Under AddressSanitizer reports name functions only of libraries that are still mapped.
enum class UnloadPolicy : std::uint8_t { kClose, kRetain };
UnloadPolicy default_unload_policy() noexcept;

/// Another process, for people.
struct WorkerReport {
  std::int64_t process = 0;          ///< 0: none runs now.
  std::uint64_t deaths = 0;          ///< That count against this build, since the gateway started.
  std::string sandbox;               ///< Which layers hold.
  std::string missing;               ///< Which do not, and why.
  std::string trouble;               ///< Why it is down now; empty when it is well.
  std::string shared;                ///< Whose plugins share the process, "acme/*"; empty: it is this plugin's alone.
  std::vector<std::string> plugins;  ///< Those that are in it now, this one among them; by name.
};

/// Where a call's files lie when the code runs elsewhere.
struct FilesElsewhere {
  std::string folder;                     ///< Below the directory of all calls' directories; a name.
  std::optional<std::uint32_t> owner_id;  ///< The user who is to own them; empty: ours.
};

/// Threads: [control] functions one at a time and never on a loop; `report` and `files` any.
class PluginCode {
 public:
  virtual ~PluginCode() = default;
  /// What it is built for; null when that cannot be said. Constant until `close`.
  virtual const tr_entry* entry() const noexcept = 0;
  /// [control] `entry()->create`; may throw what the plugin throws.
  virtual tr_status create(const tr_host* host, const tr_plugin** out) = 0;
  /// [control] After destroy(). True when code of it stays mapped in this process.
  virtual bool close(UnloadPolicy policy) = 0;
  /// What it has given up is tried again with the next call.
  virtual void try_again() {}
  virtual std::optional<WorkerReport> report() const { return std::nullopt; }
  virtual const FilesElsewhere* files() const noexcept { return nullptr; }
};

}  // namespace toolrack::sources::native
