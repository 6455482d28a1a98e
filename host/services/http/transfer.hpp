/// One request on its way: what libcurl is told for each hop, and what it tells back.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "services/http/client.hpp"
#include "services/http/socket_watcher.hpp"
#include "services/http/url.hpp"

namespace toolrack::services::http {

struct CurlCleanup {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;

/// Owned by the client's table; used by the loop's thread only. Its callbacks run inside libcurl.
class Transfer {
 public:
  /// What all transfers of a client share; outlives them.
  struct Shared {
    PublishedEgress::Reader& policy;
    SocketWatcher& sockets;
    const Client::Settings& settings;
  };

  /// `url` is the checked form of `request.url`; `sink` may be null.
  Transfer(const Shared& shared, Request request, Url url, Sink* sink, CurlHandle handle);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const noexcept { return handle_.get(); }
  /// For the next request; nothing of this one stays in it.
  CurlHandle release_handle() noexcept { return std::move(handle_); }

  /// Sets every option of the hop that comes. Then the handle may be added.
  void prepare();
  enum class Next : std::uint8_t { kHop, kEnd };
  /// libcurl has ended the hop. kHop: a redirect is followed, `prepare` again. kEnd: ask `outcome`.
  Next end_hop(CURLcode code);
  Outcome outcome() { return std::move(outcome_); }

  /// From now on callbacks refuse to go on; for a cancel from inside a sink.
  void stop() noexcept { is_stopped_ = true; }
  /// True when libcurl has to be told.
  bool resume() noexcept;
  Sent sent() const noexcept { return was_any_sent_ ? Sent::kMaybe : Sent::kNo; }
  const Url& url() const noexcept { return url_; }
  std::chrono::milliseconds timeout() const noexcept { return request_.timeout; }

 private:
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* sockets, curl_socket_t socket);
  static int on_before_request(void* self, char* remote_ip, char* local_ip, int remote_port, int local_port);

  void set_options();
  void set_method();
  void set_headers();
  bool read_head();
  void decide_redirect(const std::string& location);
  bool is_redirect_body_short() const;
  std::size_t take_body(std::string_view bytes);
  Failure explain(CURLcode code) const;
  bool is_resendable() const noexcept;

  const Shared& shared_;
  Request request_;  // Of the present hop.
  Url url_;
  Sink* const sink_;
  CurlHandle handle_;
  std::unique_ptr<curl_slist, CurlCleanup> header_list_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  Response response_;  // Of the present hop; bytes_received of all.
  Outcome outcome_;
  std::unique_ptr<Url> redirect_target_;
  std::unique_ptr<base::Error> refusal_;  // Why a callback ended the hop.
  std::uint64_t body_bytes_ = 0;          // Of the present hop, decoded.
  std::size_t header_bytes_ = 0;
  std::uint32_t hops_ = 0;
  bool is_head_read_ = false;
  bool is_request_sent_ = false;    // In the present hop.
  bool was_any_sent_ = false;       // In some hop.
  bool is_egress_refused_ = false;  // An address of the present hop was refused.
  bool is_stopped_ = false;         // By the sink, or from outside.
  bool is_paused_ = false;          // The sink said so.
  bool is_held_ = false;            // libcurl was told so.
};

}  // namespace toolrack::services::http
