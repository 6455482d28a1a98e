/// Where the answer to one message goes: an HTTP exchange, or a place in a batch.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "transports/net/http.hpp"

namespace toolrack::mcp {

/// Exactly one of `message` and `accept` is called, on the loop; `event` may come before it.
class Answer {
 public:
  virtual ~Answer() = default;
  /// A whole JSON-RPC response.
  virtual void message(int status, std::string json, std::span<const net::HeaderField> headers) = 0;
  void message(int status, std::string json) { message(status, std::move(json), {}); }
  /// Nothing to say (202).
  virtual void accept() = 0;
  /// A notification that belongs to the request and precedes its answer.
  virtual void event(std::string json) = 0;
  virtual void on_disconnect(std::function<void()> gone) = 0;
};

/// Answers an HTTP request with one JSON body, or, once an event was due, with an event stream.
std::unique_ptr<Answer> http_answer(net::Exchange& exchange);

/// Collects the answers of a batch's messages and sends them as one array when the last one is there; 202 when there
/// was none.
class BatchAnswer : public std::enable_shared_from_this<BatchAnswer> {
 public:
  BatchAnswer(std::unique_ptr<Answer> whole, std::size_t size) : whole_(std::move(whole)), missing_(size) {}
  /// For one message; call it `size` times.
  std::unique_ptr<Answer> part();

 private:
  class Part;
  void add(std::string json);

  std::unique_ptr<Answer> whole_;
  std::string messages_;
  std::size_t missing_;
};

}  // namespace toolrack::mcp
