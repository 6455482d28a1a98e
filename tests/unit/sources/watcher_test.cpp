#include "sources/native/watcher.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>

#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

namespace fs = std::filesystem;

/// Real events, with so short times that nobody waits; rescans would come after an hour.
class Watches : public ::testing::Test {
 protected:
  Watches() { fs::create_directory(plugins()); }
  ~Watches() override { watcher_.reset(); }
  fs::path plugins() const { return directory_.path() / "plugins"; }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

  void start() {
    const std::vector<PluginDirectory> directories{{plugins(), false}};
    const Settling::Times times{.quiet = std::chrono::milliseconds(2),
                                .again = std::chrono::milliseconds(1),
                                .longest = std::chrono::milliseconds(20),
                                .rescan = std::chrono::hours(1)};
    watcher_ = std::make_unique<Watcher>(directories, take_fingerprints(directories), times,
                                         [this](const ScanOptions& options) {
                                           const std::lock_guard lock(mutex_);
                                           latest_ = *options.resting;
                                           changed_.notify_all();
                                           return std::vector<std::string>{};
                                         });
  }
  /// Until a scan has seen that; the test's own limit ends a wait in vain.
  void wait_for(const std::function<bool(const Fingerprints&)>& is_wanted) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_wanted(latest_); });
  }
  std::string path(const std::string& name) const { return (plugins() / name).string(); }
  void wait_for_size(const std::string& name, std::uint64_t size) {
    wait_for([&](const auto& files) { return files.contains(path(name)) && files.at(path(name)).size == size; });
  }
  void wait_until_gone(const std::string& name) {
    wait_for([&](const auto& files) { return !files.contains(path(name)); });
  }

  testing::TempDirectory directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Fingerprints latest_{{"not looked yet", {}}};
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(Watches, SeesFilesComeChangeMoveAndGo) {
  start();
  write(plugins() / "a.so", "one");
  wait_for_size("a.so", 3);
  write(plugins() / "a.so", "longer");  // The same inode.
  wait_for_size("a.so", 6);
  fs::rename(plugins() / "a.so", plugins() / "b.so");
  wait_for_size("b.so", 6);
  wait_until_gone("a.so");
  fs::create_symlink("b.so", plugins() / "link.so");
  wait_for_size("link.so", 6);
  fs::remove(plugins() / "link.so");
  wait_until_gone("link.so");
}

TEST_F(Watches, SeesALinkThatLeadsElsewhereNow) {
  for (const auto* version : {"v1", "v2"}) {
    fs::create_directory(plugins() / version);
    write(plugins() / version / "a.so", std::string("it is ") + version + (version[1] == '2' ? ", longer" : ""));
  }
  fs::create_symlink("v1", plugins() / "..data");
  fs::create_symlink("..data/a.so", plugins() / "a.so");
  start();
  fs::create_symlink("v2", plugins() / "..next");
  fs::rename(plugins() / "..next", plugins() / "..data");
  wait_for_size("a.so", 16);
}

TEST_F(Watches, SeesADirectoryThatTookThePlaceOfAnother) {
  write(plugins() / "a.so", "one");
  start();
  fs::create_directory(directory_.path() / "next");
  write(directory_.path() / "next" / "a.so", "the next one");
  fs::rename(plugins(), directory_.path() / "before");
  fs::rename(directory_.path() / "next", plugins());
  wait_for_size("a.so", 12);
  write(plugins() / "b.so", "in the new directory");
  wait_for_size("b.so", 20);
}

TEST_F(Watches, SeesADirectoryThatComesLate) {
  fs::remove(plugins());
  start();
  fs::create_directory(plugins());
  write(plugins() / "a.so", "one");
  wait_for_size("a.so", 3);
}

TEST_F(Watches, SeesDocumentsBesideAManifest) {
  write(plugins() / "a.tool.json", "{}");
  fs::create_directory(plugins() / "a.knowledge");
  start();
  write(plugins() / "a.knowledge" / "one.md", "# One");
  wait_for([&](const auto& files) {
    return files.contains(path("a.tool.json")) && !files.at(path("a.tool.json")).knowledge.empty();
  });
}

}  // namespace
}  // namespace toolrack::sources::native
