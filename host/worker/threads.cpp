#include "worker/threads.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "worker/eagerness.hpp"

namespace toolrack::worker {
namespace {

/// Enough for recursion of a parser, little enough for many threads in a bounded address space.
constexpr std::size_t kStack = 2 << 20;

/// This thread is reading frames, and runs what comes of them itself.
thread_local bool is_reading = false;
/// Something has come of them since it began.
thread_local bool has_come = false;

/// How long a thread looks before it sleeps: for the gateway's wake-up, and what it does with an answer until it sends
/// the next call. A whole call takes 20 microseconds (tests/bench/worker_bench.cpp).
constexpr std::chrono::microseconds kLook{25};

constexpr std::uint64_t kWake = ~std::uint64_t{0};

}  // namespace

bool start_thread(std::function<void()> run, std::size_t stack_bytes) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, stack_bytes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  auto own = std::make_unique<std::function<void()>>(std::move(run));
  const auto body = [](void* given) -> void* {
    const std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(given));
    (*work)();
    return nullptr;
  };
  const bool is_started = ::pthread_create(&thread, &attributes, body, own.get()) == 0;
  if (is_started) own.release();  // The thread's.
  ::pthread_attr_destroy(&attributes);
  return is_started;
}

Threads::Threads(std::vector<std::unique_ptr<Socket>>& sockets, unsigned runners, OnFrame on_frame)
    : sockets_(sockets),
      runners_(runners),
      may_look_(std::thread::hardware_concurrency() > 1),
      on_frame_(std::move(on_frame)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      told_(sockets.size()) {}

void Threads::start() {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWake;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    event.events = 0;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets_[i]->descriptor(), &event);
    wake_for(i, true);
  }
  for (unsigned i = 0; i < runners_ + 1; ++i) {
    // Without threads of our own nothing works: the gateway is told by our end.
    if (!start_thread([this] { serve(); }, kStack)) std::abort();
  }
}

void Threads::post(std::shared_ptr<Runnable> work, Tally& tally) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    ++tally.open;
    waiting_.push_back({std::move(work), &tally});
    wakes = !is_reading && busy_ < runners_;
  }
  has_come = true;
  if (wakes) wake();
}

void Threads::post_blocking(std::uint32_t depth, std::shared_ptr<Runnable> work, Tally& tally) {
  auto& blocking = blocking_[std::min(depth, kDepths - 1)];
  bool starts = false;
  {
    const std::lock_guard lock(mutex_);
    ++tally.open;
    blocking.waiting.push_back({std::move(work), &tally});
    starts = blocking.idle < blocking.waiting.size() && blocking.threads < kMostBlocking;
    if (starts) ++blocking.threads;
  }
  blocking.has_work.notify_one();
  if (!starts || start_thread([this, &blocking] { serve_blocking(blocking); }, kStack)) return;
  // Those that there are will come to it; where there is none, its call ends at its deadline.
  const std::lock_guard lock(mutex_);
  --blocking.threads;
}

void Threads::serve_blocking(Blocking& depth) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++depth.idle;
    depth.has_work.wait(lock, [&] { return !depth.waiting.empty(); });
    --depth.idle;
    auto work = std::move(depth.waiting.front());
    depth.waiting.pop_front();
    lock.unlock();
    work.what->run();
    work.what = nullptr;
    lock.lock();
    note_end(*work.tally);
  }
}

void Threads::serve() {
  Eagerness eagerness;
  std::optional<std::size_t> last;  // Where something came that we have run.
  for (;;) {
    run_what_waits();
    if (last && may_look_ && eagerness.looks()) {
      if (look(*last)) {
        eagerness.found();
        continue;
      }
      eagerness.looked_in_vain();
    }
    epoll_event event{};
    if (::epoll_wait(epoll_, &event, 1, -1) != 1) continue;
    if (event.data.u64 == kWake) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const auto got = ::read(wake_, &ignored, sizeof ignored);
      continue;
    }
    has_come = false;
    const std::size_t channel = event.data.u64;  // A packed struct's member is not to be referred to.
    read(channel);
    last = has_come ? std::optional(channel) : std::nullopt;
  }
}

void Threads::read(std::size_t channel) {
  auto& told = told_[channel];
  // Who reads already looks again.
  if (told.fetch_add(1) != 0) return;
  is_reading = true;
  unsigned seen = 0;
  do {
    seen = told.load();
    read_all(channel);
  } while (!told.compare_exchange_strong(seen, 0));
  is_reading = false;
}

bool Threads::look(std::size_t channel) {
  auto& told = told_[channel];
  unsigned nobody = 0;
  if (!told.compare_exchange_strong(nobody, 1)) return false;
  wake_for(channel, false);
  is_reading = true;
  has_come = false;
  const auto end = std::chrono::steady_clock::now() + kLook;
  do {
    read_all(channel);
  } while (!has_come && std::chrono::steady_clock::now() < end);
  is_reading = false;
  // In this order: who is woken from now on reads, and is woken for what lies there already.
  told.store(0);
  wake_for(channel, true);
  return has_come;
}

void Threads::wake_for(std::size_t channel, bool are_woken) noexcept {
  epoll_event event{};
  if (are_woken) event.events = EPOLLIN | EPOLLET;
  event.data.u64 = channel;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, sockets_[channel]->descriptor(), &event);
}

void Threads::read_all(std::size_t channel) {
  auto& socket = *sockets_[channel];
  bool may_be_more = true;
  while (may_be_more) {
    may_be_more = socket.read_some(false);
    while (const auto frame = socket.next()) on_frame_(channel, *frame);
  }
}

void Threads::run_what_waits() {
  std::unique_lock lock(mutex_);
  // Who posts while all are busy wakes nobody: whoever ends comes by here.
  while (!waiting_.empty() && busy_ < runners_) {
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    const bool wakes = !waiting_.empty() && busy_ < runners_;
    lock.unlock();
    if (wakes) wake();
    work.what->run();
    work.what = nullptr;
    lock.lock();
    --busy_;
    note_end(*work.tally);
  }
}

void Threads::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto sent = ::write(wake_, &one, sizeof one);
}

void Threads::note_end(Tally& tally) noexcept {
  if (--tally.open == 0) changed_.notify_all();
}

void Threads::look_again() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Threads::wait_until_idle(const Tally& tally, const std::function<bool()>& is_quiet) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return tally.open == 0 && is_quiet(); });
}

}  // namespace toolrack::worker
