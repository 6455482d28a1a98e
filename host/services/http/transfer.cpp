#include "services/http/transfer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "services/http/redirect.hpp"
#include "services/http/request_check.hpp"
#include "services/http/transfer_failure.hpp"

namespace toolrack::services::http {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxAnswerHeaderBytes = 64 << 10;
constexpr std::uint64_t kMaxRedirectBody = 64 << 10;  ///< Read to keep the connection; more is not worth it.
constexpr std::uint64_t kMaxReserve = 1 << 20;        ///< What a Content-Length may make us set aside.

/// The address of a connection as libcurl shows it, for the policy.
base::Result<void> check_text(const EgressPolicy& policy, const char* ip, int port) {
  sockaddr_in v4{};
  if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    return policy.check(reinterpret_cast<const sockaddr*>(&v4));
  }
  sockaddr_in6 v6{};  // What is no address stays :: and is refused.
  inet_pton(AF_INET6, ip, &v6.sin6_addr);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  return policy.check(reinterpret_cast<const sockaddr*>(&v6));
}

}  // namespace

Transfer::Transfer(const Shared& shared, Request request, Url url, Sink* sink, CurlHandle handle)
    : shared_(shared), request_(std::move(request)), url_(std::move(url)), sink_(sink), handle_(std::move(handle)) {}

void Transfer::prepare() {
  response_ = Response{.url = url_.text(), .bytes_received = response_.bytes_received};
  redirect_target_.reset();
  body_bytes_ = 0;
  header_bytes_ = 0;
  is_head_read_ = is_request_sent_ = is_egress_refused_ = false;
  error_text_[0] = '\0';
  set_options();
}

Transfer::Next Transfer::end_hop(CURLcode code) {
  curl_off_t body = 0;
  long head = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_SIZE_DOWNLOAD_T, &body);
  curl_easy_getinfo(handle_.get(), CURLINFO_HEADER_SIZE, &head);
  response_.bytes_received += body + head;

  if (refusal_) {
    outcome_ = tl::unexpected(Failure{*refusal_, sent()});
    return Next::kEnd;
  }
  // A redirect's own body is of no use, so neither is it whole or not.
  if (redirect_target_ && !is_stopped_) {
    redirect(request_, response_.status, url_, *redirect_target_);
    url_ = std::move(*redirect_target_);
    ++hops_;
    return Next::kHop;
  }
  // What we ended ourselves, because of max_bytes or at the sink's wish, is an answer too.
  if (code == CURLE_OK || (is_head_read_ && (response_.cut || is_stopped_))) {
    outcome_ = std::move(response_);
  } else {
    outcome_ = tl::unexpected(explain(code));
  }
  return Next::kEnd;
}

bool Transfer::resume() noexcept {
  is_paused_ = false;
  return std::exchange(is_held_, false);
}

Failure Transfer::explain(CURLcode code) const {
  if (is_egress_refused_) return {base::Error(ErrorCode::kEgressRefused, std::string(kEgressRefusedText)), sent()};
  long os_error = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &os_error);
  return explain_curl_failure({.code = code,
                               .os_error = static_cast<int>(os_error),
                               .text = error_text_.data(),
                               .authority = url_.authority(),
                               .connect_timeout = request_.connect_timeout,
                               .is_head_read = is_head_read_,
                               .was_sent = was_any_sent_});
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.shared_.policy.get()->check(&address->addr)) {
    transfer.is_egress_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return transfer.shared_.sockets.open(address->family, address->socktype, address->protocol);
}

int Transfer::on_close_socket(void* sockets, curl_socket_t socket) {
  static_cast<SocketWatcher*>(sockets)->close(socket);
  return 0;
}

int Transfer::on_before_request(void* self, char* remote_ip, char*, int remote_port, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!check_text(*transfer.shared_.policy.get(), remote_ip, remote_port)) {
    transfer.is_egress_refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  // Asked twice within a hop: a kept connection broke before an answer, and libcurl is about to send once more.
  if (transfer.is_request_sent_ && !transfer.is_resendable()) return CURL_PREREQFUNC_ABORT;
  transfer.is_egress_refused_ = false;  // Of another address of the name; this one is fine.
  transfer.is_request_sent_ = transfer.was_any_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

bool Transfer::is_resendable() const noexcept {
  const auto& method = request_.method;
  if (!request_.may_resend) return false;
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t taken = size * count;
  const std::string_view line(bytes, taken);
  transfer.header_bytes_ += taken;
  if (transfer.is_stopped_) return 0;
  if (transfer.header_bytes_ > kMaxAnswerHeaderBytes) {
    transfer.refusal_ = std::make_unique<base::Error>(ErrorCode::kProviderError,
                                                      transfer.url_.authority() + " answered with more than " +
                                                          std::to_string(kMaxAnswerHeaderBytes) + " bytes of headers");
    return 0;
  }
  const bool is_end_of_head = line == "\r\n" || line == "\n";
  if (!is_end_of_head || transfer.is_head_read_) return taken;  // After the head come trailers, which nobody asked for.
  return transfer.read_head() ? taken : 0;
}

bool Transfer::read_head() {
  auto* easy = handle_.get();
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return true;  // 100, 103: the answer is still to come.
  is_head_read_ = true;
  response_.status = static_cast<int>(status);
  const std::string* location = nullptr;
  for (auto* header = curl_easy_nextheader(easy, CURLH_HEADER, -1, nullptr); header != nullptr;
       header = curl_easy_nextheader(easy, CURLH_HEADER, -1, header)) {
    std::string name = header->name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    response_.headers.push_back({std::move(name), header->value});
  }
  for (const auto& header : response_.headers) {
    if (header.name == "location" && location == nullptr) location = &header.value;
  }
  if (request_.max_redirects > 0 && is_redirect(response_.status) && location != nullptr) {
    decide_redirect(*location);
    if (refusal_) return false;
  }
  if (redirect_target_) return is_redirect_body_short();
  if (sink_ != nullptr) {
    const auto next = sink_->head(response_);
    if (next == Sink::Next::kStop) is_stopped_ = true;
    if (next == Sink::Next::kPause) is_paused_ = true;
    return !is_stopped_;
  }
  curl_off_t length = -1;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length > 0)
    response_.body.reserve(std::min({static_cast<std::uint64_t>(length), request_.max_bytes, kMaxReserve}));
  return true;
}

bool Transfer::is_redirect_body_short() const {
  curl_off_t length = -1;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0) return static_cast<std::uint64_t>(length) <= kMaxRedirectBody;
  // Without a length it ends with its last chunk, or else with the connection: that is not worth the wait.
  return std::any_of(response_.headers.begin(), response_.headers.end(),
                     [](const Header& header) { return header.name == "transfer-encoding"; });
}

void Transfer::decide_redirect(const std::string& location) {
  auto target = url_.resolve(location);
  if (target) {
    if (!may_follow(request_, response_.status, url_, *target)) return;
    if (auto granted = check_grant(*target, request_.granted_hosts); !granted) {
      target = tl::unexpected(std::move(granted).error());
    } else if (hops_ >= request_.max_redirects) {
      target = base::fail(ErrorCode::kProviderError, url_.authority() + " redirects once more after " +
                                                         std::to_string(hops_) +
                                                         " redirects, which is as many as are followed");
    }
  }
  if (target) {
    redirect_target_ = std::make_unique<Url>(std::move(*target));
  } else {
    refusal_ = std::make_unique<base::Error>(std::move(target).error());
  }
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_body({bytes, size * count});
}

std::size_t Transfer::take_body(std::string_view bytes) {
  if (is_stopped_ || response_.cut) return 0;
  if (redirect_target_) {
    body_bytes_ += bytes.size();
    return body_bytes_ > kMaxRedirectBody ? 0 : bytes.size();
  }
  if (is_paused_) {
    is_held_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  const std::size_t offered = bytes.size();
  if (bytes.size() > request_.max_bytes - body_bytes_) {
    bytes = bytes.substr(0, request_.max_bytes - body_bytes_);
    response_.cut = true;
  }
  body_bytes_ += bytes.size();
  if (sink_ == nullptr) {
    response_.body.append(bytes);
  } else if (!bytes.empty()) {
    const auto next = sink_->body(bytes);
    if (next == Sink::Next::kStop) is_stopped_ = true;
    if (next == Sink::Next::kPause) is_paused_ = true;
  }
  return response_.cut || is_stopped_ ? 0 : offered;
}

}  // namespace toolrack::services::http
