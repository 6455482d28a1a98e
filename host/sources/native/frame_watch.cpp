#include "sources/native/frame_watch.hpp"

#include <pthread.h>

#include <set>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;

std::chrono::milliseconds between(FrameWatch::Clock::time_point from, FrameWatch::Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from);
}

}  // namespace

FrameWatch::FrameWatch(const FrameBoard& board, base::Metrics& metrics, Patience patience)
    : board_(board),
      patience_(patience),
      hangs_(metrics.counter("toolrack_plugin_hangs_total",
                             "Times that a plugin's code did not come back in time to a thread of the gateway.")) {}

FrameWatch::~FrameWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FrameWatch::start(std::function<void()> beside) {
  thread_ = std::thread([this, beside = std::move(beside)] { run(beside); });
}

std::optional<std::chrono::milliseconds> FrameWatch::patience_with(FrameBoard::Where where) const noexcept {
  switch (where) {
    case FrameBoard::Where::kLoop:
      return patience_.on_loop;
    case FrameBoard::Where::kPool:
      return patience_.in_pool;
    case FrameBoard::Where::kControl:
      return patience_.in_control;
    case FrameBoard::Where::kBlocking:
      return std::nullopt;
  }
  return std::nullopt;
}

void FrameWatch::run(const std::function<void()>& beside) {
  ::pthread_setname_np(::pthread_self(), "frame-watch");
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, patience_.between_looks, [this] { return is_over_; })) return;
    }
    if (beside) beside();
    look(Clock::now());
  }
}

void FrameWatch::look(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  last_look_ = now;
  std::map<std::size_t, Seen> next;
  for (const auto& one : board_.running()) {
    const auto patience = patience_with(one.where);
    if (!patience) continue;
    const auto before = seen_.find(one.thread);
    if (before == seen_.end() || before->second.word != one.word) {
      next.emplace(one.thread, Seen{one.word, now, false, one.where, one.name});
      continue;
    }
    auto seen = before->second;
    const auto so_far = between(seen.since, now);
    if (!seen.is_told && so_far >= *patience) {
      seen.is_told = true;
      hangs_.add();
      log::write(log::Level::kError, "a plugin does not come back",
                 {{"skill", one.name}, {"where", to_string(one.where)}, {"ms", std::int64_t{so_far.count()}}});
    }
    next.emplace(one.thread, seen);
  }
  for (const auto& [thread, seen] : seen_) {
    const auto still = next.find(thread);
    if (!seen.is_told || (still != next.end() && still->second.word == seen.word)) continue;
    log::write(log::Level::kNotice, "a plugin that did not come back has come back",
               {{"skill", seen.name}, {"ms", std::int64_t{between(seen.since, now).count()}}});
  }
  seen_ = std::move(next);
}

std::vector<HangingFrame> FrameWatch::hanging() const {
  const std::lock_guard lock(mutex_);
  std::vector<HangingFrame> out;
  for (const auto& [thread, seen] : seen_)
    if (seen.is_told) out.push_back({seen.name, seen.where, between(seen.since, last_look_)});
  return out;
}

}  // namespace toolrack::sources::native
