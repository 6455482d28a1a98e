/// Bytes of a connection -> requests -> calls, through the very Connection, guard, routes and call path that serve.
///
/// How a network cuts the bytes, and whether a body came in chunks, must change nothing: neither which requests were
/// understood nor which calls they became.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/utf8.hpp"
#include "fuzz/driven_rack.hpp"
#include "fuzz/fuzz.hpp"
#include "support/fake_clock.hpp"
#include "transports/net/connections.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::fuzz {
namespace {

/// Small, so that inputs of a few kilobytes reach beyond every one of them.
net::Limits small_limits() {
  net::Limits limits;
  limits.request_line_bytes = 256;
  limits.header_bytes = 1024;
  limits.header_fields = 16;
  limits.body_bytes = 1024;
  limits.stream_buffer_bytes = 2048;
  return limits;
}

/// A request as a handler saw it, and the plainest bytes that say the same.
struct Seen {
  std::string text, bytes;
  friend bool operator==(const Seen& a, const Seen& b) { return a.text == b.text; }
};

bool is_framing(std::string_view name) {
  return net::equal_ignoring_case(name, "content-length") || net::equal_ignoring_case(name, "transfer-encoding");
}

Seen see(const net::Request& request) {
  Seen seen;
  const auto line = std::string(request.method_text) + " " + std::string(request.target) +
                    (request.version == 10 ? " HTTP/1.0" : " HTTP/1.1");
  seen.text = line + " | " + std::string(request.path) + " | " + std::string(request.query) + " | " +
              std::string(request.host) + "\n";
  seen.bytes = line + "\r\n";
  for (const auto& [name, value] : request.headers) {
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "no value holds a line's end", value);
    if (is_framing(name)) continue;
    seen.text.append(name).append(": ").append(value).append("\n");
    seen.bytes.append(name).append(":").append(value).append(
        "\r\n");  // No blank: it must not become longer than it was.
  }
  if (!request.body.empty()) seen.bytes += "Content-Length:" + std::to_string(request.body.size()) + "\r\n";
  seen.text.append("\n").append(request.body);
  seen.bytes.append("\r\n").append(request.body);
  return seen;
}

/// What a connection came to.
struct Result {
  std::vector<Seen> requests;
  std::vector<std::string> invocations;
  std::vector<std::uint64_t> counts;  ///< Replies, refusals by reason.
  friend bool operator==(const Result&, const Result&) = default;
};

class Gateway final : public net::Handler {
 public:
  void handle(const net::Request& request, net::Exchange& exchange) override {
    requests_.push_back(see(request));
    rack_.front.handle(request, exchange);
  }

  Result serve(const std::vector<std::string_view>& pieces) {
    const auto before = counts();
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
    const net::UniqueFd client(ends[0]);
    connections_.add(ends[1], false, {"127.0.0.1", 0}, *this);
    bool is_open = true;
    for (const auto piece : pieces) {
      if (is_open) is_open = ::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL) >= 0;
      settle(client.get());
    }
    ::shutdown(client.get(), SHUT_WR);
    settle(client.get());
    // Legacy calls go on when their connection ends; each that ends may let the next one of the pipeline begin.
    while (rack_.rack.calls.running() > 0) {
      rack_.release();
      require(rack_.turn(), "a call that is released ends");
      settle(client.get());
    }
    require(settle(client.get()), "a connection ends when its client is done");
    require(share_.open == 0, "a connection that ended is gone");
    require(rack_.rack.calls.running() == 0, "no call outlives its connection");
    require(base::is_utf8(replies_), "answers are UTF-8, whatever was asked", replies_);
    replies_.clear();
    Result result{std::exchange(requests_, {}), rack_.take_invocations(), counts()};
    for (std::size_t i = 0; i < before.size(); ++i) result.counts[i] -= before[i];
    return result;
  }

 private:
  /// Lets both sides go on until nothing moves; true when the server has closed.
  bool settle(int client) {
    for (;;) {
      const bool moved = rack_.turn();
      char bytes[4096];
      const auto got = ::recv(client, bytes, sizeof bytes, 0);
      if (got == 0) return !rack_.turn() || settle(client);
      if (got < 0 && !moved) return false;
      if (got > 0) replies_.append(bytes, static_cast<std::size_t>(got));
    }
  }

  std::vector<std::uint64_t> counts() {
    std::vector<std::uint64_t> out(1);
    // One sum: whether a call reached its deadline depends on the machine.
    for (const auto* status : {"1xx", "2xx", "3xx", "4xx", "5xx"})
      out[0] +=
          rack_.rack.metrics.counter("toolrack_http_server_requests_total", "", {{"status_class", status}}).value();
    using enum base::ErrorCode;
    for (const auto code :
         {kBadHttp, kHeadersTooLarge, kUriTooLong, kBodyTooLarge, kRequestTimeout, kMethodNotAllowed, kUnavailable})
      out.push_back(rack_.rack.metrics
                        .counter("toolrack_http_server_refused_total", "", {{"reason", std::string(info(code).name)}})
                        .value());
    return out;
  }

  DrivenRack rack_;
  testing::FakeClock clock_;
  net::ServerShare share_{rack_.rack.metrics, small_limits(), clock_};
  net::Connections connections_{rack_.loop(), share_};
  std::vector<Seen> requests_;
  std::string replies_;
};

std::string shown(const Result& result) {
  std::string text;
  for (const auto& request : result.requests) text += "--- request\n" + request.text + "\n";
  for (const auto& invocation : result.invocations) text += "--- call " + invocation + "\n";
  for (const auto count : result.counts) text += std::to_string(count) + " ";
  return text + "\n";
}

}  // namespace

void check(std::string_view bytes) {
  static auto& gateway = *new Gateway;
  const auto whole = gateway.serve({bytes});
  const auto require_same = [&](const Result& other, std::string_view promise) {
    require(other == whole, promise, shown(whole) + "=== but\n" + shown(other));
  };
  require_same(gateway.serve(cut(bytes, 0)), "where the bytes are cut changes nothing");
  if (bytes.size() <= 400) require_same(gateway.serve(cut_all(bytes)), "bytes may come one at a time");

  constexpr std::size_t kRepeated = 3;
  for (std::size_t i = 0; i < std::min(kRepeated, whole.requests.size()); ++i) {
    const auto plain = gateway.serve({whole.requests[i].bytes});
    require(!plain.requests.empty() && plain.requests.front() == whole.requests[i],
            "a request that was understood is understood the same in plain words",
            shown(whole) + "=== but\n" + shown(plain));
  }
}

}  // namespace toolrack::fuzz
