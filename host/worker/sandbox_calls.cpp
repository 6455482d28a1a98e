/// The sandbox's list of system calls: what a library that computes, allocates, waits, starts threads and reads and
/// writes its files needs. Everything else fails with EPERM, so that a C library can say so to its caller.
///
/// Of each it was asked whether it reaches another process, a file or a socket of others, on a kernel that has neither
/// namespaces nor the newer rights of Landlock. Where the answer depends on arguments that a filter can see, these
/// decide; what it cannot see has to be out of reach by other means, as sendmsg()'s address is without a datagram
/// socket.
#include <asm/ioctls.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "worker/sandbox.hpp"

namespace toolrack::worker {
namespace {

constexpr const char* kAllowed[] = {
    // Memory.
    "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "mincore", "membarrier", "memfd_create",
    // Descriptors that are there.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fstat", "ftruncate", "fallocate", "fsync", "fdatasync", "fadvise64",
    "sendfile", "copy_file_range", "recvfrom", "recvmsg", "shutdown", "getsockname",
    // Descriptors of its own.
    "pipe", "pipe2", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "poll", "ppoll", "select", "pselect6",
    // Files: which ones is Landlock's and the private root's to say.
    "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64",
    "getcwd", "chdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "umask",
    "statfs", "fstatfs",
    // Threads and waiting.
    "futex", "set_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "nanosleep", "clock_nanosleep",
    "restart_syscall", "exit", "exit_group",
    // Signals to itself.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
    "sigaltstack", "pause", "alarm", "setitimer", "getitimer",
    // Time, chance, and who it is.
    "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrandom", "getpid", "gettid", "getppid",
    "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getrlimit", "getrusage",
    "sysinfo", "uname", "arch_prctl", "getcpu"};

/// What Landlock says nothing about, or only since its third version: modes, times and sizes of every file of our own
/// user. A private root has all files of others mounted read-only.
constexpr const char* kNeedPrivateRoot[] = {"chmod", "fchmod", "fchmodat", "utimensat", "truncate"};

/// Not F_SETOWN, F_SETOWN_EX and F_SETSIG, with which the kernel signals whom it is told; not F_SETLEASE, which keeps
/// who opens the file waiting.
constexpr scmp_datum_t kDescriptorCommands[] = {F_DUPFD,      F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,     F_GETFL,
                                                F_GETLK,      F_SETLK,         F_SETLKW,     F_OFD_GETLK, F_OFD_SETLK,
                                                F_OFD_SETLKW, F_SETPIPE_SZ,    F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS};

/// Not SO_PEERPIDFD: a hold on the process at the other end.
constexpr scmp_datum_t kSocketOptions[] = {SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL, SO_SNDBUF, SO_RCVBUF};

constexpr scmp_datum_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP;

/// Of argument `index`. The library's own macros are C.
scmp_arg_cmp equals(unsigned index, scmp_datum_t value) { return {index, SCMP_CMP_EQ, value, 0}; }
/// Of the bits of `mask` it has exactly `bits`.
scmp_arg_cmp has_bits(unsigned index, scmp_datum_t mask, scmp_datum_t bits) {
  return {index, SCMP_CMP_MASKED_EQ, mask, bits};
}
scmp_arg_cmp lacks(unsigned index, scmp_datum_t bits) { return has_bits(index, bits, 0); }

/// A call that the system does not know is not in the filter either.
int number_of(const char* name) { return seccomp_syscall_resolve_name(name); }

/// The rules of one filter. The first failure is kept, and nothing is added after it.
class Filter {
 public:
  Filter() : filter_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {}
  ~Filter() { seccomp_release(filter_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void allow(const char* name, auto... conditions) { add(SCMP_ACT_ALLOW, name, conditions...); }
  void add(std::uint32_t action, const char* name, auto... conditions) {
    const int number = number_of(name);
    if (number == __NR_SCMP_ERROR || error_ != 0) return;
    error_ = seccomp_rule_add(filter_, action, number, sizeof...(conditions), conditions...);
  }
  Failure load() {
    if (filter_ == nullptr) return "seccomp: no memory";
    if (error_ == 0) error_ = seccomp_load(filter_);
    if (error_ != 0) return std::string("seccomp: ") + std::strerror(-error_);
    return std::nullopt;
  }

 private:
  const scmp_filter_ctx filter_;
  int error_ = 0;
};

void allow_processes(Filter& filter) {
  const auto own = static_cast<scmp_datum_t>(::getpid());
  // Threads, but no processes; glibc falls back to clone, whose flags a filter can see.
  filter.allow("clone", has_bits(0, kNamespaces | CLONE_THREAD, CLONE_THREAD));
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  // abort() and raise().
  filter.allow("kill", equals(0, own));
  filter.allow("tgkill", equals(0, own));
  // Limits may be read, its own ones.
  filter.allow("prlimit64", equals(0, 0), equals(2, 0));
  // PR_SET_NAME, PR_GET_NAME, and names of memory for glibc.
  for (const scmp_datum_t option : {15, 16, 0x53564d41}) filter.allow("prctl", equals(0, option));
}

void allow_descriptors(Filter& filter) {
  for (const auto command : kDescriptorCommands) filter.allow("fcntl", equals(1, command));
  filter.allow("fcntl", equals(1, F_SETFL), lacks(2, O_ASYNC));
  // Not FIOASYNC, FIOSETOWN and SIOCSPGRP, which are fcntl's signals by another name.
  for (const scmp_datum_t request : {TCGETS, FIONREAD, FIONBIO, FIOCLEX}) filter.allow("ioctl", equals(1, request));
  // To read only and to empty it all the same: Landlock before its third version takes that for reading.
  for (const auto& [name, flags] : {std::pair("open", 1U), std::pair("openat", 2U)}) {
    filter.allow(name, lacks(flags, O_TRUNC));
    filter.allow(name, has_bits(flags, O_ACCMODE, O_WRONLY));
    filter.allow(name, has_bits(flags, O_ACCMODE, O_RDWR));
  }
}

void allow_sockets(Filter& filter) {
  // A stream is connected once and refuses addresses; a datagram socket would reach all that have a name.
  filter.allow("socketpair", equals(0, AF_UNIX), has_bits(1, 0xf, SOCK_STREAM));
  // Nobody needs urgent bytes, which have let others out of their sandboxes before.
  filter.allow("sendto", lacks(3, MSG_OOB), equals(4, 0));
  filter.allow("sendmsg", lacks(2, MSG_OOB));
  for (const auto option : kSocketOptions) filter.allow("getsockopt", equals(1, SOL_SOCKET), equals(2, option));
}

}  // namespace

Failure filter_system_calls(bool has_private_root) {
  Filter filter;
  for (const auto* name : kAllowed) filter.allow(name);
  if (has_private_root)
    for (const auto* name : kNeedPrivateRoot) filter.allow(name);
  allow_processes(filter);
  allow_descriptors(filter);
  allow_sockets(filter);
  return filter.load();
}

}  // namespace toolrack::worker
