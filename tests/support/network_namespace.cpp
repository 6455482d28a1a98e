#include "support/network_namespace.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace toolrack::test {
namespace {

constexpr const char* kOuterVariable = "TOOLRACK_TEST_OUTER_NAMESPACE";
constexpr const char* kReportVariable = "TOOLRACK_TEST_NAMESPACE_REPORT";

std::string network_namespace() {
  struct stat status {};
  if (::stat("/proc/self/ns/net", &status) != 0) return {};
  return std::to_string(status.st_ino);
}

int run(std::vector<std::string> words, const std::vector<std::pair<std::string, std::string>>& environment = {}) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::unsetenv("GTEST_OUTPUT");  // The outer run's report is not for the inner one to write.
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ip(std::vector<std::string> words) {
  std::string shown = "ip";
  for (const auto& word : words) shown += " " + word;
  words.insert(words.begin(), "ip");
  if (const int code = run(std::move(words)); code != 0)
    throw std::runtime_error(shown + " failed: " + std::to_string(code));
}

std::string own_program() {
  std::array<char, 4096> path{};
  return ::readlink("/proc/self/exe", path.data(), path.size() - 1) > 0 ? path.data() : "";
}

NamespaceRun run_inside() {
  // Root needs no user namespace; others are root of one of their own.
  const std::string flags = ::geteuid() == 0 ? "-nm" : "-rnm";
  if (const int code = run({"unshare", flags, "true"}); code != 0) {
    return {NamespaceRun::Where::kImpossible,
            "`unshare " + flags + "` failed with " + std::to_string(code) + "; run as root or allow user namespaces"};
  }
  std::array<int, 2> report{};
  if (::pipe(report.data()) != 0) throw std::runtime_error("no pipe");
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto name = std::string(test->test_suite_name()) + "." + test->name();
  const int code = run({"unshare", flags, own_program(), "--gtest_filter=" + name, "--gtest_brief=1"},
                       {{kOuterVariable, network_namespace()}, {kReportVariable, std::to_string(report[1])}});
  ::close(report[1]);
  char byte = 0;
  EXPECT_EQ(::read(report[0], &byte, 1), 1) << "the test did not run inside the namespace";
  ::close(report[0]);
  EXPECT_EQ(code, 0) << name << " failed inside its network namespace, see above";
  return {NamespaceRun::Where::kOutside, {}};
}

void require_inside() {
  const char* outer = std::getenv(kOuterVariable);
  if (outer == nullptr || outer == network_namespace())
    throw std::runtime_error("not in a network namespace of its own");
}

}  // namespace

NamespaceRun enter_namespace() {
  if (std::getenv(kOuterVariable) == nullptr) return run_inside();
  require_inside();
  ip({"link", "set", "lo", "up"});
  if (const char* report = std::getenv(kReportVariable)) {
    if (::write(std::atoi(report), "i", 1) != 1) throw std::runtime_error("cannot report to the outer test");
    ::unsetenv(kReportVariable);
  }
  return {NamespaceRun::Where::kInside, {}};
}

void namespace_add_address(const std::string& address) {
  require_inside();
  if (address.find(':') == std::string::npos) {
    ip({"addr", "add", address + "/32", "dev", "lo"});
  } else {
    ip({"-6", "addr", "add", address + "/128", "dev", "lo", "nodad"});
  }
}

void namespace_use_resolver(const std::string& address) {
  require_inside();
  const auto put = [](const std::string& text, const char* over) {
    std::array<char, 40> path{"/tmp/toolrack-namespace-XXXXXX"};
    ::close(::mkstemp(path.data()));
    std::ofstream(path.data()) << text;
    const int result = ::mount(path.data(), over, nullptr, MS_BIND, nullptr);
    ::unlink(path.data());  // The mount keeps the file.
    if (result != 0) throw std::runtime_error(std::string("cannot mount over ") + over);
  };
  put("nameserver " + address + "\noptions timeout:5 attempts:1\n", "/etc/resolv.conf");
  put("127.0.0.1 localhost\n::1 localhost\n", "/etc/hosts");
  put("hosts: files dns\n", "/etc/nsswitch.conf");
}

}  // namespace toolrack::test
