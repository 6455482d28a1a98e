/// The load of soak.mjs: keep-alive connections that send the same requests again and again, at a pace or as fast as
/// they are answered.
///
///     soak_load PORT CONNECTIONS RATE SECONDS REQUEST...
///
/// Each REQUEST is a file with the bytes of one request; connections take turns with them. RATE is of all connections
/// together, calls a second; 0: each sends as soon as it has its answer. An answer is good when it says 200, brings the
/// message back and is no error of MCP. Prints {calls, errors, seconds, p50_us, p99_us, max_us, first_error}; latency
/// is from the send to the last byte.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kMessage = "quick brown fox";  // A part of what the requests send.

/// Counts by microsecond; everything above the last bucket is in it.
class Latencies {
 public:
  void add(Clock::duration latency) {
    const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(latency).count());
    ++counts_[std::min<std::uint64_t>(us, counts_.size() - 1)];
    most_ = std::max(most_, us);
    ++total_;
  }
  std::uint64_t at(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t us = 0; us < counts_.size(); ++us)
      if ((seen += counts_[us]) > wanted) return us;
    return most_;
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t most() const { return most_; }

 private:
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(1'000'000);
  std::uint64_t total_ = 0, most_ = 0;
};

struct Connection {
  int fd = -1;
  const std::string* request = nullptr;
  std::string received;
  Clock::time_point sent_at;
  bool is_waiting = false;
};

class Load {
 public:
  Load(std::uint16_t port, std::size_t connections, double rate, const std::vector<std::string>& requests)
      : port_(port), rate_(rate), epoll_(::epoll_create1(EPOLL_CLOEXEC)), connections_(connections) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].request = &requests[i % requests.size()];
      open(connections_[i]);
    }
  }

  void run(double seconds) {
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::uint64_t sent = 0;
    for (auto now = start; now < end; now = Clock::now()) {
      auto due = idle_.size();
      if (rate_ > 0) {
        const auto planned = static_cast<std::uint64_t>(std::chrono::duration<double>(now - start).count() * rate_);
        // A quarter of a second is made up for; what is later than that is left out, not sent in an endless burst.
        const auto backlog = std::max<std::uint64_t>(connections_.size(), static_cast<std::uint64_t>(rate_ / 4));
        if (planned > sent + backlog) sent = planned - backlog;
        due = std::min<std::size_t>(due, planned - sent);
      }
      for (std::size_t i = 0; i < due; ++i, ++sent) {
        auto* connection = idle_.front();
        idle_.pop_front();
        send(*connection);
      }
      collect(rate_ > 0 ? 1 : 100);
    }
    const auto patience = Clock::now() + std::chrono::seconds(10);
    while (idle_.size() < connections_.size() && Clock::now() < patience) collect(100);
    for (const auto& connection : connections_)
      if (connection.is_waiting) fail("an answer did not come");
    seconds_ = std::chrono::duration<double>(end - start).count();
  }

  int report() const {
    std::printf(
        "{\"calls\": %llu, \"errors\": %llu, \"seconds\": %.1f, \"p50_us\": %llu, \"p99_us\": %llu, \"max_us\": %llu, "
        "\"first_error\": \"%s\"}\n",
        static_cast<unsigned long long>(latencies_.total()), static_cast<unsigned long long>(errors_), seconds_,
        static_cast<unsigned long long>(latencies_.at(0.5)), static_cast<unsigned long long>(latencies_.at(0.99)),
        static_cast<unsigned long long>(latencies_.most()), first_error_.c_str());
    return errors_ == 0 ? 0 : 1;
  }

 private:
  void open(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      std::fprintf(stderr, "soak_load: cannot connect to port %u: %s\n", port_, std::strerror(errno));
      std::exit(2);
    }
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    connection.received.clear();
    connection.is_waiting = false;
    idle_.push_back(&connection);
  }

  /// Requests are smaller than a socket's buffer, which is empty when one is sent, so this does not block.
  void send(Connection& connection) {
    connection.sent_at = Clock::now();
    connection.is_waiting = true;
    const auto& request = *connection.request;
    if (::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      replace(connection, "a request could not be sent");
  }

  void collect(int timeout_ms) {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll_, events, 64, idle_.size() == connections_.size() ? 1 : timeout_ms);
    for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
  }

  void receive(Connection& connection) {
    char bytes[16 << 10];
    const auto size = ::recv(connection.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return replace(connection, "the gateway closed a connection");
    connection.received.append(bytes, static_cast<std::size_t>(size));
    const std::string_view text(connection.received);
    const auto head = text.find("\r\n\r\n");
    if (head == std::string_view::npos) return;
    const auto body = length(text.substr(0, head));
    if (body == std::string_view::npos) return replace(connection, "an answer has no Content-Length");
    if (text.size() < head + 4 + body) return;
    latencies_.add(Clock::now() - connection.sent_at);
    const bool is_good = text.starts_with("HTTP/1.1 200") && text.find(kMessage, head) != std::string_view::npos &&
                         text.find("\"isError\":true", head) == std::string_view::npos;
    if (!is_good) fail(text);
    connection.received.clear();
    connection.is_waiting = false;
    idle_.push_back(&connection);
  }

  static std::size_t length(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const auto at = head.find(kName);
    std::size_t value = 0;
    if (at == std::string_view::npos) return at;
    const auto* first = head.data() + at + kName.size();
    return std::from_chars(first, head.data() + head.size(), value).ec == std::errc() ? value : std::string_view::npos;
  }

  void fail(std::string_view what) {
    if (++errors_ > 1) return;
    for (const char c : what.substr(0, 400)) first_error_ += c == '"' || c == '\\' || c < ' ' ? ' ' : c;
  }

  void replace(Connection& connection, std::string_view why) {
    fail(why);
    std::erase(idle_, &connection);
    ::close(connection.fd);
    open(connection);
  }

  const std::uint16_t port_;
  const double rate_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  Latencies latencies_;
  std::uint64_t errors_ = 0;
  std::string first_error_;
  double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: soak_load PORT CONNECTIONS RATE SECONDS REQUEST...\n");
    return 2;
  }
  std::vector<std::string> requests;
  for (int i = 5; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    requests.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (requests.back().empty()) {
      std::fprintf(stderr, "soak_load: %s cannot be read\n", argv[i]);
      return 2;
    }
  }
  Load load(static_cast<std::uint16_t>(std::atoi(argv[1])), static_cast<std::size_t>(std::max(1, std::atoi(argv[2]))),
            std::atof(argv[3]), requests);
  load.run(std::atof(argv[4]));
  return load.report();
}
