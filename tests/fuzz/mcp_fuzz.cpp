/// A JSON-RPC message with its headers -> MCP: era, checks, parameter headers, tool call, answer.
///
/// An input is the request's header fields, one a line ("Name: value"; ":query" and ":method" are those of the request
/// line), an empty line, and the body.
#include <algorithm>
#include <string>

#include "fuzz/driven_rack.hpp"
#include "fuzz/fuzz.hpp"
#include "transports/mcp/message.hpp"
#include "transports/net/characters.hpp"
#include "transports/stdio/sse_reader.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;

void check_same(std::string_view text, const json::Value* value, std::string_view what) {
  require((value == nullptr) == text.empty(), "a raw part is there when the parsed one is", what);
  if (value == nullptr) return;
  const auto read = json::parse(text);
  require(read && json::dump(*read) == json::dump(*value), "a raw part says what the parsed one does", text);
}

void check_message(std::string_view body) {
  const auto message = mcp::parse_message(body);
  const auto plain = json::parse(body);
  require(message.has_value() == plain.has_value(), "a message is read when its JSON is");
  if (!message) return;
  require(json::dump(message->document) == json::dump(*plain), "a message is its JSON");
  const bool has_method =
      message->kind == mcp::MessageKind::kRequest || message->kind == mcp::MessageKind::kNotification;
  require(has_method || message->method.empty(), "only requests and notifications have a method");
  if (message->kind == mcp::MessageKind::kRequest) require(!message->id.empty(), "a request has an id");
  if (!has_method || message->params == nullptr) return;
  const auto* arguments = json::find(*message->params, "arguments");
  check_same(message->arguments, arguments, "arguments");
  check_same(message->nested_input, arguments == nullptr ? nullptr : json::find(*arguments, "input"), "input");
  check_same(message->meta_json, json::find(*message->params, "_meta"), "_meta");
  check_same(message->progress_token, message->meta == nullptr ? nullptr : json::find(*message->meta, "progressToken"),
             "progressToken");
}

/// Takes the answer to one request.
class Reply final : public net::Exchange {
 public:
  Reply(const net::Request& request, base::Loop& loop) : request_(request), loop_(loop) {}

  const net::Request& request() const noexcept override { return request_; }
  base::Loop& loop() noexcept override { return loop_; }
  void respond(int status, std::string_view type, net::ReplyBody body, std::span<const net::HeaderField>) override {
    require(!is_answered && !is_streaming_, "a request is answered once");
    is_answered = true;
    require(status >= 200 && status < 600, "an answer has a status");
    if (type == "application/json") messages.emplace_back(body.view());
    require(type == "application/json" || body.view().empty(), "an answer is JSON");
  }
  void begin(int, std::string_view type, std::span<const net::HeaderField>) override {
    require(!is_answered && !is_streaming_, "a request is answered once");
    require(type == "text/event-stream", "only event streams have no length");
    is_streaming_ = true;
  }
  void begin_sized(int, std::string_view, std::uint64_t, std::span<const net::HeaderField>) override {
    require(false, "MCP serves no files");
  }
  net::Written write(std::string_view bytes) override {
    require(is_streaming_ && !is_answered, "a stream is written between its beginning and its end");
    require(reader_.feed(bytes), "an event is not endless");
    return net::Written::kTaken;
  }
  void on_writable(std::function<void()> ready) override { boost::asio::post(loop_.context(), std::move(ready)); }
  void end() override {
    require(is_streaming_ && !is_answered, "a stream ends once");
    is_answered = true;
  }
  void on_disconnect(std::function<void()> gone) override { gone_ = std::move(gone); }
  bool is_disconnected() const noexcept override { return is_gone_; }

  void leave() {
    is_gone_ = true;
    if (const auto gone = std::exchange(gone_, nullptr)) gone();
  }

  bool is_answered = false;
  std::vector<std::string> messages;

 private:
  const net::Request& request_;
  base::Loop& loop_;
  stdio::SseReader reader_{[this](std::string_view data) { messages.emplace_back(data); }};
  std::function<void()> gone_;
  bool is_streaming_ = false, is_gone_ = false;
};

/// An answer to `request_id` (raw JSON, or empty: not one that can be told) is one of JSON-RPC's.
void check_answer(const std::string& text, std::string_view request_id) {
  const auto answer = json::parse(text);
  require(answer.has_value(), "an answer is JSON", text);
  if (answer->IsArray() || json::find(*answer, "method") != nullptr) return;
  const auto* id = json::find(*answer, "id");
  // Refusals before the message was looked at have the shape of every other HTTP error.
  if (json::find_string(*answer, "jsonrpc") != "2.0") return require(id == nullptr, "what has an id is JSON-RPC", text);
  require((json::find(*answer, "result") != nullptr) != (json::find(*answer, "error") != nullptr),
          "an answer is a result or an error", text);
  if (id == nullptr || request_id.empty()) return;
  require(text.find("\"id\":" + std::string(request_id)) != text.npos, "an answer repeats the id as it was", text);
}

}  // namespace

void check(std::string_view input) {
  static auto& rack = *new DrivenRack;
  net::Request request;
  request.method = net::Method::kPost;
  request.method_text = "POST";
  request.path = "/mcp";
  request.host = "localhost";
  request.request_id = "req_fuzz";
  request.peer = "127.0.0.1";
  auto rest = input;
  auto head = take_until(rest, "\n\n");
  while (!head.empty()) {
    auto value = take_until(head, "\n");
    const auto name = take_until(value, ": ");
    if (name == ":query") {
      request.query = value;
    } else if (name == ":method") {
      request.method_text = value;
      request.method = value == "DELETE" ? net::Method::kDelete : net::Method::kOther;
    } else if (!name.empty() && std::ranges::all_of(name, net::is_token) &&
               std::ranges::all_of(value, net::is_field_text)) {
      request.headers.add(name, value);
    }
  }
  request.body = rest;
  check_message(request.body);

  Reply reply(request, rack.loop());
  rack.front.mcp.handle(request, reply);
  while (rack.turn()) {
  }
  if (!reply.is_answered) {
    reply.leave();
    rack.release();  // Legacy calls go on when their connection ends.
    while (rack.turn()) {
    }
  }
  require(reply.is_answered && rack.rack.calls.running() == 0, "every request is answered");
  const auto message = mcp::parse_message(request.body);
  for (const auto& one : reply.messages) check_answer(one, message ? message->id : "");
  rack.take_invocations();
}

}  // namespace toolrack::fuzz
