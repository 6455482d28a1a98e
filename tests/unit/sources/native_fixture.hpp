/// A native source with loops, pools and a plugin directory of the test's own, driven through registry::Handler.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "registry/handler.hpp"
#include "registry/tool.hpp"
#include "sources/native/native_source.hpp"
#include "support/patience.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::sources::native {

/// What a call came to, without anything that keeps the library.
struct Answer {
  std::optional<base::Error> error;
  std::string output;
  registry::Outcome rest;  ///< Lease and output released.
  std::string_view code() const { return error ? error->name() : std::string_view("ok"); }
};

/// One call and its caller. Made and waited for by the test's thread; the rest happens on the loop.
class TestCall final : public registry::Completion {
 public:
  TestCall(const registry::Skill& skill, std::string input, base::Loop& loop) : input_(std::move(input)) {
    invocation.skill = &skill;
    invocation.input_json = input_;
    invocation.call_id = "call-1";
    invocation.account = "account-1";
    invocation.transport = "test";
    invocation.client = "tests/1";
    invocation.loop = &loop;
  }

  void start() {
    boost::asio::post(invocation.loop->context(), [this] { start_here(); });
  }
  /// On the loop.
  void start_here() {
    const auto ticket = invocation.skill->handler->invoke(invocation, *this);
    const std::lock_guard lock(mutex_);
    ticket_ = ticket;
    has_ticket_ = true;
    changed_.notify_all();
  }
  void cancel() {
    boost::asio::post(invocation.loop->context(), [this] { invocation.skill->handler->cancel(ticket()); });
  }
  std::uint64_t ticket() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return has_ticket_; });
    return ticket_;
  }
  Answer wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answer_.has_value() && has_ticket_; });
    return std::move(*answer_);
  }
  bool is_answered() {
    const std::lock_guard lock(mutex_);
    return answer_.has_value();
  }

  void complete(registry::Outcome&& outcome) noexcept override {
    Answer answer;
    answer.output = outcome.output_json.view();
    answer.error = std::move(outcome.error);
    outcome.output_json.reset();
    outcome.lease.release();
    answer.rest = std::move(outcome);
    const std::lock_guard lock(mutex_);
    if (!invocation.loop->is_current()) ADD_FAILURE() << "completed away from the loop";
    if (answer_) ADD_FAILURE() << "completed twice";
    answer_ = std::move(answer);
    changed_.notify_all();
  }
  void progress(double done, double total, std::string_view note) noexcept override {
    progress_seen.emplace_back(done, std::string(note));
    (void)total;
  }
  bool partial(registry::Part part) noexcept override {
    partial_bytes += part.text.size();
    return ++partials_seen < partials_wanted;
  }

  void log(std::uint8_t level, std::string_view text, std::string_view fields_json) noexcept override {
    lines_seen.push_back(std::to_string(level) + " " + std::string(text) + " " + std::string(fields_json));
  }

  registry::Invocation invocation;
  registry::Backend backend;
  std::vector<std::string> lines_seen;
  std::vector<std::pair<double, std::string>> progress_seen;
  std::size_t partials_seen = 0, partials_wanted = SIZE_MAX, partial_bytes = 0;

 private:
  const std::string input_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ticket_ = 0;
  bool has_ticket_ = false;
  std::optional<Answer> answer_;
};

class NativeFixture : public ::testing::Test {
 protected:
  NativeFixture() {
    std::filesystem::create_directory(plugins());
    // Who is about a time that runs out sets that one; no other is to run out on a busy machine.
    settings.grace = settings.load_timeout = settings.list_timeout = test::kPatience;
  }
  ~NativeFixture() override {
    source.reset();
    loops.stop();
  }

  std::filesystem::path plugins() const { return directory.path() / "plugins"; }
  static std::filesystem::path built(const std::string& name) {
    return std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / (name + ".so");
  }
  /// Copies a plugin of tests/plugins into the directory, under its own name or another.
  std::filesystem::path install(const std::string& name, const std::string& as = "") {
    const auto to = plugins() / ((as.empty() ? name : as) + ".so");
    const auto whole = plugins() / ".being-copied";
    std::filesystem::copy_file(built(name), whole, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(whole, to);
    return to;
  }

  /// Starts everything; `settings` may be changed before.
  void open() {
    settings.runtime_dir = directory.path() / "runtime";
    environment.loops = &loops;
    environment.workers = &workers;
    environment.blocking = &blocking;
    environment.metrics = &metrics;
    // The same tests, with every plugin in a worker process.
    if (const char* const isolation = std::getenv("TOOLRACK_TEST_ISOLATION")) {
      settings.isolation.otherwise = isolated::isolation_of(isolation);
      settings.isolation.max_memory = 0;  // A sanitizer reserves terabytes.
    }
    if (settings.isolation.program.empty())
      settings.isolation.program = std::filesystem::path(TOOLRACK_BINARY_DIR) / "toolrack-worker";
    environment.settings = settings;
    loops.start();
    source = std::make_unique<NativeSource>(environment);
    scan();
  }
  const ScanResult& scan() {
    result = source->scan({{plugins(), false}});
    return result;
  }

  const registry::Tool& tool(const std::string& slug, const std::string& version = "1.0.0") const {
    for (const auto& one : result.tools) {
      if (one->slug == slug && one->version == version) return *one;
    }
    ADD_FAILURE() << "no tool " << slug << "@" << version;
    for (const auto& file : source->files()) ADD_FAILURE() << file.path << ": " << file.code << " " << file.message;
    std::abort();
  }
  const registry::Skill& skill(const std::string& slug, const std::string& name) const {
    for (const auto& one : tool(slug).skills) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no skill " << slug << "." << name;
    std::abort();
  }
  Answer call(const std::string& slug, const std::string& name, std::string input = "{}") {
    TestCall one(skill(slug, name), std::move(input), loops[0]);
    one.start();
    return one.wait();
  }
  /// What the source says of the file.
  PluginFile row(const std::string& name) const {
    for (auto& one : source->files()) {
      if (std::filesystem::path(one.path).filename() == name + ".so") return one;
    }
    ADD_FAILURE() << "no row for " << name;
    return {};
  }
  /// Closes the modules of a scan and waits for it.
  void drain(RetiredModules retired) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_closed = false;
    source->drain(std::move(retired), [&] {
      const std::lock_guard lock(mutex);
      is_closed = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_closed; });
  }
  /// Removes the file, scans, drains.
  void uninstall(const std::filesystem::path& path) {
    std::filesystem::remove(path);
    scan();
    drain(std::move(result.retired));
  }

  testing::TempDirectory directory;
  Settings settings;
  base::Metrics metrics;
  base::Loops loops{2};
  base::Pool workers{"workers", 4};
  base::Pool blocking{"blocking", 4};
  Environment environment;
  ScanResult result;
  std::unique_ptr<NativeSource> source;
};

}  // namespace toolrack::sources::native
