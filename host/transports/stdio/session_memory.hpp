/// What a legacy client and the gateway have agreed on, kept so that it can be agreed on again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transports/stdio/outbound.hpp"

namespace toolrack::stdio {

class SessionMemory {
 public:
  void remember_initialize(const Outbound& request) { initialize_ = request; }
  void remember_initialized(const Outbound& notification) { initialized_ = notification; }
  /// From the answer to `initialize` and the Mcp-Session-Id beside it. False when that is no success.
  bool learn(std::string_view answer, std::string session_id);

  bool is_open() const noexcept { return !version_.empty(); }
  bool can_reopen() const noexcept { return !initialize_.body.empty(); }
  const std::string& id() const noexcept { return id_; }
  /// For every later message of the session.
  std::vector<std::string> headers() const;

  const Outbound& initialize() const noexcept { return initialize_; }
  /// The client's notifications/initialized, or a plain one when it has not sent it.
  Outbound initialized() const;

 private:
  Outbound initialize_, initialized_;
  std::string id_, version_;
};

}  // namespace toolrack::stdio
