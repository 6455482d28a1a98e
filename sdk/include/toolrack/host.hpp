/// The host as a plugin sees it: its services, looked up once.
#pragma once

#include <toolrack/draft/knowledge.h>
#include <toolrack/view.hpp>

#include <cstdint>
#include <string_view>

namespace toolrack {

/// One per plugin instance, owned by the SDK, valid until the plugin is destroyed. Services are there from start() on;
/// a NULL table means that the host has no such service or does not grant it. Any thread.
class Host {
 public:
  explicit Host(const tr_host* raw) noexcept : raw_(raw) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const tr_host* raw() const noexcept { return raw_; }
  View name() const noexcept { return view(raw_->name); }
  View version() const noexcept { return view(raw_->version); }
  /// A test or the validator listens and treats misuse as fatal.
  bool is_strict() const noexcept { return (raw_->flags & TR_HOST_STRICT) != 0; }

  /// Control frames: text for people about the failure that is returned next.
  void explain(std::string_view why) const noexcept {
    if (TR_CAN(tr_host, raw_, explain)) raw_->explain(raw_, lend(why));
  }
  /// Writes a line to the operator's log. `fields_json`: a JSON object or empty.
  void log(std::int32_t level, std::string_view text, std::string_view fields_json = {},
           tr_call behalf = 0) const noexcept {
    if (logs != nullptr) logs->write(raw_, behalf, level, lend(text), lend(fields_json));
  }
  bool is_logging(std::int32_t level, tr_call behalf = 0) const noexcept {
    return logs != nullptr && logs->enabled(raw_, behalf, level) != 0;
  }
  std::int64_t unix_ns(tr_call behalf = 0) const noexcept {
    return clock == nullptr ? 0 : clock->unix_ns(raw_, behalf);
  }
  std::int64_t monotonic_ns(tr_call behalf = 0) const noexcept {
    return clock == nullptr ? 0 : clock->monotonic_ns(raw_, behalf);
  }
  void random(void* out, std::size_t size, tr_call behalf = 0) const noexcept {
    if (clock != nullptr) clock->random(raw_, behalf, out, size);
  }
  /// Our own lists changed (`kind`: TR_LIST_*); for every account unless `behalf` names a call.
  void list_changed(std::uint32_t kind, tr_call behalf = 0) const noexcept {
    if (TR_CAN(tr_catalog_api, catalog, changed)) catalog->changed(raw_, behalf, kind);
  }
  void resource_updated(std::string_view uri, tr_call behalf = 0) const noexcept {
    if (TR_CAN(tr_catalog_api, catalog, resource_updated)) catalog->resource_updated(raw_, behalf, lend(uri));
  }

  /// A table by id, for drafts and for services newer than this SDK.
  template <class Api>
  const Api* service(const char* id) const noexcept {
    return static_cast<const Api*>(raw_->get_service(raw_, id));
  }

  /// \cond Control frame, once, before anything else. False when a table is missing that every host has.
  bool find_services() noexcept {
    calls = service<tr_call_api>(TR_SERVICE_CALL);
    logs = service<tr_log_api>(TR_SERVICE_LOG);
    clock = service<tr_clock_api>(TR_SERVICE_CLOCK);
    executor = service<tr_executor_api>(TR_SERVICE_EXECUTOR);
    asks = service<tr_ask_api>(TR_SERVICE_ASK);
    once = service<tr_once_api>(TR_SERVICE_ONCE);
    http = service<tr_http_api>(TR_SERVICE_HTTP);
    tools = service<tr_tools_api>(TR_SERVICE_TOOLS);
    catalog = service<tr_catalog_api>(TR_SERVICE_CATALOG);
    assets = service<tr_assets_api>(TR_SERVICE_ASSETS);
    kv = service<tr_kv_api>(TR_SERVICE_KV);
    knowledge = service<tr_x_knowledge_api>(TR_SERVICE_X_KNOWLEDGE);
    return TR_CAN(tr_call_api, calls, wait) && TR_CAN(tr_log_api, logs, enabled) &&
           TR_CAN(tr_clock_api, clock, after) && TR_CAN(tr_executor_api, executor, post_blocking);
  }
  /// \endcond

  // Constant after find_services().
  const tr_call_api* calls = nullptr;
  const tr_log_api* logs = nullptr;
  const tr_clock_api* clock = nullptr;
  const tr_executor_api* executor = nullptr;
  const tr_ask_api* asks = nullptr;
  const tr_once_api* once = nullptr;
  const tr_http_api* http = nullptr;
  const tr_tools_api* tools = nullptr;
  const tr_catalog_api* catalog = nullptr;
  const tr_assets_api* assets = nullptr;
  const tr_kv_api* kv = nullptr;
  const tr_x_knowledge_api* knowledge = nullptr;  // A draft.

 private:
  const tr_host* raw_;
};

}  // namespace toolrack
