/// Ways out of a sandbox: each is tried inside and must fail, and is tried outside and must succeed, or it would prove
/// nothing. Every attempt happens in a process of its own, which tells by its exit code.
#include "worker/sandbox.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "support/temp_directory.hpp"

namespace toolrack::worker {
namespace {

enum : int { kDone = 0, kRefused = 1, kBroken = 2 };

/// Runs `attempt` in a child, which enters the sandbox first when there are rules.
int run_apart(const SandboxRules* rules, const std::function<bool()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (rules != nullptr) enter_sandbox(*rules);
    ::_exit(attempt() ? kDone : kRefused);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return kBroken;
  return WEXITSTATUS(status);
}

bool can_read(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  return file >= 0 && ::read(file, &byte, 1) == 1;
}

bool can_make(const std::string& path) { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0; }

/// Keeps a process that sleeps, for others to attack.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  ~Victim() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() {
    std::filesystem::create_directories(home / "scratch");
    std::filesystem::create_directories(home / "others" / "call-1");
    for (const auto* name : {"own.so", "master.key", "store.mdb", "other.data", "others/call-1/page"}) {
      std::ofstream(home / name) << "secret";
      std::filesystem::permissions(home / name, std::filesystem::perms(0644));
    }
    for (const auto* name : {"others", "others/call-1"})
      std::filesystem::permissions(home / name, std::filesystem::perms(0777));
    std::filesystem::permissions(home, std::filesystem::perms(0777));
    std::filesystem::permissions(home / "scratch", std::filesystem::perms(0777));
    rules.readable = {(home / "own.so").string()};
    rules.writable = (home / "scratch").string();
    rules.user_id = 1'879'048'192;
    // A sanitizer reserves terabytes.
    rules.max_memory = 0;
    const auto nobody_reports = [] { return true; };
    state_code = run_apart(&rules, nobody_reports);
  }

  /// A TCP listener on loopback; its port.
  std::uint16_t listen_on_tcp() {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener, 16), 0);
    EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  /// Shows that `attempt` succeeds outside and fails inside.
  void expect_denied(const std::string& what, const std::function<bool()>& attempt) {
    const int outside = run_apart(nullptr, attempt);
    if (outside != kDone) {
      // Our own surroundings deny it already: then the sandbox proves nothing here.
      std::printf("skipped: %s: not permitted outside the sandbox either\n", what.c_str());
      return;
    }
    ++shown;
    EXPECT_EQ(run_apart(&rules, attempt), kRefused) << what;
  }
  void expect_allowed(const std::string& what, const std::function<bool()>& attempt) {
    EXPECT_EQ(run_apart(&rules, attempt), kDone) << what;
  }

  testing::TempDirectory directory;
  const std::filesystem::path home = directory.path();
  SandboxRules rules;
  int state_code = kBroken;
  int listener = -1;
  int shown = 0;
};

TEST_F(Sandbox, LetsALibraryDoItsWork) {
  ASSERT_EQ(state_code, kDone);
  expect_allowed("read its own file", [&] { return can_read(home / "own.so"); });
  expect_allowed("write in its folder", [&] {
    return can_make(home / "scratch" / "made") && can_read("/etc/ld.so.cache") &&
           ::unlink((home / "scratch" / "made").c_str()) == 0;
  });
  expect_allowed("start a thread", [] {
    bool has_run = false;
    std::thread([&] { has_run = true; }).join();
    return has_run;
  });
  expect_allowed("load a library", [] { return ::dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL) != nullptr; });
  expect_allowed("catch its own signal", [] {
    static volatile std::sig_atomic_t caught = 0;
    std::signal(SIGUSR1, [](int) { caught = 1; });
    return ::raise(SIGUSR1) == 0 && caught == 1;
  });
}

TEST_F(Sandbox, KeepsFilesOfOthersAway) {
  for (const auto* name : {"master.key", "store.mdb", "other.data"})
    expect_denied(std::string("read ") + name, [&] { return can_read(home / name); });
  expect_denied("read a file of another plugin's call", [&] { return can_read(home / "others/call-1/page"); });
  expect_denied("put a file into another plugin's call", [&] {
    const auto planted = home / "others/call-1/planted";
    return can_make(planted) && ::unlink(planted.c_str()) == 0;
  });
  expect_denied("list the calls of others", [&] {
    std::error_code error;
    const std::filesystem::directory_iterator all(home / "others", error);
    return !error && all != std::filesystem::directory_iterator();
  });
  expect_denied("read the host's accounts", [] { return can_read("/etc/passwd"); });
  const auto parent = "/proc/" + std::to_string(::getpid());
  expect_denied("read the environment of the gateway", [&] { return can_read(parent + "/environ"); });
  expect_denied("read the memory of the gateway", [&] {
    static int in_memory = 42;
    int seen = 0;
    const int memory = ::open((parent + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    return memory >= 0 && ::pread(memory, &seen, sizeof seen,
                                  static_cast<off_t>(reinterpret_cast<std::uintptr_t>(&in_memory))) == sizeof seen;
  });
  expect_denied("see which processes there are", [] {
    std::error_code error;
    const std::filesystem::directory_iterator all("/proc", error);
    return !error && all != std::filesystem::directory_iterator();
  });
  expect_denied("read the command line of process 1", [] { return can_read("/proc/1/cmdline"); });
  expect_denied("write outside of its folder", [&] { return can_make(home / "planted"); });
  expect_denied("write a temporary file", [] {
    const auto path = "/tmp/toolrack-escape-" + std::to_string(::getpid());
    return can_make(path) && ::unlink(path.c_str()) == 0;
  });
  expect_denied("change its own file", [&] { return ::open((home / "own.so").c_str(), O_WRONLY | O_CLOEXEC) >= 0; });
  expect_denied("make a link to a file of others", [&] {
    const auto link = home / "scratch" / "link";
    return ::symlink((home / "master.key").c_str(), link.c_str()) == 0 && ::unlink(link.c_str()) == 0;
  });
  expect_denied("make a pipe in its folder", [&] {
    const auto pipe = home / "scratch" / "pipe";
    return ::mkfifo(pipe.c_str(), 0600) == 0 && ::unlink(pipe.c_str()) == 0;
  });
  EXPECT_GE(shown, 14);
}

TEST_F(Sandbox, HasNoNetwork) {
  const auto port = listen_on_tcp();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  expect_denied("connect by TCP", [&] {
    const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return out >= 0 && ::connect(out, to, sizeof address) == 0;
  });
  expect_denied("send by UDP", [&] {
    const int out = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return out >= 0 && ::sendto(out, "x", 1, 0, to, sizeof address) == 1;
  });
  expect_denied("listen", [] {
    const int in = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return in >= 0 && ::listen(in, 1) == 0;
  });
  // The gateway's own socket, which answers without a key.
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  const auto socket_path = (home / "toolrack.sock").string();
  socket_path.copy(path.sun_path, sizeof path.sun_path - 1);
  const int gateway = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(gateway, reinterpret_cast<const sockaddr*>(&path), sizeof path), 0);
  ASSERT_EQ(::listen(gateway, 4), 0);
  expect_denied("connect to the gateway's socket", [&] {
    const int out = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return out >= 0 && ::connect(out, reinterpret_cast<const sockaddr*>(&path), sizeof path) == 0;
  });
  // A name without a file, which no permission of files guards.
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto text = "toolrack-test-" + std::to_string(::getpid());
  text.copy(name.sun_path + 1, sizeof name.sun_path - 2);
  const int abstract = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(abstract, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(::listen(abstract, 4), 0);
  expect_denied("connect to an abstract socket", [&] {
    const int out = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return out >= 0 && ::connect(out, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  });
  ::close(abstract);
  ::close(gateway);
  ::close(listener);
  EXPECT_EQ(shown, 5);
}

TEST_F(Sandbox, ReachesNoOtherProcess) {
  const Victim victim;
  expect_denied("signal", [&] { return ::kill(victim.pid(), SIGCONT) == 0; });
  expect_denied("ask who may be signalled", [] { return ::kill(-1, 0) == 0; });
  expect_denied("signal a thread", [&] { return ::syscall(SYS_tgkill, victim.pid(), victim.pid(), SIGCONT) == 0; });
  expect_denied("trace", [&] {
    const bool is_traced = ::ptrace(PTRACE_SEIZE, victim.pid(), nullptr, nullptr) == 0;
    return is_traced;
  });
  static int in_memory = 42;
  expect_denied("read the memory", [&] {
    int seen = 0;
    const iovec here{&seen, sizeof seen}, there{&in_memory, sizeof in_memory};
    return ::process_vm_readv(victim.pid(), &here, 1, &there, 1, 0) == sizeof seen;
  });
  expect_denied("hold a descriptor of it", [&] { return ::syscall(SYS_pidfd_open, victim.pid(), 0) >= 0; });
  expect_denied("change its limits", [&] {
    rlimit limit{};
    return ::prlimit(victim.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0;
  });
  EXPECT_GE(shown, 6);
}

TEST_F(Sandbox, StartsNothing) {
  expect_denied("fork", [] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    return child > 0 && ::waitpid(child, nullptr, 0) == child;
  });
  expect_denied("vfork", [] {
    const pid_t child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) ::_exit(0);
    return child > 0 && ::waitpid(child, nullptr, 0) == child;
  });
  expect_denied("exec", [] {
    const char* words[] = {"/usr/bin/true", nullptr};
    char* none[] = {nullptr};
    ::execve(words[0], const_cast<char**>(words), none);
    return false;  // Outside, the program that takes our place says 0.
  });
  expect_denied("exec a program from memory", [] {
    const int from = ::open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
    const int memory = static_cast<int>(::syscall(SYS_memfd_create, "program", 0U));
    char bytes[4096];
    for (ssize_t got = 0; (got = ::read(from, bytes, sizeof bytes)) > 0;)
      if (::write(memory, bytes, static_cast<std::size_t>(got)) != got) return false;
    char* words[] = {const_cast<char*>("true"), nullptr};
    char* none[] = {nullptr};
    ::syscall(SYS_execveat, memory, "", words, none, 0x1000 /* AT_EMPTY_PATH */);
    return false;
  });
  EXPECT_EQ(shown, 4);
}

TEST_F(Sandbox, GainsNoRights) {
  expect_denied("a user namespace", [] { return ::unshare(CLONE_NEWUSER) == 0; });
  expect_denied("a mount", [&] {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("tmpfs", home.c_str(), "tmpfs", 0, nullptr) == 0;
  });
  expect_denied("another root", [] { return ::chroot("/usr") == 0; });
  expect_denied("shared memory", [] {
    const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
    return id >= 0 && ::shmctl(id, IPC_RMID, nullptr) == 0;
  });
  expect_denied("keys of the kernel", [] { return ::syscall(SYS_keyctl, 0, -3, 1) >= 0; });
  expect_denied("new kernel surfaces", [] {
    char room[256]{};
    return ::syscall(SYS_io_uring_setup, 4, room) >= 0;
  });
  expect_denied("a higher limit", [] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    return limit.rlim_max > 256 && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  });
  EXPECT_GE(shown, 3);
}

TEST_F(Sandbox, BoundsDescriptorsAndMemory) {
  const auto opens = [](int wanted) {
    for (int i = 0; i < wanted; ++i)
      if (::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return false;
    return true;
  };
  expect_denied("a thousand descriptors", [&] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return opens(1000);
  });
#if !defined(__has_feature) || !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
  rules.max_memory = 512 << 20;
  expect_denied("a gigabyte", [] {
    return ::mmap(nullptr, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
           MAP_FAILED;
  });
#endif
}

TEST_F(Sandbox, TellsWhatHolds) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int code = run_apart(nullptr, [&] {
    const auto state = enter_sandbox(rules);
    auto text = state.describe() + (state.is_tight() ? "; tight" : "; not tight");
    for (const auto& one : state.missing) text += "; " + one;
    return ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
  });
  ::close(ends[1]);
  std::string text(1000, '\0');
  const auto size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  ASSERT_EQ(code, kDone);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  std::printf("sandbox here: %s\n", text.c_str());
  EXPECT_NE(text.find("seccomp"), std::string::npos) << text;
}

}  // namespace
}  // namespace toolrack::worker
