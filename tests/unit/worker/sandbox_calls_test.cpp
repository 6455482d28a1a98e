/// The list of system calls by itself, as on a machine that gives a worker neither namespaces nor Landlock: what
/// reaches another process, a file or a socket of others works without it and is refused with it, and what a C library
/// needs goes on working. Every attempt happens in a process of its own. Nothing here can send a packet.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/sockios.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temp_directory.hpp"
#include "worker/sandbox.hpp"

namespace toolrack::worker {
namespace {

constexpr int kPeerProcess = 77;  // SO_PEERPIDFD, which is younger than the headers.

enum class Filter { kOff, kOn, kOnWithPrivateRoot };

/// Whether `attempt` worked, in a child of ours.
bool works(Filter filter, const std::function<bool()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (filter != Filter::kOff && filter_system_calls(filter == Filter::kOnWithPrivateRoot)) ::_exit(2);
    ::_exit(attempt() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_NE(WEXITSTATUS(status), 2) << "there is no filter";
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Shows that `attempt` succeeds without the filter and is refused with it.
void expect_refused(const std::string& what, const std::function<bool()>& attempt) {
  EXPECT_TRUE(works(Filter::kOff, attempt)) << what << ": proves nothing here";
  EXPECT_FALSE(works(Filter::kOn, attempt)) << what;
}
void expect_goes_on(const std::string& what, const std::function<bool()>& attempt) {
  EXPECT_TRUE(works(Filter::kOn, attempt)) << what;
}

/// A process of our user that answers as long as nobody has ended it.
class Bystander {
 public:
  Bystander() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
    pid_ = ::fork();
    if (pid_ != 0) {
      ::close(ends_[1]);
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends_[0]);
    for (char byte = 0; ::read(ends_[1], &byte, 1) == 1;) {
      if (::write(ends_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }
  ~Bystander() {
    ::close(ends_[0]);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  pid_t pid() const { return pid_; }
  /// One that a signal was sent to before does not come to it any more.
  bool answers() const {
    char byte = 'x';
    return ::send(ends_[0], &byte, 1, MSG_NOSIGNAL) == 1 && ::read(ends_[0], &byte, 1) == 1;
  }

 private:
  int ends_[2]{};
  pid_t pid_ = 0;
};

/// Makes the kernel send a signal for `make_owner`: the descriptor tells who that is when it becomes readable.
bool is_signalled(int reader, int writer, const std::function<bool(int)>& make_owner,
                  const std::function<bool(int)>& ask_for_signals) {
  return make_owner(reader) && ask_for_signals(reader) && ::write(writer, "x", 1) == 1;
}

class SystemCalls : public ::testing::Test {
 protected:
  SystemCalls() { std::ofstream(file) << "secret"; }

  /// `attempt` ends the process that it is given, without the filter; with it that lives on.
  static void expect_harmless(const std::string& what, const std::function<bool(pid_t)>& attempt) {
    {
      const Bystander victim;
      EXPECT_TRUE(works(Filter::kOff, [&] { return attempt(victim.pid()); })) << what;
      EXPECT_FALSE(victim.answers()) << what << ": proves nothing here";
    }
    const Bystander victim;
    EXPECT_FALSE(works(Filter::kOn, [&] { return attempt(victim.pid()); })) << what;
    EXPECT_TRUE(victim.answers()) << what;
  }

  testing::TempDirectory directory;
  const std::string file = directory.path() / "file";
};

// ---- Other processes.

TEST_F(SystemCalls, SignalsNobodyByAnOwnedDescriptor) {
  const auto asks_by_flag = [](int reader) { return ::fcntl(reader, F_SETFL, O_ASYNC | O_NONBLOCK) == 0; };
  const auto asks_by_request = [](int reader) {
    int is_on = 1;
    return ::ioctl(reader, FIOASYNC, &is_on) == 0;
  };
  const auto kills = [](int reader) { return ::fcntl(reader, F_SETSIG, SIGKILL) == 0; };
  expect_harmless("F_SETOWN and F_SETSIG", [&](pid_t victim) {
    int ends[2];
    const auto owns = [&](int reader) { return ::fcntl(reader, F_SETOWN, victim) == 0 && kills(reader); };
    return ::pipe(ends) == 0 && is_signalled(ends[0], ends[1], owns, asks_by_flag);
  });
  expect_harmless("F_SETOWN_EX", [&](pid_t victim) {
    int ends[2];
    const f_owner_ex owner{F_OWNER_PID, victim};
    const auto owns = [&](int reader) { return ::fcntl(reader, F_SETOWN_EX, &owner) == 0 && kills(reader); };
    return ::pipe(ends) == 0 && is_signalled(ends[0], ends[1], owns, asks_by_flag);
  });
  for (const unsigned long request : {static_cast<unsigned long>(FIOSETOWN), static_cast<unsigned long>(SIOCSPGRP)})
    expect_harmless("ioctl " + std::to_string(request) + " and FIOASYNC", [&](pid_t victim) {
      int ends[2];
      const auto owns = [&](int reader) { return ::ioctl(reader, request, &victim) == 0; };
      return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && is_signalled(ends[0], ends[1], owns, asks_by_request);
    });
}

TEST_F(SystemCalls, AskForNoSignalsOfADescriptor) {
  for (const int flags : {O_ASYNC, O_ASYNC | O_NONBLOCK})
    expect_refused("O_ASYNC", [flags] {
      int ends[2];
      return ::pipe(ends) == 0 && ::fcntl(ends[0], F_SETFL, flags) == 0;
    });
  expect_refused("F_SETSIG", [] {
    int ends[2];
    return ::pipe(ends) == 0 && ::fcntl(ends[0], F_SETSIG, SIGUSR1) == 0;
  });
  expect_refused("FIOASYNC", [] {
    int ends[2], is_on = 1;
    return ::pipe(ends) == 0 && ::ioctl(ends[0], FIOASYNC, &is_on) == 0;
  });
  expect_refused("F_NOTIFY", [&] {
    const int folder = ::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 && ::fcntl(folder, F_NOTIFY, DN_CREATE) == 0;
  });
}

TEST_F(SystemCalls, KeepNobodyWaitingWhoOpensAFile) {
  expect_refused("a lease", [&] {
    const int own = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    return own >= 0 && ::fcntl(own, F_SETLEASE, F_WRLCK) == 0;
  });
}

TEST_F(SystemCalls, HoldNoOtherProcess) {
  const Bystander other;
  expect_refused("get_robust_list", [&] {
    void* list = nullptr;
    std::size_t size = 0;
    return ::syscall(SYS_get_robust_list, other.pid(), &list, &size) == 0;
  });
  int ends[2];  // The other end is this process's, as a worker's is the gateway's.
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const auto holds_peer = [&] {
    int process = -1;
    socklen_t size = sizeof process;
    return ::getsockopt(ends[1], SOL_SOCKET, kPeerProcess, &process, &size) == 0 && process >= 0;
  };
  if (works(Filter::kOff, holds_peer)) expect_refused("SO_PEERPIDFD", holds_peer);  // Since Linux 6.5.
  ::close(ends[0]);
  ::close(ends[1]);
}

// A sanitizer takes every clone() for a fork.
#if !defined(__has_feature) || !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_F(SystemCalls, StartNoThreadInANamespaceOfItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may without the filter";
  expect_refused("clone", [] {
    static std::vector<char> stack(64 << 10);
    const auto body = [](void*) { return 0; };
    return ::clone(body, stack.data() + stack.size(), CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUTS, nullptr) >
           0;
  });
}
#endif

// ---- Sockets.

TEST_F(SystemCalls, ReachNoSocketThatHasAName) {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  (directory.path() / "log").string().copy(path.sun_path, sizeof path.sun_path - 1);
  const int named = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ASSERT_EQ(::bind(named, reinterpret_cast<const sockaddr*>(&path), sizeof path), 0);
  const auto sends = [&](int from) {
    return ::sendto(from, "x", 1, 0, reinterpret_cast<const sockaddr*>(&path), sizeof path) == 1;
  };
  for (const int type : std::initializer_list<int>{SOCK_DGRAM, SOCK_RAW, SOCK_DGRAM | SOCK_CLOEXEC})
    expect_refused("a pair of type " + std::to_string(type), [&] {
      int ends[2];
      return ::socketpair(AF_UNIX, type, 0, ends) == 0 && sends(ends[0]);
    });
  int given[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, given), 0);
  expect_refused("sendto() by a socket that it was given", [&] { return sends(given[0]); });
  // What is left needs no rule of ours: the kernel refuses the address.
  EXPECT_FALSE(works(Filter::kOff, [&] {
    int ends[2];
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && sends(ends[0]);
  }));
  for (const int end : {given[0], given[1], named}) ::close(end);
}

TEST_F(SystemCalls, SendNothingUrgent) {
  const auto sends_urgent = [] {
    int ends[2];
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && ::send(ends[0], "x", 1, MSG_OOB) == 1;
  };
  if (!works(Filter::kOff, sends_urgent)) GTEST_SKIP() << "this kernel has none between processes";
  expect_refused("MSG_OOB", sends_urgent);
}

// ---- Files.

TEST_F(SystemCalls, ChangeNoFileThatIsOnlyReadable) {
  const auto empties = [&] { return ::open(file.c_str(), O_RDONLY | O_TRUNC | O_CLOEXEC) >= 0; };
  EXPECT_FALSE(works(Filter::kOn, empties));
  EXPECT_EQ(std::filesystem::file_size(file), 6U);
  EXPECT_TRUE(works(Filter::kOff, empties));
  EXPECT_EQ(std::filesystem::file_size(file), 0U) << "proves nothing here";
}

TEST_F(SystemCalls, ChangeNoModeTimeOrSizeWhereOthersFilesAreInReach) {
  const auto opens = [&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); };
  const std::vector<std::pair<std::string, std::function<bool()>>> ways{
      {"chmod", [&] { return ::chmod(file.c_str(), 0666) == 0; }},
      {"fchmod", [&] { return ::fchmod(opens(), 0666) == 0; }},
      {"fchmodat", [&] { return ::fchmodat(AT_FDCWD, file.c_str(), 0666, 0) == 0; }},
      {"utimensat", [&] { return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0) == 0; }},
      {"futimens", [&] { return ::futimens(opens(), nullptr) == 0; }},
      {"truncate", [&] { return ::truncate(file.c_str(), 1) == 0; }}};
  for (const auto& [what, attempt] : ways) {
    expect_refused(what, attempt);
    EXPECT_TRUE(works(Filter::kOnWithPrivateRoot, attempt)) << what << ", in a folder of its own";
  }
}

// ---- What a C library and the worker do.

TEST_F(SystemCalls, LeaveDescriptorsUsable) {
  expect_goes_on("copies and flags", [] {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    const int copy = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 10);
    return copy >= 10 && ::fcntl(ends[0], F_DUPFD, 20) >= 20 && ::fcntl(copy, F_GETFD) == FD_CLOEXEC &&
           ::fcntl(copy, F_SETFD, 0) == 0 && ::fcntl(copy, F_GETFL) == O_RDONLY &&
           ::fcntl(copy, F_SETFL, O_NONBLOCK) == 0 && ::fcntl(copy, F_GETFL) == (O_RDONLY | O_NONBLOCK) &&
           ::fcntl(copy, F_SETPIPE_SZ, 8192) >= 8192 && ::fcntl(copy, F_GETPIPE_SZ) >= 8192;
  });
  expect_goes_on("locks", [&] {
    const int own = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    auto asked = lock;
    return ::fcntl(own, F_SETLK, &lock) == 0 && ::fcntl(own, F_SETLKW, &lock) == 0 &&
           ::fcntl(own, F_GETLK, &asked) == 0 && ::lockf(own, F_ULOCK, 0) == 0 &&
           ::fcntl(own, F_OFD_SETLK, &lock) == 0 && ::fcntl(own, F_OFD_SETLKW, &lock) == 0;
  });
  expect_goes_on("sealed memory", [] {
    const int memory = ::memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return ::ftruncate(memory, 4096) == 0 && ::fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0 &&
           ::fcntl(memory, F_GET_SEALS) == F_SEAL_SHRINK;
  });
  expect_goes_on("streams of the C library", [&] {
    std::FILE* const appended = std::fopen(file.c_str(), "ae");
    std::FILE* const made = std::fopen((file + "-made").c_str(), "w+e");
    if (appended == nullptr || made == nullptr || std::fputs("x", appended) < 0 || std::fputs("x", made) < 0)
      return false;
    std::FILE* const held = ::fdopen(::dup(::fileno(made)), "r+");
    return held != nullptr && std::fclose(appended) == 0 && std::fclose(made) == 0 && std::fclose(held) == 0;
  });
  expect_goes_on("folders", [&] {
    std::error_code error;
    const std::filesystem::directory_iterator all(directory.path(), error);
    return !error && all != std::filesystem::directory_iterator();
  });
  expect_goes_on("files that are emptied to be written", [&] {
    return ::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC) >= 0 &&
           ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) >= 0;
  });
}

TEST_F(SystemCalls, LeaveStreamSocketsUsable) {
  expect_goes_on("bytes", [] {
    int ends[2];
    char byte = 0;
    return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0 &&
           ::send(ends[0], "x", 1, MSG_NOSIGNAL) == 1 && ::recv(ends[1], &byte, 1, MSG_DONTWAIT) == 1;
  });
  expect_goes_on("messages", [] {
    int ends[2];
    char byte = 'x';
    iovec piece{&byte, 1};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && ::sendmsg(ends[0], &message, MSG_NOSIGNAL) == 1 &&
           ::recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) == 1;
  });
  expect_goes_on("their state", [] {
    int ends[2];
    int value = -1;
    socklen_t size = sizeof value;
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
           ::getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == 0 &&
           ::getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM;
  });
}

TEST_F(SystemCalls, LeaveThreadsUsable) {
  expect_goes_on("a thread", [] {
    bool has_run = false;
    std::thread([&] { has_run = true; }).join();
    return has_run;
  });
  expect_goes_on("its attributes", [] {
    pthread_attr_t attributes;
    return ::pthread_getattr_np(::pthread_self(), &attributes) == 0 && ::pthread_attr_destroy(&attributes) == 0;
  });
}

}  // namespace
}  // namespace toolrack::worker
