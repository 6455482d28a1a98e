#include "support/scripted_http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/test_socket.hpp"

namespace toolrack::test {
namespace {

using TlsContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

[[noreturn]] void give_up(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

TlsContext make_tls(const ScriptedHttpServer::Options& options) {
  TlsContext context(nullptr, &SSL_CTX_free);
  if (!options.certificate) return context;
  context.reset(SSL_CTX_new(TLS_server_method()));
  if (options.max_tls_version != 0) {
    // Old versions also need old signatures, which the default security level forbids.
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), options.max_tls_version);
    SSL_CTX_set_max_proto_version(context.get(), options.max_tls_version);
  }
  const TemporaryFile certificate(options.certificate->certificate);
  const TemporaryFile key(options.certificate->private_key);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.path().c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key.path().c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("the test server cannot use its certificate");
  }
  return context;
}

int listen_at(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (is_v6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
    size = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &v4->sin_addr);
    size = sizeof *v4;
  }
  const int listener = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const int off = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_v6) ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&storage), size) != 0 || ::listen(listener, 128) != 0) {
    give_up("the test server cannot listen at " + address);
  }
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size);
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Takes one request off the front of what has been read; nullopt while it is not whole. Content-Length only: clients
/// under test send nothing else.
std::optional<RecordedRequest> take_request(std::string& buffer) {
  const auto head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  RecordedRequest request;
  const std::string_view head = std::string_view(buffer).substr(0, head_end);
  auto line_end = head.find("\r\n");
  const auto first = head.substr(0, line_end);
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
  while (line_end != std::string_view::npos) {
    const auto begin = line_end + 2;
    line_end = head.find("\r\n", begin);
    const auto line = head.substr(begin, line_end == std::string_view::npos ? line_end : line_end - begin);
    const auto colon = line.find(':');
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  }
  const auto length = request.header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  if (buffer.size() < head_end + 4 + size) return std::nullopt;
  request.body = buffer.substr(head_end + 4, size);
  buffer.erase(0, head_end + 4 + size);
  return request;
}

}  // namespace

std::string RecordedRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

bool RecordedRequest::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
}

class ScriptedHttpServer::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        tls_(make_tls(options_)),
        listener_(listen_at(options_.address, options_.port)),
        port_(port_of(listener_)),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        release_(::eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE)),
        acceptor_([this] { accept_all(); }) {}

  ~Impl() {
    std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) < 0) std::abort();
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (auto* socket : open_) ::shutdown(socket->descriptor(), SHUT_RDWR);
      for (const int descriptor : in_handshake_) ::shutdown(descriptor, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    for (const int descriptor : {listener_, stop_, release_}) ::close(descriptor);
  }

  void on(std::string path, Handler handler) {
    std::lock_guard lock(mutex_);
    handlers_[std::move(path)] = std::move(handler);
  }

  void release() {
    const std::uint64_t one = 1;
    if (::write(release_, &one, sizeof one) < 0) give_up("release");
  }

  const Options& options() const { return options_; }
  std::uint16_t port() const { return port_; }

  std::vector<RecordedRequest> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t accepted() const {
    std::lock_guard lock(mutex_);
    return accepted_;
  }
  std::size_t open() const {
    std::lock_guard lock(mutex_);
    return open_.size();
  }
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return requests_.size() >= count; });
  }
  bool wait_for_open(std::size_t count, std::chrono::milliseconds limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return open_.size() == count; });
  }

 private:
  void accept_all() {
    while (true) {
      pollfd waits[] = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      if (::poll(waits, 2, -1) < 0 || (waits[0].revents & POLLIN) != 0) return;
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) continue;
      std::lock_guard lock(mutex_);
      in_handshake_.push_back(descriptor);
      threads_.emplace_back([this, descriptor, number = ++accepted_] { serve(descriptor, number); });
    }
  }

  void serve(int descriptor, std::size_t number) {
    TestSocket socket(descriptor, tls_.get());
    {
      std::lock_guard lock(mutex_);
      std::erase(in_handshake_, descriptor);
      open_.push_back(&socket);
      changed_.notify_all();
    }
    std::string buffer;
    while (socket.is_open()) {
      auto request = take_request(buffer);
      if (!request) {
        if (!socket.read_more(buffer)) break;
        continue;
      }
      request->connection = number;
      if (!play(socket, reply_to(*request), request->method == "HEAD")) break;
    }
    std::lock_guard lock(mutex_);
    std::erase(open_, &socket);
    changed_.notify_all();
  }

  Reply reply_to(const RecordedRequest& request) {
    Handler handler;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
      changed_.notify_all();
      auto found = handlers_.find(request.path());
      if (found == handlers_.end()) found = handlers_.find("*");
      if (found != handlers_.end()) handler = found->second;
    }
    return handler ? handler(request) : Reply::text("no reply for " + request.target, 404);
  }

  /// False when the connection is to be closed.
  bool play(TestSocket& socket, const Reply& reply, bool is_head_only) {
    if (!reply.head_.empty() && !socket.write(reply.head_ + "\r\n" + (is_head_only ? "" : reply.body_))) return false;
    for (const auto& step : reply.steps_) {
      if (const auto* bytes = std::get_if<std::string>(&step)) {
        if (!socket.write(*bytes)) return false;
      } else if (const auto* wait = std::get_if<Reply::Wait>(&step)) {
        if (!stay(socket, static_cast<int>(wait->time.count()), false)) return false;
      } else if (std::holds_alternative<Reply::Hold>(step)) {
        if (!stay(socket, -1, true)) return false;
      } else if (const auto* repeat = std::get_if<Reply::Repeat>(&step)) {
        while (socket.write(repeat->bytes)) continue;
        return false;
      } else {
        if (std::holds_alternative<Reply::Reset>(step)) socket.reset_on_close();
        return false;
      }
    }
    return true;
  }

  /// Waits for a time or a release; false when the client or the test is gone before.
  bool stay(TestSocket& socket, int time_ms, bool until_release) {
    pollfd waits[] = {{stop_, POLLIN, 0}, {socket.descriptor(), POLLRDHUP, 0}, {release_, POLLIN, 0}};
    while (true) {
      const int ready = ::poll(waits, until_release ? 3 : 2, time_ms);
      if (ready == 0) return true;
      if (ready < 0 || waits[0].revents != 0 || waits[1].revents != 0) return false;
      // Several connections may hold; one release frees one of them.
      std::uint64_t one = 0;
      pollfd mine{release_, POLLIN, 0};
      std::lock_guard lock(release_mutex_);
      if (::poll(&mine, 1, 0) == 1 && ::read(release_, &one, sizeof one) > 0) return true;
    }
  }

  const Options options_;
  const TlsContext tls_;
  const int listener_;
  const std::uint16_t port_;
  const int stop_;
  const int release_;
  std::mutex release_mutex_;
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  std::map<std::string, Handler> handlers_;
  std::vector<RecordedRequest> requests_;
  std::vector<TestSocket*> open_;
  std::vector<int> in_handshake_;
  std::list<std::thread> threads_;
  std::size_t accepted_ = 0;
  std::thread acceptor_;  // Last: it uses all of the above.
};

ScriptedHttpServer::ScriptedHttpServer() : ScriptedHttpServer(Options{}) {}
ScriptedHttpServer::ScriptedHttpServer(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ScriptedHttpServer::~ScriptedHttpServer() = default;

void ScriptedHttpServer::on(std::string path, Reply reply) {
  impl_->on(std::move(path), [reply = std::move(reply)](const RecordedRequest&) { return reply; });
}
void ScriptedHttpServer::on(std::string path, Handler handler) { impl_->on(std::move(path), std::move(handler)); }
void ScriptedHttpServer::release() { impl_->release(); }
std::uint16_t ScriptedHttpServer::port() const { return impl_->port(); }

std::string ScriptedHttpServer::url(std::string_view path) const {
  const auto& options = impl_->options();
  const bool is_any = options.address == "::" || options.address == "0.0.0.0";
  const auto host = is_any                                           ? "127.0.0.1"
                    : options.address.find(':') != std::string::npos ? "[" + options.address + "]"
                                                                     : options.address;
  return (options.certificate ? "https://" : "http://") + host + ":" + std::to_string(port()) + std::string(path);
}

std::vector<RecordedRequest> ScriptedHttpServer::requests() const { return impl_->requests(); }
std::size_t ScriptedHttpServer::connections_accepted() const { return impl_->accepted(); }
std::size_t ScriptedHttpServer::connections_open() const { return impl_->open(); }
bool ScriptedHttpServer::wait_for_requests(std::size_t count, std::chrono::milliseconds limit) const {
  return impl_->wait_for_requests(count, limit);
}
bool ScriptedHttpServer::wait_for_open(std::size_t count, std::chrono::milliseconds limit) const {
  return impl_->wait_for_open(count, limit);
}

}  // namespace toolrack::test
