#include "lint/child.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "base/utf8.hpp"
#include "lint/report.hpp"

namespace toolrack::lint {

struct Notes::Shared {
  std::uint64_t runs, seed;
  bool is_finished;
  char place[1024];
  char skipped[512];
};

namespace {

[[noreturn]] void fail_with(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void* map_page(std::size_t bytes) {
  auto* page = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail_with("mmap");
  return page;
}

int open_memory() {
  const int fd = ::memfd_create("findings", MFD_CLOEXEC);
  if (fd < 0) fail_with("memfd_create");
  return fd;
}

void copy_to(char* place, std::size_t size, std::string_view text) {
  const auto length = std::min(text.size(), size - 1);
  std::memcpy(place, text.data(), length);
  place[length] = 0;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (off_t at = 0;;) {
    const auto got = ::pread(fd, buffer, sizeof buffer, at);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    at += got;
  }
}

/// The plugin's own words on stdout would stand among the findings.
[[noreturn]] void be_the_child(Notes& notes, const std::function<void(Notes&)>& work) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  try {
    work(notes);
  } catch (const std::exception& error) {
    notes.add(fmt::format("an exception came out of the plugin: {}", error.what()));
  } catch (...) {
    notes.add("an exception came out of the plugin");
  }
  notes.finish();
  std::fflush(nullptr);
  ::_exit(0);
}

enum class End : std::uint8_t { kFinished, kDied, kHung };

End wait_for(pid_t child, const Notes& notes, std::chrono::seconds patience, int& status) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd one{handle, POLLIN, 0};
  const bool has_ended = handle >= 0 && ::poll(&one, 1, static_cast<int>(patience.count() * 1000)) == 1;
  if (!has_ended) ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  if (handle >= 0) ::close(handle);
  if (!has_ended) return End::kHung;
  const bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return is_clean && notes.is_finished() ? End::kFinished : End::kDied;
}

std::string describe_death(int status) {
  if (WIFEXITED(status)) return fmt::format("the plugin ends the process, with status {}", WEXITSTATUS(status));
  const auto* name = ::sigabbrev_np(WTERMSIG(status));
  return fmt::format("the plugin crashes (SIG{})", name == nullptr ? "?" : name);
}

/// What a message is about, whichever call or operation it happened to.
std::string without_digits(std::string_view message) {
  std::string out(message);
  std::erase_if(out, [](char byte) { return byte >= '0' && byte <= '9'; });
  return out;
}

}  // namespace

Notes::Notes(std::string check, std::string skill)
    : check_(std::move(check)),
      skill_(std::move(skill)),
      shared_(new(map_page(sizeof(Shared))) Shared{}),
      findings_(open_memory()) {}

Notes::~Notes() {
  ::munmap(shared_, sizeof(Shared));
  ::close(findings_);
}

void Notes::begin(std::string_view what, std::uint64_t seed) {
  ++shared_->runs;
  shared_->seed = seed;
  copy_to(shared_->place, sizeof shared_->place, what);
}

/// The plugin's words may be no UTF-8; that is not what the reader of JSON should stumble over.
void Notes::add(const std::string& message, std::string remedy, Severity severity) {
  const Finding finding{.severity = severity,
                        .check = check_,
                        .where = skill_.empty() ? std::string() : "skill " + skill_,
                        .message = base::replace_invalid_utf8(message),
                        .remedy = std::move(remedy),
                        .seed = shared_->seed == 0 ? std::nullopt : std::optional(shared_->seed)};
  const auto known = take().findings;
  const auto what = without_digits(finding.message);
  const auto says_the_same = [&](const Finding& other) { return without_digits(other.message) == what; };
  if (std::ranges::none_of(known, says_the_same)) write_all(findings_, to_json(finding) + "\n");
}

void Notes::skip(std::string_view why) { copy_to(shared_->skipped, sizeof shared_->skipped, why); }

CheckResult Notes::take() {
  CheckResult out{.check = check_, .skill = skill_, .runs = shared_->runs, .skipped = shared_->skipped};
  const auto lines = read_all(findings_);
  std::size_t from = 0;
  for (std::size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', from)) {
    if (auto finding = finding_from_json(std::string_view(lines).substr(from, end - from)))
      out.findings.push_back(*std::move(finding));
    from = end + 1;
  }
  return out;
}

std::string Notes::place() const { return shared_->place; }
std::uint64_t Notes::seed() const noexcept { return shared_->seed; }
void Notes::finish() noexcept { shared_->is_finished = true; }
bool Notes::is_finished() const noexcept { return shared_->is_finished; }

CheckResult run_check(const std::string& check, const std::string& skill, const std::function<void(Notes&)>& work,
                      const ChildOptions& options) {
  Notes notes(check, skill);
  if (options.in_process) {
    work(notes);
    return notes.take();
  }
  std::fflush(nullptr);
  const auto child = ::fork();
  if (child < 0) fail_with("fork");
  if (child == 0) be_the_child(notes, work);
  int status = 0;
  const auto end = wait_for(child, notes, options.patience, status);
  if (end == End::kDied)
    notes.add(describe_death(status) + ": " + notes.place(), "Look at it in a debugger: add --in-process.");
  if (end == End::kHung)
    notes.add(fmt::format("the plugin does not return within {} s: {}", options.patience.count(), notes.place()),
              "A frame must not block or loop; look where it is in a debugger: add --in-process.");
  return notes.take();
}

}  // namespace toolrack::lint
