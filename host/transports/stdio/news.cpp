/// The stream on which a legacy session hears what belongs to none of its requests.
#include <algorithm>

#include "transports/stdio/bridge_impl.hpp"

namespace toolrack::stdio {
namespace {

constexpr std::chrono::milliseconds kFirstPause{250}, kLongestPause{5'000};

}  // namespace

void Bridge::Impl::listen_for_news() {
  news_due_.reset();
  // Without a session there is nothing that ties a stream to this client.
  if (session_.id().empty() || std::exchange(hears_news_, true)) return;
  send(std::make_unique<Transfer>(Outbound{}, Transfer::Purpose::kNews, *this));
}

/// Such streams are not offered, the session is lost (then the client's next message opens both again), or the gateway
/// is being replaced: then the stream waits for the next one. It elects none: a client that says nothing must not
/// become the gateway because the operator stops his.
void Bridge::Impl::on_news_ended(std::unique_ptr<Transfer> transfer, CURLcode code) {
  hears_news_ = false;
  const auto& reply = transfer->reply();
  const bool is_refused = reply.status != 0 && reply.status / 100 != 2;
  if (input_.is_ended() || is_refused || code == CURLE_WRITE_ERROR) return;
  if (reply.events > 0) news_pause_ = {};
  news_pause_ = std::clamp(2 * news_pause_, kFirstPause, kLongestPause);
  news_due_ = std::chrono::steady_clock::now() + news_pause_;
}

}  // namespace toolrack::stdio
