#include "transports/mcp/http_sse.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/loop.hpp"
#include "base/shown_text.hpp"
#include "transports/mcp/event_outlet.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/net/error_body.hpp"
#include "transports/net/event_text.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::size_t kChannelIdBytes = 24;
/// Of an id in a refusal: enough to tell which one it was.
constexpr std::size_t kShownOfId = 16;

/// A request that outlives its connection's buffer: its texts are its own.
class HeldRequest {
 public:
  explicit HeldRequest(const net::Request& request) : request_(request) {
    for (auto* text : {&request_.method_text, &request_.target, &request_.path, &request_.query, &request_.host,
                       &request_.body, &request_.request_id, &request_.peer})
      *text = keep(*text);
    request_.headers.clear();
    for (const auto& field : request.headers)
      if (!net::equal_ignoring_case(field.name, "Accept")) add(field.name, field.value);
    add("Accept", "application/json, text/event-stream");  // Whatever is answered goes to a stream.
    request_.body_sink = nullptr;
  }
  HeldRequest(const HeldRequest&) = delete;
  HeldRequest& operator=(const HeldRequest&) = delete;

  net::Request& get() noexcept { return request_; }
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
  void add(std::string_view name, std::string_view value) { request_.headers.add(keep(name), keep(value)); }

 private:
  net::Request request_;
  std::list<std::string> texts_;
};

std::string_view channel_id(std::string_view query) {
  constexpr std::string_view kName = "sessionId=";
  for (std::size_t at = 0; at < query.size();) {
    const auto end = std::min(query.find('&', at), query.size());
    const auto member = query.substr(at, end - at);
    if (member.starts_with(kName)) return member.substr(kName.size());
    at = end + 1;
  }
  return {};
}

}  // namespace

/// One client's stream. Of the loop of its GET.
class HttpSse::Channel final : public std::enable_shared_from_this<Channel> {
 public:
  Channel(base::Loop& loop, std::string query) : loop_(loop), query_(std::move(query)) {}

  void open(net::Exchange& exchange, std::function<void()> gone) {
    outlet_ = EventOutlet::open(exchange, [weak = weak_from_this(), gone = std::move(gone)] {
      const auto self = weak.lock();  // Forgetting it may be what ends it.
      gone();
      if (self != nullptr) self->tell_gone();
    });
  }
  void send(std::string text) { outlet_->send(std::move(text)); }
  bool is_open() const noexcept { return outlet_->is_open(); }
  void finish() {
    outlet_->finish();
    tell_gone();
  }

  /// The session that `initialize` opened, which HTTP of later revisions would name in a header.
  void learn_session(std::string_view id) { session_ = id; }
  const std::string& session() const noexcept { return session_; }
  const std::string& query() const noexcept { return query_; }
  base::Loop& loop() noexcept { return loop_; }

  /// Who waits for the client to leave.
  std::map<const void*, std::function<void()>> watchers;

 private:
  void tell_gone() {
    // Telling one may end others.
    while (!watchers.empty()) {
      const auto gone = std::move(watchers.begin()->second);
      watchers.erase(watchers.begin());
      gone();
    }
  }

  base::Loop& loop_;
  const std::string query_;
  std::string session_;
  std::shared_ptr<EventOutlet> outlet_;
};

/// What the handler of /mcp sees of one message: its answer goes to the channel. Lives until it was given.
class HttpSse::MessageExchange final : public net::Exchange {
 public:
  MessageExchange(std::shared_ptr<Channel> channel, std::unique_ptr<HeldRequest> request)
      : channel_(std::move(channel)), request_(std::move(request)) {}

  /// A message that is refused before it is served: its POST says so.
  struct Refusal {
    int status;
    std::string body;
  };
  /// Serves it on the channel's loop.
  static std::optional<Refusal> serve(std::shared_ptr<Channel> channel, std::unique_ptr<HeldRequest> request,
                                      McpHandler& mcp) {
    auto* exchange = new MessageExchange(std::move(channel), std::move(request));
    std::optional<Refusal> refusal;
    exchange->refusal_ = &refusal;
    exchange->depth_ = 1;
    mcp.handle_on_channel(exchange->request(), *exchange);
    exchange->refusal_ = nullptr;
    exchange->depth_ = 0;
    if (exchange->is_answered_) delete exchange;
    return refusal;
  }

  const net::Request& request() const noexcept override { return request_->get(); }
  base::Loop& loop() noexcept override { return channel_->loop(); }
  void respond(int status, std::string_view, net::ReplyBody body, std::span<const net::HeaderField> headers) override {
    for (const auto& header : headers)
      if (header.name == "Mcp-Session-Id") channel_->learn_session(header.value);
    if (status >= 400 && refusal_ != nullptr)
      *refusal_ = Refusal{status, std::string(body.view())};
    else if (!body.view().empty())
      channel_->send(net::event_text("message", body.view()));
    answered();
  }
  /// A stream within the stream: its events are written as they are.
  void begin(int, std::string_view, std::span<const net::HeaderField>) override {}
  void begin_sized(int, std::string_view, std::uint64_t, std::span<const net::HeaderField>) override {}
  net::Written write(std::string_view bytes) override {
    if (!channel_->is_open()) return net::Written::kClosed;
    channel_->send(std::string(bytes));
    return net::Written::kTaken;
  }
  void on_writable(std::function<void()> ready) override { boost::asio::post(loop().context(), std::move(ready)); }
  void end() override { answered(); }
  void on_disconnect(std::function<void()> gone) override { channel_->watchers[this] = std::move(gone); }
  bool is_disconnected() const noexcept override { return !channel_->is_open(); }

 private:
  void answered() {
    channel_->watchers.erase(this);
    is_answered_ = true;
    if (depth_ == 0) delete this;
  }

  const std::shared_ptr<Channel> channel_;
  const std::unique_ptr<HeldRequest> request_;
  std::optional<Refusal>* refusal_ = nullptr;  ///< While the handler has not returned.
  int depth_ = 0;
  bool is_answered_ = false;
};

void HttpSse::handle(const net::Request& request, net::Exchange& exchange) {
  const bool is_stream = request.path == kSsePath;
  if (is_stream && request.method == net::Method::kGet) return open(request, exchange);
  if (!is_stream && request.method == net::Method::kPost) return take(request, exchange);
  const net::HeaderField allow{"Allow", is_stream ? "GET" : "POST"};
  net::respond_error(exchange,
                     base::Error(base::ErrorCode::kMethodNotAllowed,
                                 fmt::format("{} is not offered at {}", request.method_text, request.path)),
                     {&allow, 1});
}

void HttpSse::open(const net::Request& request, net::Exchange& exchange) {
  const auto id = base::random_hex(kChannelIdBytes);
  auto channel = std::make_shared<Channel>(exchange.loop(), std::string(request.query));
  {
    base::Lock lock(mutex_);
    channels_.emplace(id, channel);
  }
  channel->open(exchange, [this, id] {
    base::Lock lock(mutex_);
    channels_.erase(id);
  });
  channel->send(fmt::format("event: endpoint\ndata: {}?sessionId={}\n\n", kSseMessagesPath, id));
}

void HttpSse::take(const net::Request& request, net::Exchange& exchange) {
  std::shared_ptr<Channel> channel;
  {
    base::Lock lock(mutex_);
    if (const auto found = channels_.find(channel_id(request.query)); found != channels_.end()) channel = found->second;
  }
  if (channel == nullptr)
    return net::respond_error(
        exchange, base::Error(base::ErrorCode::kRouteNotFound,
                              fmt::format("there is no stream {}, or it has ended",
                                          base::shown(channel_id(request.query), kShownOfId)),
                              fmt::format("Open one with GET {}, and post to the URL that it names.", kSsePath)));
  // Shared because std::function wants to be copied.
  auto held = std::make_shared<std::unique_ptr<HeldRequest>>(std::make_unique<HeldRequest>(request));
  boost::asio::post(channel->loop().context(), [this, channel, held, &exchange, &home = exchange.loop()] {
    auto& message = (*held)->get();
    message.path = "/mcp";
    message.query = channel->query();
    const bool had_session = !channel->session().empty();
    if (had_session) (*held)->add("Mcp-Session-Id", channel->session());
    auto news = std::make_unique<HeldRequest>(message);
    auto refusal = MessageExchange::serve(channel, std::move(*held), mcp_);
    if (!had_session && !channel->session().empty()) {
      // What later revisions say on the stream that GET opens belongs to this one.
      news->get().method = net::Method::kGet;
      news->get().body = {};
      news->add("Mcp-Session-Id", channel->session());
      MessageExchange::serve(channel, std::move(news), mcp_);
    }
    boost::asio::post(home.context(), [&exchange, refusal = std::move(refusal)] {
      if (refusal) return exchange.respond(refusal->status, "application/json", net::ReplyBody(refusal->body));
      exchange.respond(202, "", net::ReplyBody());
    });
  });
}

void HttpSse::end_streams() {
  std::vector<std::shared_ptr<Channel>> all;
  {
    base::Lock lock(mutex_);
    for (auto& [id, channel] : channels_) all.push_back(std::move(channel));
    channels_.clear();
  }
  for (auto& channel : all) boost::asio::post(channel->loop().context(), [channel] { channel->finish(); });
}

}  // namespace toolrack::mcp
