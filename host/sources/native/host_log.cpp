/// toolrack.log/1: lines of a plugin among the host's own.
#include <algorithm>

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

void write(const tr_host* host, tr_call behalf, std::int32_t level, tr_str text, tr_str fields_json) noexcept {
  if (!log::enabled(to_level(level))) return;
  auto& instance = Instance::of(host);
  if (!is_text(text)) return instance.module().note_misuse("log", "a text that is not UTF-8");
  // A stale call is no misuse here: what follows a call is worth a line too.
  std::string_view request_id;
  const auto pin = instance.runtime().calls.pin(behalf);
  if (pin && (*pin)->instance() == &instance && (*pin)->is_open()) request_id = (*pin)->invocation().call_id;
  log::write_plugin(to_level(level), instance.module().id(), request_id, view(text), view(fields_json));
}

std::int32_t enabled(const tr_host*, tr_call, std::int32_t level) noexcept {
  return log::enabled(to_level(level)) ? 1 : 0;
}

}  // namespace

const tr_log_api& log_service() noexcept {
  static constexpr tr_log_api kTable{sizeof(tr_log_api), write, enabled};
  return kTable;
}

}  // namespace toolrack::sources::native
