#include <toolrack/plugin.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

// Counts this program's allocations, to hold the SDK to its word. Not inlined: g++ would pair the free() below with its
// own operator new and warn.
namespace {
std::size_t allocation_count = 0;
}  // namespace
__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocation_count;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace toolrack {
namespace {

class NullSkills final : public Plugin {
 public:
  explicit NullSkills(const Host& host) : Plugin(host) {
    skill<&NullSkills::function>("function");
    skill<&NullSkills::coroutine>("coroutine");
  }

 private:
  Reply function(Call& call) { return Reply::borrowed(call.input()); }
  Task coroutine(Call call) { co_return Reply::borrowed(call.input()); }
};

/// Just enough of a host to count what one null call allocates on the plugin's side.
class BareHost {
 public:
  BareHost() {
    host_.struct_size = sizeof(host_);
    host_.abi_major = TR_ABI_MAJOR;
    host_.impl = this;
    host_.get_service = [](const tr_host*, const char* id) noexcept -> const void* {
      static constexpr tr_call_api kCall = {sizeof(kCall), complete, nullptr, nullptr, nullptr, nullptr, nullptr,
                                            nullptr,       nullptr,  nullptr, nullptr, nullptr, wait};
      static constexpr tr_log_api kLog = {sizeof(kLog), nullptr,
                                          [](const tr_host*, tr_call, std::int32_t) noexcept { return 0; }};
      static constexpr tr_clock_api kClock = {
          sizeof(kClock), nullptr, nullptr, nullptr,
          [](const tr_host*, tr_call, std::int64_t, tr_done, void*) noexcept { return tr_op{1}; }};
      static constexpr tr_executor_api kExecutor = {sizeof(kExecutor), nullptr,
                                                    [](const tr_host*, tr_call, tr_task, void*) noexcept {}};
      const std::string_view name(id);
      if (name == TR_SERVICE_CALL) return &kCall;
      if (name == TR_SERVICE_LOG) return &kLog;
      if (name == TR_SERVICE_CLOCK) return &kClock;
      if (name == TR_SERVICE_EXECUTOR) return &kExecutor;
      return nullptr;
    };
    host_.explain = [](const tr_host*, tr_str) noexcept {};
    EXPECT_EQ(detail::entry<NullSkills>()->create(&host_, &plugin_), TR_OK);
    tr_start in{};
    in.struct_size = sizeof(in);
    EXPECT_EQ(plugin_->start(plugin_->self, &in), TR_OK);
  }
  ~BareHost() { plugin_->destroy(plugin_->self); }

  std::size_t allocations_of(std::string_view skill, std::string_view input) {
    tr_invocation in{};
    in.struct_size = sizeof(in);
    in.kind = TR_SKILL;
    in.name = lend(skill);
    in.args_json = lend(input);
    is_right_ = false;
    expected_ = input;
    const std::size_t before = allocation_count;
    plugin_->invoke(plugin_->self, 1, &in);
    const std::size_t count = allocation_count - before;
    EXPECT_TRUE(is_right_);
    return count;
  }

 private:
  static void complete(const tr_host* host, tr_call, const tr_outcome* outcome) noexcept {
    auto* self = static_cast<BareHost*>(host->impl);
    const tr_buffer& output = outcome->output_json;
    self->is_right_ = self->expected_ == std::string_view(static_cast<const char*>(output.data), output.size);
    if (output.release != nullptr) output.release(output.owner);
  }
  static void wait(const tr_host*, tr_call, tr_op) noexcept {}

  tr_host host_{};
  const tr_plugin* plugin_ = nullptr;
  std::string_view expected_;
  bool is_right_ = false;
};

TEST(NullCall, AllocatesNothingForAnEchoAndOneFrameForACoroutine) {
  BareHost host;
  const std::string input = "{\"message\":\"" + std::string(200'000, 'x') + "\"}";
  EXPECT_EQ(host.allocations_of("function", input), 0u);
  EXPECT_EQ(host.allocations_of("coroutine", input), 1u);
}

}  // namespace
}  // namespace toolrack
