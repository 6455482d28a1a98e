#include "sources/native/native_source.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Source = NativeFixture;

TEST_F(Source, ReportsEveryFileWithItsReason) {
  struct Case {
    const char *file, *code, *words;
  };
  const Case cases[] = {
      {"no_manifest", "E_NO_MANIFEST", "manifest"},     {"newer_manifest", "E_MANIFEST_NEWER", "1.99"},
      {"bad_manifest", "E_MANIFEST", "/skills/0/mode"}, {"unique_symbols", "E_UNIQUE_SYMBOLS", "toolrack_tests_unique"},
      {"no_entry", "E_NO_ENTRY", "toolrack_entry_v1"},
  };
  for (const auto& one : cases) install(one.file);
  std::ofstream(plugins() / "text.so")
      << "this is no library, but it is long enough to hold an ELF header, had it one .......";
  std::ofstream(plugins() / "empty.so");
  open();
  EXPECT_THAT(result.tools, IsEmpty());
  for (const auto& one : cases) {
    const auto said = row(one.file);
    EXPECT_EQ(said.state, PluginState::kFailed) << one.file;
    EXPECT_EQ(said.code, one.code) << one.file;
    EXPECT_THAT(said.message, HasSubstr(one.words)) << one.file;
    EXPECT_FALSE(said.remedy.empty()) << one.file;
  }
  EXPECT_EQ(row("text").code, "E_NOT_ELF");
  EXPECT_EQ(row("empty").code, "E_TRUNCATED");
}

TEST_F(Source, ReportsWhatOnlyLoadingShows) {
  struct Case {
    const char *file, *tool, *code, *words;
  };
  const Case cases[] = {
      {"wrong_major", "wrong-major", "E_ABI_MAJOR", "9."},
      {"needs_newer_host", "needs-newer-host", "E_HOST_TOO_OLD", "1.7"},
      {"null_entry", "null-entry", "E_NO_ENTRY", "usable"},
      {"create_fails", "create-fails", "E_CREATE", "the library foo is too old"},
      {"start_fails", "start-fails", "E_START", "the setting \"endpoint\" is missing"},
      {"undefined_symbol", "undefined-symbol", "E_UNDEFINED_SYMBOL", "toolrack_tests_no_such_function"},
  };
  for (const auto& one : cases) install(one.file);
  open();
  EXPECT_THAT(result.tools, SizeIs(std::size(cases))) << "the manifests alone are good";
  for (const auto& one : cases) {
    const auto answer = call(one.tool, "echo");
    EXPECT_EQ(answer.code(), "plugin_failed") << one.file;
    EXPECT_THAT(answer.error->message(), HasSubstr(one.code)) << one.file;
    const auto said = row(one.file);
    EXPECT_EQ(said.state, PluginState::kFailed) << one.file;
    EXPECT_EQ(said.code, one.code) << one.file;
    EXPECT_THAT(said.message, HasSubstr(one.words)) << one.file;
  }
}

TEST_F(Source, RemembersAFailureUntilTheBackOffIsOver) {
  settings.retry_after = std::chrono::hours(1);
  install("start_fails");
  open();
  EXPECT_EQ(call("start-fails", "echo").code(), "plugin_failed");
  TestCall again(skill("start-fails", "echo"), "{}", loops[0]);
  again.start();
  EXPECT_EQ(again.wait().code(), "plugin_failed");
  EXPECT_EQ(again.ticket(), 0U) << "answered at once, without another load";
}

TEST_F(Source, TriesAgainAfterTheBackOff) {
  settings.retry_after = std::chrono::milliseconds(0);
  const auto path = install("plain");
  open();
  std::filesystem::rename(path, plugins() / "hidden");
  EXPECT_EQ(call("plain", "echo").code(), "plugin_failed");
  std::filesystem::rename(plugins() / "hidden", path);
  EXPECT_EQ(call("plain", "echo").code(), "ok");
  EXPECT_EQ(row("plain").code, "");
}

TEST_F(Source, LoadsOnlyTheFileThatWasChecked) {
  install("plain");
  open();
  install("plain_again", "plain");  // Replaced after the scan.
  EXPECT_EQ(call("plain", "echo").code(), "plugin_failed");
  EXPECT_EQ(row("plain").code, "E_STATE");
  scan();
  EXPECT_EQ(call("plain", "echo").code(), "ok");
  drain(std::move(result.retired));
}

TEST_F(Source, RefusesASecondBuildOfTheSameVersion) {
  install("plain");
  install("plain_again");
  open();
  EXPECT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(row("plain").state, PluginState::kChecked);
  const auto second = row("plain_again");
  EXPECT_EQ(second.code, "E_DUPLICATE_ID");
  EXPECT_THAT(second.message, HasSubstr("plain.so"));
  EXPECT_THAT(second.message, HasSubstr("test/plain@1.0.0"));
}

TEST_F(Source, PassesOverASecondCopyOfTheSameBuild) {
  install("plain");
  install("plain", "copy");
  open();
  EXPECT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(row("copy").state, PluginState::kChecked) << "the first by name serves";
  EXPECT_EQ(row("plain").state, PluginState::kDuplicate);
}

TEST_F(Source, RefusesAFlatNameThatAnotherToolHas) {
  install("plain");
  install("name_clash", "znames");
  open();
  EXPECT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(row("znames").code, "E_NAME_CLASH");
  EXPECT_THAT(row("znames").message, HasSubstr("plain_echo"));
}

TEST_F(Source, PassesOverFilesThatAreNoPlugins) {
  install("plain");
  for (const auto* name : {".hidden.so", "plain.so.tmp", "plain.so~", "readme.txt"})
    std::ofstream(plugins() / name) << "x";
  std::filesystem::create_directory(plugins() / "folder.so");
  open();
  EXPECT_THAT(source->files(), SizeIs(2));
  EXPECT_EQ(row("folder").code, "E_NOT_ELF");
}

TEST_F(Source, ReportsADirectoryThatCannotBeRead) {
  open();
  source->scan({{directory.path() / "missing", false}});
  ASSERT_THAT(source->files(), SizeIs(1));
  EXPECT_EQ(source->files()[0].code, "E_PERMISSIONS");
  EXPECT_THAT(source->files()[0].remedy, HasSubstr("Make the directory"));
  const auto file = install("plain");
  source->scan({{file, false}});
  EXPECT_THAT(source->files()[0].remedy, HasSubstr("Name the directory"));
}

TEST_F(Source, RefusesFilesThatOthersMayWriteTo) {
  settings.require_safe_permissions = true;
  const auto path = install("plain");
  std::filesystem::permissions(path, std::filesystem::perms(0664));
  open();
  EXPECT_EQ(row("plain").code, "E_PERMISSIONS");
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  scan();
  EXPECT_EQ(row("plain").state, PluginState::kChecked);
  std::filesystem::permissions(plugins(), std::filesystem::perms(0777));
  scan();
  EXPECT_EQ(row("plain").code, "E_PERMISSIONS") << "who may write to the folder may replace the file";
  drain(std::move(result.retired));
}

TEST_F(Source, JudgesTheTargetOfALink) {
  settings.require_safe_permissions = true;
  std::filesystem::create_directory(directory.path() / "elsewhere");
  const auto target = directory.path() / "elsewhere" / "real.so";
  std::filesystem::copy_file(built("plain"), target);
  std::filesystem::create_symlink(target, plugins() / "plain.so");
  std::filesystem::permissions(target, std::filesystem::perms(0666));
  open();
  EXPECT_EQ(row("plain").code, "E_PERMISSIONS");
  std::filesystem::permissions(target, std::filesystem::perms(0644));
  scan();
  EXPECT_EQ(call("plain", "echo").code(), "ok");
}

TEST_F(Source, SaysWhatChangedSinceTheScanBefore) {
  const auto path = install("plain");
  open();
  EXPECT_THAT(result.added, ElementsAre("test/plain@1.0.0"));
  scan();
  EXPECT_FALSE(result.is_changed());
  EXPECT_THAT(result.tools, SizeIs(1));

  install("plain_next");
  scan();
  EXPECT_THAT(result.added, ElementsAre("test/plain@2.0.0"));
  EXPECT_THAT(result.removed, IsEmpty());

  install("plain_again", "plain");
  scan();
  EXPECT_THAT(result.added, ElementsAre("test/plain@1.0.0"));
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0"));
  drain(std::move(result.retired));

  std::filesystem::remove(path);
  scan();
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0"));
  EXPECT_THAT(result.tools, SizeIs(1));
  drain(std::move(result.retired));
}

TEST_F(Source, TakesATouchedOrMovedFileForTheSamePlugin) {
  const auto path = install("plain");
  open();
  const auto before = result.tools;
  call("plain", "echo");
  install("plain");  // The same bytes, another inode.
  scan();
  EXPECT_FALSE(result.is_changed());
  std::filesystem::rename(path, plugins() / "moved.so");
  scan();
  EXPECT_FALSE(result.is_changed());
  EXPECT_EQ(result.tools, before);
  EXPECT_EQ(row("moved").calls, 1U);
}

TEST_F(Source, LetsTheNextOneServeWhenTheFirstGoes) {
  const auto path = install("plain");
  install("plain_again");
  open();
  std::filesystem::remove(path);
  scan();
  EXPECT_THAT(result.tools, SizeIs(1));
  EXPECT_EQ(row("plain_again").state, PluginState::kServing);
  drain(std::move(result.retired));
}

TEST_F(Source, NeverMapsTheOperatorsFile) {
  const auto path = install("plain");
  open();
  call("plain", "echo");
  std::ifstream maps("/proc/self/maps");
  const std::string all{std::istreambuf_iterator<char>(maps), {}};
  EXPECT_THAT(all, ::testing::Not(HasSubstr(path.string())));
  EXPECT_THAT(all, HasSubstr((settings.runtime_dir / "test.plain").string()));
  const auto copies = std::filesystem::directory_iterator(settings.runtime_dir / "test.plain");
  for (const auto& copy : copies) {
    EXPECT_EQ(std::filesystem::status(copy).permissions(), std::filesystem::perms(0600));
  }
  // What happens to the file does not concern the running plugin.
  std::ofstream(path, std::ios::trunc) << "overwritten";
  EXPECT_EQ(call("plain", "literal").code(), "ok");
}

TEST_F(Source, RefusesTruncatedCopies) {
  open();
  std::ifstream in(built("plain"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (const auto part : {10UL, 64UL, 1000UL, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(plugins() / "cut.so", std::ios::binary | std::ios::trunc)
        .write(whole.data(), static_cast<std::streamsize>(part));
    scan();
    EXPECT_EQ(row("cut").code, "E_TRUNCATED") << part;
  }
}

}  // namespace
}  // namespace toolrack::sources::native
