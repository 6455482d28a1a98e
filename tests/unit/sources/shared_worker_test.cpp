/// Plugins of a vendor in one worker process: what they share, what ends with it, and what one of them cannot cost
/// another vendor's.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <thread>

#include "native_fixture.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::sources::native {
namespace {

class SharedWorker : public NativeFixture {
 protected:
  SharedWorker() {
    settings.isolation.otherwise = isolated::Isolation::kWorkerPerVendor;
    settings.isolation.max_memory = 0;  // A sanitizer reserves terabytes.
    settings.isolation.back_off = std::chrono::milliseconds(0);
    // A call that a test leaves open ends soon after it, with its process.
    settings.drain_timeout = settings.grace = std::chrono::milliseconds(50);
    settings.isolation.overdue = std::chrono::milliseconds(200);
  }
  ~SharedWorker() override {
    source.reset();
    // Every process that was started has been waited for, and took what it had put somewhere along.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    EXPECT_FALSE(std::filesystem::exists(settings.runtime_dir / "workers"));
  }
  void open_with(std::initializer_list<const char*> names) {
    for (const auto* name : names) install(name);
    open();
  }
  long process_of(const std::string& slug) {
    const auto answer = call(slug, "who");
    EXPECT_FALSE(answer.error) << slug << ": " << answer.error->message();
    long out = -1;
    constexpr std::string_view kName = R"({"process":)";
    if (answer.output.starts_with(kName))
      std::from_chars(answer.output.data() + kName.size(), answer.output.data() + answer.output.size(), out);
    return out;
  }
  /// Whether every thread of it waits, and how often each has begun to.
  static std::optional<std::string> waits_of(long process) {
    std::string out;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      std::ifstream file(thread.path() / "status");
      bool is_waiting = false;
      for (std::string line; std::getline(file, line);) {
        is_waiting = is_waiting || line == "State:\tS (sleeping)";
        if (line.find("ctxt_switches:") != std::string::npos) out += thread.path().filename().string() + line;
      }
      if (!is_waiting) return std::nullopt;
    }
    return out;
  }
  /// Until every thread of it waits: no frame of a plugin that computes is left, and none has just answered. One thread
  /// may hand its work to another while they are looked at; so they have to be found a second time as they were.
  static void wait_until_quiet(long process) {
    for (;;) {
      const auto before = waits_of(process);
      if (before && waits_of(process) == before) return;
      std::this_thread::yield();
    }
  }
  /// Of a call that goes on without a frame of its plugin: only once it has been sent.
  TestCall& begin_waiting(const std::string& slug, std::size_t loop = 0) {
    auto& out = *waiting_.emplace_back(std::make_unique<TestCall>(skill(slug, "waits"), "{}", loops[loop]));
    out.start();
    out.ticket();
    return out;
  }

 private:
  std::vector<std::unique_ptr<TestCall>> waiting_;  // Until the source has gone.
};

bool says(const Answer& answer, std::string_view what) {
  return answer.error && answer.error->message().find(what) != std::string_view::npos;
}
std::string text(const Answer& answer) { return answer.error ? std::string(answer.error->message()) : answer.output; }

TEST_F(SharedWorker, IsOneForAllPluginsOfAVendorAndNoOtherVendors) {
  open_with({"dies", "dies_too", "dies_elsewhere"});
  const auto process = process_of("dies");
  EXPECT_NE(process, ::getpid());
  EXPECT_EQ(process_of("dies-too"), process);
  EXPECT_NE(process_of("dies-elsewhere"), process);
  const auto file = row("dies_too");
  EXPECT_EQ(file.isolation, "worker_per_vendor");
  ASSERT_TRUE(file.worker);
  EXPECT_EQ(file.worker->process, process);
  EXPECT_EQ(file.worker->shared, "test/*");
  EXPECT_EQ(file.worker->plugins, (std::vector<std::string>{"test/dies", "test/dies-too"}));
  EXPECT_EQ(row("dies_elsewhere").worker->plugins, std::vector<std::string>{"elsewhere/dies-elsewhere"});
}

TEST_F(SharedWorker, IsNotSharedByWhatShipsWithTheProgramAndWhatDoesNot) {
  settings.isolation.plugins.emplace("test/dies", isolated::Isolation::kWorkerPerVendor);
  const auto bundled = directory.path() / "bundled";
  std::filesystem::create_directory(bundled);
  std::filesystem::copy_file(built("dies"), bundled / "dies.so");
  open_with({"dies_too"});
  result = source->scan({{plugins(), false}, {bundled, true}});
  EXPECT_EQ(row("dies").isolation, "worker_per_vendor");
  EXPECT_NE(process_of("dies"), process_of("dies-too"));
}

class SharedDeath : public SharedWorker, public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(SharedDeath, EndsTheCallsOfAllOfItsVendorAndNamesWhoWasRunning) {
  const auto& [deadly, how] = GetParam();
  open_with({"dies", "dies_too", "dies_elsewhere"});
  const auto before = process_of("dies-too"), elsewhere = process_of("dies-elsewhere");
  auto &beside = begin_waiting("dies-too", 1), &other_vendor = begin_waiting("dies-elsewhere");
  process_of("dies-too");  // The one that waits has been sent before.
  wait_until_quiet(before);
  const auto died = call("dies", deadly);
  const auto waited = beside.wait();
  for (const auto* answer : {&died, &waited}) {
    EXPECT_EQ(answer->code(), "plugin_failed");
    EXPECT_TRUE(says(*answer, how) && says(*answer, "while test/dies was running")) << text(*answer);
  }
  EXPECT_NE(process_of("dies-too"), before);
  EXPECT_EQ(process_of("dies"), process_of("dies-too"));
  EXPECT_EQ(row("dies").worker->deaths, 1U);
  EXPECT_EQ(row("dies_too").worker->deaths, 0U);
  EXPECT_EQ(process_of("dies-elsewhere"), elsewhere);
  EXPECT_FALSE(other_vendor.is_answered());
}

INSTANTIATE_TEST_SUITE_P(Of, SharedDeath,
                         ::testing::Values(std::pair("segv", "SIGSEGV"), std::pair("abort", "SIGABRT"),
                                           std::pair("kill", "SIGKILL"), std::pair("exit", "exit code 3")),
                         [](const auto& info) { return std::string(info.param.first); });

TEST_F(SharedWorker, CountsItsDeathsAgainstTheGuiltyOneWhichAloneStaysDown) {
  open_with({"dies", "dies_too"});
  for (int i = 0; i < 5; ++i) {
    wait_until_quiet(process_of("dies-too"));
    EXPECT_TRUE(says(call("dies", "abort"), "SIGABRT")) << i;
  }
  EXPECT_TRUE(says(call("dies", "who"), "5 times within a minute"));
  EXPECT_GT(process_of("dies-too"), 0);
  EXPECT_EQ(row("dies_too").worker->plugins, std::vector<std::string>{"test/dies-too"});
  EXPECT_EQ(row("dies_too").worker->trouble, "");
  result = source->scan({{plugins(), false}}, {.retries_failed = true});
  EXPECT_EQ(process_of("dies"), process_of("dies-too")) << "an operator asked for it";
}

TEST_F(SharedWorker, MakesTheGuiltyOneAlonePauseBetweenDeaths) {
  settings.isolation.back_off = std::chrono::hours(1);
  open_with({"dies", "dies_too"});
  for (int i = 0; i < 2; ++i) {
    wait_until_quiet(process_of("dies-too"));
    EXPECT_TRUE(says(call("dies", "abort"), "during the call")) << i;
  }
  EXPECT_TRUE(says(call("dies", "who"), "SIGABRT"));
  EXPECT_GT(process_of("dies-too"), 0);
}

TEST_F(SharedWorker, CountsADeathAgainstAllWhenNobodyWasRunning) {
  open_with({"dies", "dies_too"});
  process_of("dies");
  const auto process = process_of("dies-too");
  wait_until_quiet(process);
  ASSERT_EQ(::kill(static_cast<pid_t>(process), SIGSTOP), 0);
  auto& waiting = begin_waiting("dies-too");
  ASSERT_EQ(::kill(static_cast<pid_t>(process), SIGKILL), 0);
  const auto ended = waiting.wait();
  EXPECT_TRUE(says(ended, "which of its plugins did it cannot be said")) << text(ended);
  EXPECT_NE(process_of("dies"), process);
  process_of("dies-too");
  EXPECT_EQ(row("dies").worker->deaths, 1U);
  EXPECT_EQ(row("dies_too").worker->deaths, 1U);
}

TEST_F(SharedWorker, EndsForACallThatGoesOnAfterItsCancellationAndSaysWhose) {
  open_with({"dies", "dies_too"});
  process_of("dies");  // What is not loaded at its deadline does not hang.
  process_of("dies-too");
  auto& beside = begin_waiting("dies-too", 1);
  TestCall hangs(skill("dies", "hang"), "{}", loops[0]);
  hangs.invocation.deadline_ns = base::system_clock().monotonic_ns() + 100'000'000;
  hangs.start();
  EXPECT_EQ(hangs.wait().code(), "timeout");
  const auto ended = beside.wait();
  EXPECT_TRUE(says(ended, "had been cancelled: test/dies")) << text(ended);
  EXPECT_GT(process_of("dies-too"), 0);
  EXPECT_EQ(row("dies_too").worker->deaths, 0U);
}

TEST_F(SharedWorker, GoesOnWhenAPluginIsReplacedUnderCallsOfTheOthers) {
  open_with({"dies_too", "plain"});
  const auto process = process_of("dies-too");
  auto& waiting = begin_waiting("dies-too", 1);
  const auto& who = skill("dies-too", "who");
  std::atomic<bool> is_over{false};
  testing::Count answered;
  std::atomic<int> failed{0};
  std::thread others([&] {
    while (!is_over.load()) {
      TestCall one(who, "{}", loops[1]);
      one.start();
      if (one.wait().error)
        failed.fetch_add(1);
      else
        answered.add();
    }
  });
  const auto old_tools = result.tools;  // Keeps the skill that the other thread calls.
  for (int i = 0; i < 20; ++i) {
    const bool is_next = i % 2 == 0;
    install(is_next ? "plain_next" : "plain", "plain");
    scan();
    const auto& tools = result.tools;
    const auto now = std::ranges::find_if(tools, [](const auto& one) { return one->slug == "plain"; });
    ASSERT_NE(now, tools.end());
    EXPECT_EQ((*now)->version, is_next ? "2.0.0" : "1.0.0");
    TestCall first((*now)->skills.front(), R"({"turn":1})", loops[0]);
    first.start();
    EXPECT_EQ(first.wait().output, R"({"turn":1})");
    drain(std::move(result.retired));
    EXPECT_EQ(row("plain").worker->process, process) << i;
    EXPECT_TRUE(answered.wait_for(answered.value() + 1)) << "they go on";
  }
  is_over.store(true);
  others.join();
  EXPECT_EQ(failed.load(), 0);
  EXPECT_FALSE(waiting.is_answered());
  EXPECT_EQ(process_of("dies-too"), process);
  waiting.cancel();
  EXPECT_EQ(waiting.wait().code(), "cancelled");
}

TEST_F(SharedWorker, KeepsNothingOfPluginsThatHaveLeft) {
  settings.unload = UnloadPolicy::kClose;  // Sanitizers would keep every library.
  open_with({"dies_too"});
  const auto process = process_of("dies-too");
  const auto libraries = [&] { return call("dies-too", "libraries").output; };
  const auto threads = [&] {
    std::size_t out = 0;
    for ([[maybe_unused]] const auto& one :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task"))
      ++out;
    return out;
  };
  const auto libraries_before = libraries();
  const auto threads_before = threads();
  for (int i = 0; i < 100; ++i) {
    const auto path = install("plain");
    scan();
    EXPECT_FALSE(call("plain", "echo").error);
    EXPECT_NE(libraries(), libraries_before);
    uninstall(path);
  }
  EXPECT_EQ(process_of("dies-too"), process);
  EXPECT_EQ(libraries(), libraries_before);
  while (threads() > threads_before) std::this_thread::yield();  // The last one is ending.
}

TEST_F(SharedWorker, EndsWithItsLastPluginAndStartsWithTheNext) {
  open_with({"dies", "dies_too"});
  const auto process = process_of("dies");
  process_of("dies-too");
  uninstall(plugins() / "dies.so");
  ASSERT_EQ(::kill(static_cast<pid_t>(process), 0), 0);
  EXPECT_EQ(row("dies_too").worker->plugins, std::vector<std::string>{"test/dies-too"});
  uninstall(plugins() / "dies_too.so");
  EXPECT_EQ(::kill(static_cast<pid_t>(process), 0), -1);
  EXPECT_EQ(errno, ESRCH);
  install("dies");
  scan();
  EXPECT_NE(process_of("dies"), process);
}

TEST_F(SharedWorker, IsNotHarmedByAPluginThatDoesNotComeUp) {
  open_with({"dies_too", "start_fails", "create_fails", "undefined_symbol", "null_entry"});
  const auto process = process_of("dies-too");
  auto& waiting = begin_waiting("dies-too");
  for (const auto* slug : {"start-fails", "create-fails", "undefined-symbol", "null-entry"})
    EXPECT_EQ(call(slug, "echo").code(), "plugin_failed") << slug;
  EXPECT_EQ(process_of("dies-too"), process);
  EXPECT_EQ(row("dies_too").worker->plugins, std::vector<std::string>{"test/dies-too"});
  EXPECT_FALSE(waiting.is_answered());
}

TEST_F(SharedWorker, EndsForAStaticConstructorThatThrowsAndTheOthersGoOnInTheNext) {
  // What it throws leaves the dynamic linker's lock held: nobody would get on, and only this limit would end that.
  settings.load_timeout = std::chrono::hours(1);
  open_with({"constructor_throws", "dies_too", "plain"});
  EXPECT_EQ(call("constructor-throws", "echo").code(), "plugin_failed");
  const auto answer = call("plain", "echo");
  EXPECT_FALSE(answer.error) << answer.error->message();
  EXPECT_GT(process_of("dies-too"), 0);
}

TEST_F(SharedWorker, StaysTheChoiceInSafeMode) {
  environment.is_safe_mode = [] { return true; };
  open_with({"dies", "dies_too"});
  EXPECT_EQ(process_of("dies"), process_of("dies-too"));
}

}  // namespace
}  // namespace toolrack::sources::native
