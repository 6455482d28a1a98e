/// The sending end of one event stream: what a slow reader does not take yet waits here, in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transports/net/http.hpp"

namespace toolrack::mcp {

/// Answers one exchange. Of the exchange's loop; shared, because whoever sends does not know when the client leaves.
class EventOutlet final : public std::enable_shared_from_this<EventOutlet> {
 public:
  /// A client that is further behind is cut off when there is more to tell: it does not read. The largest of what waits
  /// does not count, nor does what is to be told now: that an answer is large says nothing of who reads it.
  static constexpr std::size_t kMostWaiting = 8 << 20;

  /// Sends the head. `gone` is called once when the client leaves before `finish`.
  static std::shared_ptr<EventOutlet> open(net::Exchange& exchange, std::function<void()> gone);

  void send(std::string text);
  /// Ends the stream when all of it has been taken. Nothing may be sent afterwards.
  void finish();
  bool is_open() const noexcept { return exchange_ != nullptr; }

 private:
  explicit EventOutlet(net::Exchange& exchange) : exchange_(&exchange) {}
  bool is_too_far_behind() const;
  void pump();
  void close();

  net::Exchange* exchange_;  ///< Null: answered.
  std::function<void()> gone_;
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_blocked_ = false;  ///< Waits for the client to take something.
  bool is_finished_ = false;
};

}  // namespace toolrack::mcp
