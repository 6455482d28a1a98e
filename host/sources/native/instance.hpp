/// One living plugin: what its create() made, the tr_host it was given, and call 0.
#pragma once

#include <toolrack/abi.h>

#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lent_bytes.hpp"
#include "base/mutex.hpp"
#include "sources/native/load_error.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/plugin_code.hpp"

namespace toolrack::sources::native {

class Module;
class Runtime;

/// Owner: its module. The functions marked [control] are called by one thread at a time and never on a loop.
class Instance {
 public:
  /// [control] Checks the entry against this host and the manifest, then create(). Errors: kAbiMajor, kHostTooOld,
  /// kNoEntry, kCreate with the plugin's own words. `label` is for logs.
  static LoadResult<std::unique_ptr<Instance>> create(Runtime& runtime, Module& module,
                                                      std::shared_ptr<PluginCode> code, std::string_view manifest_json,
                                                      std::string label);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// [control] kStart with the plugin's own words.
  LoadResult<void> start(std::string_view manifest_json, std::string_view config_json, std::uint64_t generation);
  /// [control] What the plugin wants to leave to its next generation; nothing when it has no such thing or refuses.
  std::optional<std::string> save(std::uint32_t phase) noexcept;
  /// [control] False when the plugin refuses what was saved, or takes nothing.
  bool load(std::uint32_t phase, std::string_view saved) noexcept;
  /// [control] After the last call; the plugin ends its background work.
  void stop() noexcept;
  /// [control] Ends what call 0 still waits for. `when_quiet` runs once, in the thread that ends the last of it, or in
  /// here.
  void retire(std::function<void()> when_quiet);
  /// [control] Undoes create() after a refused start(): retire, wait, destroy, close.
  void abort(UnloadPolicy policy);
  /// [control] After call 0 went quiet. Nothing of the plugin is called afterwards; it joins its threads in here.
  void destroy() noexcept;
  /// [control] After destroy(). True when the library stays mapped; it does when destroy() threw, because its threads
  /// may be left.
  bool close(UnloadPolicy policy) { return code_->close(may_unmap_ ? policy : UnloadPolicy::kRetain); }

  /// Any thread; constant.
  PluginCode& code() const noexcept { return *code_; }

  /// Constant after destroy().
  bool may_unmap() const noexcept { return may_unmap_; }

  const tr_plugin& plugin() const noexcept { return *plugin_; }
  NativeCall& self_call() const noexcept { return *self_call_; }
  Module& module() const noexcept { return module_; }
  Runtime& runtime() const noexcept { return runtime_; }

  /// The instance behind the tr_host that a plugin passes to us.
  static Instance& of(const tr_host* host) noexcept { return *static_cast<Instance*>(host->impl); }

  /// A call that a host function may use until the target goes out of scope.
  class Target {
   public:
    Target() = default;
    Target(Target&& other) noexcept
        : call(std::exchange(other.call, nullptr)),
          is_live(other.is_live),
          pin_(std::move(other.pin_)),
          holds_activity_(std::exchange(other.holds_activity_, false)) {}
    Target& operator=(Target&&) = delete;
    ~Target() {
      if (!holds_activity_) return;
      assert(call != nullptr);  // Both move together.
      call->drop_activity();
    }
    explicit operator bool() const noexcept { return is_live; }

    NativeCall* call = nullptr;  ///< Null: nothing can be delivered any more, the plugin has been stopped.
    bool is_live = false;        ///< False: a stale handle; `call` is call 0, so that a done() can still be delivered.

   private:
    friend class Instance;
    CallMap::Pin pin_;
    bool holds_activity_ = false;  // Of call 0.
  };
  /// Any thread. 0 is call 0. A stale handle is logged and counted under the name of `function`.
  Target find(tr_call handle, std::string_view function) noexcept;

  /// By call 0.
  void self_is_quiet();
  /// Gives buffers back to the plugin later, from a frame of call 0. Any thread that is inside the plugin.
  void release_later(std::vector<base::LentBytes> lent);

 private:
  Instance(Runtime& runtime, Module& module, std::shared_ptr<PluginCode> code, std::string label);
  LoadResult<void> create_plugin();
  const tr_state_ext* state_extension() noexcept;
  std::string take_explanation(std::string_view otherwise);

  static const void* get_service(const tr_host* host, const char* id) noexcept;
  static void explain(const tr_host* host, tr_str why) noexcept;

  // Constant after create().
  Runtime& runtime_;
  Module& module_;
  const std::shared_ptr<PluginCode> code_;
  const std::string label_;
  tr_host host_;
  const tr_plugin* plugin_ = nullptr;  // Inside the library.
  bool may_unmap_ = true;              // No thread of it can be left.
  std::unique_ptr<NativeCall> self_call_;

  std::function<void()> when_quiet_;  // Written before call 0 is ended, read after it.

  base::Mutex mutex_;
  std::string explanation_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::native
