/// What a call of a plugin in a process of its own costs, beside a bare echo over a socket pair: two processes, the
/// same bytes there and back, nothing else. Both are latencies of one call after the other.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include <filesystem>
#include <future>
#include <string>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "sources/native/native_source.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

/// So many calls for one look at the clock and one change of threads.
constexpr int kBatch = 500;
const std::string kInput = R"({"message":")" + std::string(180, 'x') + R"("})";

// ---- The bare echo.

bool transfer(int socket, char* bytes, std::size_t size, bool is_sent) {
  for (std::size_t done = 0; done < size;) {
    const auto moved = is_sent ? ::send(socket, bytes + done, size - done, MSG_NOSIGNAL)
                               : ::recv(socket, bytes + done, size - done, 0);
    if (moved <= 0) return false;
    done += static_cast<std::size_t>(moved);
  }
  return true;
}

void bare_echo(benchmark::State& state) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return state.SkipWithError("no socket pair");
  std::string bytes(kInput.size() + 100, 'x');  // As long as the frames of a call are.
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    while (transfer(ends[1], bytes.data(), bytes.size(), false) &&
           transfer(ends[1], bytes.data(), bytes.size(), true)) {
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  while (state.KeepRunningBatch(kBatch)) {
    for (int i = 0; i < kBatch; ++i) {
      if (!transfer(ends[0], bytes.data(), bytes.size(), true) || !transfer(ends[0], bytes.data(), bytes.size(), false))
        return state.SkipWithError("the other end has gone");
    }
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
}

// ---- Through the source.

/// Calls `left` times, each when the one before has completed. On the loop.
class Caller final : public registry::Completion {
 public:
  Caller(const registry::Skill& skill, base::Loop& loop) : skill_(skill), loop_(loop) {
    invocation_.skill = &skill;
    invocation_.input_json = kInput;
    invocation_.call_id = "bench";
    invocation_.loop = &loop;
  }
  /// Waits for them; false when one failed.
  bool run(int calls) {
    std::promise<void> done;
    done_ = &done;
    left_ = calls;
    boost::asio::post(loop_.context(), [this] { next(); });
    done.get_future().wait();
    return !has_failed_;
  }
  void complete(registry::Outcome&& outcome) noexcept override {
    has_failed_ |= outcome.error.has_value();
    outcome = {};
    if (--left_ == 0) return done_->set_value();
    next();
  }
  void progress(double, double, std::string_view) noexcept override {}
  bool partial(registry::Part) noexcept override { return false; }

 private:
  void next() { skill_.handler->invoke(invocation_, *this); }
  const registry::Skill& skill_;
  base::Loop& loop_;
  registry::Invocation invocation_;
  std::promise<void>* done_ = nullptr;
  int left_ = 0;
  bool has_failed_ = false;
};

void worker(benchmark::State& state, const char* name) {
  testing::TempDirectory directory;
  std::filesystem::copy_file(std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / "plain.so",
                             directory.path() / "plain.so");
  base::Metrics metrics;
  base::Loops loops(1);
  base::Pool workers("workers", 2), blocking("blocking", 2);
  Environment environment;
  environment.loops = &loops;
  environment.workers = &workers;
  environment.blocking = &blocking;
  environment.metrics = &metrics;
  environment.settings.runtime_dir = directory.path() / "runtime";
  environment.settings.isolation.otherwise = isolated::Isolation::kWorker;
  environment.settings.isolation.program = std::filesystem::path(TOOLRACK_BINARY_DIR) / "toolrack-worker";
  loops.start();
  {
    NativeSource source(environment);
    const auto scan = source.scan({{directory.path(), false}});
    const registry::Skill* skill = nullptr;
    for (const auto& one : scan.tools.at(0)->skills)
      if (one.name == name) skill = &one;
    Caller caller(*skill, loops[0]);
    bool is_good = caller.run(100);  // The first one starts the worker.
    while (is_good && state.KeepRunningBatch(kBatch)) is_good = caller.run(kBatch);
    if (!is_good) state.SkipWithError("a call failed");
  }
  loops.stop();
}

BENCHMARK(bare_echo)->UseRealTime();
BENCHMARK_CAPTURE(worker, echo_200_bytes, "echo")->UseRealTime();

}  // namespace
}  // namespace toolrack::sources::native
