#include "services/http/curl_driver.hpp"

#include <cassert>
#include <chrono>

namespace toolrack::services::http {
namespace {

/// Once for the process, before its first handle.
void initialize_curl() {
  [[maybe_unused]] static const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  assert(code == CURLE_OK);
}

int to_curl_events(std::uint32_t events) noexcept {
  int out = 0;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) out |= CURL_CSELECT_IN;
  if (events & EPOLLOUT) out |= CURL_CSELECT_OUT;
  if (events & EPOLLERR) out |= CURL_CSELECT_ERR;
  return out;
}

}  // namespace

CurlDriver::CurlDriver(boost::asio::io_context& context, const Limits& limits) : sockets_(context), timer_(context) {
  initialize_curl();
  multi_.reset(curl_multi_init());
  auto* multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlDriver::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlDriver::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(limits.max_connections_per_host));
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(limits.max_connections));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(limits.max_connections));
}

CurlDriver::~CurlDriver() = default;

void CurlDriver::start(std::weak_ptr<void> owner, std::function<void()> on_turn) {
  owner_ = std::move(owner);
  on_turn_ = std::move(on_turn);
  wait_for_sockets();
}

void CurlDriver::add(CURL* handle) { curl_multi_add_handle(multi_.get(), handle); }

void CurlDriver::remove(CURL* handle) {
  inside_ = true;
  curl_multi_remove_handle(multi_.get(), handle);
  inside_ = false;
}

CURLcode CurlDriver::unpause(CURL* handle) {
  inside_ = true;
  const auto code = curl_easy_pause(handle, CURLPAUSE_CONT);
  inside_ = false;
  return code;
}

std::optional<std::pair<CURL*, CURLcode>> CurlDriver::next_ended() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const std::pair<CURL*, CURLcode> ended{message->easy_handle, message->data.result};
    remove(ended.first);
    return ended;
  }
  return std::nullopt;
}

int CurlDriver::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& sockets = static_cast<CurlDriver*>(self)->sockets_;
  if (what == CURL_POLL_REMOVE) {
    sockets.forget(socket);
  } else {
    sockets.watch(socket, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  }
  return 0;
}

int CurlDriver::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<CurlDriver*>(self)->wait_for_timer(timeout_ms);
  return 0;
}

void CurlDriver::wait_for_sockets() {
  sockets_.async_wait([this, owner = owner_](boost::system::error_code error) {
    const auto alive = owner.lock();
    if (error || !alive) return;
    sockets_.dispatch([this](int socket, std::uint32_t events) { act(socket, to_curl_events(events)); });
    on_turn_();
    wait_for_sockets();
  });
}

void CurlDriver::wait_for_timer(long timeout_ms) {
  if (timeout_ms < 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  timer_.async_wait([this, owner = owner_](boost::system::error_code error) {
    const auto alive = owner.lock();
    if (error || !alive) return;
    act(CURL_SOCKET_TIMEOUT, 0);
    on_turn_();
  });
}

void CurlDriver::act(curl_socket_t socket, int events) {
  int running = 0;
  inside_ = true;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
  inside_ = false;
}

}  // namespace toolrack::services::http
