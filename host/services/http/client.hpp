/// Outbound HTTP for skills: libcurl's multi interface on one event loop, with reuse of connections and the egress
/// guard.
///
/// One Client a loop, used by that loop's thread only. Requests are refused before a socket exists when the URL's
/// scheme is not http(s), the host is not granted, or a header or URL carries control characters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/trace_context.hpp"
#include "services/http/egress.hpp"

namespace toolrack::services::telemetry {
class Tracer;
}

namespace toolrack::services::http {

struct Header {
  std::string name, value;
};

struct Request {
  std::string method = "GET";
  std::string url;  ///< Absolute.
  std::vector<Header> headers;
  std::string body;
  std::chrono::milliseconds timeout{30'000};  ///< For everything, from now to the last byte.
  std::chrono::milliseconds connect_timeout{10'000};
  std::uint64_t max_bytes = 16 << 20;  ///< Of the decoded body; more is cut, see Response::cut.
  bool may_resend = true;              ///< By method, on a kept connection that broke before an answer; false: never.
  std::uint32_t max_redirects = 5;     ///< 0: a redirect is the answer. Authorization never crosses an origin.
  std::vector<std::string> granted_hosts{"*"};  ///< Checked for the URL and for each redirect.
  /// Secrets in it: a redirect that carries one of them to another origin is not followed, it is the answer.
  std::vector<std::string> private_texts;
  /// The span of the work that it is a part of: where that is recorded, so is the request. Nothing: it is not.
  std::optional<base::TraceContext> trace;
};

struct Response {
  int status = 0;
  /// Of the last answer, names in lower case, order and repeats kept. Content-Encoding and -Length tell of the wire,
  /// not of body.
  std::vector<Header> headers;
  std::string body;  ///< Content-Encoding undone (gzip, deflate, br where libcurl has it); empty with a Sink.
  std::string url;   ///< The one that answered.
  bool cut = false;  ///< The body ends at max_bytes.
  std::int64_t bytes_received = 0;  ///< On the wire.
};

/// Did the far end see it? Decides what may be tried again.
enum class Sent : std::uint8_t { kNo, kMaybe };

struct Failure {
  base::Error error;
  Sent sent = Sent::kMaybe;
};

using Outcome = tl::expected<Response, Failure>;

/// Receives a body as it comes, on the loop. `body` says what to do next; kPause holds the transfer until `resume`.
class Sink {
 public:
  /// kStop ends the transfer; what came so far is a success. When kPause meets the last bytes, `done` follows without
  /// `resume`.
  enum class Next : std::uint8_t { kStop, kMore, kPause };
  virtual ~Sink() = default;
  virtual Next head(const Response& status_and_headers) = 0;
  virtual Next body(std::string_view bytes) = 0;
};

using RequestId = std::uint64_t;  ///< Never 0.

class Client {
 public:
  struct Settings {
    std::string user_agent = "toolrack/0.1";
    std::string ca_file;  ///< PEM with the authorities to trust; empty: the system's.
    std::size_t max_connections_per_host = 16;
    std::size_t max_connections = 256;
  };
  /// `policy`, `metrics` and `tracer` outlive the client. `tracer`: null, where nothing is recorded.
  Client(base::Loop& loop, const PublishedEgress& policy, base::Metrics& metrics, Settings settings,
         telemetry::Tracer* tracer = nullptr);
  ~Client();  ///< Cancels what runs; each `done` is called with kCancelled.
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Starts a request. `done` runs once on the loop, never from inside `send`; it may use and even destroy the client.
  /// `sink` (may be null) lives until then; it may use the client, but not destroy it.
  RequestId send(Request request, Sink* sink, std::function<void(Outcome)> done);
  /// Closes the socket; `done` comes with kCancelled, later and on the loop. Unknown ids are ignored.
  void cancel(RequestId id);
  void resume(RequestId id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< Handlers of the loop hold on to it while they run.
};

}  // namespace toolrack::services::http
