#include "store/data_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "support/temp_directory.hpp"

namespace toolrack::store {
namespace {

using ::testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

DataDirectory take(const std::filesystem::path& path) {
  auto acquired = DataDirectory::acquire(path);
  EXPECT_TRUE(acquired.has_value()) << acquired.error().message();
  return std::get<DataDirectory>(std::move(*acquired));
}

base::Error refusal(const std::filesystem::path& path) {
  auto acquired = DataDirectory::acquire(path);
  EXPECT_FALSE(acquired.has_value());
  return acquired ? base::Error(base::ErrorCode::kInternal, "acquired") : acquired.error();
}

TEST(DataDirectory, MakesAPrivateDirectoryWithItsParents) {
  const testing::TempDirectory temp;
  const auto mask = ::umask(0);
  const auto directory = take(temp.path() / "a/b/");
  ::umask(mask);
  EXPECT_EQ(directory.path(), temp.path() / "a/b");
  EXPECT_EQ(directory.socket(), temp.path() / "a/b/toolrack.sock");
  EXPECT_EQ(mode_of(temp.path() / "a"), 0700u);
  EXPECT_EQ(mode_of(temp.path() / "a/b"), 0700u);
  EXPECT_EQ(mode_of(temp.path() / "a/b/lock"), 0600u);
}

TEST(DataDirectory, RefusesWhatOthersMayWriteTo) {
  const testing::TempDirectory temp;
  for (const mode_t mode : {0770u, 0707u, 0777u, 01777u}) {
    ASSERT_EQ(::chmod(temp.path().c_str(), mode), 0);
    const auto error = refusal(temp.path());
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidConfig);
    EXPECT_THAT(error.message(), HasSubstr("others may write"));
    EXPECT_THAT(std::string(error.hint()), HasSubstr("chmod 0700 " + temp.path().string()));
  }
  ASSERT_EQ(::chmod(temp.path().c_str(), 0755), 0);
  take(temp.path());
}

TEST(DataDirectory, RefusesTheDirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  const testing::TempDirectory temp;
  ASSERT_EQ(::chown(temp.path().c_str(), 12'345, 0), 0);
  const auto error = refusal(temp.path());
  EXPECT_EQ(error.code(), base::ErrorCode::kInvalidConfig);
  EXPECT_THAT(error.message(), HasSubstr("user 12345"));
  EXPECT_THAT(std::string(error.hint()), HasSubstr("chown"));
}

TEST(DataDirectory, RefusesWhatIsNoDirectory) {
  const testing::TempDirectory temp;
  std::ofstream(temp.path() / "file") << "x";
  EXPECT_THAT(refusal(temp.path() / "file").message(), HasSubstr("is no directory"));
  EXPECT_EQ(refusal(temp.path() / "file/below").code(), base::ErrorCode::kStoreFailed);
  EXPECT_EQ(refusal("").code(), base::ErrorCode::kInvalidConfig);
}

TEST(DataDirectory, DoesNotFollowALockThatIsALink) {
  const testing::TempDirectory temp;
  std::ofstream(temp.path() / "precious") << "keep";
  std::filesystem::create_symlink(temp.path() / "precious", temp.path() / "lock");
  EXPECT_EQ(refusal(temp.path()).code(), base::ErrorCode::kStoreFailed);
  EXPECT_EQ(std::filesystem::file_size(temp.path() / "precious"), 4u);
}

TEST(DataDirectory, HasOneOwnerAtATime) {
  const testing::TempDirectory temp;
  {
    auto first = take(temp.path());
    const auto moved = std::move(first);
    const auto second = DataDirectory::acquire(temp.path());
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(std::get<DataDirectory::Owned>(*second).pid, ::getpid());
  }
  take(temp.path());
}

TEST(DataDirectory, IsFreeWhenItsOwnerIsKilled) {
  const testing::TempDirectory temp;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto acquired = DataDirectory::acquire(temp.path());
    if (!acquired || ::write(ready[1], "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto other = DataDirectory::acquire(temp.path());
  EXPECT_EQ(std::get<DataDirectory::Owned>(*other).pid, owner);
  ::kill(owner, SIGKILL);
  ASSERT_EQ(::waitpid(owner, nullptr, 0), owner);
  take(temp.path());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(DataDirectory, DefaultsToTheHomeDirectory) {
  const char* home = std::getenv("HOME");
  const std::string before = home == nullptr ? "" : home;
  ::setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(*DataDirectory::default_path(), "/home/somebody/.toolrack");
  ::unsetenv("HOME");
  EXPECT_EQ(DataDirectory::default_path().error().code(), base::ErrorCode::kInvalidConfig);
  if (home != nullptr) ::setenv("HOME", before.c_str(), 1);
}

TEST(DataDirectory, GoesFromAProcessToItsSuccessorWithoutBeingFree) {
  const testing::TempDirectory temp;
  auto first = std::make_optional(take(temp.path()));
  const int lock = first->copy_lock();
  ASSERT_GE(lock, 0);
  first.reset();
  const auto meanwhile = DataDirectory::acquire(temp.path());
  ASSERT_TRUE(meanwhile);
  EXPECT_TRUE(std::holds_alternative<DataDirectory::Owned>(*meanwhile));
  {
    auto second = DataDirectory::acquire(temp.path(), lock);
    ASSERT_TRUE(second);
    EXPECT_TRUE(std::holds_alternative<DataDirectory>(*second));
  }
  take(temp.path());  // It is free with its last owner.
}

TEST(DataDirectory, IsLookedAtWithoutATrace) {
  const testing::TempDirectory temp;
  const auto path = temp.path() / "deep" / "data";
  const auto nothing = DataDirectory::look(path);
  ASSERT_TRUE(nothing) << nothing.error().message();
  EXPECT_FALSE(nothing->exists);
  EXPECT_FALSE(std::filesystem::exists(temp.path() / "deep"));
  std::filesystem::create_directories(path);
  ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  const auto fresh = DataDirectory::look(path);
  ASSERT_TRUE(fresh) << fresh.error().message();
  EXPECT_TRUE(fresh->exists);
  EXPECT_FALSE(fresh->owner);
  EXPECT_TRUE(std::filesystem::is_empty(path));
}

/// Also when the right has gone from one process to the next, which did not take the lock itself.
TEST(DataDirectory, ShowsItsOwnerToWhoLooks) {
  const testing::TempDirectory temp;
  const auto owner = [&] {
    const auto seen = DataDirectory::look(temp.path());
    EXPECT_TRUE(seen && seen->exists);
    return seen && seen->owner ? seen->owner->pid : 0;
  };
  {
    auto first = std::make_optional(take(temp.path()));
    EXPECT_EQ(owner(), ::getpid());
    const int lock = first->copy_lock();
    first.reset();
    const auto second = DataDirectory::acquire(temp.path(), lock);
    ASSERT_TRUE(second);
    EXPECT_EQ(owner(), ::getpid());
  }
  EXPECT_EQ(owner(), 0) << "its file is still there, and says who it was";
  take(temp.path());
}

TEST(DataDirectory, TellsWhoLooksWhatItTellsWhoWantsIt) {
  const testing::TempDirectory temp;
  ASSERT_EQ(::chmod(temp.path().c_str(), 0777), 0);
  const auto seen = DataDirectory::look(temp.path());
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().message(), refusal(temp.path()).message());
  EXPECT_EQ(DataDirectory::look("").error().code(), base::ErrorCode::kInvalidConfig);
}

TEST(DataDirectory, TakesNoLockOfAnotherDirectory) {
  const testing::TempDirectory temp;
  const testing::TempDirectory another;
  const auto owner = take(temp.path());
  const auto elsewhere = take(another.path());
  const auto acquired = DataDirectory::acquire(temp.path(), elsewhere.copy_lock());
  ASSERT_TRUE(acquired);
  EXPECT_TRUE(std::holds_alternative<DataDirectory::Owned>(*acquired));
}

}  // namespace
}  // namespace toolrack::store
