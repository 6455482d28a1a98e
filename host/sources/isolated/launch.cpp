#include "sources/isolated/launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "worker/board.hpp"

namespace toolrack::sources::isolated {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct Pair {
  Descriptor ours, theirs;
};

/// `out_of_the_way`: above what a worker's descriptors are numbered, so that putting one in its place closes no other.
Result<Pair> make_pair(std::string_view what, int out_of_the_way) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot make {}: {}", what, std::strerror(errno)));
  Pair out{Descriptor(ends[0]), Descriptor(::fcntl(ends[1], F_DUPFD_CLOEXEC, out_of_the_way))};
  ::close(ends[1]);
  if (!out.theirs || ::fcntl(out.ours.get(), F_SETFL, O_NONBLOCK) != 0)
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot make {}: {}", what, std::strerror(errno)));
  return out;
}

Result<Pair> make_pipe(int out_of_the_way) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot make a pipe for a worker: {}", std::strerror(errno)));
  Pair out{Descriptor(ends[0]), Descriptor(::fcntl(ends[1], F_DUPFD_CLOEXEC, out_of_the_way))};
  ::close(ends[1]);
  // Theirs blocks: a worker that writes faster than it is read waits.
  if (!out.theirs || ::fcntl(out.ours.get(), F_SETFL, O_NONBLOCK) != 0)
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot make a pipe for a worker: {}", std::strerror(errno)));
  return out;
}

/// What posix_spawn is to do between fork and exec.
class Actions {
 public:
  Actions() {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawnattr_init(&attributes_);
    // Whatever we block or ignore is our affair.
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void put(int descriptor, int number) { ::posix_spawn_file_actions_adddup2(&files_, descriptor, number); }
  /// Runs the program that `number` is in the child, by that name.
  int spawn(pid_t& id, int number, const std::string& name, const std::vector<std::string>& words) const {
    const auto program = fmt::format("/proc/self/fd/{}", number);
    std::vector<char*> arguments{const_cast<char*>(name.c_str())};
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    char* nothing[] = {nullptr};
    return ::posix_spawn(&id, program.c_str(), &files_, &attributes_, arguments.data(), nothing);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<Launched> launch(const WorkerProgram& program, const worker::Options& options) {
  Launched out;
  std::vector<Descriptor> theirs;
  Actions actions;
  // In the child the program lies where the worker closes whatever it finds; put there before anything takes its place.
  const int program_there = options.first_free();
  actions.put(TRY(program.descriptor()), program_there);
  const int beyond_theirs = program_there + 1;
  auto output = TRY(make_pipe(beyond_theirs));
  for (const int standard : {1, 2}) actions.put(output.theirs.get(), standard);
  out.output = std::move(output.ours);
  const auto give_socket = [&](int number) -> Result<Descriptor> {
    auto pair = TRY(make_pair("a socket for a worker process", beyond_theirs));
    actions.put(pair.theirs.get(), number);
    theirs.push_back(std::move(pair.theirs));
    return std::move(pair.ours);
  };
  for (int i = 0; i <= options.questions(); ++i) {
    auto frames = TRY(give_socket(worker::Options::frames_of(i)));
    out.channels.push_back({std::move(frames), TRY(give_socket(worker::Options::memory_of(i)))});
  }
  if (options.has_board) {
    out.board = Descriptor(worker::make_board());
    theirs.emplace_back(::fcntl(out.board.get(), F_DUPFD_CLOEXEC, beyond_theirs));
    if (!theirs.back())
      return fail(ErrorCode::kPluginFailed, fmt::format("cannot make a worker's board: {}", std::strerror(errno)));
    actions.put(theirs.back().get(), options.board());
  }
  const auto name = program.path().string();
  if (const int error = actions.spawn(out.id, program_there, name, options.to_words()); error != 0)
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot start {}: {}", name, std::strerror(error)));
  // It is not waited for before, so its number is still its own.
  out.handle = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, out.id, 0)));
  if (!out.handle) {
    const int error = errno;
    ::kill(out.id, SIGKILL);
    ::waitpid(out.id, nullptr, 0);
    return fail(ErrorCode::kPluginFailed, fmt::format("cannot hold a worker process: {}", std::strerror(error)));
  }
  return out;
}

std::string reap(const Descriptor& handle) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(handle.get()), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return "an unknown cause";
  if (info.si_code == CLD_EXITED) return fmt::format("exit code {}", info.si_status);
  const char* const name = ::sigabbrev_np(info.si_status);
  return fmt::format("SIG{} ({})", name == nullptr ? "?" : name, ::strsignal(info.si_status));
}

void kill(const Descriptor& handle) noexcept { ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0); }

}  // namespace toolrack::sources::isolated
