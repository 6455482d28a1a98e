/// Module: from a checked file to a plugin that serves.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <new>
#include <utility>

#include "registry/announcements.hpp"
#include "services/files/scratch.hpp"
#include "services/log/log.hpp"
#include "sources/isolated/isolated_plugin.hpp"
#include "sources/native/checked_file.hpp"
#include "sources/native/listed_skills.hpp"
#include "sources/native/module.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;

/// Every library of this process gets a file name that no other ever had.
std::uint64_t next_generation() noexcept {
  static std::atomic<std::uint64_t> generation{0};
  return generation.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

void Module::load_soon(Ready ready) {
  std::optional<LoadError> why_not;
  bool begins = false;
  {
    base::Lock lock(mutex_);
    const bool is_up = serving_.load(std::memory_order_acquire) != nullptr;
    if (!is_up && is_draining_) why_not.emplace(LoadCode::kState, "it is being taken out of service");
    if (!is_up && !is_draining_ && is_given_up_) why_not = failure_;
    if (!is_up && !why_not) {
      if (ready) when_ready_.push_back(std::exchange(ready, nullptr));
      begins = !std::exchange(is_loading_, true);
    }
  }
  if (begins) return begin_load();
  if (ready) ready(std::move(why_not));
}

void Module::list_soon(std::function<void()> known) {
  if (listed_ == nullptr) return known();
  load_soon([listed = listed_, known = std::move(known)](const std::optional<LoadError>& why_not) {
    if (why_not) return known();
    listed->when_known(known);
  });
}

/// Called from inside the plugin. Memory that runs out here costs the news.
void Module::skills_changed() noexcept {
  try {
    if (listed_ != nullptr) listed_->ask_soon(weak_from_this());
  } catch (const std::bad_alloc&) {
    return;
  }
}

/// By whoever set is_loading_.
void Module::begin_load() {
  const auto patience = runtime_.settings().load_timeout;
  {
    base::Lock lock(mutex_);
    failure_.reset();
    if (!is_draining_) state_ = PluginState::kChecked;
    load_watchdog_.set(runtime_.environment().loops->next(), patience, [weak = weak_from_this(), load = ++loads_] {
      if (const auto self = weak.lock()) self->load_is_overdue(load);
    });
  }
  load_when_alone();
}

/// Where only one instance may exist, after the one before has gone.
void Module::load_when_alone() {
  std::shared_ptr<Module> old;
  {
    base::Lock lock(mutex_);
    if (state_hand_over_ == registry::StateHandOver::kExclusive) old = old_.lock();
  }
  auto load = [self = shared_from_this()] { self->control_.post([self] { self->load(); }); };
  if (old == nullptr) return load();
  old->when_closed(std::move(load));
}

void Module::load() {
  const std::lock_guard control(control_mutex_);
  const FrameBoard::Mark mark(runtime_.frames(), frame_number_, FrameBoard::Where::kControl);
  auto made = make_instance();
  std::deque<NativeCall*> waiting, placeless;
  Instance* instance = nullptr;
  std::vector<Ready> ready;
  std::optional<LoadError> why_not;
  std::optional<base::Error> refusal;
  bool stops_now = false;
  FallBack fall_back;
  std::optional<Left> left;
  {
    base::Lock lock(mutex_);
    is_loading_ = is_overdue_ = false;
    ready.swap(when_ready_);
    load_watchdog_.clear();
    stops_now = stops_when_loaded_;
    left.swap(left_);
    fall_back.swap(fall_back_);
    if (made) {
      failure_.reset();
      inherited_.reset();
      instance_ = std::move(*made);
      instance = instance_.get();
      serving_.store(instance, std::memory_order_release);
      loaded_at_ = runtime_.environment().clock->unix_ns();
      if (!is_draining_) state_ = PluginState::kServing;
      while (!parked_.empty() && (max_running_ == 0 || running_ < max_running_)) {
        waiting.push_back(parked_.front());
        parked_.pop_front();
        if (max_running_ == 0) continue;
        ++running_;
        waiting.back()->set_admitted();
      }
      std::erase_if(parked_, [&](auto* call) {
        if (!call->may_wait_for_place()) placeless.push_back(call);
        return !call->may_wait_for_place();
      });
    } else {
      state_ = PluginState::kFailed;
      failure_ = made.error();
      retry_at_ = std::chrono::steady_clock::now() + runtime_.settings().retry_after;
      why_not = failure_;
      refusal = failure_->to_error(id_);
      if (left && fall_back) {
        left->saved.swap(inherited_);
        is_loading_ = is_given_up_ = true;  // Until the one before is back.
      } else {
        waiting.swap(parked_);
      }
    }
  }
  if (instance != nullptr && listed_ != nullptr) listed_->ask(shared_from_this());
  for (const auto& tell : ready) tell(why_not);
  if (refusal) log::write(log::Level::kError, "plugin failed to load", {{"tool", id_}, {"reason", refusal->message()}});
  if (refusal && left && fall_back) {
    return fall_back(*why_not, *std::move(left), [self = shared_from_this(), refusal = *refusal](bool is_back) {
      if (!is_back) return self->end_hand_over(refusal);
      self->end_hand_over(base::Error(base::ErrorCode::kUnavailable,
                                      fmt::format("{}; the build before it serves again", refusal.message()),
                                      "Call again.")
                              .with_retry_after(std::chrono::seconds(1)));
    });
  }
  if (refusal) {
    refuse_all(waiting, *refusal);
  } else {
    for (auto* call : waiting) post_start(*call, *instance);
    refuse_all(placeless, no_place());
  }
  if (stops_now) reaper_.post([self = shared_from_this()] { self->stop_instance(); });
}

/// We are not what calls get: whoever has waited for us is told so.
void Module::end_hand_over(const base::Error& error) {
  std::deque<NativeCall*> waiting;
  bool stops_now = false;
  {
    base::Lock lock(mutex_);
    is_loading_ = false;
    waiting.swap(parked_);
    stops_now = stops_when_loaded_;
  }
  refuse_all(waiting, error);
  if (stops_now) reaper_.post([self = shared_from_this()] { self->stop_instance(); });
}

std::string Module::what_load_waits_for() const {
  std::shared_ptr<Module> old;
  {
    base::Lock lock(mutex_);
    if (state_hand_over_ == registry::StateHandOver::kExclusive) old = old_.lock();
  }
  const auto what = old == nullptr ? std::string() : old->what_keeps_open();
  return what.empty() ? what : fmt::format("{} of {}, whose place it takes,", what, old->version_);
}

void Module::load_is_overdue(std::uint64_t load) {
  const auto before = what_load_waits_for();
  std::deque<NativeCall*> waiting;
  std::vector<Ready> ready;
  std::optional<LoadError> why_not;
  std::optional<base::Error> refusal;
  {
    base::Lock lock(mutex_);
    if (!is_loading_ || load != loads_) return;
    const auto* where = !before.empty()                   ? before.c_str()
                        : state_ == PluginState::kCreated ? "its start()"
                        : state_ == PluginState::kLoaded  ? "its create()"
                                                          : "loading its library, with its static constructors,";
    is_overdue_ = true;
    failure_.emplace(LoadCode::kTimeout,
                     fmt::format("{} has not ended after {} ms", where, runtime_.settings().load_timeout.count()));
    state_ = PluginState::kFailed;
    why_not = failure_;
    refusal = failure_->to_error(id_);
    waiting.swap(parked_);
    ready.swap(when_ready_);
  }
  for (const auto& tell : ready) tell(why_not);
  log::write(log::Level::kError, "plugin does not finish loading", {{"tool", id_}, {"reason", refusal->message()}});
  refuse_all(waiting, *refusal);
}

void Module::refuse_all(const std::deque<NativeCall*>& calls, const base::Error& error) {
  for (auto* call : calls)
    boost::asio::post(call->loop().context(), [call, error = error]() mutable { call->refuse(std::move(error)); });
}

LoadResult<Module::Copied> Module::copy_file() const {
  std::string file;
  {
    base::Lock lock(mutex_);
    file = file_;
  }
  const auto generation = next_generation();
  const auto folder = runtime_.settings().runtime_dir / fmt::format("{}.{}", tool_->owner, tool_->slug);
  auto copy = PrivateCopy::make(file, folder, fmt::format("{}.{}", build_id_.empty() ? "none" : build_id_, generation));
  if (!copy) return tl::unexpected(copy.error());
  return Copied{*std::move(copy), std::move(file), generation};
}

void Module::copy_now() {
  auto copied = copy_file();
  if (!copied) return;  // The load tries again, and says what is wrong.
  base::Lock lock(mutex_);
  early_copy_.emplace(*std::move(copied));
}

LoadResult<std::unique_ptr<Instance>> Module::make_instance() {
  std::optional<Copied> copied;
  {
    base::Lock lock(mutex_);
    if (is_draining_ && parked_.empty()) return load_fail(LoadCode::kState, "it is being taken out of service");
    copied.swap(early_copy_);
  }
  if (!copied) {
    auto now = copy_file();
    if (!now) return tl::unexpected(now.error());
    copied.emplace(*std::move(now));
  }
  const auto& settings = runtime_.settings();
  const auto& file = copied->from;
  const auto generation = copied->generation;
  auto* const copy = &copied->file;
  // The copy is what gets mapped, so the copy is what has to be whole, and to be what the catalogue was made from.
  const auto elf = read_elf(copy->path().string());
  if (!elf) return tl::unexpected(elf.error());
  if (elf->build_id != build_id_ || elf->manifest != tool_->manifest_json) {
    return load_fail(LoadCode::kState, fmt::format("{} is not the file that was checked: build {} became {}", file,
                                                   build_id_, elf->build_id));
  }
  // A build id is whatever its file says; what was signed is every byte.
  if (!signed_digest_.empty()) {
    const auto digest = signed_digest(copy->path().string());
    if (!digest) return tl::unexpected(digest.error());
    if (*digest != signed_digest_)
      return load_fail(LoadCode::kState, fmt::format("{} is not the file whose signature was checked", file));
  }
  // Without a build id another library may come this far.
  if (auto checked = check_library(*elf, settings.allow_unique_symbols); !checked)
    return tl::unexpected(checked.error());
  const auto path = copy->path();
  auto code = open_code(std::move(*copy));
  if (!code) return tl::unexpected(code.error());
  set_state(PluginState::kLoaded);
  {
    base::Lock lock(mutex_);
    code_ = *code;
    code_path_ = path;
  }
  auto instance = Instance::create(runtime_, *this, *std::move(code), tool_->manifest_json, id_);
  if (!instance) return tl::unexpected(instance.error());
  set_state(PluginState::kCreated);
  if (auto started = start_instance(**instance, generation); !started) {
    (*instance)->abort(unload_);
    return tl::unexpected(started.error());
  }
  set_state(PluginState::kStarted);
  return instance;
}

LoadResult<std::shared_ptr<PluginCode>> Module::open_code(PrivateCopy copy) {
  if (isolation_ == isolated::Isolation::kInProcess) {
    auto library = Library::open(std::move(copy));
    if (!library) return tl::unexpected(library.error());
    return std::make_shared<Library>(*std::move(library));
  }
  auto environment = isolated_environment();
  if (isolation_ == isolated::Isolation::kWorkerPerVendor) {
    auto shared = runtime_.vendor_keepers().of(tool_->owner, bundled_, runtime_.settings().runtime_dir / "workers",
                                               {environment.loops, environment.settings, environment.calls_directory});
    if (!shared) return tl::unexpected(shared.error());
    environment.shared = *std::move(shared);
  }
  auto worker = isolated::IsolatedPlugin::open(std::move(copy), std::move(environment));
  if (!worker) return tl::unexpected(worker.error());
  return *std::move(worker);
}

isolated::IsolatedEnvironment Module::isolated_environment() {
  const auto& environment = runtime_.environment();
  return {.loops = environment.loops,
          .control = &control_,
          .settings = runtime_.settings().isolation,
          .tool = id_,
          .shared = nullptr,
          .calls_directory = environment.scratches == nullptr ? std::string() : environment.scratches->path(),
          .load_timeout = runtime_.settings().load_timeout,
          // It outlives its instance, whose code says this.
          .note_misuse = [this](std::string_view function, std::string_view what) { note_misuse(function, what); },
          .tell_death =
              [this, told = environment.announcements] {
                if (told != nullptr) told->begun_anew(fmt::format("{}@{}", id_, version_));
              }};
}

void Module::set_state(PluginState state) {
  base::Lock lock(mutex_);
  if (!is_draining_ && !is_overdue_) state_ = state;
}

}  // namespace toolrack::sources::native
