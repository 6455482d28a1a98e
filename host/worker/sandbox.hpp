/// What a worker process may not do, whatever code it loads: enforced by the kernel, before the first line of a plugin.
///
/// Each layer is taken where the kernel and our rights allow it; what was taken is told, so that nobody has to guess.
/// Called once, by the only thread of a process that has nothing worth keeping from itself: it was started with an
/// empty environment and no descriptors but its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::worker {

struct SandboxRules {
  /// Files and folders that may be read, beside the system's libraries; absolute.
  std::vector<std::string> readable;
  /// The folder in which files may be made; absolute. Empty: none.
  std::string writable;
  /// Root only: the user it becomes, when a root of its own (a mount namespace) lets it find its files all the same.
  std::uint32_t user_id = 0;
  std::uint64_t max_memory = 1ULL << 30;  ///< Address space, in bytes; 0: not limited.
  std::uint64_t max_file = 1ULL << 30;    ///< Longest file it may write.
  std::uint32_t max_descriptors = 256;
  std::uint32_t max_threads = 256;
};

/// What holds now.
struct SandboxState {
  bool has_network_namespace = false;
  bool has_private_root = false;  ///< Sees the system's libraries and its own files, nothing else of the machine.
  bool has_other_user = false;
  bool has_landlock = false;
  bool has_seccomp = false;
  bool has_no_capabilities = false;
  std::vector<std::string> missing;  ///< "landlock: Operation not supported", for people.

  /// Files, network and processes are shut off, by one layer or another: what `required` asks for.
  bool is_tight() const noexcept { return has_landlock && has_seccomp && has_no_capabilities; }
  /// "seccomp, landlock, network, root, user", for people.
  std::string describe() const;
};

/// Limits that hold without any right: memory, descriptors, file sizes, threads, no core dump.
void limit_resources(const SandboxRules& rules);
/// The process ends when `gateway`, its parent, does; at once when that has gone already. For the parent's thread that
/// started us, so that one must live as long as its process. A change of user undoes it.
void end_with(int gateway);
/// Closes the door behind the calling process: it cannot undo any of it, nor can what it loads. `gateway` as in
/// `end_with`; 0: none.
SandboxState enter_sandbox(const SandboxRules& rules, int gateway = 0);

// --- The layers, in the order in which `enter_sandbox` takes them. Each says what went wrong, or nothing.

using Failure = std::optional<std::string>;
/// A network, names and shared memory of its own, and a mount table; as somebody else than root through a user
/// namespace.
Failure enter_namespaces();
/// A root folder with the system's libraries and what the rules name, mounted read-only but for `writable`.
Failure enter_private_root(const SandboxRules& rules);
/// No file but those that the rules name, no TCP port, no signal and no abstract socket across its border.
Failure restrict_files(const SandboxRules& rules);
Failure change_user(std::uint32_t user_id);
Failure drop_capabilities();
/// System calls that a library which computes needs; others fail with EPERM. By itself it keeps other processes and all
/// sockets away. `has_private_root`: files of others are mounted read-only, so modes, times and sizes may be changed.
Failure filter_system_calls(bool has_private_root = false);

}  // namespace toolrack::worker
