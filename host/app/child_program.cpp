#include "app/child_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "transports/net/unique_fd.hpp"

namespace toolrack::app {
namespace {

using base::ErrorCode;

/// How long a program that is told to end may take for it.
constexpr int kPatienceMs = 2'000;

base::Result<pid_t> spawn(std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);  // We ignore it.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return child;
  return base::fail(ErrorCode::kUnavailable, fmt::format("{} cannot be run: {}", words[0], std::strerror(failed)),
                    fmt::format("Install {}, and see that it is on PATH.", words[0]));
}

/// Ends the group. Its first process is our child, and waited for; so are the others, as far as one can.
void end_group(pid_t group) {
  ::kill(-group, SIGTERM);
  bool is_reaped = false;
  for (int waited = 0; waited < kPatienceMs; waited += 10) {
    is_reaped = is_reaped || ::waitpid(group, nullptr, WNOHANG) == group;
    if (is_reaped && ::kill(-group, 0) != 0) return;
    ::poll(nullptr, 0, 10);
  }
  ::kill(-group, SIGKILL);
  if (!is_reaped) ::waitpid(group, nullptr, 0);
}

}  // namespace

base::Result<int> run_program(std::vector<std::string> words, int stop,
                              const std::function<void(std::string_view piece)>& said) {
  std::array<int, 2> ends{-1, -1};
  if (said && ::pipe2(ends.data(), O_CLOEXEC) != 0)
    return base::fail(ErrorCode::kUnavailable, fmt::format("no pipe is to be had: {}", std::strerror(errno)));
  const net::UniqueFd from(ends[0]);
  net::UniqueFd to(ends[1]);
  const auto child = TRY(spawn(words, said ? to.get() : STDERR_FILENO));
  to = net::UniqueFd();
  const net::UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  std::array<char, 4096> buffer;
  std::array<pollfd, 3> ready{{{stop, POLLIN, 0}, {ended.get(), POLLIN, 0}, {from.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
    if (ready[0].revents != 0) {
      end_group(child);
      return base::fail(ErrorCode::kCancelled, fmt::format("{} was ended", words[0]));
    }
    if (ready[2].revents != 0) {
      const auto size = ::read(from.get(), buffer.data(), buffer.size());
      if (size > 0) {
        said({buffer.data(), static_cast<std::size_t>(size)});
        continue;  // Everything it said comes before its end.
      }
      ready[2].fd = -1;
    }
    if (ready[1].revents != 0) break;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return base::fail(ErrorCode::kToolError, fmt::format("signal {} ended {}", WTERMSIG(status), words[0]));
}

}  // namespace toolrack::app
