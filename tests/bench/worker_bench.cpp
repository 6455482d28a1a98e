/// What a call of a plugin in a process of its own costs, beside a bare echo over a socket pair: two processes, the
/// same bytes there and back, nothing else. Both are latencies of one call after the other.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "bench/paired.hpp"
#include "sources/native/native_source.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

/// A round takes some milliseconds.
constexpr int kCalls = 200, kRounds = 501;
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

class BareEcho {
 public:
  BareEcho() : bytes_(kInput.size() + 100, 'x') {  // As long as the frames of a call are.
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket pair");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      while (transfer(ends[1], bytes_.data(), bytes_.size(), false) &&
             transfer(ends[1], bytes_.data(), bytes_.size(), true)) {
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    socket_ = ends[0];
  }
  ~BareEcho() {
    ::close(socket_);
    ::waitpid(child_, nullptr, 0);
  }
  BareEcho(const BareEcho&) = delete;
  BareEcho& operator=(const BareEcho&) = delete;

  bool run(int calls) {
    for (int i = 0; i < calls; ++i) {
      if (!transfer(socket_, bytes_.data(), bytes_.size(), true) ||
          !transfer(socket_, bytes_.data(), bytes_.size(), false))
        return false;
    }
    return true;
  }

 private:
  std::string bytes_;
  pid_t child_ = -1;
  int socket_ = -1;
};

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
  BareEcho bare;  // Forks: before there are threads.
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
    bench::run_paired(
        state, kCalls, [&](int calls) { return caller.run(calls); }, [&](int calls) { return bare.run(calls); });
  }
  loops.stop();
}

BENCHMARK_CAPTURE(worker, echo, "echo")->Iterations(kRounds)->UseManualTime();

}  // namespace
}  // namespace toolrack::sources::native
