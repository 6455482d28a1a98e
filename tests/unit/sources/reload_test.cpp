/// Loading and unloading many times leaves nothing behind.
#include <fmt/format.h>
#include <malloc.h>

#include <fstream>
#include <iostream>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

/// What a process has that a library, or a call of one, could leave behind.
struct Footprint {
  std::size_t library_maps = 0, descriptors = 0, threads = 0;
  std::int64_t resident_kib = 0, heap_kib = 0;

  static Footprint take() {
    Footprint out;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) out.library_maps += line.find(".so") != std::string::npos;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++out.descriptors;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++out.threads;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) out.resident_kib = std::stoll(line.substr(6));
    const auto heap = ::mallinfo2();
    out.heap_kib = static_cast<std::int64_t>((heap.uordblks + heap.hblkhd) / 1024);
    return out;
  }
  std::string text() const {
    return fmt::format("{} maps of libraries, {} descriptors, {} threads, {} KiB resident, {} KiB of heap in use",
                       library_maps, descriptors, threads, resident_kib, heap_kib);
  }
};

class Reload : public NativeFixture {
 protected:
  /// Install, load by a call, remove, drain.
  void cycle(const std::string& name, const std::string& slug, const std::string& skill_name) {
    const auto path = install(name);
    scan();
    ASSERT_EQ(call(slug, skill_name).code(), "ok");
    uninstall(path);
  }
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#endif

TEST_F(Reload, StaysFlatOverTwoThousandLoads) {
  settings.unload = UnloadPolicy::kClose;  // Sanitizers would keep every library.
  open();
  int loads = 0;
  const auto load_until = [&](int count) {
    while (loads < count) {
      // C++ with coroutines on two kinds of threads, C, and one that brings a thread.
      cycle("sdk_skills", "sdk-skills", loads % 4 == 0 ? "works" : "sleeps");
      cycle(loads % 4 == 0 ? "own_thread" : "plain", loads % 4 == 0 ? "own-thread" : "plain",
            loads % 4 == 0 ? "count" : "echo_pooled");
      loads += 2;
    }
    return Footprint::take();
  };
  const auto before = load_until(kIsSanitized ? 40 : 200);
  // Pools make a thread when work waits and none is idle, and one that has ended is listed for a moment more. One for
  // each load of the plugin that brings a thread would be hundreds.
  constexpr std::size_t kThreadsOfPools = 10;
  const auto after = load_until(kIsSanitized ? 120 : 2000);
  std::cout << "after " << (kIsSanitized ? 40 : 200) << " loads: " << before.text() << "\nafter " << loads
            << " loads: " << after.text() << "\n";
  EXPECT_EQ(after.library_maps, before.library_maps);
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_LE(after.threads, before.threads + kThreadsOfPools);
  if (!kIsSanitized) {  // Their allocators hold freed memory back.
    // Some bytes of each load stay, the dynamic linker's among them: seen are 12 to 200. A library has 50 KiB and more.
    EXPECT_LE(after.heap_kib - before.heap_kib, 768);
    EXPECT_LE(after.resident_kib - before.resident_kib, 1024);
  }
  EXPECT_EQ(metrics.gauge("toolrack_plugin_resident", "").value(), 0);
  EXPECT_EQ(metrics.counter("toolrack_plugin_closed_total", "").value(), static_cast<std::uint64_t>(loads));
  EXPECT_TRUE(std::filesystem::is_empty(settings.runtime_dir)) << "private copies go with their library";
}

/// The control: what is not unloaded shows in the figures.
TEST_F(Reload, SeesWhatIsLeftBehind) {
  settings.unload = UnloadPolicy::kRetain;
  open();
  cycle("plain", "plain", "echo");
  const auto before = Footprint::take();
  for (int i = 0; i < 10; ++i) cycle("plain", "plain", "echo");
  EXPECT_GE(Footprint::take().library_maps, before.library_maps + 10);
}

}  // namespace
}  // namespace toolrack::sources::native
