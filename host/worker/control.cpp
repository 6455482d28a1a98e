/// Runtime: the [control] functions of the plugin, as the gateway asks for them.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "worker/plugin_frame.hpp"
#include "worker/runtime.hpp"

namespace toolrack::worker {
namespace {

constexpr std::size_t kMaxExplanation = 2000;

}  // namespace

void Runtime::run() {
  for (;;) {
    Request request;
    {
      std::unique_lock lock(control_mutex_);
      has_request_.wait(lock, [&] { return !requests_.empty(); });
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    const Board::Mark mark(process_.board(), guest_);
    if (request.type == FrameType::kLeave) return leave(request);
    try {
      carry_out(request);
    } catch (...) {
      answer(reply(request, TR_INTERNAL, describe_thrown()));
    }
  }
}

void Runtime::carry_out(const Request& request) {
  switch (request.type) {
    case FrameType::kLoad:
      return load(request);
    case FrameType::kCreate:
      return create(request);
    case FrameType::kStart:
      return start(request);
    case FrameType::kSave:
      return save(request);
    case FrameType::kLoadState:
      return load_state(request);
    case FrameType::kStop:
      if (plugin_->stop != nullptr) may_throw(plugin_->stop)(plugin_->self);
      return answer(reply(request, TR_OK));
    default:
      destroy();
      return answer(reply(request, TR_OK));
  }
}

void Runtime::destroy() {
  if (plugin_ == nullptr || is_destroyed_) return;
  // Every task runs, every done() returns, before the plugin goes.
  process_.threads().wait_until_idle(tally_, [this] {
    const std::lock_guard lock(mutex_);
    return operations_.empty();
  });
  is_destroyed_ = true;
  may_be_inside_ = true;
  may_throw(plugin_->destroy)(plugin_->self);
  may_be_inside_ = false;
}

/// Of a process that goes on without it.
void Runtime::leave(const Request& request) {
  FieldReader in(request.payload);
  const bool may_unmap = in.u32() != 0;
  try {
    destroy();
  } catch (...) {
    note_misuse("destroy", describe_thrown());
  }
  process_.forget(guest_);
  process_.threads().wait_until_idle(tally_, [] { return true; });  // What destroy() gave back.
  if (library_ != nullptr && may_unmap && !may_be_inside_) ::dlclose(library_);
  answer(reply(request, TR_OK));
}

FrameWriter Runtime::reply(const Request& request, tr_status status, std::string_view explanation) {
  FrameWriter out(FrameType::kReply, request.id);
  out.u32(static_cast<std::uint32_t>(status)).text(explanation.substr(0, kMaxExplanation));
  return out;
}

std::string Runtime::take_explanation(std::string otherwise) {
  const std::lock_guard lock(control_mutex_);
  auto out = std::exchange(explanation_, {});
  return out.empty() ? std::move(otherwise) : out;
}

/// Tells what the sandbox is first of all: a plugin whose sandbox is not what it must be is never opened.
void Runtime::load(const Request& request) {
  FieldReader in(request.payload);
  label_ = in.text();
  const std::string path(in.text());
  const auto& sandbox = process_.sandbox();
  std::string missing;
  for (const auto& one : sandbox.missing) missing.append(missing.empty() ? "" : ", ").append(one);
  const auto with_sandbox = [&](FrameWriter out) {
    out.text(sandbox.describe()).text(missing).u32(sandbox.has_other_user ? 1 : 0);
    return out;
  };
  if (process_.options().sandbox == SandboxMode::kRequired && !sandbox.is_tight())
    return answer(with_sandbox(reply(request, TR_FAILED_PRECONDITION, missing)));
  // glibc promises that dlopen() does not throw, and the compiler believes it of whatever it knows to be that function.
  void* (*volatile open)(const char*, int) = &::dlopen;
  try {
    library_ = open(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  } catch (...) {
    // What a static constructor throws leaves the dynamic linker's lock held for ever. Whoever needs it next would wait
    // as long, also a plugin that shares this process: better it ends, and they begin anew in another.
    answer(reply(request, TR_INTERNAL, describe_thrown()));
    std::abort();
  }
  if (library_ == nullptr) {
    const char* why = ::dlerror();
    return answer(with_sandbox(reply(request, TR_NOT_FOUND, why == nullptr ? "" : why)));
  }
  const auto entry = reinterpret_cast<tr_entry_v1_fn>(::dlsym(library_, TR_ENTRY_V1_SYMBOL));
  if (entry == nullptr)
    return answer(with_sandbox(reply(request, TR_UNIMPLEMENTED, "it does not export " TR_ENTRY_V1_SYMBOL)));
  try {
    entry_ = may_throw(entry)();
  } catch (...) {
    const auto why = std::string(TR_ENTRY_V1_SYMBOL) + "() failed: " + describe_thrown();
    return answer(with_sandbox(reply(request, TR_UNIMPLEMENTED, why)));
  }
  auto out = with_sandbox(reply(request, TR_OK));
  // What is not there is 0: the gateway judges, as it does of a library of its own.
  const bool is_usable = entry_ != nullptr && entry_->struct_size >= sizeof(tr_entry) && entry_->create != nullptr;
  out.u32(is_usable ? 1 : 0);
  out.u32(is_usable ? entry_->abi_major : 0).u32(is_usable ? entry_->abi_minor : 0);
  out.u32(is_usable ? entry_->min_host_minor : 0);
  answer(std::move(out));
}

void Runtime::create(const Request& request) {
  FieldReader in(request.payload);
  services_ = in.u32();
  log_level_ = in.u32();
  const tr_plugin* plugin = nullptr;
  const tr_status status = may_throw(entry_->create)(&host_, &plugin);
  if (status != TR_OK)
    return answer(reply(request, status, take_explanation("create() returned status " + std::to_string(status))));
  if (plugin == nullptr) return answer(reply(request, TR_INTERNAL, "create() returned no tr_plugin"));
  if (plugin->struct_size < sizeof(tr_plugin))
    return answer(reply(request, TR_INTERNAL,
                        "its tr_plugin has " + std::to_string(plugin->struct_size) + " bytes, this host needs " +
                            std::to_string(sizeof(tr_plugin))));
  if (plugin->destroy == nullptr) return answer(reply(request, TR_INTERNAL, "its tr_plugin has no destroy()"));
  if (plugin->invoke == nullptr) {
    may_throw(plugin->destroy)(plugin->self);
    return answer(reply(request, TR_INTERNAL, "its tr_plugin has no invoke()"));
  }
  plugin_ = plugin;
  auto out = reply(request, TR_OK);
  out.u32(state_extension() != nullptr ? 1 : 0);
  answer(std::move(out));
}

void Runtime::start(const Request& request) {
  FieldReader in(request.payload);
  tr_start given{};
  given.struct_size = sizeof given;
  given.generation = in.u64();
  given.manifest_json = to_abi(in.text());
  given.config_json = to_abi(in.text());
  given.label = to_abi(label_);
  if (plugin_->start == nullptr) return answer(reply(request, TR_OK));
  const tr_status status = may_throw(plugin_->start)(plugin_->self, &given);
  if (status == TR_OK) return answer(reply(request, TR_OK));
  answer(reply(request, status, take_explanation("start() returned status " + std::to_string(status))));
}

const tr_state_ext* Runtime::state_extension() {
  if (plugin_->get_extension == nullptr) return nullptr;
  const auto* found = static_cast<const tr_state_ext*>(may_throw(plugin_->get_extension)(plugin_->self, TR_EXT_STATE));
  return TR_CAN(tr_state_ext, found, save) && TR_CAN(tr_state_ext, found, load) ? found : nullptr;
}

void Runtime::save(const Request& request) {
  FieldReader in(request.payload);
  const auto* state = state_extension();
  tr_buffer buffer{};
  const tr_status status =
      state == nullptr ? TR_UNIMPLEMENTED : may_throw(state->save)(plugin_->self, in.u32(), &buffer);
  auto out = reply(request, status);
  if (status == TR_OK) out.text(view(buffer));
  if (out.is_too_long()) out = reply(request, TR_RESOURCE_EXHAUSTED);
  if (status == TR_OK && buffer.release != nullptr) may_throw(buffer.release)(buffer.owner);
  answer(std::move(out));
}

void Runtime::load_state(const Request& request) {
  FieldReader in(request.payload);
  const auto phase = in.u32();
  const auto* state = state_extension();
  answer(reply(request,
               state == nullptr ? TR_UNIMPLEMENTED : may_throw(state->load)(plugin_->self, phase, to_abi(in.text()))));
}

void Runtime::explain(const tr_host* host, tr_str why) noexcept {
  auto& runtime = of(host);
  const std::lock_guard lock(runtime.control_mutex_);
  runtime.explanation_ = view(why).substr(0, kMaxExplanation);
}

const void* Runtime::get_service(const tr_host* host, const char* id) noexcept {
  if (id == nullptr) return nullptr;
  const auto has = [&](std::uint32_t bit) { return (of(host).services_ & bit) != 0; };
  const std::string_view name(id);
  if (name == TR_SERVICE_CALL) return &call_table();
  if (name == TR_SERVICE_LOG) return &log_table();
  if (name == TR_SERVICE_CLOCK) return &clock_table();
  if (name == TR_SERVICE_EXECUTOR) return &executor_table();
  if (name == TR_SERVICE_CATALOG) return &catalog_table();
  if (name == TR_SERVICE_ASK) return &ask_table();
  if (name == TR_SERVICE_ONCE) return &once_table();
  if (name == TR_SERVICE_TOOLS) return has(kHasTools) ? &tools_table() : nullptr;
  if (name == TR_SERVICE_ASSETS) return has(kHasAssets) ? &assets_table() : nullptr;
  if (name == TR_SERVICE_HTTP) return has(kHasHttp) ? &http_table() : nullptr;
  if (name == "toolrack.x-knowledge/0") return has(kHasKnowledge) ? knowledge_table() : nullptr;
  return nullptr;
}

}  // namespace toolrack::worker
