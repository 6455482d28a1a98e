/// toolrack.log/1: lines of a plugin among the host's own, and to callers who want them.
#include <algorithm>

#include "base/utf8.hpp"
#include "services/log/log.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;

log::Level to_level(std::int32_t level) noexcept {
  return static_cast<log::Level>(std::clamp<std::int32_t>(level, TR_LOG_DEBUG, TR_LOG_EMERGENCY));
}

/// More than this of a line is not sent to a caller.
constexpr std::size_t kMostText = 8 << 10, kMostFields = 16 << 10;

/// The call, when it is one of that plugin's and still open.
template <typename Pin>
NativeCall* open_call(Instance& instance, const Pin& pin) {
  return pin && (*pin)->instance() == &instance && (*pin)->is_open() ? *pin : nullptr;
}

bool is_wanted(const NativeCall* call, log::Level level) noexcept {
  return call != nullptr && static_cast<std::uint8_t>(level) >= call->invocation().caller_log_level;
}

void write(const tr_host* host, tr_call behalf, std::int32_t number, tr_str text, tr_str fields_json) noexcept {
  auto& instance = Instance::of(host);
  const auto level = to_level(number);
  // A stale call is no misuse here: what follows a call is worth a line too.
  const auto pin = instance.runtime().calls.pin(behalf);
  auto* const call = open_call(instance, pin);
  const bool is_for_caller = is_wanted(call, level);
  if (!is_for_caller && !log::enabled(level)) return;
  if (!is_text(text)) return instance.module().note_misuse("log", "a text that is not UTF-8");
  if (log::enabled(level))
    log::write_plugin(level, instance.module().id(), call == nullptr ? std::string_view() : call->invocation().call_id,
                      view(text), view(fields_json));
  if (!is_for_caller) return;
  const bool has_fields = fields_json.size <= kMostFields && is_text(fields_json);
  if (call->events().add(CallEvents::Line{static_cast<std::uint8_t>(level),
                                          std::string(base::truncate_utf8(view(text), kMostText)),
                                          has_fields ? std::string(view(fields_json)) : std::string()}))
    call->post_flush();
}

std::int32_t enabled(const tr_host* host, tr_call behalf, std::int32_t number) noexcept {
  const auto level = to_level(number);
  if (log::enabled(level)) return 1;
  auto& instance = Instance::of(host);
  return is_wanted(open_call(instance, instance.runtime().calls.pin(behalf)), level) ? 1 : 0;
}

}  // namespace

const tr_log_api& log_service() noexcept {
  static constexpr tr_log_api kTable{sizeof(tr_log_api), write, enabled};
  return kTable;
}

}  // namespace toolrack::sources::native
