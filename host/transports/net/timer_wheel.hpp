/// Deadlines of all connections of a loop under one timer.
///
/// A connection moves its deadline several times per request; setting an Asio timer each time costs more than parsing
/// the request. Here a later deadline is one store: the entry stays in its slot, and when that comes up it is put where
/// it belongs by then. Only an earlier deadline moves the entry.
#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/clock.hpp"

namespace toolrack::net {

/// Used by its loop only. Destroyed when the loop runs no more handlers of it: after `stop`, those that were queued, or
/// after the loop itself has stopped.
class TimerWheel {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  /// What waits; leaves the wheel when destroyed.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   protected:
    ~Entry() { unlink(); }
    /// The deadline has passed; it is kNever again. May set a new one, may destroy the entry.
    virtual void on_deadline(std::int64_t now_ns) = 0;

   private:
    friend class TimerWheel;
    void unlink() noexcept;
    TimerWheel* wheel_ = nullptr;  ///< Null outside of any slot.
    Entry* next_ = nullptr;
    Entry** link_ = nullptr;  ///< What points to this entry.
    std::int64_t deadline_ns_ = kNever;
    std::int64_t due_ns_ = 0;  ///< When the slot that holds this entry comes up.
  };

  TimerWheel(boost::asio::io_context& context, std::chrono::nanoseconds tick, const base::Clock& clock);

  /// `on_deadline` is called never early, and late by two ticks at most. kNever takes it back.
  void set(Entry& entry, std::int64_t deadline_ns);
  /// Nothing is called any more.
  void stop();

 private:
  static constexpr std::size_t kSlots = 512;
  void link(Entry& entry);
  void arm();
  void on_timer();
  void serve_slot(std::int64_t turn, std::int64_t now_ns);

  const base::Clock& clock_;
  const std::int64_t tick_ns_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  std::array<Entry*, kSlots> slots_{};
  std::int64_t turn_ = 0;   ///< The tick that was served last, counted from the clock's zero.
  std::size_t linked_ = 0;  ///< Entries in slots.
  bool is_armed_ = false;
  bool is_stopped_ = false;
};

}  // namespace toolrack::net
