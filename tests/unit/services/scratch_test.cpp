#include "services/files/scratch.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "support/temp_directory.hpp"

namespace toolrack::test {
namespace {

using services::files::Descriptor;
using services::files::Scratches;

class Scratch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(directory->path() + "/good.txt") << "good";
    std::filesystem::create_directory(directory->path() + "/sub");
    std::ofstream(directory->path() + "/sub/deep.txt") << "deep";
    std::ofstream(home.path() / "outside.txt") << "outside";
  }
  /// The bytes behind a path, or "refused: <name>".
  std::string read(const std::string& path) {
    const auto opened = directory->open_file(path);
    if (!opened) return "refused: " + std::string(opened.error().name());
    const Descriptor file(*opened);
    char bytes[64];
    const auto size = ::read(file.get(), bytes, sizeof bytes);
    return size < 0 ? "unreadable" : std::string(bytes, static_cast<std::size_t>(size));
  }

  testing::TempDirectory home;
  base::Pool pool{"test", 1};
  std::unique_ptr<Scratches> scratches = *Scratches::open(home.path() / "scratch", pool);
  std::unique_ptr<services::files::ScratchDirectory> directory = *scratches->make();
};

constexpr auto kRefused = "refused: file_refused";

TEST_F(Scratch, ReadsItsOwnFiles) {
  EXPECT_EQ(read("good.txt"), "good");
  EXPECT_EQ(read("./sub/deep.txt"), "deep");
  EXPECT_EQ(read("sub/../good.txt"), "good");
  EXPECT_EQ(read(directory->path() + "/sub/deep.txt"), "deep");
}

TEST_F(Scratch, RefusesPathsThatLeadOut) {
  for (const auto& path : std::vector<std::string>{
           std::string("/etc/passwd"), std::string("../outside.txt"), std::string("sub/../../outside.txt"),
           std::string("../../outside.txt"), directory->path() + "/../../outside.txt", directory->path() + "x/good.txt",
           directory->path(), std::string("."), std::string("sub"), std::string("absent"), std::string(""),
           std::string("good.txt\0.png", 13), (home.path() / "outside.txt").string(),
           std::string("/proc/self/environ")})
    EXPECT_EQ(read(path), kRefused) << path;
  EXPECT_EQ(Descriptor(::open((home.path() / "outside.txt").c_str(), O_RDONLY)).get() >= 0, true)
      << "the control: the file is there and readable";
}

TEST_F(Scratch, RefusesLinks) {
  ASSERT_EQ(::symlink("/etc/passwd", (directory->path() + "/link").c_str()), 0);
  ASSERT_EQ(::symlink("good.txt", (directory->path() + "/inner").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", (directory->path() + "/folder").c_str()), 0);
  ASSERT_EQ(::link((home.path() / "outside.txt").c_str(), (directory->path() + "/hard").c_str()), 0);
  for (const auto* path : {"link", "inner", "folder/passwd", "hard"}) EXPECT_EQ(read(path), kRefused) << path;
}

TEST_F(Scratch, RefusesWhatIsNoRegularFileWithoutWaiting) {
  ASSERT_EQ(::mkfifo((directory->path() + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(read("fifo"), kRefused);
  if (::mknod((directory->path() + "/null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0)
    EXPECT_EQ(read("null"), kRefused);
  EXPECT_EQ(read("/dev/null"), kRefused);
}

TEST_F(Scratch, IsGoneWithItsOwnerAndWithTheProcess) {
  const auto path = directory->path();
  const auto second = *scratches->make();
  EXPECT_NE(second->path(), path);
  directory.reset();
  pool.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::exists(second->path()));
  const auto again = Scratches::open(home.path() / "scratch", pool);
  ASSERT_TRUE(again);
  EXPECT_FALSE(std::filesystem::exists(second->path())) << "left by a process that was killed";
}

}  // namespace
}  // namespace toolrack::test
