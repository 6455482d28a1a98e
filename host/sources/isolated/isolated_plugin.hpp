/// A plugin whose code runs in a worker process: to its module an ordinary plugin, whose invoke() writes a frame.
///
/// isolated_plugin.cpp is what the host calls, isolated_frames.cpp what comes of the worker's frames, isolated_life.cpp
/// how workers start and end. A worker that ends takes its calls with it and nobody else's; the next call starts
/// another, after a pause when deaths follow each other, and not at all after five within a minute.
///
/// Plugins of a vendor may share a process (process_keeper.hpp). Each has a seat of its own in it, and to its module
/// nothing is different; but a death that another one is to blame for counts against that one alone.
#pragma once

#include <toolrack/abi.h>

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "registry/handler.hpp"
#include "sources/isolated/process_keeper.hpp"
#include "sources/isolated/seat.hpp"
#include "sources/isolated/served_operation.hpp"
#include "sources/isolated/settings.hpp"
#include "sources/native/load_error.hpp"
#include "sources/native/plugin_code.hpp"
#include "sources/native/private_copy.hpp"

namespace toolrack::sources::isolated {

/// What the plugin needs of its host, for whom it is one plugin among others.
struct IsolatedEnvironment {
  base::Loops* loops = nullptr;
  base::Pool* control = nullptr;  ///< Starts workers again: its threads outlive every worker.
  Settings settings;
  std::string tool;  ///< "owner/slug".
  /// Of all plugins of its vendor; null: it has a process of its own.
  std::shared_ptr<ProcessKeeper> shared;
  std::string calls_directory;             ///< Of all calls' directories; empty: there are none.
  std::chrono::milliseconds load_timeout;  ///< For each step of a start or an end.
  std::function<void(std::string_view function, std::string_view what)> note_misuse;
  std::function<void()> tell_death;  ///< What it was told is forgotten; null: nobody wants to know.
};

/// Owner: its instance, and what waits for its workers. Threads: as tr_plugin says; `report` any.
class IsolatedPlugin final : public native::PluginCode, public std::enable_shared_from_this<IsolatedPlugin> {
 public:
  /// Starts a worker and has it open the library. Errors: what Library::open says, kWorker, kSandbox.
  static native::LoadResult<std::shared_ptr<IsolatedPlugin>> open(native::PrivateCopy copy,
                                                                  IsolatedEnvironment environment);
  ~IsolatedPlugin() override;

  // --- native::PluginCode.
  const tr_entry* entry() const noexcept override { return &entry_; }
  tr_status create(const tr_host* host, const tr_plugin** out) override;
  bool close(native::UnloadPolicy policy) override;
  void try_again() override;
  std::optional<native::WorkerReport> report() const override;
  const native::FilesElsewhere* files() const noexcept override { return &files_; }

 private:
  enum class State : std::uint8_t { kStarting, kUp, kDown, kDisabled, kStopped };
  struct OpenCall {
    std::size_t channel = 0;
    std::size_t unheeded_bytes = 0;  // Emitted after it was asked to pause.
  };
  struct Refusal {
    std::string message, hint;
    std::chrono::nanoseconds retry_after{0};
  };

  IsolatedPlugin(native::PrivateCopy copy, IsolatedEnvironment environment, std::shared_ptr<ProcessKeeper> keeper);
  static IsolatedPlugin& of(void* self) noexcept { return *static_cast<IsolatedPlugin*>(self); }

  // As tr_plugin.
  tr_status start(const tr_start* in);
  void invoke(tr_call call, const tr_invocation* in);
  void cancel(tr_call call);
  void stop();
  void destroy();
  tr_status save(std::uint32_t phase, tr_buffer* out);
  tr_status load(std::uint32_t phase, tr_str saved);

  // Of workers' frames, on the loop of their channel.
  void on_frame(Seat& seat, std::size_t channel, const worker::Frame& frame);
  bool take(Seat& seat, std::size_t channel, const worker::Frame& frame);
  bool complete(base::Loop& loop, const worker::Frame& frame);
  bool emit(Seat& seat, std::size_t channel, const worker::Frame& frame);
  bool heeds_pause(tr_call call, bool is_asked, std::size_t bytes);
  bool answer(Seat& seat, const worker::Frame& frame);

  // Life.
  native::LoadResult<std::shared_ptr<Seat>> take_seat();
  native::LoadResult<void> load_library(Seat& seat);
  native::LoadResult<void> create_in(const std::shared_ptr<Seat>& seat);
  native::LoadResult<void> start_in(Seat& seat);
  void leave_in(Seat& seat, worker::FrameType type, std::string_view function);
  void start_again();
  void give_back(const std::shared_ptr<Seat>& seat, const std::string& why);
  bool was_ended_by_another() const;
  void on_ended(Seat& seat, const std::string& how, bool is_blamed);
  void note_death(const std::string& how) TR_REQUIRES(mutex_);
  void note_death_by_another(const std::string& how) TR_REQUIRES(mutex_);
  std::optional<Refusal> refusal() TR_REQUIRES(mutex_);
  /// `invocation`, here and below: where it can be read without asking the host for each thing; or null.
  std::uint32_t least_log_level(tr_call call, const registry::Invocation* invocation = nullptr) const noexcept;
  struct Waiting;
  void send_invocation(Seat& seat, const Waiting& one, const registry::Invocation* invocation = nullptr);
  void refuse(tr_call call, const Refusal& why);
  void watch_cancelled(tr_call call, std::uint64_t life);
  std::shared_ptr<Seat> seat() const;
  std::shared_ptr<ServedOperations> operations() const;

  const IsolatedEnvironment environment_;
  const std::shared_ptr<ProcessKeeper> keeper_;
  native::PrivateCopy copy_;
  std::filesystem::path library_;  // That copy, where a worker finds it.
  native::FilesElsewhere files_;
  const tr_plugin plugin_;
  const tr_state_ext state_;

  // Written before anybody else knows us.
  tr_entry entry_{};
  HostTables tables_;
  std::atomic<bool> has_tables_{false};  // They are there: a worker may say anything at any time.
  bool has_state_ = false;
  std::uint64_t generation_ = 0;
  std::string manifest_json_, config_json_;

  native::UnloadPolicy unload_ = native::default_unload_policy();  // Of what has been loaded, when it leaves.
  std::mutex control_mutex_;  // One [control] function, or one new start, at a time.

  mutable base::Mutex mutex_;
  State state_now_ TR_GUARDED_BY(mutex_) = State::kStarting;
  std::shared_ptr<Seat> seat_ TR_GUARDED_BY(mutex_);
  std::shared_ptr<ServedOperations> operations_ TR_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<ServedOperations>> past_operations_ TR_GUARDED_BY(mutex_);
  int ends_under_way_ TR_GUARDED_BY(mutex_) = 0;  // Of processes, whose calls are being told.
  std::condition_variable no_end_under_way_;
  std::uint64_t lives_ TR_GUARDED_BY(mutex_) = 0;
  boost::unordered_flat_map<tr_call, OpenCall> open_ TR_GUARDED_BY(mutex_);
  struct Waiting {
    tr_call call = 0;
    const tr_invocation* in = nullptr;  // Stays until complete().
    std::size_t channel = 0;
    std::uint32_t blocking = 0;  // As put_invocation wants it.
    bool is_recorded = false;
  };
  std::deque<Waiting> waiting_ TR_GUARDED_BY(mutex_);  // For a worker that is being started.
  std::deque<std::chrono::steady_clock::time_point> deaths_ TR_GUARDED_BY(mutex_);  // Of the last minute.
  std::uint64_t death_count_ TR_GUARDED_BY(mutex_) = 0;
  std::string last_death_ TR_GUARDED_BY(mutex_);
  bool was_ended_by_another_ TR_GUARDED_BY(mutex_) = false;  // The process, while we were coming up.
  std::chrono::steady_clock::time_point retry_at_ TR_GUARDED_BY(mutex_);
  std::string sandbox_ TR_GUARDED_BY(mutex_), missing_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::isolated
