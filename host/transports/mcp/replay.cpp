#include "transports/mcp/replay.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <charconv>
#include <utility>

#include "transports/net/event_text.hpp"

namespace toolrack::mcp {
namespace {

/// When a client that was let go may ask again.
constexpr int kRetryMs = 500;

/// The number at the beginning of `text`, which loses it and the '-' behind it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  if (text.front() != '-' || text.size() == 1) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

}  // namespace

std::string EventId::text(std::string_view run) const { return fmt::format("{}-{}-{}-{}", run, loop, stream, event); }

std::optional<EventId> EventId::parse(std::string_view text, std::string_view run) {
  if (!text.starts_with(run) || !text.substr(run.size()).starts_with('-')) return std::nullopt;
  text.remove_prefix(run.size() + 1);
  const auto loop = take_number(text), stream = take_number(text), event = take_number(text);
  if (!loop || !stream || !event || !text.empty()) return std::nullopt;
  return EventId{.loop = static_cast<std::size_t>(*loop), .stream = *stream, .event = *event};
}

ReplayStream::ReplayStream(ReplayStreams& all, std::uint64_t number, std::string session, Revision revision)
    : all_(all), number_(number), session_(std::move(session)), revision_(revision) {}

void ReplayStream::begin(net::Exchange& exchange) {
  // A client that leaves has not cancelled: the events are kept until it comes back.
  listener_ = {&all_.loop_, EventOutlet::open(exchange, [weak = weak_from_this()] {
                 if (const auto self = weak.lock()) self->listener_ = {};
               })};
  // From 2025-11-25 on: a client that loses the stream at once knows where it was. Older ones choke on empty data.
  if (revision_ >= Revision::k20251125) listener_.outlet->send(fmt::format("id: {}\ndata: \n\n", id_of(0)));
}

std::string ReplayStream::id_of(std::uint64_t event) const {
  return EventId{.loop = all_.loop_.index(), .stream = number_, .event = event}.text(all_.run_);
}

void ReplayStream::send(std::string_view json) {
  auto text = net::event_text("message", json, id_of(++last_));
  bytes_ += text.size();
  all_.bytes_ += text.size();
  events_.push_back({last_, text});
  pass_on(std::move(text));
  while (bytes_ > ReplayStreams::kMostBytesOfOne && events_.size() > 1) {
    bytes_ -= events_.front().text.size();
    all_.bytes_ -= events_.front().text.size();
    events_.pop_front();
  }
  all_.forget_old();
}

void ReplayStream::finish(std::string_view json) {
  is_finished_ = true;
  finished_ns_ = all_.clock_.monotonic_ns();
  all_.finished_.push_back(shared_from_this());
  send(json);
  end_listener();
}

void ReplayStream::let_go() {
  // In this order, and the other way round in hold_clients: whoever is let go of is seen there.
  all_.last_let_go_ns_.store(all_.clock_.monotonic_ns());
  if (all_.holds_clients_.load()) return;
  pass_on(fmt::format("retry: {}\n\n", kRetryMs));
  end_listener();
}

void ReplayStream::attach(Listener listener, std::uint64_t seen) {
  end_listener();  // The client has taken up its stream elsewhere.
  listener_ = std::move(listener);
  for (const auto& event : events_)
    if (event.number > seen) pass_on(event.text);
  if (is_finished_) end_listener();
}

void ReplayStream::pass_on(std::string text) {
  if (listener_.outlet == nullptr) return;
  if (listener_.loop->is_current()) return listener_.outlet->send(std::move(text));
  boost::asio::post(listener_.loop->context(),
                    [outlet = listener_.outlet, text = std::move(text)]() mutable { outlet->send(std::move(text)); });
}

void ReplayStream::end_listener() {
  const auto listener = std::exchange(listener_, {});
  if (listener.outlet == nullptr) return;
  if (listener.loop->is_current()) return listener.outlet->finish();
  boost::asio::post(listener.loop->context(), [outlet = listener.outlet] { outlet->finish(); });
}

std::shared_ptr<ReplayStream> ReplayStreams::open(std::string session, Revision revision) {
  forget_old();
  auto stream = std::make_shared<ReplayStream>(*this, ++last_, std::move(session), revision);
  streams_.emplace(last_, stream);
  return stream;
}

bool ReplayStreams::has(const EventId& id, std::string_view session) const {
  const auto found = streams_.find(id.stream);
  return found != streams_.end() && found->second->session_ == session;
}

bool ReplayStreams::resume(const EventId& id, std::string_view session, base::Loop& loop,
                           std::shared_ptr<EventOutlet> outlet) {
  forget_old();
  if (!has(id, session)) return false;
  streams_.find(id.stream)->second->attach({&loop, std::move(outlet)}, id.event);
  return true;
}

std::int64_t ReplayStreams::hold_clients() noexcept {
  holds_clients_.store(true);
  return last_let_go_ns_.load();
}

/// Only what has ended: a call that goes on keeps its events.
void ReplayStreams::forget_old() {
  const auto now = clock_.monotonic_ns();
  while (!finished_.empty()) {
    const auto& oldest = *finished_.front();
    const bool is_old = now - oldest.finished_ns_ > kKeptNs;
    const bool is_too_much = bytes_ > kMostBytes && finished_.size() > 1;
    if (!is_old && !is_too_much) return;
    bytes_ -= oldest.bytes_;
    streams_.erase(oldest.number_);
    finished_.pop_front();
  }
}

}  // namespace toolrack::mcp
