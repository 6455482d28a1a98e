#include "base/loop.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>

#include <cassert>
#include <latch>
#include <string>

namespace toolrack::base {

Loops::Loops(std::size_t count) {
  assert(count > 0);
  loops_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>(i));
}

Loops::~Loops() { stop(); }

void Loops::start() {
  assert(threads_.empty() && "started twice");
  // Nothing runs before every loop knows its thread: handlers may ask any loop whether it is current.
  const auto ready = std::make_shared<std::latch>(1);
  for (auto& loop : loops_) {
    auto& thread = threads_.emplace_back([loop = loop.get(), ready]() noexcept {
      ::pthread_setname_np(::pthread_self(), ("loop-" + std::to_string(loop->index())).c_str());
      ready->wait();
      const auto stay = boost::asio::make_work_guard(loop->context());
      loop->context().run();
    });
    loop->thread_id_ = thread.get_id();
  }
  ready->count_down();
}

void Loops::stop() {
  for (auto& loop : loops_) loop->context().stop();
  for (auto& thread : threads_) {
    assert(thread.get_id() != std::this_thread::get_id() && "a loop must not stop itself");
    thread.join();
  }
  threads_.clear();
  for (auto& loop : loops_) loop->thread_id_ = {};  // The system may give the id to another thread.
}

Loop& Loops::next() noexcept { return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()]; }

}  // namespace toolrack::base
