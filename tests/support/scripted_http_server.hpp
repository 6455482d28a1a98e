/// A real HTTP/1.1 server on a loopback port that answers as a test says, well or badly.
///
///     ScriptedHttpServer server;
///     server.on("/prices", Reply::json(R"({"btc":1})"));
///     server.on("/gone", Reply::redirect("/prices"));
///     ... server.url("/prices") ...
///     EXPECT_EQ(server.requests().at(0).header("accept"), "application/json");
///
/// A thread accepts, one more serves each connection with blocking calls. All functions from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/patience.hpp"
#include "support/test_certificate.hpp"

namespace toolrack::test {

/// What came in. Header names in lower case.
struct RecordedRequest {
  std::string method, target;  ///< `target` as on the request line: "/path?query".
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::size_t connection = 0;  ///< 1 for the first accepted connection, and so on: shows reuse.

  std::string path() const { return target.substr(0, target.find('?')); }
  /// The first of that name (lower case), or "".
  std::string header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

/// What goes out: steps, carried out in order. Copyable.
class Reply {
 public:
  static Reply text(std::string body, int status = 200, std::string content_type = "text/plain");
  static Reply json(std::string body, int status = 200);
  static Reply redirect(std::string location, int status = 302);
  /// The body gzipped, with Content-Encoding.
  static Reply gzip(std::string body);
  /// Valid gzip, about a thousandth of the `decoded_bytes` zeros it decodes to.
  static Reply gzip_bomb(std::uint64_t decoded_bytes);
  /// In chunks, one write each.
  static Reply chunked(std::vector<std::string> chunks, int status = 200);
  /// In chunks; after each but the last the server waits for `ScriptedHttpServer::release`.
  static Reply held_between(std::vector<std::string> chunks);
  /// In chunks, with a pause after each: a slow server. 1 byte each makes a very slow one.
  static Reply dripping(std::vector<std::string> chunks, std::chrono::milliseconds pause);
  /// Nothing at all until `release`, then as `next` says; for time limits and cancels.
  static Reply held(Reply next);
  /// Half a head, then nothing until `release`, then the rest.
  static Reply slow_head();
  /// Promises `promised` bytes, sends `body`, closes.
  static Reply cut_off(std::string body, std::size_t promised);
  /// The same chunk for ever, until the client leaves.
  static Reply endless(std::string chunk);
  /// Closes without a byte.
  static Reply hang_up();
  /// Resets the connection without a byte.
  static Reply reset();
  /// These bytes as they are, then closes.
  static Reply raw(std::string bytes);
  /// These bytes as they are, then nothing until `release`, then closes.
  static Reply raw_then_held(std::string bytes);

  /// Adds a header; only for replies with a whole head.
  Reply& header(std::string_view name, std::string_view value) &;
  Reply&& header(std::string_view name, std::string_view value) && { return std::move(header(name, value)); }
  /// Closes the connection after the reply, without saying so before.
  Reply&& then_close() &&;

 private:
  friend class ScriptedHttpServer;
  struct Wait {
    std::chrono::milliseconds time;
  };
  struct Hold {};
  struct Repeat {
    std::string bytes;
  };
  struct Close {};
  struct Reset {};
  using Step = std::variant<std::string, Wait, Hold, Repeat, Close, Reset>;
  static Reply with_head(int status, std::vector<std::pair<std::string, std::string>> headers);

  std::string head_;  ///< Up to the last header's line end; the empty line is added when it is sent.
  std::vector<Step> steps_;
  std::string body_;  ///< Sent after the head, left out for HEAD.
};

class ScriptedHttpServer {
 public:
  /// Gives the answer; may be called from several connections' threads at once.
  using Handler = std::function<Reply(const RecordedRequest&)>;
  struct Options {
    std::string address = "127.0.0.1";           ///< "::" takes IPv4 too.
    std::uint16_t port = 0;                      ///< 0: a free one.
    std::optional<TestCertificate> certificate;  ///< With it the server speaks TLS.
    int max_tls_version = 0;                     ///< As OpenSSL writes it (TLS1_VERSION ...); 0: the newest.
  };

  ScriptedHttpServer();
  explicit ScriptedHttpServer(Options options);
  ~ScriptedHttpServer();  ///< Closes what is open.
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  /// The answer for a path, query left aside; replaces an earlier one. Other paths get 404.
  void on(std::string path, Reply reply);
  /// The same, made for each request; path "*" is asked for every path without a reply of its own.
  void on(std::string path, Handler handler);
  /// Lets one held reply go on; counted, so it may come before the server holds.
  void release();

  std::uint16_t port() const;
  /// "http://127.0.0.1:PORT" and the path; https with a certificate.
  std::string url(std::string_view path = "/") const;

  std::vector<RecordedRequest> requests() const;
  std::size_t connections_accepted() const;
  std::size_t connections_open() const;
  /// Waits until so many requests have come, or connections are open; false when `limit` passed before.
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds limit = toolrack::test::kPatience) const;
  bool wait_for_open(std::size_t count, std::chrono::milliseconds limit = toolrack::test::kPatience) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace toolrack::test
