#include "transports/mcp/streams.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "transports/mcp/notifications.hpp"

namespace toolrack::mcp {
namespace {

/// As many are written to in one go; then the loop does what else there is.
constexpr std::size_t kStreamsInARow = 128;
constexpr std::string_view kMessageEvent = "message";

constexpr std::array<std::string_view, kListKinds> kListChanged{
    "notifications/tools/list_changed", "notifications/prompts/list_changed", "notifications/resources/list_changed"};

}  // namespace

ListKind list_kind(registry::DynamicList list) noexcept {
  switch (list) {
    case registry::DynamicList::kSkills:
      return ListKind::kTools;
    case registry::DynamicList::kPrompts:
      return ListKind::kPrompts;
    case registry::DynamicList::kResources:
    case registry::DynamicList::kTemplates:
      break;
  }
  return ListKind::kResources;
}

/// One open stream and what its client has not been told yet.
class Streams::Stream {
 public:
  Stream(net::Exchange& exchange, Opening opening, View& view)
      : exchange_(exchange),
        out_(exchange),
        subscription_(std::move(opening.subscription)),
        session_(std::move(opening.session)),
        account_(opening.principal->account),
        key_(opening.principal->key_id),
        interest_(std::move(opening.interest)),
        closed_(std::move(opening.closed)),
        view_(&view) {
    ++view_->streams;
  }
  ~Stream() {
    --view_->streams;
    if (closed_) closed_();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Told at once: nothing is unsent yet, so it is taken.
  void begin(std::string_view json) { static_cast<void>(out_.send(kMessageEvent, json)); }

  bool mark_list(ListKind kind, std::string_view account) {
    if (!interest_.wants(kind) || !is_for(account)) return false;
    return std::exchange(changed_[static_cast<std::size_t>(kind)], true) == false;
  }
  bool follows(std::string_view uri, std::string_view account, const Followers& sessions) const {
    const bool does =
        session_.empty() ? std::ranges::find(interest_.uris, uri) != interest_.uris.end() : sessions.contains(session_);
    return does && is_for(account);
  }
  bool mark_resource(std::string_view uri) {
    if (std::ranges::find(updated_, uri) != updated_.end()) return false;
    updated_.emplace_back(uri);
    return true;
  }
  bool mark_task(std::string_view account, std::string_view id, const std::shared_ptr<const std::string>& params) {
    if (account != account_ || std::ranges::find(interest_.tasks, id) == interest_.tasks.end()) return false;
    tasks_.insert_or_assign(std::string(id), params);
    return true;
  }

  /// Writes what there is to tell. False: the client takes no more for now, `writable` will be called.
  bool flush(const std::function<void()>& writable) {
    const auto tell = [&](std::string_view method, std::string_view params) {
      return out_.send(kMessageEvent, notification(method, params, subscription_));
    };
    for (std::size_t kind = 0; kind < kListKinds; ++kind) {
      if (!changed_[kind]) continue;
      if (tell(kListChanged[kind], {}) == net::Written::kFull) return wait(writable);
      changed_[kind] = false;
    }
    while (!updated_.empty()) {
      const auto params = fmt::format(R"("uri":{})", base::json::quote(updated_.back()));
      if (tell("notifications/resources/updated", params) == net::Written::kFull) return wait(writable);
      updated_.pop_back();
    }
    while (!tasks_.empty()) {
      if (tell("notifications/tasks", *tasks_.begin()->second) == net::Written::kFull) return wait(writable);
      tasks_.erase(tasks_.begin());
    }
    return true;
  }

  /// The last word. The exchange is answered then.
  void end() {
    if (subscription_.empty()) return exchange_.end();
    out_.finish(kMessageEvent, subscription_end(subscription_));
  }
  /// The client has left.
  void abandon() { exchange_.end(); }

  const std::string& key() const noexcept { return key_; }
  const std::string& session() const noexcept { return session_; }
  View& view() noexcept { return *view_; }
  void look_at(View& view) noexcept {
    --view_->streams;
    view_ = &view;
    ++view_->streams;
  }
  bool is_due = false;

 private:
  bool is_for(std::string_view account) const { return account.empty() || account == account_; }
  bool wait(const std::function<void()>& writable) {
    exchange_.on_writable(writable);
    return false;
  }

  net::Exchange& exchange_;
  net::EventStream out_;
  const std::string subscription_, session_, account_;
  const std::string key_;  ///< The key's id; empty: it was opened without one.
  const Interest interest_;
  const std::function<void()> closed_;
  View* view_;
  std::array<bool, kListKinds> changed_{};
  std::vector<std::string> updated_;
  std::map<std::string, std::shared_ptr<const std::string>> tasks_;  ///< How they are, where that was not told yet.
};

Streams::Streams(base::Loop& loop, Digest digest, Shows shows, Sees sees)
    : loop_(loop), digest_(std::move(digest)), shows_(std::move(shows)), sees_(std::move(sees)) {}

Streams::~Streams() = default;

Streams::View& Streams::view_of(const registry::Exposure& exposure, const registry::ToolSetRef& tools) {
  std::erase_if(views_, [](const auto& entry) { return entry.second.streams == 0; });
  auto name = tools == nullptr ? std::string() : std::string(base::as_bytes(tools->digest()));
  const auto [found, is_new] = views_.try_emplace(name + exposure.cache_key());
  auto& view = found->second;
  if (is_new) {
    view.exposure = exposure;
    view.tools = tools;
    for (std::size_t kind = 0; kind < kListKinds; ++kind)
      view.digests[kind] = digest_(static_cast<ListKind>(kind), exposure, tools.get());
  }
  return view;
}

void Streams::open(net::Exchange& exchange, Opening opening) {
  auto& view = view_of(opening.exposure, opening.principal->tools);
  const auto number = ++last_number_;
  const auto first = opening.first_json;
  const bool is_over = is_ending_ || opening.principal->is_revoked();
  auto& stream = *streams_.emplace(number, std::make_unique<Stream>(exchange, std::move(opening), view)).first->second;
  if (!stream.session().empty()) of_sessions_.insert_or_assign(stream.session(), number);
  if (!first.empty()) stream.begin(first);
  exchange.on_disconnect([this, number] {
    if (const auto found = streams_.find(number); found != streams_.end()) {
      found->second->abandon();
      take(number);
    }
  });
  if (is_over) {
    stream.end();
    take(number);
  }
}

std::unique_ptr<Streams::Stream> Streams::take(std::uint64_t number) {
  auto taken = streams_.extract(number);
  if (taken.empty()) return nullptr;
  const auto of_session = of_sessions_.find(taken.mapped()->session());
  if (of_session != of_sessions_.end() && of_session->second == number) of_sessions_.erase(of_session);
  return std::move(taken.mapped());
}

void Streams::catalogue_changed() {
  std::map<const View*, std::array<bool, kListKinds>> changed;
  for (auto& [key, view] : views_) {
    if (view.streams == 0) continue;
    std::array<bool, kListKinds> differs{};
    for (std::size_t kind = 0; kind < kListKinds; ++kind) {
      const auto now = digest_(static_cast<ListKind>(kind), view.exposure, view.tools.get());
      differs[kind] = std::exchange(view.digests[kind], now) != now;
    }
    if (std::ranges::count(differs, true) > 0) changed.emplace(&view, differs);
  }
  if (changed.empty()) return;
  for (auto& [number, stream] : streams_) {
    const auto found = changed.find(&stream->view());
    if (found == changed.end()) continue;
    bool has_news = false;
    for (std::size_t kind = 0; kind < kListKinds; ++kind)
      if (found->second[kind]) has_news |= stream->mark_list(static_cast<ListKind>(kind), {});
    if (has_news) make_due(number, *stream);
  }
}

void Streams::end_key(std::string_view key) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, stream] : streams_)
    if (stream->key() == key) numbers.push_back(number);
  for (const auto number : numbers) {
    // Its end may bring the connection's next request, and that another stream.
    if (const auto ended = take(number)) ended->end();
  }
}

void Streams::end_session(std::string_view session) {
  const auto found = of_sessions_.find(session);
  if (found == of_sessions_.end()) return;
  if (const auto ended = take(found->second)) ended->end();
}

void Streams::key_changed(const accounts::PrincipalRef& principal) {
  if (principal->is_revoked()) return end_key(principal->key_id);
  for (auto& [number, stream] : streams_) {
    if (stream->key() != principal->key_id) continue;
    const auto& before = stream->view();
    auto& after = view_of(before.exposure, principal->tools);
    bool has_news = false;
    for (std::size_t kind = 0; kind < kListKinds; ++kind)
      if (before.digests[kind] != after.digests[kind]) has_news |= stream->mark_list(static_cast<ListKind>(kind), {});
    stream->look_at(after);
    if (has_news) make_due(number, *stream);
  }
}

void Streams::list_changed(ListKind kind, std::string_view tool, std::string_view account) {
  for (auto& [name, view] : views_)
    view.is_concerned = view.streams != 0 && shows_(tool, view.exposure, view.tools.get());
  for (auto& [number, stream] : streams_)
    if (stream->view().is_concerned && stream->mark_list(kind, account)) make_due(number, *stream);
}

void Streams::resource_updated(std::string_view uri, std::string_view account, const Followers& sessions) {
  for (auto& [name, view] : views_) view.sees.reset();
  for (auto& [number, stream] : streams_) {
    if (!stream->follows(uri, account, sessions)) continue;
    auto& view = stream->view();
    // Without a set everything is seen, also what has just gone.
    if (!view.sees) view.sees = view.tools == nullptr || sees_(uri, view.tools.get());
    if (*view.sees && stream->mark_resource(uri)) make_due(number, *stream);
  }
}

void Streams::task_changed(std::string_view account, std::string_view id,
                           const std::shared_ptr<const std::string>& params) {
  for (auto& [number, stream] : streams_)
    if (stream->mark_task(account, id, params)) make_due(number, *stream);
}

void Streams::make_due(std::uint64_t number, Stream& stream) {
  if (std::exchange(stream.is_due, true)) return;
  due_.push_back(number);
  if (!std::exchange(is_serving_, true)) boost::asio::post(loop_.context(), [this] { serve_due(); });
}

void Streams::serve_due() {
  for (std::size_t i = 0; i < kStreamsInARow && !due_.empty(); ++i) {
    const auto number = due_.front();
    due_.pop_front();
    const auto found = streams_.find(number);
    if (found == streams_.end()) continue;
    auto& stream = *found->second;
    stream.is_due = false;
    stream.flush([this, number] {
      if (const auto still = streams_.find(number); still != streams_.end()) make_due(number, *still->second);
    });
  }
  is_serving_ = !due_.empty();
  if (is_serving_) boost::asio::post(loop_.context(), [this] { serve_due(); });
}

void Streams::end_all() {
  is_ending_ = true;
  for (auto& [number, stream] : streams_) stream->end();
  streams_.clear();
  of_sessions_.clear();
}

}  // namespace toolrack::mcp
