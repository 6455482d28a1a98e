/// A program that a test starts beside itself, and that ends with it.
#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace toolrack::testing {

class StartedProgram {
 public:
  /// `words`: the program, found on PATH, and its arguments. Throws when there is no such program.
  explicit StartedProgram(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (const int error = ::posix_spawnp(&pid_, arguments[0], nullptr, nullptr, arguments.data(), environ); error != 0)
      throw std::runtime_error("cannot start " + words.front() + ": " + std::to_string(error));
  }
  ~StartedProgram() {
    if (has_ended()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  StartedProgram(const StartedProgram&) = delete;
  StartedProgram& operator=(const StartedProgram&) = delete;

  bool has_ended() {
    if (!has_ended_) has_ended_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return has_ended_;
  }

 private:
  pid_t pid_ = 0;
  bool has_ended_ = false;
};

}  // namespace toolrack::testing
