/// Requests to providers: signed by the host, so many at once as a provider takes, tried again where that is safe, and
/// cleaned of secrets on their way back. The breaker stands before the call (services/providers), not here.
///
/// One Client a loop, over that loop's http::Client; used by that loop's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "services/credentials/nonces.hpp"
#include "services/credentials/signing.hpp"
#include "services/http/client.hpp"
#include "services/upstream/places.hpp"

namespace toolrack::services::recorder {
class Recording;
}

namespace toolrack::services::upstream {

struct Request {
  http::Request http;  ///< Without the credential; its timeout is for everything, waits and further tries included.
  std::optional<credentials::Signing> signing;
  PlacesRef places;  ///< Null: a host that is nobody's provider, so nobody waits.
  std::uint32_t concurrency = 16;
  bool is_idempotent = false;  ///< Whatever the method says.
  bool may_retry = true;
  /// What an answer says about when to ask again, for providers that say it elsewhere than in Retry-After, which comes
  /// first. May be empty.
  std::function<std::optional<std::chrono::milliseconds>(const http::Response&)> find_retry_after;
  /// Takes the exchange down, or answers in place of the far end. Outlives the request; null: nothing is recorded.
  recorder::Recording* recording = nullptr;
  std::string credential;  ///< Name of the credential, for the record; empty: none.
  /// Known before anything is sent (there is no such secret here): the exchange ends with it, and the record has it.
  std::optional<base::Error> refusal;
};

class Client {
 public:
  /// All outlive it.
  struct Dependencies {
    base::Loop& loop;
    http::Client& http;
    credentials::Nonces& nonces;
    const base::Clock& clock;
  };
  explicit Client(const Dependencies& dependencies);
  ~Client();  ///< Cancels what runs; each `done` is called with kCancelled.
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// As http::Client::send. A sink hears of the last try only, and sees no secret.
  http::RequestId send(Request request, http::Sink* sink, std::function<void(http::Outcome)> done);
  void cancel(http::RequestId id);
  void resume(http::RequestId id);

 private:
  class Impl;
  class Exchange;
  std::shared_ptr<Impl> impl_;
};

}  // namespace toolrack::services::upstream
