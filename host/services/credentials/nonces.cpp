#include "services/credentials/nonces.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/mutex.hpp"

namespace toolrack::services::credentials {
namespace {

/// How many numbers a commit reserves: ten seconds' worth, so a busy credential commits every ten seconds.
constexpr std::uint64_t kBlock = 10'000;
constexpr std::size_t kMaxIdle = 1'024;
constexpr const char* kCollection = "nonces";

}  // namespace

class Nonces::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  Turn enter(const std::string& identity, bool durable, base::Loop& loop, Ready ready) {
    base::Lock lock(mutex_);
    const auto turn = ++last_turn_;
    auto& line = lines_[identity];
    line.is_durable = durable;
    line.waiting.push_back({turn, &loop, std::move(ready)});
    turns_.emplace(turn, identity);
    advance(identity, line);
    return turn;
  }

  void leave(Turn turn) {
    base::Lock lock(mutex_);
    const auto found = turns_.find(turn);
    if (found == turns_.end()) return;
    const auto identity = std::move(found->second);
    turns_.erase(found);
    auto& line = lines_.at(identity);
    if (line.holder == turn) {
      line.holder = 0;
    } else {
      std::erase_if(line.waiting, [&](const Waiter& waiter) { return waiter.turn == turn; });
    }
    advance(identity, line);
    if (lines_.size() > kMaxIdle) drop_idle();
  }

  void close() {
    base::Lock lock(mutex_);
    is_closed_ = true;
    turns_.clear();
    for (auto& [identity, line] : lines_) line.waiting.clear();
  }

 private:
  struct Waiter {
    Turn turn = 0;
    base::Loop* loop = nullptr;
    Ready ready;
  };
  struct Line {
    std::deque<Waiter> waiting;
    Turn holder = 0;             ///< 0: nobody's turn.
    std::uint64_t last = 0;      ///< Given out.
    std::uint64_t reserved = 0;  ///< Up to here the store knows.
    bool is_durable = false;
    bool is_read = false;  ///< `reserved` is what the store says.
    bool is_committing = false;
  };

  /// Gives the next waiter its turn, when there is a number for it; else asks the store for more.
  void advance(const std::string& identity, Line& line) TR_REQUIRES(mutex_) {
    if (is_closed_ || line.holder != 0 || line.is_committing || line.waiting.empty()) return;
    const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(clock_.unix_ns() / 1'000'000, 0));
    const auto next = std::max(line.last + 1, now);
    if (line.is_durable && !line.is_read) return reserve(identity, line, 0);
    if (line.is_durable && next > line.reserved) return reserve(identity, line, next + kBlock - line.reserved);
    line.last = next;
    auto waiter = std::move(line.waiting.front());
    line.waiting.pop_front();
    line.holder = waiter.turn;
    deliver(std::move(waiter), next);
  }

  void reserve(const std::string& identity, Line& line, std::uint64_t more) TR_REQUIRES(mutex_) {
    line.is_committing = true;
    store::Commit commit;
    commit.push_back(store::AddI64{kCollection, identity, static_cast<std::int64_t>(more), std::nullopt});
    store_.submit(std::move(commit), [self = shared_from_this(), identity](base::Result<store::Receipt> receipt) {
      self->on_reserved(identity, std::move(receipt));
    });
  }

  void on_reserved(const std::string& identity, base::Result<store::Receipt> receipt) {
    base::Lock lock(mutex_);
    if (is_closed_) return;
    auto& line = lines_.at(identity);
    line.is_committing = false;
    if (receipt && (!receipt->accepted() || receipt->counters.empty()))
      receipt = base::fail(base::ErrorCode::kStoreFailed, "the store refused to reserve numbers for signatures");
    if (!receipt) {
      for (auto& waiter : std::exchange(line.waiting, {})) {
        turns_.erase(waiter.turn);
        deliver(std::move(waiter), tl::unexpected(receipt.error()));
      }
      return;
    }
    line.reserved = static_cast<std::uint64_t>(receipt->counters.front());
    if (!std::exchange(line.is_read, true)) line.last = std::max(line.last, line.reserved);
    advance(identity, line);
  }

  static void deliver(Waiter waiter, base::Result<std::uint64_t> number) {
    boost::asio::post(waiter.loop->context(), [ready = std::move(waiter.ready), number = std::move(number)]() mutable {
      ready(std::move(number));
    });
  }

  /// What is dropped is read from the store again; a caller's line begins with the clock again.
  void drop_idle() TR_REQUIRES(mutex_) {
    std::erase_if(lines_, [](const auto& entry) {
      return entry.second.holder == 0 && entry.second.waiting.empty() && !entry.second.is_committing;
    });
  }

  store::Store& store_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<std::string, Line> lines_ TR_GUARDED_BY(mutex_);
  std::unordered_map<Turn, std::string> turns_ TR_GUARDED_BY(mutex_);
  Turn last_turn_ TR_GUARDED_BY(mutex_) = 0;
  bool is_closed_ TR_GUARDED_BY(mutex_) = false;
};

Nonces::Nonces(store::Store& store, const base::Clock& clock) : impl_(std::make_shared<Impl>(store, clock)) {}

Nonces::~Nonces() { impl_->close(); }

Nonces::Turn Nonces::enter(const std::string& identity, bool durable, base::Loop& loop, Ready ready) {
  return impl_->enter(identity, durable, loop, std::move(ready));
}

void Nonces::leave(Turn turn) { impl_->leave(turn); }

}  // namespace toolrack::services::credentials
