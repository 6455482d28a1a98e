/// Plugins that are replaced while they serve: who goes on, who takes over, and what becomes of the one before.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <thread>

#include "support/fake_skill.hpp"
#include "swap_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(Swap, HasTheNewOneUpBeforeItIsOffered) {
  install("plain");
  open();
  call("plain", "echo");
  install("plain_again", "plain");
  scan();
  EXPECT_EQ(row("plain").state, PluginState::kServing) << "without a call";
  drain(std::move(result.retired));
  EXPECT_EQ(closed(), 1U);
}

TEST_F(Swap, LeavesTheOldOneWhenTheNewOneDoesNotStart) {
  install("plain");
  open();
  call("plain", "echo");
  install("plain_refuses", "plain");
  scan();
  EXPECT_FALSE(result.is_changed());
  ASSERT_THAT(result.faults, SizeIs(1));
  EXPECT_EQ(result.faults[0].code, "E_START");
  EXPECT_THAT(result.faults[0].message, HasSubstr("the setting \"endpoint\" is missing"));
  EXPECT_EQ(call("plain", "literal").code(), "ok") << "a skill that the new one does not have";
  const auto shown = rows("plain");
  ASSERT_GE(shown.size(), 2U);
  EXPECT_EQ(shown[0].state, PluginState::kFailed);
  EXPECT_EQ(shown[0].version, "1.1.0");
  EXPECT_EQ(shown[1].state, PluginState::kServing);
  EXPECT_EQ(shown[1].version, "1.0.0");
}

TEST_F(Swap, TellsAFaultOnceAndTriesAgainWhenTheFileChanges) {
  install("plain");
  open();
  install("plain_refuses", "plain");
  scan();
  EXPECT_THAT(result.faults, SizeIs(1));
  scan();
  EXPECT_THAT(result.faults, IsEmpty()) << "neither told again nor started again";
  install("plain_again", "plain");
  scan();
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_THAT(result.added, ElementsAre("test/plain@1.0.0"));
  EXPECT_EQ(call("plain", "echo").code(), "ok");
  drain(std::move(result.retired));
}

TEST_F(Swap, LeavesTheOldOneWhenTheNewOneHangs) {
  const auto gate = directory.path() / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  ::setenv("TOOLRACK_TESTS_GATE", gate.c_str(), 1);
  settings.load_timeout = std::chrono::milliseconds(50);
  install("plain");
  open();
  while (call("plain", "literal").error) std::this_thread::yield();  // A busy machine may need longer to load it.
  install("plain_hangs", "plain");
  scan();
  EXPECT_EQ(result.faults.at(0).code, "E_TIMEOUT");
  EXPECT_EQ(call("plain", "literal").code(), "ok");
  const std::ofstream opened(gate);  // That lets it go on.
  ::unsetenv("TOOLRACK_TESTS_GATE");
}

TEST_F(Swap, LeavesTheOldOneWhenTheFileIsBad) {
  const auto path = install("plain");
  open();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  scan();
  EXPECT_EQ(result.faults.at(0).code, "E_TRUNCATED");
  EXPECT_EQ(call("plain", "literal").code(), "plugin_failed") << "it was not loaded, so there is nothing to go on with";
  install("plain");
  scan();
  call("plain", "literal");
  std::ofstream(path, std::ios::trunc)
      << "no library at all, but long enough to hold an ELF header, if it had one .......";
  scan();
  EXPECT_EQ(result.faults.at(0).code, "E_NOT_ELF");
  EXPECT_FALSE(result.is_changed());
  std::filesystem::remove(path);
  std::filesystem::create_symlink("nowhere.so", path);
  scan();
  EXPECT_FALSE(result.is_changed()) << "a link that leads nowhere yet";
  std::filesystem::remove(path);
  scan();
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0")) << "gone is gone";
  drain(std::move(result.retired));
}

TEST_F(Swap, NeedsNoFileForTheFirstCallWhenItKeepsCopies) {
  settings.unload = UnloadPolicy::kClose;  // Sanitizers would keep every library, and its copy.
  settings.copies_at_once = true;
  const auto path = install("plain");
  open();
  std::ofstream(path, std::ios::trunc)
      << "no library at all, but long enough to hold an ELF header, if it had one .......";
  scan();
  EXPECT_EQ(result.faults.at(0).code, "E_NOT_ELF");
  EXPECT_EQ(call("plain", "literal").code(), "ok");
  std::filesystem::remove(path);
  scan();
  drain(std::move(result.retired));
  EXPECT_TRUE(std::filesystem::is_empty(settings.runtime_dir)) << "the copy goes with the module";
}

TEST_F(Swap, KeepsWhoServesAgainstAnEarlierName) {
  install("plain", "zz");
  open();
  install("plain_again", "aa");
  scan();
  EXPECT_FALSE(result.is_changed());
  EXPECT_EQ(row("aa").code, "E_DUPLICATE_ID");
  std::filesystem::remove(plugins() / "zz.so");
  scan();
  EXPECT_THAT(result.added, ElementsAre("test/plain@1.0.0"));
  EXPECT_EQ(row("aa").state, PluginState::kServing);
  drain(std::move(result.retired));
}

TEST_F(Swap, KeepsToolsWhoseDirectoryIsAway) {
  install("plain");
  open();
  call("plain", "echo");
  std::filesystem::rename(plugins(), directory.path() / "away");
  scan();
  EXPECT_FALSE(result.is_changed());
  EXPECT_EQ(result.faults.at(0).code, "E_PERMISSIONS");
  EXPECT_EQ(call("plain", "literal").code(), "ok");
  std::filesystem::rename(directory.path() / "away", plugins());
  scan();
  EXPECT_FALSE(result.is_changed());
  EXPECT_THAT(source->files(), SizeIs(1));
}

TEST_F(Swap, KeepsToolsWhoseDirectoryIsAwayHoweverItWasWritten) {
  install("plain");
  open();
  for (const auto* end : {"/", "//", "/."}) {
    const auto scan_written_so = [&] { result = source->scan({{plugins().string() + end, false}}); };
    scan_written_so();
    call("plain", "echo");
    std::filesystem::rename(plugins(), directory.path() / "away");
    scan_written_so();
    EXPECT_FALSE(result.is_changed()) << end;
    ASSERT_THAT(result.faults, SizeIs(1)) << end;
    EXPECT_THAT(result.faults[0].remedy, HasSubstr("Make the directory")) << "its mode is not what is wrong";
    EXPECT_EQ(call("plain", "literal").code(), "ok") << end;
    std::filesystem::rename(directory.path() / "away", plugins());
    scan_written_so();
    EXPECT_FALSE(result.is_changed()) << end;
  }
}

TEST_F(Swap, LetsInWhoFoundTheOldOneBeforeItWent) {
  install("plain");
  open();
  const auto catalogue = std::move(result.tools);  // What calls that are about to begin hold.
  result.tools = catalogue;
  call("plain", "literal");
  auto held = std::move(result.tools);
  install("plain_again", "plain");
  scan();
  source->drain(std::move(result.retired), nullptr);
  EXPECT_EQ(call_one(skill_of(held, "literal")).code(), "ok") << "plain_again has no such skill";
  EXPECT_EQ(closed(), 0U);
}

TEST_F(Swap, ClosesTheOldOneWhenNobodyCanFindIt) {
  install("plain");
  open();
  call("plain", "literal");
  auto held = result.tools;
  install("plain_again", "plain");
  scan();
  std::promise<void> gone;
  source->drain(std::move(result.retired), [&] { gone.set_value(); });
  EXPECT_EQ(closed(), 0U);
  held.clear();
  gone.get_future().wait();
  EXPECT_EQ(closed(), 1U);
}

TEST_F(Swap, ClosesTheOldOneWhenItsTimeIsOver) {
  settings.drain_timeout = std::chrono::milliseconds(10);
  install("plain");
  open();
  call("plain", "literal");
  const auto held = result.tools;
  install("plain_again", "plain");
  scan();
  drain(std::move(result.retired));
  EXPECT_EQ(closed(), 1U);
  EXPECT_EQ(call_one(skill_of(held, "literal")).code(), "unavailable");
}

TEST_F(Swap, TellsASecondTimeThatAFailedOneIsClosed) {
  const auto path = install("start_fails");
  open();
  EXPECT_EQ(call("start-fails", "echo").code(), "plugin_failed");
  std::filesystem::remove(path);
  scan();
  auto again = result.retired;
  drain(std::move(result.retired));
  drain(std::move(again));
}

TEST_F(Swap, ShowsWhoStillDrains) {
  settings.unload = UnloadPolicy::kClose;  // Sanitizers would keep every library, and show it.
  install("plain");
  open();
  call("plain", "literal");
  auto held = result.tools;
  install("plain_again", "plain");
  scan();
  source->drain(std::move(result.retired), nullptr);
  EXPECT_THAT(source->files(), SizeIs(2));
  held.clear();
  while (source->files().size() != 1) std::this_thread::yield();
}

TEST_F(Swap, SaysWhyALibraryStaysMapped) {
  settings.unload = UnloadPolicy::kClose;
  const auto path = install("thread_local_kept");
  open();
  call("thread-local-kept", "touch");
  uninstall(path);
  const auto said = row("thread_local_kept");
  EXPECT_EQ(said.state, PluginState::kResident);
  EXPECT_THAT(said.message, HasSubstr("thread_local"));
  EXPECT_EQ(metrics.gauge("toolrack_plugin_resident", "").value(), 1);
}

TEST_F(Swap, LeavesWhatHasNotComeToRestAsItWas) {
  const auto path = install("plain");
  open();
  auto resting = take_fingerprints({{plugins(), false}});
  std::filesystem::resize_file(path, 100);
  install("eager");
  result = source->scan({{plugins(), false}}, {.resting = &resting, .growing = {}});
  EXPECT_FALSE(result.is_changed());
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_THAT(result.left, ElementsAre((plugins() / "eager.so").string(), path.string()));
  resting = take_fingerprints({{plugins(), false}});
  result = source->scan({{plugins(), false}}, {.resting = &resting, .growing = {path.string()}});
  EXPECT_THAT(result.added, ElementsAre("test/eager@1.0.0"));
  EXPECT_THAT(result.faults, IsEmpty()) << "it ends early, and may still grow";
  EXPECT_THAT(result.left, ElementsAre(path.string()));
  std::filesystem::remove(path);
  result = source->scan({{plugins(), false}}, {.resting = &resting, .growing = {}});
  EXPECT_FALSE(result.is_changed()) << "gone since it was seen";
  result = source->scan({{plugins(), false}});
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0"));
  drain(std::move(result.retired));
}

}  // namespace
}  // namespace toolrack::sources::native
