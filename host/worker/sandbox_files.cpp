/// The sandbox's two layers of files: a root folder of its own, and Landlock.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "worker/sandbox.hpp"

namespace toolrack::worker {
namespace {

/// What every library needs: others, the time zone, and devices that are no secret.
constexpr const char* kSystemPaths[] = {"/usr",      "/lib",      "/lib64",      "/etc/ld.so.cache", "/etc/localtime",
                                        "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};

std::string failure_text(std::string_view what) { return std::string(what) + ": " + std::strerror(errno); }

// ---- Landlock. The headers of Debian 12 know its first two versions; later ones are spelt out here.

struct LandlockRules {
  std::uint64_t files, network, scoped;
};
struct [[gnu::packed]] LandlockPath {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr int kPathBeneath = 1;
constexpr std::uint32_t kAskVersion = 1;

constexpr std::uint64_t kReadFile = 1 << 2, kReadFolder = 1 << 3;
constexpr std::uint64_t kWriteFile = 1 << 1, kTruncate = 1 << 14;

/// All rights over files that version `abi` knows.
constexpr std::uint64_t files_of(long abi) {
  std::uint64_t all = (1ULL << 13) - 1;
  if (abi >= 2) all |= 1ULL << 13;  // Renaming across folders.
  if (abi >= 3) all |= kTruncate;
  if (abi >= 5) all |= 1ULL << 15;  // ioctl on devices.
  return all;
}

/// No devices, sockets or pipes, no execution, nothing across folders.
constexpr std::uint64_t kWritableFolder =
    kWriteFile | kReadFile | kReadFolder | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | kTruncate;
constexpr std::uint64_t kOfFiles = kReadFile | kWriteFile | kTruncate;

bool allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const int at = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (at < 0) return errno == ENOENT;
  struct stat info {};
  ::fstat(at, &info);
  if (!S_ISDIR(info.st_mode)) rights &= kOfFiles;
  const LandlockPath rule{rights, at};
  const bool is_added = ::syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &rule, 0) == 0;
  ::close(at);
  return is_added;
}

// ---- A root of its own.

constexpr const char* kNewRoot = "/tmp";

/// Makes the folders above `path` inside the new root.
bool make_parents(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const auto folder = kNewRoot + path.substr(0, at);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  return true;
}

/// `path` inside the new root becomes what it is outside. `from` reaches it although the new root hides it.
bool bind(const std::string& path, bool is_writable) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT;
  const auto target = kNewRoot + path;
  if (!make_parents(path)) return false;
  if (S_ISLNK(info.st_mode) && path != "/etc/localtime") {  // /lib is a link to usr/lib.
    char text[256];
    const auto size = ::readlink(path.c_str(), text, sizeof text - 1);
    if (size <= 0) return false;
    text[size] = '\0';
    return ::symlink(text, target.c_str()) == 0;
  }
  if (S_ISDIR(info.st_mode)) {
    if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return false;
  } else {
    const int file = ::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    if (file < 0) return false;
    ::close(file);
  }
  if (::mount(path.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
  // Flags that the mount has already must be repeated, or a user namespace may not change it.
  struct statvfs present {};
  unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | (is_writable ? 0UL : MS_RDONLY);
  if (::statvfs(target.c_str(), &present) == 0) {
    if ((present.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
    if ((present.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
    if ((present.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
    if ((present.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
    if ((present.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
    if ((present.f_flag & ST_RDONLY) != 0) flags |= MS_RDONLY;
  }
  return ::mount(nullptr, target.c_str(), nullptr, flags, nullptr) == 0;
}

}  // namespace

Failure enter_private_root(const SandboxRules& rules) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failure_text("private root");
  // What lies under the folder that the new root hides has to be held before.
  std::vector<std::pair<std::string, bool>> wanted;
  for (const auto* path : kSystemPaths) wanted.emplace_back(path, false);
  for (const auto& path : rules.readable) wanted.emplace_back(path, false);
  if (!rules.writable.empty()) wanted.emplace_back(rules.writable, true);
  // The old root stays reachable under another name until all is bound.
  const int old_root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old_root < 0) return failure_text("private root");
  struct Held {
    std::string path;
    int file;
    bool is_writable;
  };
  std::vector<Held> hidden;
  for (const auto& [path, is_writable] : wanted) {
    if (!path.starts_with(std::string(kNewRoot) + "/")) continue;
    const int file = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (file >= 0) hidden.push_back({path, file, is_writable});
  }
  const auto give_up = [&](std::string_view what) {
    auto text = failure_text(std::string("private root: ").append(what));
    ::close(old_root);
    for (const auto& one : hidden) ::close(one.file);
    return text;
  };
  if (::mount("tmpfs", kNewRoot, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0) return give_up(kNewRoot);
  const auto undo = [&](std::string_view what) {
    auto text = give_up(what);
    ::umount2(kNewRoot, MNT_DETACH);
    return text;
  };
  for (const auto& [path, is_writable] : wanted) {
    if (path.starts_with(std::string(kNewRoot) + "/")) continue;
    if (!bind(path, is_writable)) return undo(path);
  }
  for (const auto& one : hidden) {
    const auto target = kNewRoot + one.path;
    const auto from = "/proc/self/fd/" + std::to_string(one.file);
    struct stat info {};
    if (::fstat(one.file, &info) != 0 || !make_parents(one.path)) return undo(one.path);
    if (S_ISDIR(info.st_mode)) {
      if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return undo(one.path);
    } else {
      const int file = ::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
      if (file >= 0) ::close(file);
    }
    if (::mount(from.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) return undo(one.path);
    if (!one.is_writable && ::mount(nullptr, target.c_str(), nullptr,
                                    MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_RELATIME, nullptr) != 0)
      return undo(one.path);
  }
  if (::chdir(kNewRoot) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return undo("pivot_root");
  ::umount2(".", MNT_DETACH);
  if (::chdir("/") != 0) return failure_text("private root");
  ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr);
  ::close(old_root);
  for (const auto& one : hidden) ::close(one.file);
  return std::nullopt;
}

Failure restrict_files(const SandboxRules& rules) {
  const auto abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (abi < 1) return failure_text("landlock");
  LandlockRules handled{files_of(abi), 0, 0};
  std::size_t size = sizeof handled.files;
  if (abi >= 4) {
    handled.network = 3;  // Neither bind nor connect.
    size += sizeof handled.network;
  }
  if (abi >= 6) {
    handled.scoped = 3;  // Abstract sockets, signals.
    size += sizeof handled.scoped;
  }
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size, 0));
  if (ruleset < 0) return failure_text("landlock");
  bool is_complete = true;
  for (const auto* path : kSystemPaths) {
    const bool is_null = std::strcmp(path, "/dev/null") == 0;
    is_complete &= allow(ruleset, path, kReadFile | kReadFolder | (is_null ? kWriteFile : 0));
  }
  for (const auto& path : rules.readable) is_complete &= allow(ruleset, path, kReadFile | kReadFolder);
  if (!rules.writable.empty()) is_complete &= allow(ruleset, rules.writable, kWritableFolder & handled.files);
  Failure failure;
  if (!is_complete || ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) failure = failure_text("landlock");
  ::close(ruleset);
  return failure;
}

}  // namespace toolrack::worker
