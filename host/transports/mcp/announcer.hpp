/// What tools say of their own accord, gathered for a moment and passed on to every loop.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "registry/announcements.hpp"

namespace toolrack::mcp {

/// Each thing once, however often it was said. Empty account: everybody's.
struct News {
  std::set<std::tuple<registry::DynamicList, std::string, std::string>>
      lists;                                                ///< List, "owner/slug@version", account.
  std::set<std::pair<std::string, std::string>> resources;  ///< URI, account.
  std::set<std::string> begun_anew;                         ///< "owner/slug@version".
  bool is_empty() const noexcept { return lists.empty() && resources.empty() && begun_anew.empty(); }
};

/// Made before the plugins that speak and the streams that listen; outlives both.
class Announcer final : public registry::Announcements {
 public:
  /// A burst becomes one piece of news.
  static constexpr std::chrono::milliseconds kGather{50};
  /// A plugin that never stops talking is passed on in pieces.
  static constexpr std::size_t kMostGathered = 1'000;
  using Listener = std::function<void(std::shared_ptr<const News>)>;

  explicit Announcer(base::Loops& loops, std::chrono::milliseconds gather = kGather);

  /// `listener` is called on the first loop. Before anything is announced, or on that loop.
  void set_listener(Listener listener) { listener_ = std::move(listener); }

  void list_changed(registry::DynamicList list, std::string_view tool, std::string_view account) noexcept override;
  void resource_updated(std::string_view uri, std::string_view account) noexcept override;
  void begun_anew(std::string_view tool) noexcept override;

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  template <typename Add>
  void gather(Add add) noexcept;
  void pass_on();

  base::Loop& loop_;
  const std::chrono::milliseconds gather_;
  Timer timer_;        // Of the loop.
  Listener listener_;  // Of the loop.
  base::Mutex mutex_;
  News gathered_ TR_GUARDED_BY(mutex_);
  bool is_due_ TR_GUARDED_BY(mutex_) = false;  ///< Something is on its way to the loop.
};

}  // namespace toolrack::mcp
