/// One message on its way to the gateway, and its answer on the way back.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transports/stdio/bridge.hpp"
#include "transports/stdio/outbound.hpp"
#include "transports/stdio/sse_reader.hpp"

namespace toolrack::stdio {

class Transfer;

/// Counted while it lives.
class Hold {
 public:
  explicit Hold(int& count) : count_(count) { ++count_; }
  ~Hold() { --count_; }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  int& count_;
};

/// Gets what arrives while a transfer runs. Called from inside libcurl: it must not touch libcurl.
class TransferSink {
 public:
  /// A message of an event stream.
  virtual void on_event(Transfer& transfer, std::string_view json) = 0;
  /// Should the stream wait because what came before is not delivered yet?
  virtual bool is_full() const = 0;

 protected:
  ~TransferSink() = default;
};

class Transfer {
 public:
  enum class Purpose : std::uint8_t {
    kForward,
    kReopen,
    kReopened,  ///< With the one before: our own, of a lost session.
    kNews,      ///< The stream that GET opens in a legacy session.
  };

  struct Reply {
    int status = 0;
    std::string content_type, session_id, location;
    std::string body;        ///< Of anything but an event stream.
    std::size_t events = 0;  ///< Messages of the stream so far.
    bool is_stream() const { return content_type.starts_with("text/event-stream"); }
    bool is_json() const { return content_type.starts_with("application/json"); }
    bool is_too_large = false;
  };

  Transfer(Outbound request, Purpose purpose, TransferSink& sink)
      : request_(std::move(request)), unanswered(request_.ids), purpose_(purpose), sink_(sink) {}
  ~Transfer() { stop(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sends it, from the beginning; `session` are the header lines that do not follow from the body.
  void start(CURLM* multi, const Endpoint& endpoint, const std::vector<std::string>& session);
  /// Takes it back: a connection in use is closed, which cancels a modern request. Idempotent.
  void stop();
  /// After on_event's sink was full, and is not any more.
  void go_on();

  const Outbound& request() const noexcept { return request_; }
  const Reply& reply() const noexcept { return reply_; }
  Purpose purpose() const noexcept { return purpose_; }
  /// Goes on for as long as there may be news: nobody waits for its end.
  bool is_for_news() const noexcept { return purpose_ == Purpose::kNews || request_.method == "subscriptions/listen"; }
  /// Of a legacy session's stream that has ended before its answer: the event behind which it can be asked for again.
  /// Empty: it cannot.
  std::string can_go_on_behind() const;
  /// How long it wants to be left alone before.
  std::chrono::milliseconds pause() const;
  /// Did any byte of this attempt reach a gateway? Then it may have acted on it.
  bool was_sent() const noexcept { return was_sent_; }
  /// libcurl's words for what went wrong.
  std::string failure(CURLcode code) const { return error_[0] != '\0' ? error_ : curl_easy_strerror(code); }
  static Transfer* of(CURL* easy);

 private:
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_sending(void* self, char*, char*, int, int);
  bool is_get() const noexcept { return purpose_ == Purpose::kNews || !goes_on_behind.empty(); }
  void set_target(const Endpoint& endpoint);
  void set_headers(const Endpoint& endpoint, const std::vector<std::string>& session);

  struct Cleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  Outbound request_;

 public:
  // Kept by the bridge.
  std::vector<Outbound::Id> unanswered;
  bool is_muted = false;         ///< Cancelled: nothing of it goes to the client any more.
  bool was_reopened = false;     ///< Already sent again in a new session.
  std::string session;           ///< The id it was sent with.
  std::uint64_t generation = 0;  ///< The endpoint's.
  int attempts = 0;
  std::string goes_on_behind;  ///< An event: what follows it is asked for. Empty: the message itself is sent.
  std::optional<std::chrono::steady_clock::time_point> due;  ///< When that is to be asked.
  std::unique_ptr<Hold> hold;                                ///< Later lines wait for it.

 private:
  const Purpose purpose_;
  TransferSink& sink_;
  CURLM* multi_ = nullptr;
  std::unique_ptr<CURL, Cleanup> easy_;
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<SseReader> events_;
  Reply reply_;
  char error_[CURL_ERROR_SIZE] = {};
  bool was_sent_ = false;
  bool is_paused_ = false;
};

}  // namespace toolrack::stdio
