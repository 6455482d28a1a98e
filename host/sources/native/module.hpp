/// One generation of one plugin: from a checked file to a closed library. module.cpp is what calls meet,
/// module_load.cpp the way in, module_drain.cpp the way out, module_state.cpp what one generation leaves to the next.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/gate.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "registry/handler.hpp"
#include "registry/tool.hpp"
#include "sources/http_targets.hpp"
#include "sources/isolated/settings.hpp"
#include "sources/native/elf_reader.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/load_error.hpp"
#include "sources/native/loop_frame.hpp"
#include "sources/native/plugin_file.hpp"
#include "sources/native/private_copy.hpp"
#include "sources/native/reaper.hpp"
#include "sources/native/runtime.hpp"
#include "sources/native/served.hpp"
#include "sources/native/watchdog.hpp"

namespace toolrack::sources::isolated {
struct IsolatedEnvironment;
}

namespace toolrack::sources::native {

class ListedSkills;

/// The handler of every skill of its tool. Loads the library on the first call, lets calls in while it serves, and
/// closes it once drained: gate shut, last lease gone, stop, call 0 quiet, destroy, dlclose, and a look whether it
/// really left. A load that does not end is reported, and refused to callers, as kTimeout; everything else waits for
/// its end, because code of the plugin is running.
///
/// A lease is held for every call from its beginning until its last frame has returned from the library and its output
/// has been released; not merely until it completed. So what is leased is never unmapped, and nothing else has to be
/// waited for.
///
/// Owner: the source and the skills of the tool, shared. It owns its tool too; that circle is broken when it is closed.
/// Threads: `invoke` and `cancel` on the call's loop; `load`, and what the reaper does, off the loops, one at a time;
/// everything else any thread.
class Module final : public registry::Handler, public Served, public std::enable_shared_from_this<Module> {
 public:
  /// `file` has passed the pre-check; `elf` is what was read from it. `runtime`, `reaper` and `control` outlive the
  /// module.
  Module(Runtime& runtime, Reaper& reaper, base::Pool& control, std::string file, ElfInfo elf,
         std::shared_ptr<const registry::Tool> tool, std::string signed_digest);
  ~Module() override;

  // --- registry::Handler.

  /// Inside the library an inline skill runs here and now. A module that is not loaded yet is loaded by the first call,
  /// off the loop, while others wait for the same load; a failed one answers kPluginFailed until the back-off is over.
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override;
  void cancel(std::uint64_t ticket) override;

  // --- By the source.

  /// Loads it now, off the calling thread, without a call. `ready` runs as well when the load takes too long.
  void load_soon(Ready ready) override;
  /// Of a tool that lists skills itself: loads it, asks it for them and runs `known` when they are known, or when that
  /// has failed; in some thread, or here. Of another tool: at once.
  void list_soon(std::function<void()> known);
  /// It lets nobody in any more.
  bool is_leaving() const;
  /// The plugin says that its skills have changed: it is asked soon. Returns at once.
  void skills_changed() noexcept;
  /// Null: its skills are the manifest's.
  ListedSkills* listed() const noexcept { return listed_.get(); }
  /// Makes the private copy that the first load takes, so that it does not matter what becomes of the file until then.
  void copy_now();
  /// "live": what `old` saves while it serves is loaded before our start(). "final": what it saves once it has drained
  /// is loaded into us while we serve. "exclusive": we are not made before it is closed, calls wait, and what it saved
  /// is loaded before our start().
  void take_over_from(const std::shared_ptr<Served>& old) override;
  /// What becomes of an exclusive plugin that has gone.
  struct Left {
    PrivateCopy file;                  ///< Its code, as it ran.
    std::string signed_digest;         ///< Of that; empty: nobody had to sign it.
    std::string signer;                ///< As Served::signer.
    std::optional<std::string> saved;  ///< What it left.
  };
  /// For one that takes the place of an exclusive plugin: runs in a control thread when we have failed to come up after
  /// that one has gone. Calls wait until `done` says whether it is back; then they are refused, and we never load
  /// again.
  using FallBack = std::function<void(const LoadError& why, Left left, std::function<void(bool is_back)> done)>;
  /// Before load_soon.
  void fall_back_with(FallBack fall_back);
  /// It is not made before the plugin has gone that it takes the place of.
  bool waits_for_old() const;
  /// What another generation has saved when it ended; loaded before our start(). Before load_soon.
  void inherit(std::string saved);
  /// Lets nobody in any more; when the last call has left, or `patience` has cancelled it, destroys the plugin and
  /// closes the library on the reaper's thread. `closed` (may be null) runs there afterwards, at once when it was
  /// closed before.
  void drain(std::chrono::milliseconds patience, std::function<void()> closed) override;
  PluginFile report() const override;
  void set_path(std::string path) override;
  void try_again() override;
  const std::string& build_id() const noexcept override { return build_id_; }
  std::shared_ptr<const registry::Tool> tool() const override;

  // --- By its instance and calls. Valid while a lease or activity is held.

  const registry::Tool& leased_tool() const noexcept { return *tool_; }
  const HttpTargets& http_targets() const noexcept { return http_targets_; }
  const std::string& id() const noexcept override { return id_; }
  /// The plugin did what the contract forbids: counted, and logged less and less often.
  void note_misuse(std::string_view function, std::string_view what) noexcept;
  /// Where frames of what belongs to no skill stand.
  static constexpr std::uint32_t kNoPlace = UINT32_MAX;
  /// On the board of frames; `place` is Skill::index. 0 when its code does not run in this process.
  std::uint32_t frame_number(std::uint32_t place) const noexcept {
    return place == kNoPlace ? frame_number_ : skills_[place].frame_number;
  }
  /// Null where it is not the plugin's code that runs.
  const LoopFrames* loop_frames(std::uint32_t place) const noexcept {
    return isolation_ == isolated::Isolation::kInProcess ? &skills_[place].frames : nullptr;
  }
  /// A skill that keeps the loop too long for the third time goes to the pool from now on.
  void end_loop_frame(std::uint32_t place, const LoopFrames::Frame& frame) noexcept;
  /// The last activity of a call has ended; `was_admitted`: it counted against the manifest's concurrency.
  void call_is_quiet(bool was_admitted);
  /// True when the call was still waiting here, and is not any more.
  bool unpark(NativeCall& call);
  /// The host has answered a call that the plugin may still be working on, until `forget_debt` or the end of the
  /// plugin.
  void add_debt(NativeCall& call);
  void forget_debt(NativeCall& call);
  /// complete() came after the host had answered.
  void note_late_completion(NativeCall& call, std::vector<base::LentBytes> lent);

 private:
  struct SkillState {
    LoopFrames frames;
    std::uint32_t frame_number = 0;  // Constant after construction.
    std::atomic<bool> is_demoted{false};
  };

  std::uint64_t invoke_slowly(NativeCall& call);
  /// For a call that must not wait for one.
  base::Error no_place() const;
  registry::Mode mode_of(const registry::Skill& skill) const noexcept;
  void post_start(NativeCall& call, Instance& instance);
  void begin_load();
  void load_when_alone();
  void load();
  /// Runs `done` in the reaper once nothing of the plugin is left, or here when that is so already.
  void when_closed(std::function<void()> done);
  void load_is_overdue(std::uint64_t load);
  /// What has to end before we may be made, for messages; empty: nothing.
  std::string what_load_waits_for() const;
  /// What has to end before it is closed; empty: it is.
  std::string what_keeps_open() const;
  void refuse_all(const std::deque<NativeCall*>& calls, const base::Error& error);
  LoadResult<std::unique_ptr<Instance>> make_instance();
  isolated::IsolatedEnvironment isolated_environment();
  LoadResult<std::shared_ptr<PluginCode>> open_code(PrivateCopy copy);
  struct Copied {
    PrivateCopy file;
    std::string from;
    std::uint64_t generation = 0;
  };
  LoadResult<Copied> copy_file() const;
  LoadResult<void> start_instance(Instance& instance, std::uint64_t generation);
  /// What we save for whoever takes over while we serve; nothing when the plugin has nothing or is not up.
  std::optional<std::string> save_live();
  std::optional<PrivateCopy> copy_code();
  void end_hand_over(const base::Error& error);
  void hand_over_final();
  void receive_final(std::string saved);
  void set_state(PluginState state);
  void cancel_all_calls();
  void stop_instance();
  void close_instance();
  void finish(bool is_resident);

  // Constant after construction.
  Runtime& runtime_;
  Reaper& reaper_;
  base::Pool& control_;
  const std::string id_, version_, build_id_;
  const std::string signed_digest_;  ///< Of all its bytes; empty: nobody had to sign it.
  const std::uint64_t size_;
  const bool bundled_;
  const HttpTargets http_targets_;
  const std::uint32_t max_running_;  // 0: not limited.
  const UnloadPolicy unload_;
  const registry::StateHandOver state_hand_over_;
  const isolated::Isolation isolation_;
  const std::uint32_t frame_number_;  ///< Of its [control] functions.
  /// Why the library may stay mapped when nothing else is wrong.
  const std::string_view likely_residence_;
  const std::string config_json_;
  base::Counter& calls_;
  base::Counter& misuse_metric_;

  // One gate a loop, so that cores do not fight for one cache line. All are closed together.
  std::vector<std::unique_ptr<base::Gate>> gates_;
  std::atomic<std::size_t> open_gates_;

  // What the call path reads: the instance while it serves, else null.
  std::atomic<Instance*> serving_{nullptr};
  std::vector<SkillState> skills_;  // By Skill::index.
  std::atomic<std::uint64_t> misuses_{0};

  // Held while the plugin's [control] functions run: loading against closing.
  std::mutex control_mutex_;
  std::unique_ptr<Instance> instance_;  // Written under control_mutex_.

  mutable base::Mutex mutex_;
  std::string file_ TR_GUARDED_BY(mutex_);
  std::optional<Copied> early_copy_ TR_GUARDED_BY(mutex_);
  std::filesystem::path code_path_ TR_GUARDED_BY(mutex_);  // What was opened; there until it is closed.
  std::weak_ptr<PluginCode> code_ TR_GUARDED_BY(mutex_);   // Of instance_, for reports.
  PluginState state_ TR_GUARDED_BY(mutex_) = PluginState::kChecked;
  bool is_loading_ TR_GUARDED_BY(mutex_) = false;
  bool is_overdue_ TR_GUARDED_BY(mutex_) = false;  // It is still loading, and failure_ says so.
  bool stops_when_loaded_ TR_GUARDED_BY(mutex_) = false;
  std::uint64_t loads_ TR_GUARDED_BY(mutex_) = 0;
  Watchdog load_watchdog_ TR_GUARDED_BY(mutex_);
  Watchdog drain_watchdog_ TR_GUARDED_BY(mutex_);
  std::optional<LoadError> failure_ TR_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point retry_at_ TR_GUARDED_BY(mutex_);
  std::int64_t loaded_at_ TR_GUARDED_BY(mutex_) = 0;
  std::deque<NativeCall*> parked_ TR_GUARDED_BY(mutex_);  // For the load, or for one of max_running_ places.
  std::uint32_t running_ TR_GUARDED_BY(mutex_) = 0;
  std::set<NativeCall*> debts_ TR_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> when_closed_ TR_GUARDED_BY(mutex_);
  std::vector<Ready> when_ready_ TR_GUARDED_BY(mutex_);
  std::weak_ptr<Module> old_ TR_GUARDED_BY(mutex_);             // Whose state we take over when we are made.
  std::weak_ptr<Module> heir_ TR_GUARDED_BY(mutex_);            // Who takes over what we save when we have drained.
  std::optional<std::string> inherited_ TR_GUARDED_BY(mutex_);  // Of a module that was closed before we are made.
  std::optional<Left> left_ TR_GUARDED_BY(mutex_);              // Of that one, without what it saved.
  FallBack fall_back_ TR_GUARDED_BY(mutex_);
  bool is_given_up_ TR_GUARDED_BY(mutex_) = false;    // It has failed, and the one before is back.
  std::string_view residence_ TR_GUARDED_BY(mutex_);  // Why the library stayed mapped.
  bool is_draining_ TR_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Module> self_while_draining_ TR_GUARDED_BY(mutex_);

  const std::shared_ptr<ListedSkills> listed_;  // Null: its skills are the manifest's.

  std::shared_ptr<const registry::Tool>
      tool_;  // As its manifest says. Until closed; then nobody holds a lease that would read it.
};

}  // namespace toolrack::sources::native
