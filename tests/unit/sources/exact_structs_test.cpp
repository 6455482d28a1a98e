/// A host of ABI 1.0 and not a byte more: each struct that it fills in for a plugin ends where a page ends, and the
/// next page cannot be read. A plugin that looks behind what its struct_size says dies. The other way round, the plugin
/// of tests/abi/stored does it to the host (stored_plugin_test.cpp).
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <toolrack/abi.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::sources::native {
namespace {

/// Sizes of 1.0, as in tests/abi/layout_v1.txt: structs may have grown since.
template <typename T>
constexpr std::size_t kSizeOf1_0 = 0;
template <>
constexpr std::size_t kSizeOf1_0<tr_host> = 72;
template <>
constexpr std::size_t kSizeOf1_0<tr_start> = 64;
template <>
constexpr std::size_t kSizeOf1_0<tr_invocation> = 88;
template <>
constexpr std::size_t kSizeOf1_0<tr_result> = 128;
template <>
constexpr std::size_t kSizeOf1_0<tr_call_api> = 104;
template <>
constexpr std::size_t kSizeOf1_0<tr_log_api> = 24;
template <>
constexpr std::size_t kSizeOf1_0<tr_clock_api> = 40;
template <>
constexpr std::size_t kSizeOf1_0<tr_executor_api> = 24;
template <>
constexpr std::size_t kSizeOf1_0<tr_http_api> = 16;

/// One T of 1.0 in front of a page that nobody may touch. What a later T has more is never written.
template <typename T>
class Guarded {
 public:
  Guarded() {
    void* const at = ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    start_ = static_cast<char*>(at);
    ::mprotect(start_ + page_, page_, PROT_NONE);
    get()->struct_size = kSizeOf1_0<T>;
  }
  ~Guarded() { ::munmap(start_, 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  T* get() const { return reinterpret_cast<T*>(start_ + page_ - kSizeOf1_0<T>); }
  T* operator->() const { return get(); }

 private:
  const std::size_t page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  char* start_ = nullptr;
};

tr_str lend(std::string_view text) { return {text.data(), text.size()}; }

/// One plugin, one call at a time, all in the test's thread.
class ExactHost {
 public:
  explicit ExactHost(const std::filesystem::path& library)
      : library_(::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(::dlerror());
    host_->abi_major = 1;
    host_->abi_minor = 0;
    host_->impl = this;
    host_->get_service = get_service;
    host_->explain = [](const tr_host*, tr_str) noexcept {};
    call_->complete = complete;
    call_->info = [](const tr_host*, tr_call, std::uint32_t) noexcept { return tr_str{}; };
    call_->is_cancelled = [](const tr_host*, tr_call) noexcept { return 0; };
    call_->progress = [](const tr_host* host, tr_call, double, double, tr_str) noexcept { ++of(host).progress_seen; };
    call_->emit = [](const tr_host*, tr_call, const tr_part*) noexcept { return 2; };
    call_->writable = [](const tr_host* host, tr_call, tr_done done, void* user) noexcept {
      return of(host).later([done, user](const tr_result* result) { done(user, result); }, 0);
    };
    call_->checkpoint = [](const tr_host* host, tr_call, tr_str, tr_done done, void* user) noexcept {
      return of(host).later([done, user](const tr_result* result) { done(user, result); }, 0);
    };
    call_->cancel_op = [](const tr_host*, tr_op) noexcept {};
    call_->resume_op = [](const tr_host*, tr_op) noexcept {};
    call_->keep = [](const tr_host*, const tr_result* result, tr_buffer* body) noexcept {
      *body = {result->body.data, result->body.size, nullptr, nullptr};  // It is there for ever.
    };
    call_->wait = [](const tr_host*, tr_call, tr_op) noexcept {};
    call_->meter = [](const tr_host*, tr_call, tr_str, std::int64_t) noexcept {};
    log_->write = [](const tr_host*, tr_call, std::int32_t, tr_str, tr_str) noexcept {};
    log_->enabled = [](const tr_host*, tr_call, std::int32_t) noexcept { return 1; };
    clock_->unix_ns = [](const tr_host*, tr_call) noexcept { return std::int64_t{1}; };
    clock_->monotonic_ns = [](const tr_host*, tr_call) noexcept { return std::int64_t{1}; };
    clock_->random = [](const tr_host*, tr_call, void* out, std::size_t size) noexcept { std::memset(out, 0, size); };
    clock_->after = [](const tr_host* host, tr_call, std::int64_t, tr_done done, void* user) noexcept {
      return of(host).later([done, user](const tr_result* result) { done(user, result); }, 0);
    };
    executor_->post = [](const tr_host* host, tr_call, tr_task task, void* user) noexcept {
      of(host).later([task, user](const tr_result*) { task(user); }, 0);
    };
    executor_->post_blocking = executor_->post;
    http_->send = [](const tr_host* host, tr_call, const tr_http_request*, tr_done done, void* user) noexcept {
      return of(host).later([done, user](const tr_result* result) { done(user, result); }, 200);
    };
    const auto entry = reinterpret_cast<tr_entry_v1_fn>(::dlsym(library_, TR_ENTRY_V1_SYMBOL))();
    if (entry->create(host_.get(), &plugin_) != TR_OK) throw std::runtime_error("create() fails");
    start_->manifest_json = lend("{}");
    start_->config_json = lend("{}");
    if (plugin_->start(plugin_->self, start_.get()) != TR_OK) throw std::runtime_error("start() fails");
  }
  ~ExactHost() {
    plugin_->destroy(plugin_->self);
    ::dlclose(library_);
  }

  /// The output, or "status N".
  std::string call(std::string_view skill) {
    const Guarded<tr_invocation> in;
    in->kind = TR_SKILL;
    in->index = UINT32_MAX;
    in->name = lend(skill);
    in->args_json = lend("{}");
    answer_.clear();
    plugin_->invoke(plugin_->self, 1, in.get());
    while (!waiting_.empty()) {
      const auto [done, number] = std::move(waiting_.front());
      waiting_.pop_front();
      const Guarded<tr_result> result;
      result->number = number;
      result->body = lend("body");
      done(result.get());
    }
    return answer_;
  }
  int progress_seen = 0;

 private:
  using Done = std::function<void(const tr_result*)>;
  static ExactHost& of(const tr_host* host) { return *static_cast<ExactHost*>(host->impl); }
  tr_op later(Done done, std::int64_t number) {
    waiting_.emplace_back(std::move(done), number);
    return 1;
  }
  static void complete(const tr_host* host, tr_call, const tr_outcome* outcome) noexcept {
    auto& output = outcome->output_json;
    of(host).answer_ = outcome->status == TR_OK ? std::string(static_cast<const char*>(output.data), output.size)
                                                : "status " + std::to_string(outcome->status);
    if (output.release != nullptr) output.release(output.owner);
  }
  static const void* get_service(const tr_host* host, const char* id) noexcept {
    const auto& self = of(host);
    const std::string_view name(id);
    if (name == TR_SERVICE_CALL) return self.call_.get();
    if (name == TR_SERVICE_LOG) return self.log_.get();
    if (name == TR_SERVICE_CLOCK) return self.clock_.get();
    if (name == TR_SERVICE_EXECUTOR) return self.executor_.get();
    if (name == TR_SERVICE_HTTP) return self.http_.get();
    return nullptr;
  }

  void* library_;
  Guarded<tr_host> host_;
  Guarded<tr_start> start_;
  Guarded<tr_call_api> call_;
  Guarded<tr_log_api> log_;
  Guarded<tr_clock_api> clock_;
  Guarded<tr_executor_api> executor_;
  Guarded<tr_http_api> http_;
  const tr_plugin* plugin_ = nullptr;
  std::deque<std::pair<Done, std::int64_t>> waiting_;
  std::string answer_;
};

std::filesystem::path built(const std::string& name) {
  return std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / (name + ".so");
}

TEST(ExactStructs, AreEnoughForAPluginOfTodaysCppFace) {
  ExactHost host(built("sdk_skills"));
  EXPECT_EQ(host.call("sleeps"), R"({"slept":true})");
  EXPECT_EQ(host.call("works"), R"({"worked":true})");
  EXPECT_EQ(host.call("throws"), "status " + std::to_string(TR_INTERNAL));
  EXPECT_EQ(host.call("no_such_skill"), "status " + std::to_string(TR_UNIMPLEMENTED));
}

TEST(ExactStructs, AreEnoughForThePluginOf1_0) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "stored_1_0.so is for x86-64";
#else
  ExactHost host(std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/abi/stored/stored_1_0.so");
  EXPECT_EQ(host.call("count"), R"({"count":1,"input":2})");
  EXPECT_EQ(host.call("wait"), R"({"waited":true})");
  EXPECT_EQ(host.progress_seen, 1);
  EXPECT_EQ(host.call("fetch"), R"({"status":0,"number":200,"bytes":4,"type":""})");
  EXPECT_EQ(host.call("fail"), "status " + std::to_string(TR_TOOL_ERROR));
#endif
}

/// The control: the page behind a struct is really shut.
TEST(ExactStructsDeathTest, EndWhereTheyEnd) {
  const Guarded<tr_host> host;
  const auto* behind = reinterpret_cast<const volatile char*>(host.get()) + host->struct_size;
  EXPECT_DEATH({ [[maybe_unused]] const char byte = *behind; }, "");
}

}  // namespace
}  // namespace toolrack::sources::native
