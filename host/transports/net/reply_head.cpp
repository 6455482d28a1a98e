#include "transports/net/reply_head.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <cstdio>

#include "transports/net/characters.hpp"

namespace toolrack::net {
namespace {

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_status(std::string& out, int status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out += ' ';
  // Codes that no registry names (499) come back as "<unknown-status>".
  if (!reason.starts_with('<')) out.append(reason.data(), reason.size());
  out += "\r\n";
}

bool is_clean(std::string_view value) { return std::ranges::all_of(value, is_field_text); }

}  // namespace

void write_head(std::string& out, const ReplyHead& head) {
  append_status(out, head.status);
  if (!head.content_type.empty()) append_field(out, "Content-Type", head.content_type);
  switch (head.framing) {
    case ReplyHead::Framing::kLength:
      out += "Content-Length: ";
      append_number(out, head.length);
      out += "\r\n";
      break;
    case ReplyHead::Framing::kChunked:
      out += "Transfer-Encoding: chunked\r\n";
      break;
    case ReplyHead::Framing::kUntilClose:
    case ReplyHead::Framing::kNone:
      break;
  }
  append_field(out, "X-Request-Id", head.request_id);
  out += "X-Content-Type-Options: nosniff\r\nDate: ";
  out.append(head.date).append("\r\n");
  if (!head.keeps_alive)
    out += "Connection: close\r\n";
  else if (head.version < 11)
    out += "Connection: keep-alive\r\n";
  for (const auto& [name, value] : head.headers)
    if (is_clean(value)) append_field(out, name, value);
  out += "\r\n";
}

std::string_view DateText::at(std::int64_t monotonic_ns) {
  constexpr std::int64_t kLifetimeNs = 250'000'000;
  if (size_ == 0 || monotonic_ns - made_ns_ >= kLifetimeNs) {
    made_ns_ = monotonic_ns;
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = clock_.unix_ns() / 1'000'000'000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    // Not strftime: its names follow the locale.
    const int size =
        std::snprintf(text_, sizeof text_, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                      kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    size_ = std::min(static_cast<std::size_t>(size), sizeof text_ - 1);
  }
  return {text_, size_};
}

}  // namespace toolrack::net
