/// What a call through the native source costs, beside a bare loop through the ABI: the same library, the same skills.
///
/// The bare host checks the output as the real one must (UTF-8, JSON) and copies what is borrowed; that is the limit
/// for any host that does not trust its plugins.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <toolrack/abi.h>

#include <boost/asio/post.hpp>

#include <filesystem>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "bench/paired.hpp"
#include "sources/native/native_source.hpp"
#include "sources/native/output_check.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

/// A round takes some milliseconds.
constexpr int kCalls = 4000, kRounds = 501;
const std::string kInput = R"({"message":")" + std::string(180, 'x') + R"("})";

std::filesystem::path library() {
  return std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / "plain.so";
}

// ---- The bare loop.

struct BareHost {
  tr_host host{};
  std::string output;
  bool is_good = true;
};
const tr_call_api kBareCalls{sizeof(tr_call_api),
                             [](const tr_host* host, tr_call, const tr_outcome* outcome) noexcept {
                               auto& bare = *static_cast<BareHost*>(host->impl);
                               const std::string_view output(static_cast<const char*>(outcome->output_json.data),
                                                             outcome->output_json.size);
                               bare.is_good = bare.is_good && !find_json_fault(output, JsonKind::kAny);
                               bare.output.assign(output);
                               if (outcome->output_json.release != nullptr)
                                 outcome->output_json.release(outcome->output_json.owner);
                             },
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr};

class BareLoop {
 public:
  explicit BareLoop(std::string_view skill) : handle_(::dlopen(library().c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error("no plain.so");
    bare_.host = {sizeof(tr_host),
                  1,
                  0,
                  0,
                  &bare_,
                  {},
                  {},
                  [](const tr_host*, const char* id) noexcept -> const void* {
                    return std::string_view(id) == TR_SERVICE_CALL ? &kBareCalls : nullptr;
                  },
                  nullptr};
    const auto entry = reinterpret_cast<tr_entry_v1_fn>(::dlsym(handle_, TR_ENTRY_V1_SYMBOL))();
    entry->create(&bare_.host, &plugin_);
    tr_start start{};
    start.struct_size = sizeof start;
    plugin_->start(plugin_->self, &start);
    in_.struct_size = sizeof in_;
    in_.kind = TR_SKILL;
    in_.name = {skill.data(), skill.size()};
    in_.args_json = {kInput.data(), kInput.size()};
  }
  ~BareLoop() {
    plugin_->destroy(plugin_->self);
    ::dlclose(handle_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  bool run(int calls) {
    for (int i = 0; i < calls; ++i) plugin_->invoke(plugin_->self, 1, &in_);
    return bare_.is_good;
  }

 private:
  void* const handle_;
  BareHost bare_;
  const tr_plugin* plugin_ = nullptr;
  tr_invocation in_{};
};

// ---- Through the source.

struct Counting final : registry::Completion {
  void complete(registry::Outcome&& outcome) noexcept override {
    if (outcome.error) ++failed;
    bytes += outcome.output_json.view().size();
  }
  void progress(double, double, std::string_view) noexcept override {}
  bool partial(registry::Part) noexcept override { return false; }
  std::size_t failed = 0, bytes = 0;
};

void native(benchmark::State& state, const char* name) {
  testing::TempDirectory directory;
  std::filesystem::copy_file(library(), directory.path() / "plain.so");
  base::Metrics metrics;
  base::Loops loops(1);
  base::Pool workers("workers", 2), blocking("blocking", 2);
  Environment environment;
  environment.loops = &loops;
  environment.workers = &workers;
  environment.blocking = &blocking;
  environment.metrics = &metrics;
  environment.settings.runtime_dir = directory.path() / "runtime";
  loops.start();
  {
    NativeSource source(environment);
    const auto scan = source.scan({{directory.path(), false}});
    const registry::Skill* skill = nullptr;
    for (const auto& one : scan.tools.at(0)->skills) {
      if (one.name == name) skill = &one;
    }
    Counting completion;
    registry::Invocation invocation;
    invocation.skill = skill;
    invocation.input_json = kInput;
    invocation.call_id = "bench";
    invocation.loop = &loops[0];
    BareLoop bare(name);
    // Both on the loop's thread.
    const auto on_loop = [&](const std::function<bool()>& run) {
      std::promise<bool> done;
      boost::asio::post(loops[0].context(), [&] { done.set_value(run()); });
      return done.get_future().get();
    };
    // The first call loads the library.
    on_loop([&] { return skill->handler->invoke(invocation, completion) != 0; });
    while (!on_loop([&] { return completion.bytes != 0; })) continue;
    bench::run_paired(
        state, kCalls,
        [&](int calls) {
          return on_loop([&] {
            for (int i = 0; i < calls; ++i) benchmark::DoNotOptimize(skill->handler->invoke(invocation, completion));
            return completion.failed == 0;
          });
        },
        [&](int calls) { return on_loop([&] { return bare.run(calls); }); });
  }
  loops.stop();
}

BENCHMARK_CAPTURE(native, literal, "literal")->Iterations(kRounds)->UseManualTime();
BENCHMARK_CAPTURE(native, echo, "echo")->Iterations(kRounds)->UseManualTime();
BENCHMARK_CAPTURE(native, lent, "lent")->Iterations(kRounds)->UseManualTime();

}  // namespace
}  // namespace toolrack::sources::native
