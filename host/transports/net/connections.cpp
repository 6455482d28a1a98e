#include "transports/net/connections.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "transports/net/connection.hpp"

namespace toolrack::net {
namespace {

/// Beyond the limit, so many more clients are told so; further ones are closed without a word.
constexpr std::size_t kPoliteRefusals = 256;

base::Counter& refusal_counter(base::Metrics& metrics, std::string_view reason) {
  return metrics.counter("toolrack_http_server_refused_total", "Requests refused before a handler saw them.",
                         {{"reason", std::string(reason)}});
}

}  // namespace

HttpMetrics::HttpMetrics(base::Metrics& metrics)
    : other_refusals_(refusal_counter(metrics, "other")),
      connections_(metrics.gauge("toolrack_http_server_connections", "Open HTTP connections.")) {
  for (std::size_t i = 0; i < replies_.size(); ++i)
    replies_[i] = &metrics.counter("toolrack_http_server_requests_total", "HTTP requests answered.",
                                   {{"status_class", std::to_string(i + 1) + "xx"}});
  std::size_t row = 0;
  using enum base::ErrorCode;
  for (const auto code :
       {kBadHttp, kHeadersTooLarge, kUriTooLong, kBodyTooLarge, kRequestTimeout, kMethodNotAllowed, kUnavailable})
    refusals_[row++] = {code, &refusal_counter(metrics, base::info(code).name)};
}

void HttpMetrics::count_reply(int status) noexcept {
  const auto row = static_cast<std::size_t>(status / 100 - 1);
  if (row < replies_.size()) replies_[row]->add();
}

void HttpMetrics::count_refusal(base::ErrorCode code) noexcept {
  for (const auto& refusal : refusals_)
    if (refusal.code == code) return refusal.counter->add();
  other_refusals_.add();
}

Connections::Connections(base::Loop& the_loop, ServerShare& the_share)
    : loop(the_loop),
      share(the_share),
      wheel(the_loop.context(), the_share.limits.tick, the_share.clock),
      date(the_share.clock) {}

Connections::~Connections() {
  while (first_ != nullptr) delete first_;
}

void Connections::add(int socket, bool is_local, const Peer& peer, Handler& handler) {
  const auto open = share.open.fetch_add(1, std::memory_order_relaxed) + 1;
  share.metrics.connections().add(1);
  Socket connected(loop.context().get_executor());
  boost::system::error_code error;
  // The protocol only matters to what this server never asks for (local endpoints as addresses).
  connected.assign(boost::asio::generic::stream_protocol(is_local ? AF_UNIX : AF_INET, 0), socket, error);
  if (error) ::close(socket);
  if (!error) connected.non_blocking(true, error);
  auto* connection = new Connection(*this, std::move(connected), is_local, peer, handler);
  link(*connection);
  if (error || open > share.limits.connections + kPoliteRefusals)
    connection->cut();
  else if (open > share.limits.connections)
    connection->start_refused();
  else
    connection->start();
}

void Connections::link(Connection& connection) noexcept {
  connection.next_ = first_;
  connection.link_ = &first_;
  if (first_ != nullptr) first_->link_ = &connection.next_;
  first_ = &connection;
}

void Connections::unlink(Connection& connection) noexcept {
  if (cursor_ == &connection) cursor_ = connection.next_;
  *connection.link_ = connection.next_;
  if (connection.next_ != nullptr) connection.next_->link_ = connection.link_;
  tell_when_empty();
}

template <typename Action>
void Connections::for_each(Action action) {
  for (cursor_ = first_; cursor_ != nullptr;) action(*std::exchange(cursor_, cursor_->next_));
}

void Connections::drain(std::chrono::nanoseconds patience, std::function<void()> done) {
  is_draining = true;
  for_each([](Connection& connection) { connection.drain(); });
  wheel.set(patience_, share.clock.monotonic_ns() + patience.count());
  done_ = std::move(done);
  tell_when_empty();
}

void Connections::Patience::on_deadline(std::int64_t) {
  all.for_each([](Connection& connection) { connection.cut(); });
}

void Connections::tell_when_empty() {
  if (first_ != nullptr || !done_) return;
  wheel.stop();
  // Handlers that the loop already holds run before this one; then nobody refers to this object.
  boost::asio::post(loop.context(), std::exchange(done_, nullptr));
}

}  // namespace toolrack::net
