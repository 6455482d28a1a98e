/// What a call through the native source costs, beside a bare loop through the ABI: the same library, the same skills.
///
/// The bare host checks the output as the real one must (UTF-8, JSON) and copies what is borrowed; that is the limit
/// for any host that does not trust its plugins.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <toolrack/abi.h>

#include <boost/asio/post.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "sources/native/native_source.hpp"
#include "sources/native/output_check.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

const std::string kInput = R"({"message":")" + std::string(180, 'x') + R"("})";

std::filesystem::path library() {
  return std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / "plain.so";
}

// ---- The bare loop.

struct BareHost {
  tr_host host{};
  const tr_plugin* plugin = nullptr;
  std::string output;
  bool is_good = false;
};
bool checks_output = false;

const tr_call_api kBareCalls{sizeof(tr_call_api),
                             [](const tr_host* host, tr_call, const tr_outcome* outcome) noexcept {
                               auto& bare = *static_cast<BareHost*>(host->impl);
                               const std::string_view output(static_cast<const char*>(outcome->output_json.data),
                                                             outcome->output_json.size);
                               bare.is_good = !checks_output || !find_json_fault(output, JsonKind::kAny);
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

void bare_loop(benchmark::State& state, const char* skill, bool checks) {
  checks_output = checks;
  void* handle = ::dlopen(library().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return state.SkipWithError("no plain.so");
  const auto entry = reinterpret_cast<tr_entry_v1_fn>(::dlsym(handle, TR_ENTRY_V1_SYMBOL))();
  BareHost bare;
  bare.host = {sizeof(tr_host),
               1,
               0,
               0,
               &bare,
               {},
               {},
               [](const tr_host*, const char* id) noexcept -> const void* {
                 return std::string_view(id) == TR_SERVICE_CALL ? &kBareCalls : nullptr;
               },
               nullptr};
  entry->create(&bare.host, &bare.plugin);
  tr_start start{};
  start.struct_size = sizeof start;
  bare.plugin->start(bare.plugin->self, &start);
  tr_invocation in{};
  in.struct_size = sizeof in;
  in.kind = TR_SKILL;
  in.name = {skill, std::char_traits<char>::length(skill)};
  in.args_json = {kInput.data(), kInput.size()};
  for (auto _ : state) {
    bare.plugin->invoke(bare.plugin->self, 1, &in);
    benchmark::DoNotOptimize(bare.is_good);
  }
  bare.plugin->destroy(bare.plugin->self);
  ::dlclose(handle);
}

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
    // The first call loads the library.
    boost::asio::post(loops[0].context(), [&] { skill->handler->invoke(invocation, completion); });
    for (bool is_loaded = false; !is_loaded;) {
      std::promise<bool> seen;
      boost::asio::post(loops[0].context(), [&] { seen.set_value(completion.bytes != 0); });
      is_loaded = seen.get_future().get();
    }
    std::promise<void> done;
    boost::asio::post(loops[0].context(), [&] {
      for (auto _ : state) benchmark::DoNotOptimize(skill->handler->invoke(invocation, completion));
      done.set_value();
    });
    done.get_future().wait();
    if (completion.failed != 0) state.SkipWithError("a call failed");
  }
  loops.stop();
}

BENCHMARK_CAPTURE(bare_loop, literal, "literal", false);
BENCHMARK_CAPTURE(bare_loop, literal_checked, "literal", true);
BENCHMARK_CAPTURE(native, literal, "literal");
BENCHMARK_CAPTURE(bare_loop, echo_200_bytes, "echo", false);
BENCHMARK_CAPTURE(bare_loop, echo_200_bytes_checked, "echo", true);
BENCHMARK_CAPTURE(native, echo_200_bytes, "echo");
BENCHMARK_CAPTURE(bare_loop, lent_200_bytes_checked, "lent", true);
BENCHMARK_CAPTURE(native, lent_200_bytes, "lent");

}  // namespace
}  // namespace toolrack::sources::native
