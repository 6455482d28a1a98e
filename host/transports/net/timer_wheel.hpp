/// Deadlines of all connections of a loop under one timer.
///
/// A connection moves its deadline several times per request; setting an Asio timer each time costs more than parsing
/// the request. Here a later deadline is one store: the entry stays in its slot, and when that comes up it is put where
/// it belongs by then. Only an earlier deadline moves the entry.
///
/// A crowd that came together is due together. It is served a few at a time, with a pause in between in which the loop
/// does what else there is: thousands of slow clients that are cut off do not hold up the others, nor do they come back
/// as the crowd that they were.
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

  /// How many are called in a row, and the pause before the next: 4,000 a second.
  static constexpr std::size_t kCallsInARow = 2;
  static constexpr std::chrono::microseconds kPause{500};

  /// `on_deadline` is called never early, and late by two ticks and the calls of those that are due before it. kNever
  /// takes it back.
  void set(Entry& entry, std::int64_t deadline_ns);
  /// Nothing is called any more.
  void stop();

 private:
  static constexpr std::size_t kSlots = 512;
  void link(Entry& entry);
  void wake_after(std::chrono::nanoseconds pause);
  void on_timer();
  void take_slot(std::int64_t turn);
  /// Calls those of the taken slot whose time has come, `left` at most. Returns false when there are more.
  bool serve_due(std::int64_t now_ns, std::size_t& left);

  const base::Clock& clock_;
  const std::int64_t tick_ns_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  std::array<Entry*, kSlots> slots_{};
  Entry* due_ = nullptr;    ///< What is left of the slot that is served.
  std::int64_t turn_ = 0;   ///< The tick whose slot was taken last, counted from the clock's zero.
  std::size_t linked_ = 0;  ///< Entries in slots, and those that are due.
  bool is_armed_ = false;   ///< The timer runs, or its handler.
  bool is_stopped_ = false;
};

}  // namespace toolrack::net
