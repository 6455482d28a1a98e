#include "worker/sandbox.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace toolrack::worker {
namespace {

std::string error_text(std::string_view what) { return std::string(what) + ": " + std::strerror(errno); }

void limit(int which, std::uint64_t most) {
  const rlimit value{most, most};
  // Refused only where the limit is lower already.
  ::setrlimit(static_cast<__rlimit_resource_t>(which), &value);
}

bool write_file(const char* path, std::string_view text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return is_written;
}

/// Without privilege the kernel gives namespaces only inside a user namespace. We stay who we are in it.
Failure enter_user_namespace(int others) {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(CLONE_NEWUSER | others) != 0) return error_text("namespaces");
  const auto map = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; };
  write_file("/proc/self/setgroups", "deny");
  if (!write_file("/proc/self/uid_map", map(user)) || !write_file("/proc/self/gid_map", map(group)))
    return error_text("user namespace");
  return std::nullopt;
}

}  // namespace

std::string SandboxState::describe() const {
  std::string out;
  const auto add = [&](bool holds, std::string_view name) {
    if (holds) out.append(out.empty() ? "" : ", ").append(name);
  };
  add(has_seccomp, "seccomp");
  add(has_landlock, "landlock");
  add(has_network_namespace, "network namespace");
  add(has_private_root, "private root");
  add(has_other_user, "other user");
  add(has_no_capabilities, "no capabilities");
  return out.empty() ? "none" : out;
}

void limit_resources(const SandboxRules& rules) {
  limit(RLIMIT_CORE, 0);
  if (rules.max_memory != 0) limit(RLIMIT_AS, rules.max_memory);
  limit(RLIMIT_FSIZE, rules.max_file);
  limit(RLIMIT_NOFILE, rules.max_descriptors);
  if (rules.max_threads != 0) limit(RLIMIT_NPROC, rules.max_threads);
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_MEMLOCK, 0);
}

void end_with(int gateway) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != gateway) ::_exit(0);
}

SandboxState enter_sandbox(const SandboxRules& rules, int gateway) {
  SandboxState state;
  const auto took = [&](Failure failure) {
    if (failure) state.missing.push_back(*std::move(failure));
    return !failure;
  };
  state.has_network_namespace = took(enter_namespaces());
  if (state.has_network_namespace) state.has_private_root = took(enter_private_root(rules));
  // Landlock and seccomp ask for this promise.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) state.missing.push_back(error_text("no_new_privs"));
  state.has_landlock = took(restrict_files(rules));
  if (rules.user_id != 0 && ::geteuid() == 0 && state.has_private_root)
    state.has_other_user = took(change_user(rules.user_id));
  // The limit of threads counts everything that its user runs: in a user namespace of its own, or as a user that nobody
  // else has, these are its own.
  auto limits = rules;
  if (!state.has_other_user && (::geteuid() == 0 || !state.has_network_namespace)) limits.max_threads = 0;
  limit_resources(limits);
  state.has_no_capabilities = took(drop_capabilities());
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (gateway != 0) end_with(gateway);
  state.has_seccomp = took(filter_system_calls(state.has_private_root));
  return state;
}

Failure enter_namespaces() {
  constexpr int kOthers = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
  if (::unshare(kOthers) == 0) return std::nullopt;
  if (errno != EPERM || ::geteuid() == 0) return error_text("namespaces");
  return enter_user_namespace(kOthers);
}

Failure change_user(std::uint32_t user_id) {
  // Where only some ids exist, as in many containers, nobody is as good: it owns nothing.
  constexpr std::uint32_t kNobody = 65534;
  if (::setgroups(0, nullptr) != 0) return error_text("other user");
  for (const auto id : {user_id, kNobody}) {
    if (::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0) return std::nullopt;
  }
  return error_text("other user");
}

Failure drop_capabilities() {
  for (int capability = 0; capability <= 63; ++capability) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) != 0) return error_text("capabilities");
  return std::nullopt;
}

}  // namespace toolrack::worker
