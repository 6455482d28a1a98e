/// A plugin whose stop() does not return: it is named, and it alone pays for it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "native_fixture.hpp"
#include "services/log/recent.hpp"

namespace toolrack::sources::native {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HangingStop : public NativeFixture {
 protected:
  HangingStop() {
    EXPECT_EQ(::mkfifo(gate().c_str(), 0600), 0);
    ::setenv("TOOLRACK_TESTS_GATE", gate().c_str(), 1);
    settings.allow_breaking = true;
  }
  ~HangingStop() override {
    ::unsetenv("TOOLRACK_TESTS_GATE");
    ::close(::open(gate().c_str(), O_WRONLY | O_NONBLOCK));  // Who is still there when a test has failed.
  }

  std::filesystem::path gate() const { return directory.path() / "gate"; }
  /// Lets it return; waits until it is at the gate.
  void let_go() const { ::close(::open(gate().c_str(), O_WRONLY)); }
  Answer count(const std::string& version) {
    TestCall one(tool("exclusive", version).skills[0], "{}", loops[0]);
    one.start();
    return one.wait();
  }
  /// Offers what lies there now and begins to close what does not any more.
  void take_over() {
    scan();
    source->drain(std::move(result.retired), nullptr);
  }
  bool is_named() const {
    return std::ranges::any_of(source->hanging(), [](const auto& frame) {
      return frame.name == "test/hangs-in-stop" && frame.where == FrameBoard::Where::kControl;
    });
  }
};

TEST_F(HangingStop, IsNamedAndHoldsUpNoOtherPlugin) {
  settings.hang_patience.in_control = 10ms;
  settings.hang_patience.between_looks = 2ms;
  const auto hangs = install("hangs_in_stop");
  install("exclusive_1.0.0", "stateful");
  open();
  EXPECT_EQ(call("hangs-in-stop", "echo").code(), "ok");
  EXPECT_EQ(count("1.0.0").code(), "ok");
  std::filesystem::remove(hangs);
  take_over();
  while (!is_named()) std::this_thread::yield();

  install("exclusive_1.1.0", "stateful");
  take_over();
  const auto answer = count("1.1.0");
  EXPECT_EQ(answer.code(), "ok") << (answer.error ? answer.error->message() : "");
  EXPECT_EQ(answer.output, R"({"count":2,"phase":2})") << "with what the one before has saved";
  EXPECT_TRUE(is_named());
  let_go();
  while (!source->hanging().empty()) std::this_thread::yield();
}

TEST_F(HangingStop, IsWhatItsSuccessorSaysItWaitsFor) {
  settings.load_timeout = 500ms;
  install("exclusive_hangs", "stateful");
  open();
  while (count("1.0.0").error) std::this_thread::yield();  // A busy machine may need longer to load it.
  install("exclusive_1.1.0", "stateful");
  take_over();
  const auto refused = count("1.1.0");
  ASSERT_TRUE(refused.error);
  EXPECT_THAT(refused.error->message(),
              HasSubstr("E_TIMEOUT: the stop() of 1.0.0, whose place it takes, has not ended"));
  EXPECT_THAT(refused.error->hint(), HasSubstr("stop()"));
  let_go();
  while (count("1.1.0").error) std::this_thread::yield();
}

TEST_F(HangingStop, EndsTheWorkerThatItIsInAndIsTold) {
  settings.isolation.plugins.emplace("test/never-stops", isolated::Isolation::kWorker);
  settings.isolation.max_memory = 0;  // A sanitizer reserves terabytes.
  settings.load_timeout = 3s;
  const auto path = install("never_stops");
  open();
  while (call("never-stops", "echo").error) std::this_thread::yield();  // A busy machine may need longer to load it.
  uninstall(path);
  const auto told = services::log::recent().read({.tool = "test/never-stops"}).lines;
  EXPECT_THAT(told, ::testing::Contains(::testing::AllOf(HasSubstr("a worker process ended before its plugin had"),
                                                         HasSubstr("stop()"), HasSubstr("did not answer"))));
}

}  // namespace
}  // namespace toolrack::sources::native
