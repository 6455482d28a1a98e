/// tests/data/plugin_faults.json, one file after another: each fault has its code and remedy, and harms nobody else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "native_fixture.hpp"
#include "sources/native/signature.hpp"
#include "support/data_file.hpp"

namespace toolrack::sources::native {
namespace {

namespace json = base::json;
using ::testing::HasSubstr;

const json::Document& rows() {
  static const auto& all = toolrack::testing::data_file("plugin_faults.json");
  return all;
}

class PluginFault : public NativeFixture, public ::testing::WithParamInterface<const json::Value*> {
 protected:
  std::string text(std::string_view key) const {
    return std::string(json::find_string(*GetParam(), key).value_or(std::string_view()));
  }
  std::int64_t number(std::string_view key) const { return json::find_int(*GetParam(), key).value_or(0); }
  bool flag(std::string_view key) const { return json::find_bool(*GetParam(), key).value_or(false); }

  static std::string bytes_of(const std::string& name) {
    std::ifstream in(built(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view bytes) const {
    std::ofstream(fault(), std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::filesystem::path fault() const { return plugins() / "fault.so"; }

  void make_fault() {
    const auto make = text("make");
    if (make.empty()) {
      install(text("file"), "fault");
    } else if (make == "empty") {
      write("");
    } else if (make == "text") {
      write("#!/bin/sh\n# This is no library, though it is long enough to hold the header of one.\n");
    } else if (make == "cut") {
      const auto whole = bytes_of(text("of"));
      const auto share = json::find(*GetParam(), "share")->GetDouble();
      write(std::string_view(whole).substr(0, static_cast<std::size_t>(static_cast<double>(whole.size()) * share)));
    } else if (make == "patch") {
      auto bytes = bytes_of(text("of"));
      auto at = static_cast<std::size_t>(number("at"));
      for (const auto& byte : json::find(*GetParam(), "bytes")->GetArray())
        bytes.at(at++) = static_cast<char>(byte.GetInt());
      write(bytes);
    } else if (make == "mode") {
      install(text("of"), "fault");
      ASSERT_EQ(::chmod(fault().c_str(), static_cast<mode_t>(std::stoi(text("mode"), nullptr, 8))), 0);
    } else if (make == "directory") {
      std::filesystem::create_directory(fault());
    } else if (make == "fifo") {
      ASSERT_EQ(::mkfifo(fault().c_str(), 0600), 0);
    } else if (make == "socket") {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      ASSERT_LT(fault().string().size(), sizeof address.sun_path);
      fault().string().copy(address.sun_path, sizeof address.sun_path - 1);
      const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
      ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
      ::close(fd);
    } else if (make == "link") {
      std::filesystem::create_symlink(text("to"), fault());
    } else {
      FAIL() << "nobody knows how to make \"" << make << "\"";
    }
  }

  /// The plugin is to run in a process of its own, which cannot be as it should.
  void spoil_worker() {
    const auto what = text("worker");
    if (what.empty()) return;
    auto& isolation = settings.isolation;
    isolation.plugins.emplace("test/" + text("tool"), isolated::Isolation::kWorker);
    const auto program = directory.path() / "worker";
    isolation.max_memory = 0;  // A sanitizer reserves terabytes.
    if (what == "missing") {
      isolation.program = program;
      return;
    }
    // So few descriptors that it cannot open what a ruleset of Landlock is about. The one that it was started by is
    // none of them: it comes after those of a worker.
    worker::Options options;
    options.channels = static_cast<int>(loops.size());
    isolation.sandbox = worker::SandboxMode::kRequired;
    const auto most = options.first_free() + 1;
    std::ofstream(program) << "#!/bin/sh\nexec " << options.first_free()
                           << "<&-\nexec /usr/bin/prlimit --nofile=" << most << ":" << most << " "
                           << TOOLRACK_BINARY_DIR << "/toolrack-worker \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms(0755));
    isolation.program = program;
  }

  /// What happens to the file between the scan and the first call.
  void change_fault() {
    const auto then = text("then");
    if (then == "nothing")
      std::filesystem::remove(fault());
    else if (then == "half")
      write(std::string_view(bytes_of("plain")).substr(0, 3000));
    else if (!then.empty())
      install(then, "fault");
  }

  Answer run(const std::string& skill_name) {
    TestCall one(skill(text("tool"), skill_name), "{}", loops[0]);
    if (const auto deadline = number("deadline_ms"); deadline != 0)
      one.invocation.deadline_ns = base::system_clock().monotonic_ns() + deadline * 1'000'000;
    one.start();
    return one.wait();
  }

  /// A busy machine may take longer to load a plugin than a test of hanging ones wants to wait; it serves all the same.
  std::string patient_call(const std::string& slug, const std::string& skill_name) {
    for (;;) {
      const auto answer = call(slug, skill_name);
      const bool is_late = answer.error && answer.error->message().find("E_TIMEOUT") != std::string::npos;
      if (!is_late) return std::string(answer.code());
      std::this_thread::yield();
    }
  }

  void expect_good_answers(const std::string& when) {
    EXPECT_EQ(patient_call("unlimited", "gated"), "ok") << when;
    // So does one that was not loaded before.
    EXPECT_EQ(patient_call("background", "ticks"), "ok") << when;
  }
};

TEST_P(PluginFault, HasACodeAndARemedyAndHarmsNobody) {
  const bool hangs = flag("hangs");
  const bool blocks_copies = text("runtime") == "blocked";
  if (blocks_copies) settings.retry_after = std::chrono::milliseconds(0);
  const auto gate = (directory.path() / "gate").string();
  if (hangs) {
    ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
    ::setenv("TOOLRACK_TESTS_GATE", gate.c_str(), 1);
    settings.load_timeout = std::chrono::seconds(3);  // By then it is where it hangs, on a busy machine as well.
  }
  // Who never completes is not waited for; who does has the time.
  if (text("answer") == "timeout") settings.grace = std::chrono::milliseconds(20);
  settings.require_safe_permissions = flag("hosted");
  settings.require_signature = flag("unsigned");
  const auto good = {install("unlimited", "a_good"), install("background", "z_good")};
  if (settings.require_signature) {
    const auto key = directory.path() / "key";
    settings.trusted_keys = {make_signing_key(key).value_or("")};
    for (const auto& path : good) ASSERT_TRUE(sign_plugin(key, path.string()));
  }
  if (const auto* beside = json::find(*GetParam(), "beside")) {
    for (const auto& other : beside->GetArray()) install(std::string(json::view(other)), "b_first");
  }
  make_fault();
  if (HasFatalFailure()) return;
  spoil_worker();
  open();
  if (blocks_copies) std::ofstream(settings.runtime_dir) << "a file where the folder should be";
  EXPECT_EQ(patient_call("unlimited", "gated"), blocks_copies ? "plugin_failed" : "ok");
  change_fault();

  if (const auto name = text("skill"); !name.empty()) {
    auto answer = run(name);
    if (number("deadline_ms") != 0) {  // Which may pass before the plugin is loaded; it is about what comes after.
      while (row("fault").state < PluginState::kServing) std::this_thread::yield();
      answer = run(name);
    }
    const auto expected = text("answer").empty() ? std::string("plugin_failed") : text("answer");
    EXPECT_EQ(answer.code(), expected) << (answer.error ? answer.error->message() : "");
    if (answer.error) EXPECT_THAT(answer.error->message(), HasSubstr(text("words")));
    if (expected == "plugin_failed") {
      EXPECT_THAT(answer.error->message(), HasSubstr(text("code")));
      EXPECT_FALSE(answer.error->hint().empty());
    }
  }
  const auto said = row("fault");
  EXPECT_EQ(said.code, text("code")) << said.message;
  if (const auto state = text("state"); !state.empty()) {
    EXPECT_EQ(to_string(said.state), state);
    EXPECT_THAT(said.message, HasSubstr(text("words")));
  } else if (!said.code.empty()) {
    EXPECT_EQ(said.state, PluginState::kFailed);
    EXPECT_THAT(said.message, HasSubstr(text("words")));
    EXPECT_FALSE(said.remedy.empty());
  } else {
    EXPECT_EQ(said.state, PluginState::kServing);
    while (row("fault").misuses < static_cast<std::uint64_t>(number("misuses"))) std::this_thread::yield();
  }

  if (blocks_copies) std::filesystem::remove(settings.runtime_dir);
  expect_good_answers("beside the fault");
  if (const auto after = text("after"); !after.empty()) EXPECT_EQ(run(after).code(), "ok");
  if (hangs) {
    EXPECT_EQ(run(text("skill")).code(), "plugin_failed") << "answered at once, without another load";
    ::close(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));
    while (row("fault").state != PluginState::kServing) std::this_thread::yield();
    EXPECT_EQ(row("fault").code, "");
    EXPECT_EQ(run(text("skill")).code(), "ok") << "late is not lost";
    ::unsetenv("TOOLRACK_TESTS_GATE");
  }
  std::filesystem::remove_all(fault());
  scan();
  drain(std::move(result.retired));
  expect_good_answers("after it is gone");
}

/// Those that concern the source alone; tests/e2e tries the others on the whole program.
std::vector<const json::Value*> rows_of_the_source() {
  std::vector<const json::Value*> out;
  for (const auto& row : rows().GetArray())
    if (!json::find_bool(row, "program_only").value_or(false)) out.push_back(&row);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Each, PluginFault, ::testing::ValuesIn(rows_of_the_source()),
                         [](const auto& row) { return toolrack::testing::case_name(*row.param); });

TEST(PluginFaults, CoverEveryCode) {
  std::set<std::string_view> covered, known;
  for (const auto& row : rows().GetArray()) covered.insert(json::find_string(row, "code").value_or("(none)"));
  for (const auto& error : all_load_errors()) {
    known.insert(error.name);
    EXPECT_TRUE(covered.contains(error.name)) << error.name << " has no row";
    EXPECT_TRUE(error.remedy.ends_with('.')) << error.name;
  }
  covered.erase("");
  for (const auto code : covered) EXPECT_TRUE(known.contains(code)) << code << " is no code";
}

}  // namespace
}  // namespace toolrack::sources::native
