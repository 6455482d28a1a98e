/// Plugins in processes of their own: what ends with such a process, and what does not.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "native_fixture.hpp"
#include "registry/announcements.hpp"
#include "support/patience.hpp"

namespace toolrack::sources::native {
namespace {

class Isolated : public NativeFixture {
 protected:
  Isolated() {
    settings.isolation.otherwise = isolated::Isolation::kWorker;
    settings.isolation.max_memory = 0;  // A sanitizer reserves terabytes; where memory is the matter it is limited.
    settings.isolation.back_off = std::chrono::milliseconds(0);
  }
  ~Isolated() override {
    source.reset();
    // Every process that was started has been waited for.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }
  void open_with(std::initializer_list<const char*> names) {
    for (const auto* name : names) install(name);
    open();
  }
  long number(const Answer& answer, std::string_view name) {
    const auto at = answer.output.find(name);
    EXPECT_NE(at, std::string::npos) << answer.output << (answer.error ? answer.error->message() : "");
    long out = -1;
    if (at != std::string::npos)
      std::from_chars(answer.output.data() + at + name.size() + 2, answer.output.data() + answer.output.size(), out);
    return out;
  }
  long process_of_dies() { return number(call("dies", "who"), "process"); }
  /// Of one that may be ended at any time, and then is started again.
  long process_of_dies_once_it_answers() {
    auto answer = call("dies", "who");
    while (answer.error) answer = call("dies", "who");
    return number(answer, "process");
  }
};

TEST_F(Isolated, RunsInAnotherProcessWithoutOurEnvironment) {
  ::setenv("TOOLRACK_CREDENTIAL_TEST", "secret", 1);
  open_with({"dies"});
  const auto process = process_of_dies();
  EXPECT_GT(process, 0);
  EXPECT_NE(process, ::getpid());
  EXPECT_EQ(number(call("dies", "environment"), "variables"), 0);
  ::unsetenv("TOOLRACK_CREDENTIAL_TEST");
  const auto file = row("dies");
  ASSERT_TRUE(file.worker);
  EXPECT_EQ(file.isolation, "worker");
  EXPECT_EQ(file.worker->process, process);
  EXPECT_EQ(file.worker->deaths, 0U);
  EXPECT_NE(file.worker->sandbox.find("seccomp"), std::string::npos) << file.worker->missing;
}

struct Death {
  const char* skill;
  const char* how;
};

class IsolatedDeath : public Isolated, public ::testing::WithParamInterface<Death> {};

TEST_P(IsolatedDeath, EndsItsOwnCallsAndNobodyElses) {
  const auto& [deadly, how] = GetParam();
  open_with({"dies", "plain"});
  const auto before = process_of_dies();
  TestCall beside(skill("dies", "waits"), "{}", loops[1]);
  beside.start();
  beside.ticket();  // It has been sent, to that process.
  const auto died = call("dies", deadly);
  ASSERT_TRUE(died.error);
  EXPECT_EQ(died.code(), "plugin_failed");
  EXPECT_NE(died.error->message().find("test/dies"), std::string::npos) << died.error->message();
  EXPECT_NE(died.error->message().find(how), std::string::npos) << died.error->message();
  const auto waited = beside.wait();
  ASSERT_TRUE(waited.error);
  EXPECT_NE(waited.error->message().find(how), std::string::npos) << waited.error->message();
  EXPECT_FALSE(call("plain", "echo").error) << "another tool";
  const auto after = process_of_dies();
  EXPECT_GT(after, 0);
  EXPECT_NE(after, before);
  EXPECT_EQ(row("dies").worker->deaths, 1U);
}

INSTANTIATE_TEST_SUITE_P(Of, IsolatedDeath,
                         ::testing::Values(Death{"segv", "SIGSEGV"}, Death{"abort", "SIGABRT"},
                                           Death{"kill", "SIGKILL"}, Death{"exit", "exit code 3"},
                                           Death{"garbage", "no frame"}, Death{"unsealed", "not sealed"}),
                         [](const auto& info) { return std::string(info.param.skill); });

/// Keeps whose code has begun anew.
class HeardOfDeaths final : public registry::Announcements {
 public:
  void list_changed(registry::DynamicList, std::string_view, std::string_view) noexcept override {}
  void resource_updated(std::string_view, std::string_view) noexcept override {}
  void begun_anew(std::string_view tool) noexcept override {
    const std::lock_guard lock(mutex_);
    tools_.emplace_back(tool);
    changed_.notify_all();
  }
  std::vector<std::string> wait_for_first() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::kPatience, [&] { return !tools_.empty(); });
    return tools_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> tools_;
};

TEST_F(Isolated, WhoeverHasToldItSomethingHearsThatItsWorkerEndedAndThatOnly) {
  HeardOfDeaths heard;
  environment.announcements = &heard;
  open_with({"dies", "plain"});
  EXPECT_FALSE(call("plain", "echo").error);
  ASSERT_TRUE(call("dies", "abort").error);
  EXPECT_EQ(heard.wait_for_first(), std::vector<std::string>{"test/dies@1.0.0"});
  EXPECT_GT(process_of_dies(), 0);
  source.reset();
  EXPECT_EQ(heard.wait_for_first().size(), 1U) << "one that is taken out of service is told nothing any more";
}

TEST_F(Isolated, ACallThatHangsEndsAtItsDeadlineAndItsWorkerAfterIt) {
  settings.grace = std::chrono::milliseconds(50);
  settings.isolation.overdue = std::chrono::milliseconds(200);
  open_with({"dies"});
  const auto before = process_of_dies();
  TestCall hangs(skill("dies", "hang"), "{}", loops[0]);
  hangs.invocation.deadline_ns = base::system_clock().monotonic_ns() + 100'000'000;
  hangs.start();
  EXPECT_EQ(hangs.wait().code(), "timeout");
  // The worker goes on answering until it is ended; then calls go to the next one.
  auto after = before;
  while (after == before) {
    const auto answer = call("dies", "who");
    if (!answer.error) after = number(answer, "process");
  }
  EXPECT_EQ(row("dies").worker->deaths, 1U);
}

TEST_F(Isolated, IsNotStartedAnyMoreAfterFiveDeathsWithinAMinuteUntilItIsAskedFor) {
  open_with({"dies"});
  for (int i = 0; i < 5; ++i) EXPECT_NE(call("dies", "abort").error->message().find("SIGABRT"), std::string::npos) << i;
  const auto refused = call("dies", "who");
  ASSERT_TRUE(refused.error);
  EXPECT_NE(refused.error->message().find("5 times within a minute"), std::string::npos) << refused.error->message();
  EXPECT_NE(row("dies").worker->trouble.find("SIGABRT"), std::string::npos);
  EXPECT_EQ(row("dies").worker->process, 0);
  result = source->scan({{plugins(), false}}, {.retries_failed = true});
  EXPECT_GT(process_of_dies(), 0);
  EXPECT_EQ(row("dies").worker->trouble, "");
}

TEST_F(Isolated, PausesBetweenDeathsAndSaysForHowLong) {
  settings.isolation.back_off = std::chrono::hours(1);
  open_with({"dies"});
  EXPECT_TRUE(call("dies", "abort").error);
  EXPECT_TRUE(call("dies", "abort").error) << "the first death costs no pause";
  const auto refused = call("dies", "who");
  ASSERT_TRUE(refused.error);
  EXPECT_NE(refused.error->message().find("SIGABRT"), std::string::npos) << refused.error->message();
  ASSERT_TRUE(refused.error->retry_after());
  EXPECT_GT(*refused.error->retry_after(), std::chrono::minutes(50));
}

TEST_F(Isolated, StartsNoProcessesAndHoldsFewDescriptors) {
  open_with({"dies"});
  EXPECT_EQ(number(call("dies", "fork"), "made"), 0);
  const auto opened = number(call("dies", "descriptors"), "opened");
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, 256);
}

#if !defined(__has_feature) || !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_F(Isolated, HasSoMuchMemoryAndNoMore) {
  settings.isolation.max_memory = 512 << 20;
  open_with({"dies"});
  const auto eaten = number(call("dies", "memory"), "mebibytes");
  EXPECT_GT(eaten, 64);
  EXPECT_LT(eaten, 512);
  const auto overrun = call("dies", "overrun");
  ASSERT_TRUE(overrun.error);
  EXPECT_NE(overrun.error->message().find("SIG"), std::string::npos) << overrun.error->message();
}
#endif

TEST_F(Isolated, EndsWithOutputThatNobodyWants) {
  open_with({"dies"});
  TestCall endless(skill("dies", "endless"), "{}", loops[0]);
  endless.invocation.wants_partials = true;
  endless.partials_wanted = 40;
  endless.start();
  EXPECT_FALSE(endless.wait().error);
  EXPECT_GE(endless.partials_seen, 40U);
}

TEST_F(Isolated, EndsWhenItStandsStillAndSaysSoToItsCalls) {
  // So short that a busy machine may end one that only had to wait for a processor; it is told the same.
  settings.isolation.ping_every = std::chrono::milliseconds(200);
  open_with({"dies"});
  const auto before = process_of_dies_once_it_answers();
  const auto stopped = call("dies", "stops");
  ASSERT_TRUE(stopped.error) << "without a deadline it would wait for ever";
  EXPECT_NE(stopped.error->message().find("test/dies"), std::string::npos) << stopped.error->message();
  EXPECT_NE(stopped.error->message().find("did not answer"), std::string::npos) << stopped.error->message();
  EXPECT_NE(process_of_dies_once_it_answers(), before);
}

TEST_F(Isolated, AnswersWhileAllItsThreadsCompute) {
  settings.isolation.ping_every = std::chrono::milliseconds(1'000);  // On a busy machine it takes its time.
  settings.grace = std::chrono::milliseconds(10);
  open_with({"dies"});
  const auto before = process_of_dies();
  // More than there are threads: each is given up by its callers, and its worker only at the end of `overdue`.
  std::vector<std::unique_ptr<TestCall>> hanging;
  for (int i = 0; i < 20; ++i) {
    hanging.push_back(std::make_unique<TestCall>(skill("dies", "hang"), "{}", loops[static_cast<std::size_t>(i) % 2]));
    hanging.back()->invocation.deadline_ns = base::system_clock().monotonic_ns() + 2'500'000'000;
    hanging.back()->start();
  }
  for (auto& one : hanging) EXPECT_EQ(one->wait().code(), "timeout");
  EXPECT_EQ(row("dies").worker->process, before) << "some pings later";
}

TEST_F(Isolated, TakesAndGivesWhatIsLargerThanAStreamShouldCarry) {
  open_with({"plain"});
  for (const std::size_t size : {1UL, 255UL << 10, 257UL << 10, 3UL << 20, 20UL << 20}) {
    const auto input = R"({"message":")" + std::string(size, 'x') + R"("})";
    for (const auto* name : {"echo", "lent"}) {
      const auto answer = call("plain", name, input);
      EXPECT_FALSE(answer.error) << answer.error->message();
      EXPECT_TRUE(answer.output == input) << name << " of " << size << " bytes";
    }
  }
  const auto refused = call("plain", "echo", R"({"message":")" + std::string(65UL << 20, 'x') + R"("})");
  ASSERT_TRUE(refused.error);
  EXPECT_NE(refused.error->message().find("64 MiB"), std::string::npos) << refused.error->message();
  EXPECT_EQ(row("plain").worker->deaths, 0U);
}

TEST_F(Isolated, SaysWhereAWorkerLooksForLibraries) {
  install("missing_library");
  open();
  const auto answer = call("missing-library", "echo");
  ASSERT_TRUE(answer.error);
  EXPECT_NE(answer.error->message().find("toolrack_tests_absent"), std::string::npos) << answer.error->message();
  EXPECT_NE(answer.error->message().find("isolation.libraries"), std::string::npos) << answer.error->message();
}

TEST_F(Isolated, FindsLibrariesInTheFoldersThatItIsGiven) {
  install("own_library");
  settings.isolation.libraries = {std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins"};
  open();
  EXPECT_FALSE(call("own-library", "echo").error);
}

TEST_F(Isolated, BundledPluginsStayInThisProcess) {
  EXPECT_EQ(settings.isolation.of("acme/weather", false), isolated::Isolation::kWorker);
  EXPECT_EQ(settings.isolation.of("toolrack/seo", true), isolated::Isolation::kInProcess);
  settings.isolation.plugins.emplace("toolrack/seo", isolated::Isolation::kWorker);
  EXPECT_EQ(settings.isolation.of("toolrack/seo", true), isolated::Isolation::kWorker);
}

TEST_F(Isolated, InSafeModeWhateverTheConfigurationSays) {
  settings.isolation.otherwise = isolated::Isolation::kInProcess;
  settings.isolation.plugins.emplace("test/dies", isolated::Isolation::kInProcess);
  bool is_safe = true;
  environment.is_safe_mode = [&] { return is_safe; };
  open_with({"dies", "plain"});
  EXPECT_NE(process_of_dies(), ::getpid());
  EXPECT_EQ(row("plain").isolation, "worker");
  is_safe = false;
  uninstall(plugins() / "plain.so");
  install("plain");
  scan();
  EXPECT_EQ(row("plain").isolation, "in_process") << "what is found afterwards";
  EXPECT_EQ(row("dies").isolation, "worker") << "what was found before";
}

TEST_F(Isolated, LeavesNoProcessBehindWhenItIsTakenAway) {
  open_with({"dies"});
  const auto process = process_of_dies();
  ASSERT_EQ(::kill(static_cast<pid_t>(process), 0), 0);
  uninstall(plugins() / "dies.so");
  EXPECT_EQ(::kill(static_cast<pid_t>(process), 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(Isolated, SaysWhenThereIsNoProgramToRunIt) {
  install("dies");
  settings.isolation.program = std::filesystem::path("/nonexistent/toolrack-worker");
  open();
  const auto answer = call("dies", "who");
  ASSERT_TRUE(answer.error);
  EXPECT_NE(answer.error->message().find("E_WORKER"), std::string::npos) << answer.error->message();
  // What lies there later may be of another build.
  EXPECT_NE(answer.error->message().find("when the gateway started"), std::string::npos) << answer.error->message();
  EXPECT_NE(answer.error->message().find("kill -USR2"), std::string::npos) << answer.error->message();
}

TEST_F(Isolated, RunsTheProgramThatWasThereAtTheStartWhateverTakesItsPlace) {
  const auto program = directory.path() / "worker";
  std::filesystem::copy_file(std::filesystem::path(TOOLRACK_BINARY_DIR) / "toolrack-worker", program);
  settings.isolation.program = program;
  open_with({"dies"});
  const auto first = process_of_dies();
  // As an upgrade does it: another build takes its name.
  const auto other = directory.path() / "another-build";
  std::ofstream(other) << "#!/bin/sh\nexit 2\n";
  std::filesystem::permissions(other, std::filesystem::perms(0755));
  std::filesystem::rename(other, program);
  EXPECT_TRUE(call("dies", "abort").error);
  const auto second = process_of_dies();
  EXPECT_GT(second, 0);
  EXPECT_NE(second, first);
  std::filesystem::remove(program);
  EXPECT_TRUE(call("dies", "abort").error);
  EXPECT_GT(process_of_dies(), 0) << "although it has no name any more";
}

TEST_F(Isolated, GivesItsProcessAName) {
  open_with({"dies"});
  std::ifstream names("/proc/" + std::to_string(process_of_dies()) + "/comm");
  std::string name;
  std::getline(names, name);
  EXPECT_EQ(name, "toolrack-worker");
}

TEST_F(Isolated, RunsBesidePluginsOfThisProcess) {
  settings.isolation.plugins.emplace("test/plain", isolated::Isolation::kInProcess);
  open_with({"dies", "plain"});
  EXPECT_FALSE(call("plain", "echo").error);
  EXPECT_EQ(row("plain").isolation, "in_process");
  EXPECT_FALSE(row("plain").worker);
  EXPECT_GT(process_of_dies(), 0);
}

}  // namespace
}  // namespace toolrack::sources::native
