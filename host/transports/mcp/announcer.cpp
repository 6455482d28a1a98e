#include "transports/mcp/announcer.hpp"

#include <boost/asio/post.hpp>

#include <new>

namespace toolrack::mcp {

Announcer::Announcer(base::Loops& loops, std::chrono::milliseconds gather)
    : loop_(loops[0]), gather_(gather), timer_(loop_.context()) {}

/// Memory that runs out here costs the news, not the plugin.
template <typename Add>
void Announcer::gather(Add add) noexcept {
  try {
    base::Lock lock(mutex_);
    add(gathered_);
    const bool is_much = gathered_.lists.size() + gathered_.resources.size() >= kMostGathered;
    if (is_due_ && !is_much) return;
    const auto pause = is_much ? std::chrono::milliseconds(0) : gather_;
    is_due_ = true;
    boost::asio::post(loop_.context(), [this, pause] {
      timer_.expires_after(pause);
      timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) pass_on();
      });
    });
  } catch (const std::bad_alloc&) {
    return;
  }
}

void Announcer::list_changed(registry::DynamicList list, std::string_view tool, std::string_view account) noexcept {
  gather([&](News& news) { news.lists.emplace(list, tool, account); });
}

void Announcer::resource_updated(std::string_view uri, std::string_view account) noexcept {
  gather([&](News& news) { news.resources.emplace(uri, account); });
}

void Announcer::begun_anew(std::string_view tool) noexcept {
  gather([&](News& news) { news.begun_anew.emplace(tool); });
}

void Announcer::pass_on() {
  auto news = std::make_shared<News>();
  {
    base::Lock lock(mutex_);
    std::swap(*news, gathered_);
    is_due_ = false;
  }
  if (listener_ && !news->is_empty()) listener_(std::move(news));
}

}  // namespace toolrack::mcp
