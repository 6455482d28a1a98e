/// What good clients feel while very many slow ones sit at the same server.
///
///     hostile_clients PORT [CONNECTIONS [SECONDS [again]]]
///
/// First one good client alone for ten seconds, then again while CONNECTIONS (500) slow ones each send one byte in ten
/// seconds: of a header, of a body, of a chunk, or nothing at all, until the last of them is cut off or SECONDS (20)
/// are over. `again`: who is cut off comes back at once. Prints what happened as one JSON object; judging it is left to
/// the caller.
///
/// The good client sends 500 calls a second at fixed times, whether or not the server keeps up, and each tenth of them
/// over a connection of its own; a call's latency counts from the time it was due.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBetweenBytes{10'000};
constexpr int kCallsPerSecond = 500;

sockaddr_in g_server{};

int connect_to_server(int flags = 0) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&g_server), sizeof g_server) == 0 || errno == EINPROGRESS)
    return fd;
  ::close(fd);
  return -1;
}

double milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

/// A client that behaves.
class Good {
 public:
  void run(const std::atomic<bool>& stop) {
    const auto start = Clock::now();
    for (std::size_t i = 0; !stop; ++i) {
      const auto due = start + i * std::chrono::microseconds(1'000'000 / kCallsPerSecond);
      std::this_thread::sleep_until(due);
      const bool is_alone = i % 10 == 0;
      auto& fd = kept_[i % kept_.size()];
      const int own = is_alone ? connect_to_server() : -1;
      if (!is_alone && fd < 0) fd = connect_to_server();
      if (call(is_alone ? own : fd))
        latencies_.push_back(milliseconds_between(due, Clock::now()));
      else
        ++failed_;
      if (own >= 0) ::close(own);
    }
    seconds_ = milliseconds_between(start, Clock::now()) / 1000;
    for (const int fd : kept_) ::close(fd);
  }

  std::string json() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double part) {
      return latencies_.empty()
                 ? -1
                 : latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))];
    };
    char text[256];
    std::snprintf(text, sizeof text,
                  R"({"calls":%zu,"failed":%zu,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f})",
                  latencies_.size(), failed_, seconds_, at(0.5), at(0.99), at(1));
    return text;
  }

 private:
  static bool call(int fd) {
    static const std::string request = [] {
      const std::string body = R"({"tool":"echo","skill":"echo","input":{"message":"good"}})";
      return "POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body;
    }();
    if (fd < 0 || ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      return false;
    std::string reply;
    char block[4096];
    for (;;) {
      const auto size = ::recv(fd, block, sizeof block, 0);
      if (size <= 0) return false;
      reply.append(block, static_cast<std::size_t>(size));
      const auto end = reply.find("\r\n\r\n");
      const auto length = reply.find("Content-Length: ");
      if (end == std::string::npos || length == std::string::npos) continue;
      if (reply.size() < end + 4 + std::strtoul(reply.c_str() + length + 16, nullptr, 10)) continue;
      return reply.starts_with("HTTP/1.1 200");
    }
  }

  std::vector<int> kept_ = std::vector<int>(8, -1);
  std::vector<double> latencies_;
  std::size_t failed_ = 0;
  double seconds_ = 0;
};

/// All the others, on one thread.
class Slow {
 public:
  Slow(std::size_t count, bool come_again) : clients_(count), come_again_(come_again), epoll_(::epoll_create1(0)) {}
  Slow(const Slow&) = delete;
  Slow& operator=(const Slow&) = delete;

  void run(seconds time) {
    // Attackers have machines of their own: what this thread computes must not be taken from those that are measured.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);
    const auto start = Clock::now();
    std::size_t opened = 0;
    std::vector<epoll_event> events(64);
    while (Clock::now() - start < time && (opened < clients_.size() || open_ > 0)) {
      // Five thousand in a second, so that the backlog is not what is measured.
      const auto due = static_cast<std::size_t>(milliseconds_between(start, Clock::now()) * 5);
      while (opened < std::min(due, clients_.size())) open(opened++);
      const int patience = opened < clients_.size() ? 5 : 100;
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience);
      for (int i = 0; i < count; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
      const auto now = Clock::now();
      for (auto& client : clients_)
        if (client.fd >= 0 && now >= client.next_byte) drip(client, now);
    }
  }

  /// Those that are left leave in one moment, which is not what is measured here.
  ~Slow() {
    for (auto& client : clients_)
      if (client.fd >= 0) ::close(client.fd);
    ::close(epoll_);
  }

  std::string json() const {
    char text[256];
    std::snprintf(text, sizeof text,
                  R"({"connections":%zu,"told_408":%zu,"closed":%zu,"refused":%zu,"still_open":%zu,"longest_s":%.1f})",
                  connected_, told_, closed_, refused_, open_, longest_ms_ / 1000);
    return text;
  }

 private:
  struct Client {
    int fd = -1;
    Clock::time_point since;
    Clock::time_point next_byte;
    std::size_t sent = 0;
    bool has_reply = false;
  };

  /// What client number `which` sends at once; then one byte at a time, for ever.
  static std::string_view beginning(std::size_t which) {
    switch (which % 4) {
      case 0:
        return "POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nX-A: ";
      case 1:
        return "POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
               "100000\r\n\r\n";
      case 2:
        return "POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
               "application/json\r\nTransfer-Encoding: "
               "chunked\r\n\r\n10000\r\n";
      default:
        return "";
    }
  }

  void open(std::size_t which) {
    auto& client = clients_[which];
    client = {.fd = connect_to_server(SOCK_NONBLOCK), .since = Clock::now()};
    if (client.fd < 0) {
      ++refused_;
      return;
    }
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.u64 = which}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
    ++connected_;
    ++open_;
    client.next_byte = client.since;
  }

  void drip(Client& client, Clock::time_point now) {
    const auto which = static_cast<std::size_t>(&client - clients_.data());
    const auto text = beginning(which);
    client.next_byte = now + kBetweenBytes;
    if (text.empty()) return;
    const auto piece = client.sent == 0 ? text : std::string_view("a");
    const auto sent = ::send(client.fd, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent > 0)
      client.sent += static_cast<std::size_t>(sent);
    else
      client.next_byte = now + milliseconds(10);  // Not yet connected; a broken one is found by reading.
  }

  void read(std::size_t which) {
    auto& client = clients_[which];
    if (client.fd < 0) return;
    char block[4096];
    const auto size = ::recv(client.fd, block, sizeof block, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size > 0) {
      if (!client.has_reply && std::string_view(block, static_cast<std::size_t>(size)).starts_with("HTTP/1.1 408"))
        ++told_;
      client.has_reply = true;
      return;
    }
    longest_ms_ = std::max(longest_ms_, milliseconds_between(client.since, Clock::now()));
    ::close(client.fd);
    client.fd = -1;
    ++closed_;
    --open_;
    if (come_again_) open(which);
  }

  std::vector<Client> clients_;
  const bool come_again_;
  const int epoll_;
  std::size_t connected_ = 0, open_ = 0, told_ = 0, closed_ = 0, refused_ = 0;
  double longest_ms_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: hostile_clients PORT [CONNECTIONS [SECONDS [again]]]\n", stderr);
    return 2;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  g_server.sin_family = AF_INET;
  g_server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  g_server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto connections = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 500;
  const seconds time(argc > 3 ? std::strtol(argv[3], nullptr, 10) : 20);

  const auto measure = [](auto meanwhile) {
    Good good;
    std::atomic<bool> stop{false};
    std::thread thread([&] { good.run(stop); });
    meanwhile();
    stop = true;
    thread.join();
    return good.json();
  };
  const auto alone = measure([] { std::this_thread::sleep_for(seconds(10)); });
  Slow slow(connections, argc > 4);
  const auto beside = measure([&] { slow.run(time); });
  std::printf(R"({"alone":%s,"beside":%s,"slow":%s})"
              "\n",
              alone.c_str(), beside.c_str(), slow.json().c_str());
}
