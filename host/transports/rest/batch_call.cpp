#include "transports/rest/batch_call.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "call/call_span.hpp"
#include "call/reply.hpp"
#include "operations/use_tool.hpp"
#include "transports/net/error_body.hpp"
#include "transports/net/provider_keys.hpp"
#include "transports/rest/input.hpp"

namespace toolrack::rest {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::fail;

/// The elements of an array that has been read already, as they were written.
std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> out;
  int depth = 0;
  std::size_t begin = 1;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const char c = array[i];
    if (c == '"') {
      for (++i; array[i] != '"'; ++i)
        if (array[i] == '\\') ++i;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      if (--depth == 0 && out.empty() && array.find_first_not_of(" \t\r\n", begin) == i) return out;
      if (depth == 0) out.push_back(array.substr(begin, i - begin));
    } else if (c == ',' && depth == 1) {
      out.push_back(array.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  return out;
}

base::Result<std::vector<std::string_view>> read_calls(const net::Request& request) {
  TRY(check_content_type(request));
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "calls", .text = {}}};
  const auto body = TRY(json::parse(request.body, {}, captures));
  const auto* list = json::find(body, "calls");
  if (list == nullptr || !list->IsArray() || list->Empty() || list->Size() > kMostCalls)
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"calls\" is not a list of 1 to {} calls", kMostCalls),
                "Send {\"calls\": [{\"tool\": ..., \"skill\": ..., \"input\": {...}}, ...]}.");
  for (const auto& member : body.GetObject())
    if (json::view(member.name) != "calls")
      return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is no member of a batch", json::view(member.name)),
                  "A batch takes calls; what belongs to a call stands inside it.");
  return elements_of(captures[0].text);
}

/// Owns itself until every call is done.
class Batch final : public std::enable_shared_from_this<Batch> {
 public:
  Batch(call::CallPath& calls, net::Exchange& exchange, std::size_t size, Traced traced)
      : calls_(calls),
        exchange_(exchange),
        request_id_(exchange.request().request_id),
        traced_(std::move(traced)),
        left_(size) {
    for (std::size_t i = 0; i < size; ++i)
      items_.push_back(std::make_unique<Item>(*this, fmt::format("{}.{}", request_id_, i + 1)));
  }

  void start(const std::vector<std::string_view>& texts, call::CallRequest common) {
    self_ = shared_from_this();
    const auto alive = self_;
    auto& loop = exchange_.loop();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto& item = *items_[i];
      common.request_id = item.id;
      if (traced_.span != nullptr) {
        item.span = call::CallSpan::below(traced_.tracer, loop, traced_.span->traceparent());
        common.traceparent = item.span != nullptr ? item.span->traceparent() : traced_.span->traceparent();
      }
      item.ticket = start_one(texts[i], common, item, loop);
    }
    is_started_ = true;
    if (left_ == 0) return answer();
    exchange_.on_disconnect([weak = weak_from_this(), &loop] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      for (const auto& item : self->items_)
        if (item->ticket != 0) self->calls_.cancel(loop, item->ticket);
    });
  }

 private:
  struct Item final : call::CallSink {
    Item(Batch& batch, std::string request_id) : owner(batch), id(std::move(request_id)) {}
    void done(call::CallOutcome& outcome) noexcept override {
      if (span != nullptr) span->end(outcome);
      json::Buffer buffer;
      json::Writer writer(buffer);
      call::write_reply(writer, outcome);
      reply = json::view(buffer);
      ok = outcome.ok();
      cost = outcome.total_cost();
      ticket = 0;
      owner.note_done();
    }
    Batch& owner;
    const std::string id;
    std::string reply;
    base::Money cost;
    bool ok = false;
    std::uint64_t ticket = 0;              ///< 0: not running.
    std::unique_ptr<call::CallSpan> span;  ///< Null: it is not recorded.
  };

  std::uint64_t start_one(std::string_view text, call::CallRequest request, Item& item, base::Loop& loop) {
    std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "input", .text = {}},
                        json::Capture{.depth = 1, .parent = {}, .key = "arguments", .text = {}}};
    const auto body = json::parse(text, {}, captures);
    auto read = !body ? base::Result<void>(tl::unexpected(body.error()))
                      : operations::read_use_tool(*body, captures[0].text.empty() ? captures[1].text : captures[0].text,
                                                  request);
    if (read && request.streams) read = fail(ErrorCode::kInvalidRequest, "a call of a batch cannot be streamed");
    if (read && request.job != call::JobUse::kNever)
      read =
          fail(ErrorCode::kInvalidRequest, "a call of a batch cannot be a job", "Start it with POST /v1/tools/call.");
    if (read && item.span != nullptr) item.span->note_input(request.input_json);
    if (read) return calls_.start(loop, request, item);
    call::CallOutcome refused;
    refused.request_id = item.id;
    refused.result.error = std::move(read).error();
    refused.billed = false;
    item.done(refused);
    return 0;
  }

  void note_done() {
    if (--left_ == 0 && is_started_) answer();
  }

  void answer() {
    const auto alive = std::exchange(self_, nullptr);
    if (traced_.span != nullptr) traced_.span->end(200);
    json::Buffer buffer;
    json::Writer writer(buffer);
    base::Money cost;
    std::size_t succeeded = 0;
    writer.StartObject();
    json::key(writer, "results");
    writer.StartArray();
    for (const auto& item : items_) {
      json::raw(writer, item->reply);
      cost = cost + item->cost;
      succeeded += item->ok ? 1U : 0U;
    }
    writer.EndArray();
    json::key(writer, "succeeded");
    writer.Uint64(succeeded);
    json::key(writer, "failed");
    writer.Uint64(items_.size() - succeeded);
    json::key(writer, "cost");
    json::raw(writer, cost.to_string(), rapidjson::kNumberType);
    json::key(writer, "currency");
    json::put(writer, "USD");
    json::key(writer, "request_id");
    json::put(writer, request_id_);
    writer.EndObject();
    exchange_.respond(200, "application/json", std::string(json::view(buffer)));
  }

  call::CallPath& calls_;
  net::Exchange& exchange_;
  const std::string request_id_;
  const Traced traced_;
  std::vector<std::unique_ptr<Item>> items_;
  std::size_t left_;
  bool is_started_ = false;
  std::shared_ptr<Batch> self_;  ///< Null once the batch is answered.
};

}  // namespace

void start_batch(call::CallPath& calls, const net::Request& request, net::Exchange& exchange,
                 const accounts::PrincipalRef& principal, Traced traced) {
  const auto refuse = [&](const base::Error& error) {
    if (traced.span != nullptr) traced.span->end(base::info(error.code()).http_status);
    net::respond_error(exchange, error);
  };
  const auto texts = read_calls(request);
  if (!texts) return refuse(texts.error());
  auto provider_keys = net::read_provider_keys(request.headers);
  if (!provider_keys) return refuse(provider_keys.error());
  call::CallRequest common;
  if (*provider_keys) common.provider_keys = &*provider_keys;
  common.principal = &principal;
  common.transport = request.is_local_socket ? "local" : "rest";
  common.client = request.headers.get(net::HeaderName::kUserAgent);
  common.traceparent = request.headers.get(net::HeaderName::kTraceparent);
  common.received_ns = request.received_ns;
  std::make_shared<Batch>(calls, exchange, texts->size(), std::move(traced))->start(*texts, common);
}

}  // namespace toolrack::rest
