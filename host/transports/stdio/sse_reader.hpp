/// Takes an event stream apart as it comes in (HTML Living Standard, "Server-sent events").
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::stdio {

class SseReader {
 public:
  static constexpr std::size_t kMaxEvent = 64 << 20;

  /// Gets the data of each event called `message` (as those without a name are) that is not empty.
  using OnMessage = std::function<void(std::string_view data)>;
  explicit SseReader(OnMessage on_message) : on_message_(std::move(on_message)) {}

  /// The next bytes, cut anywhere. False when an event exceeds kMaxEvent: the stream is of no use any more.
  bool feed(std::string_view bytes);
  /// Of the newest whole event that had one: a client that asks again goes on behind it. Empty: none had.
  const std::string& last_id() const noexcept { return last_id_; }
  /// How long after its end the stream may be asked for again, where it has said so.
  std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  void take_line(std::string_view line);

  const OnMessage on_message_;
  std::string line_, data_, name_, id_, last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  bool after_return_ = false;  // The last byte was \r: a \n that follows belongs to it.
  bool is_first_line_ = true;
};

}  // namespace toolrack::stdio
