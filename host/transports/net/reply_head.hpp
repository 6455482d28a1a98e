/// The head of a reply as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "transports/net/headers.hpp"

namespace toolrack::net {

struct ReplyHead {
  enum class Framing : std::uint8_t { kLength, kChunked, kUntilClose, kNone };

  int status = 200;
  std::string_view content_type;
  std::span<const HeaderField> headers;
  std::string_view request_id;
  std::string_view date;
  Framing framing = Framing::kLength;
  std::size_t length = 0;
  int version = 11;  ///< Of the request.
  bool keeps_alive = true;
};

/// Can a reply of this status have a body at all?
constexpr bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

/// Appends the head, blank line included. A header value with a control character is left out.
void write_head(std::string& out, const ReplyHead& head);

/// "Sun, 06 Nov 1994 08:49:37 GMT", made anew at most four times a second. Used by one loop.
class DateText {
 public:
  explicit DateText(const base::Clock& clock) : clock_(clock) {}
  std::string_view at(std::int64_t monotonic_ns);

 private:
  const base::Clock& clock_;
  std::int64_t made_ns_ = 0;
  std::size_t size_ = 0;
  char text_[40];
};

}  // namespace toolrack::net
