/// The sandbox's list of system calls: what a library that computes, allocates, waits, starts threads and reads and
/// writes its files needs. Everything else fails with EPERM, so that a C library can say so to its caller.
#include <asm/ioctls.h>
#include <sched.h>
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "worker/sandbox.hpp"

namespace toolrack::worker {
namespace {

constexpr const char* kAllowed[] = {
    // Memory.
    "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "mincore", "membarrier", "memfd_create",
    // Descriptors that are there.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fstat", "ftruncate", "fallocate", "fsync", "fdatasync",
    "fadvise64", "sendfile", "copy_file_range", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "getsockopt",
    "getsockname",
    // Descriptors of its own.
    "pipe", "pipe2", "eventfd2", "socketpair", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "poll", "ppoll", "select", "pselect6",
    // Files: which ones is Landlock's and the private root's to say.
    "open", "openat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getdents64", "getcwd", "chdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "truncate", "umask", "utimensat", "chmod", "fchmod", "fchmodat", "statfs", "fstatfs",
    // Threads and waiting.
    "futex", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "nanosleep",
    "clock_nanosleep", "restart_syscall", "exit", "exit_group",
    // Signals to itself.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
    "sigaltstack", "pause", "alarm", "setitimer", "getitimer",
    // Time, chance, and who it is.
    "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrandom", "getpid", "gettid", "getppid",
    "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getrlimit", "getrusage",
    "sysinfo", "uname", "arch_prctl", "getcpu"};

/// Of argument `index`. The library's own macros are C.
scmp_arg_cmp equals(unsigned index, scmp_datum_t value) { return {index, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp has_bits(unsigned index, scmp_datum_t bits) { return {index, SCMP_CMP_MASKED_EQ, bits, bits}; }

/// A call that the system does not know is not in the filter either.
int number_of(const char* name) { return seccomp_syscall_resolve_name(name); }

}  // namespace

Failure filter_system_calls() {
  auto* const filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return "seccomp: no memory";
  int error = 0;
  const auto add = [&](std::uint32_t action, const char* name, auto... conditions) {
    const int number = number_of(name);
    if (number == __NR_SCMP_ERROR || error != 0) return;
    error = seccomp_rule_add(filter, action, number, sizeof...(conditions), conditions...);
  };
  const auto own = static_cast<scmp_datum_t>(::getpid());
  for (const auto* name : kAllowed) add(SCMP_ACT_ALLOW, name);
  // Threads, but no processes; glibc falls back to clone, whose flags a filter can see.
  add(SCMP_ACT_ALLOW, "clone", has_bits(0, CLONE_THREAD));
  add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  // abort() and raise().
  add(SCMP_ACT_ALLOW, "kill", equals(0, own));
  add(SCMP_ACT_ALLOW, "tgkill", equals(0, own));
  // Limits may be read, its own ones.
  add(SCMP_ACT_ALLOW, "prlimit64", equals(0, 0), equals(2, 0));
  for (const scmp_datum_t request : {TCGETS, FIONREAD, FIONBIO, FIOCLEX})
    add(SCMP_ACT_ALLOW, "ioctl", equals(1, request));
  // PR_SET_NAME, PR_GET_NAME, and names of memory for glibc.
  for (const scmp_datum_t option : {15, 16, 0x53564d41}) add(SCMP_ACT_ALLOW, "prctl", equals(0, option));
  if (error == 0) error = seccomp_load(filter);
  seccomp_release(filter);
  if (error != 0) return std::string("seccomp: ") + std::strerror(-error);
  return std::nullopt;
}

}  // namespace toolrack::worker
