#include "sources/native/instance.hpp"

#include <fmt/format.h>

#include <future>
#include <utility>

#include "base/json.hpp"
#include "base/version.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/plugin_frame.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

/// What a host promises to hold of an entry and a plugin, by 1.0.
constexpr std::size_t kEntrySize = sizeof(tr_entry);
constexpr std::size_t kPluginSize = sizeof(tr_plugin);

constexpr std::size_t kMaxExplanation = 2000;

LoadResult<void> check_entry(const tr_entry* entry, std::string_view manifest_json) {
  if (entry == nullptr || entry->struct_size < kEntrySize || entry->create == nullptr) {
    return load_fail(LoadCode::kNoEntry, "toolrack_entry_v1() returns no usable tr_entry");
  }
  if (entry->abi_major != TR_ABI_MAJOR) {
    return load_fail(LoadCode::kAbiMajor, fmt::format("it is built for ABI {}.{}, this host offers {}.{}",
                                                      entry->abi_major, entry->abi_minor, TR_ABI_MAJOR, TR_ABI_MINOR));
  }
  if (entry->min_host_minor > TR_ABI_MINOR) {
    return load_fail(LoadCode::kHostTooOld,
                     fmt::format("it needs a host of ABI {}.{}, this one offers {}.{}", entry->abi_major,
                                 entry->min_host_minor, TR_ABI_MAJOR, TR_ABI_MINOR));
  }
  const auto manifest = base::json::parse(manifest_json);
  const auto promised = manifest ? base::json::find_string(*manifest, "abi") : std::nullopt;
  const auto actual = fmt::format("{}.{}", entry->abi_major, entry->abi_minor);
  if (promised && *promised != actual) {
    return load_fail(LoadCode::kAbiMajor, fmt::format("its manifest says ABI {}, its library {}", *promised, actual));
  }
  return {};
}

/// Gives buffers back when no other frame of call 0 runs.
class ReleaseFrame final : public Frame {
 public:
  ReleaseFrame(NativeCall& call, std::vector<base::LentBytes> lent) : call_(call), lent_(std::move(lent)) {}
  void run() noexcept override {
    NativeCall& call = call_;
    delete this;
    call.drop_activity();
  }

 private:
  ~ReleaseFrame() = default;
  NativeCall& call_;
  std::vector<base::LentBytes> lent_;
};

}  // namespace

Instance::Instance(Runtime& runtime, Module& module, std::shared_ptr<PluginCode> code, std::string label)
    : runtime_(runtime),
      module_(module),
      code_(std::move(code)),
      label_(std::move(label)),
      host_{sizeof(tr_host),    TR_ABI_MAJOR,           TR_ABI_MINOR, 0,       this,
            to_abi("toolrack"), to_abi(base::kVersion), &get_service, &explain},
      self_call_(std::make_unique<NativeCall>(runtime, runtime.environment().loops->next(), nullptr)) {
  self_call_->begin_instance(module, *this);
}

Instance::~Instance() = default;

LoadResult<std::unique_ptr<Instance>> Instance::create(Runtime& runtime, Module& module,
                                                       std::shared_ptr<PluginCode> code, std::string_view manifest_json,
                                                       std::string label) {
  if (auto checked = check_entry(code->entry(), manifest_json); !checked) {
    code->close(runtime.settings().unload);
    return tl::unexpected(checked.error());
  }
  std::unique_ptr<Instance> instance(new Instance(runtime, module, std::move(code), std::move(label)));
  if (auto created = instance->create_plugin(); !created) {
    instance->close(runtime.settings().unload);
    return tl::unexpected(created.error());
  }
  return instance;
}

LoadResult<void> Instance::create_plugin() {
  const tr_plugin* plugin = nullptr;
  tr_status status = TR_OK;
  try {
    status = code_->create(&host_, &plugin);
  } catch (...) {
    return load_fail(LoadCode::kCreate, "create() failed: " + describe_thrown());
  }
  if (status != TR_OK)
    return load_fail(LoadCode::kCreate, take_explanation(fmt::format("create() returned status {}", status)));
  if (plugin == nullptr) return load_fail(LoadCode::kCreate, "create() returned no tr_plugin");
  if (plugin->struct_size < kPluginSize) {
    return load_fail(LoadCode::kCreate,
                     fmt::format("its tr_plugin has {} bytes, this host needs {}", plugin->struct_size, kPluginSize));
  }
  if (plugin->destroy == nullptr) return load_fail(LoadCode::kCreate, "its tr_plugin has no destroy()");
  plugin_ = plugin;
  if (plugin->invoke != nullptr) return {};
  destroy();
  return load_fail(LoadCode::kCreate, "its tr_plugin has no invoke()");
}

LoadResult<void> Instance::start(std::string_view manifest_json, std::string_view config_json,
                                 std::uint64_t generation) {
  if (plugin_->start == nullptr) return {};
  const tr_start in{sizeof(tr_start), generation, to_abi(manifest_json), to_abi(config_json), to_abi(label_)};
  try {
    const tr_status status = may_throw(plugin_->start)(plugin_->self, &in);
    if (status == TR_OK) return {};
    return load_fail(LoadCode::kStart, take_explanation(fmt::format("start() returned status {}", status)));
  } catch (...) {
    return load_fail(LoadCode::kStart, "start() failed: " + describe_thrown());
  }
}

const tr_state_ext* Instance::state_extension() noexcept {
  if (plugin_->get_extension == nullptr) return nullptr;
  try {
    const auto* found = may_throw(plugin_->get_extension)(plugin_->self, TR_EXT_STATE);
    const auto* state = static_cast<const tr_state_ext*>(found);
    return TR_CAN(tr_state_ext, state, save) && TR_CAN(tr_state_ext, state, load) ? state : nullptr;
  } catch (...) {
    module_.note_misuse("get_extension", describe_thrown());
    return nullptr;
  }
}

std::optional<std::string> Instance::save(std::uint32_t phase) noexcept {
  const auto* state = state_extension();
  if (state == nullptr) return std::nullopt;
  tr_buffer buffer{};
  try {
    if (may_throw(state->save)(plugin_->self, phase, &buffer) != TR_OK) return std::nullopt;
  } catch (...) {
    module_.note_misuse("save", describe_thrown());
    return std::nullopt;
  }
  if (buffer.data == nullptr && buffer.size != 0) {
    module_.note_misuse("save", "a buffer without data");
    return std::nullopt;
  }
  std::string out(static_cast<const char*>(buffer.data), buffer.size);
  if (buffer.release != nullptr) {
    try {
      may_throw(buffer.release)(buffer.owner);
    } catch (...) {
      module_.note_misuse("release", describe_thrown());
    }
  }
  return out;
}

bool Instance::load(std::uint32_t phase, std::string_view saved) noexcept {
  const auto* state = state_extension();
  if (state == nullptr) return false;
  try {
    return may_throw(state->load)(plugin_->self, phase, to_abi(saved)) == TR_OK;
  } catch (...) {
    module_.note_misuse("load", describe_thrown());
    return false;
  }
}

void Instance::stop() noexcept {
  if (plugin_->stop == nullptr) return;
  try {
    may_throw(plugin_->stop)(plugin_->self);
  } catch (...) {
    module_.note_misuse("stop", describe_thrown());
  }
}

void Instance::retire(std::function<void()> when_quiet) {
  when_quiet_ = std::move(when_quiet);
  self_call_->end_instance();
}

void Instance::self_is_quiet() {
  const auto when_quiet = std::move(when_quiet_);
  when_quiet();  // We may be gone when it returns.
}

void Instance::abort(UnloadPolicy policy) {
  const auto quiet = std::make_shared<std::promise<void>>();
  auto reached = quiet->get_future();
  retire([quiet] { quiet->set_value(); });
  reached.wait();
  destroy();
  close(policy);
}

void Instance::destroy() noexcept {
  try {
    may_throw(plugin_->destroy)(plugin_->self);
  } catch (...) {
    module_.note_misuse("destroy", describe_thrown());
    may_unmap_ = false;
  }
  plugin_ = nullptr;
}

std::string Instance::take_explanation(std::string_view otherwise) {
  base::Lock lock(mutex_);
  auto out = std::exchange(explanation_, {});
  return out.empty() ? std::string(otherwise) : out;
}

Instance::Target Instance::find(tr_call handle, std::string_view function) noexcept {
  Target target;
  auto* current = NativeCall::current();
  if (handle != 0 && current != nullptr && NativeCall::current_is_on_loop() && current->handle() == handle &&
      current->instance() == this) {
    // We are below a frame of it on the thread that would answer it: no pin needed.
    target.call = current;
    target.is_live = true;
    return target;
  }
  if (handle != 0) {
    if (auto pin = runtime_.calls.pin(handle); pin && (*pin)->instance() == this) {
      target.call = *pin;
      target.is_live = true;
      target.pin_ = std::move(pin);
      return target;
    }
    module_.note_misuse(function, "a call that has ended");
  }
  if (self_call_->try_add_activity()) {
    target.call = self_call_.get();
    target.is_live = handle == 0;
    target.holds_activity_ = true;
  } else if (handle == 0) {
    module_.note_misuse(function, "the plugin itself, after its end");
  }
  return target;
}

void Instance::release_later(std::vector<base::LentBytes> lent) {
  if (lent.empty() || !self_call_->try_add_activity()) return;
  self_call_->push(*new ReleaseFrame(*self_call_, std::move(lent)));
}

void Instance::explain(const tr_host* host, tr_str why) noexcept {
  if (!is_text(why)) return;
  auto& instance = of(host);
  base::Lock lock(instance.mutex_);
  instance.explanation_ = base::truncate_utf8(view(why), kMaxExplanation);
}

const void* Instance::get_service(const tr_host* host, const char* id) noexcept {
  if (id == nullptr) return nullptr;
  const std::string_view name(id);
  if (name == TR_SERVICE_CALL) return &call_service();
  if (name == TR_SERVICE_LOG) return &log_service();
  if (name == TR_SERVICE_CLOCK) return &clock_service();
  if (name == TR_SERVICE_EXECUTOR) return &executor_service();
  if (name == TR_SERVICE_CATALOG) return &catalog_service();
  // Also for a tool that was granted none: then each call says which grant it lacks.
  if (name == TR_SERVICE_TOOLS) return &tools_service();
  if (name == TR_SERVICE_ASK) return &ask_service();
  if (name == TR_SERVICE_ONCE) return &once_service();
  if (name == TR_SERVICE_ASSETS)
    return of(host).runtime().environment().assets == nullptr ? nullptr : &assets_service();
  if (name == TR_SERVICE_X_KNOWLEDGE) {
    const auto& instance = of(host);
    const bool has_any = !instance.module_.leased_tool().knowledge.empty();
    return has_any && instance.runtime_.environment().knowledge != nullptr ? &knowledge_service() : nullptr;
  }
  if (name == TR_SERVICE_HTTP) {
    const auto& instance = of(host);
    const bool is_granted =
        !instance.module_.http_targets().is_empty() && !instance.runtime_.environment().http.empty();
    return is_granted ? &http_service() : nullptr;
  }
  return nullptr;
}

}  // namespace toolrack::sources::native
