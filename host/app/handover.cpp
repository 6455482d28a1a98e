#include "app/handover.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace toolrack::app {
namespace {

using base::ErrorCode;

/// As sd_listen_fds(3) has it.
constexpr int kFirst = 3;
constexpr const char* kListenFds = "LISTEN_FDS";
constexpr const char* kListenPid = "LISTEN_PID";
constexpr const char* kListenNames = "LISTEN_FDNAMES";

/// Names of descriptors.
constexpr std::string_view kLock = "lock", kHttp = "http", kMetrics = "metrics", kOwnHttp = "own-http",
                           kOwnMetrics = "own-metrics", kOwnLocal = "own-local";

int number_in(const char* variable) {
  const auto* text = std::getenv(variable);
  int number = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::string reason(int error) { return std::strerror(error); }

/// What a child wrote, until it closes the pipe or `patience` is over; the end of it is what matters.
std::string read_all(int fd, std::chrono::milliseconds patience) {
  constexpr std::size_t kMost = 4 << 10;
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (char block[1024];;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return text;
    const auto size = ::read(fd, block, sizeof block);
    if (size <= 0) return text;
    text.append(block, static_cast<std::size_t>(size));
    if (text.size() > kMost) text.erase(0, text.size() - kMost);
  }
}

}  // namespace

Handover take_handover() {
  Handover out;
  const int count = number_in(kListenPid) == ::getpid() ? number_in(kListenFds) : 0;
  std::string_view names = std::getenv(kListenNames) == nullptr ? "" : std::getenv(kListenNames);
  for (int fd = kFirst; fd < kFirst + count; ++fd) {
    const auto name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    net::UniqueFd owned(::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1);
    if (!owned) continue;
    if (name == kLock) {
      out.lock = std::move(owned);
      continue;
    }
    if (name == kOwnLocal) {
      out.local = std::move(owned);
      continue;
    }
    auto& sockets = name == kMetrics || name == kOwnMetrics ? out.metrics : out.http;
    sockets.is_ours = name == kOwnHttp || name == kOwnMetrics;
    sockets.fds.push_back(std::move(owned));
  }
  for (const auto* variable : {kListenFds, kListenPid, kListenNames}) ::unsetenv(variable);
  return out;
}

Successor::Successor() {
  std::error_code failed;
  // The path, which is another file after an update; the link in /proc goes on naming the old one.
  program_ = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string argument; std::getline(file, argument, '\0');) arguments_.push_back(argument);
}

base::Result<void> Successor::check() const {
  constexpr std::chrono::seconds kPatience{30};
  const auto refuse = [this](std::string_view why) {
    return base::fail(ErrorCode::kInvalidConfig, fmt::format("{} would not start: {}", program_, why),
                      "Correct what it says, or put the former program back.");
  };
  auto arguments = arguments_;
  arguments.emplace_back("--check");
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return refuse(reason(errno));
  const net::UniqueFd out(pipe[0]);
  net::UniqueFd in(pipe[1]);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, in.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, program_.c_str(), &files, &attributes, pointers_to(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return refuse(reason(failed));
  in = net::UniqueFd();

  auto said = read_all(out.get(), kPatience);
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) == 0) {
    // The pipe is closed, so it ends in a moment, or it is overdue.
    ::poll(nullptr, 0, 100);
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  while (said.ends_with('\n')) said.pop_back();
  if (!said.empty()) return refuse(said);
  return refuse(WIFSIGNALED(status) ? fmt::format("it was ended by signal {}", WTERMSIG(status))
                                    : fmt::format("it ended with {}", WEXITSTATUS(status)));
}

base::Error Successor::start(const Handover& handover,
                             const services::credentials::PlatformCredentials& credentials) const {
  std::vector<int> given;
  std::string names;
  const auto give = [&](const net::UniqueFd& fd, std::string_view name) {
    if (!fd) return;
    // Out of the way first, then one after the other to where they belong.
    given.push_back(::fcntl(fd.get(), F_DUPFD, kFirst + 1024));
    names.append(names.empty() ? "" : ":").append(name);
  };
  for (const auto& fd : handover.http.fds) give(fd, handover.http.is_ours ? kOwnHttp : kHttp);
  for (const auto& fd : handover.metrics.fds) give(fd, handover.metrics.is_ours ? kOwnMetrics : kMetrics);
  give(handover.local, kOwnLocal);
  give(handover.lock, kLock);

  std::vector<std::string> environment;
  for (auto** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  for (const auto& [name, value] : credentials.variables()) environment.push_back(fmt::format("{}={}", name, value));
  environment.push_back(fmt::format("{}={}", kListenPid, ::getpid()));
  environment.push_back(fmt::format("{}={}", kListenFds, given.size()));
  environment.push_back(fmt::format("{}={}", kListenNames, names));

  int next = kFirst;
  for (const int fd : given) {
    if (fd < 0 || ::dup2(fd, next) < 0)
      return {ErrorCode::kUnavailable, fmt::format("a descriptor cannot be handed over: {}", reason(errno))};
    ::close(fd);
    ++next;
  }
  // The signals that are blocked stay blocked: one that has come meanwhile is the successor's.
  auto arguments = arguments_;
  ::execve(program_.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
  return {ErrorCode::kUnavailable, fmt::format("{} cannot be run: {}", program_, reason(errno)),
          "Put a program there, and start it."};
}

}  // namespace toolrack::app
