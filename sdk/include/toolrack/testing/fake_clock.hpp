/// Time and chance of a FakeHost.
#pragma once

#include <toolrack/testing/fake_stores.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace toolrack::testing {

/// toolrack.clock/1: fake time and seeded chance, or those of a recording.
class FakeClock : public FakeStores {
 public:
  using FakeStores::FakeStores;

 protected:
  /// What the call was told before, in a further run of it; else `fresh()`.
  template <class Fresh>
  static std::uint64_t recorded(const tr_host* host, tr_call behalf, const char* function, Fresh fresh) {
    FakeCall* const owner = self(host).core.find(behalf, function);
    return owner == nullptr ? fresh() : owner->value(fresh);
  }
  /// A recording has what calls ask, not what a plugin does for itself.
  static FakeReplay* replay_for(const tr_host* host, tr_call behalf) noexcept {
    return behalf == 0 ? nullptr : self(host).replay;
  }
  static std::int64_t unix_ns(const tr_host* host, tr_call behalf) noexcept {
    const std::int64_t now = self(host).unix_offset_ns + self(host).core.loop.now_ns();
    return static_cast<std::int64_t>(recorded(host, behalf, "unix_ns", [&] {
      FakeReplay* const replay = replay_for(host, behalf);
      return static_cast<std::uint64_t>(replay == nullptr ? now : replay->time("clock.unix_ns").value_or(now));
    }));
  }
  /// A recording counts from the call's deadline.
  static std::int64_t monotonic_ns(const tr_host* host, tr_call behalf) noexcept {
    const std::int64_t now = self(host).core.loop.now_ns();
    return static_cast<std::int64_t>(recorded(host, behalf, "monotonic_ns", [&] {
      FakeReplay* const replay = replay_for(host, behalf);
      const auto told = replay == nullptr ? std::nullopt : replay->time("clock.monotonic_ns");
      return static_cast<std::uint64_t>(told ? deadline_of(host, behalf) + *told : now);
    }));
  }
  static std::int64_t deadline_of(const tr_host* host, tr_call call) noexcept {
    const auto found = self(host).core.active.find(call);
    return found == self(host).core.active.end() ? 0 : found->second->deadline_ns();
  }
  static void random(const tr_host* host, tr_call behalf, void* out, std::size_t size) noexcept {
    auto* bytes = static_cast<unsigned char*>(out);
    FakeReplay* const replay = replay_for(host, behalf);
    std::optional<std::string> told;
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
      const std::size_t piece = std::min(sizeof(std::uint64_t), size - at);
      const std::uint64_t value = recorded(host, behalf, "random", [&] {
        if (replay == nullptr) return self(host).core.loop.chance();
        if (!told) told = replay->random(size);
        std::uint64_t fresh = 0;
        std::memcpy(&fresh, told->data() + at, piece);
        return fresh;
      });
      std::memcpy(bytes + at, &value, piece);
    }
  }
  static tr_op after(const tr_host* host, tr_call behalf, std::int64_t delay_ns, tr_done done, void* user) noexcept {
    const auto answer = [&] {
      FakeReplay* const replay = replay_for(host, behalf);
      if (replay != nullptr) return replay->timer(delay_ns, self(host).core.loop.now_ns());
      return FakeReply().delay(std::chrono::nanoseconds(delay_ns));
    };
    return self(host).core.begin(behalf, "after", std::to_string(delay_ns), answer, done, user);
  }
};

}  // namespace toolrack::testing
