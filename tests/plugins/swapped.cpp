// Answers with its generation: the bytes after "GENERATION-", which tests change in the file, as they do its build id.
#include <toolrack/plugin.hpp>

#include <chrono>
#include <cstdlib>
#include <string>

namespace tr = toolrack;

namespace {

/// Volatile, so that no compiler takes it for what it is now.
const volatile char kMark[] = "GENERATION-00000000";

std::string generation() {
  std::string out;
  for (const volatile char* at = kMark + 11; *at != 0; ++at) out += *at;
  return out;
}

/// {"ms": 20}: small enough to be found without a parser.
std::string value_of(std::string_view input, std::string_view key) {
  const auto at = input.find("\"" + std::string(key) + "\":");
  if (at == std::string_view::npos) return "";
  auto text = input.substr(at + key.size() + 3);
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  return std::string(text.substr(0, text.find_first_of("\",}")));
}

}  // namespace

class Swapped final : public tr::Plugin {
 public:
  explicit Swapped(const tr::Host& host) : Plugin(host) {
    skill<&Swapped::which>("which");
    skill<&Swapped::which>("which_pooled");
    skill<&Swapped::waits>("waits");
    skill<&Swapped::blocks>("blocks");
    skill<&Swapped::fetches>("fetches");
    skill<&Swapped::nests>("nests");
  }

 private:
  static tr::Reply answer(const std::string& more = "") {
    return tr::Reply::json("{\"generation\":\"" + generation() + "\"" + more + "}");
  }
  static std::chrono::milliseconds pause(const tr::Call& call) {
    return std::chrono::milliseconds(std::atoi(value_of(call.input(), "ms").c_str()));
  }
  tr::Reply which(tr::Call&) { return answer(); }
  tr::Task waits(tr::Call call) {
    const tr::Reply slept = co_await call.after(pause(call));
    if (!slept.ok()) co_return slept;
    co_return answer();
  }
  tr::Reply blocks(tr::Call& call) {
    tr::Op timer = call.after(pause(call));
    const tr::Reply slept = timer.wait();
    return slept.ok() ? answer() : slept;
  }
  tr::Task fetches(tr::Call call) {
    tr::HttpRequest request("GET", "/page");
    request.provider("local");
    const tr::Reply reply = co_await call.http(request);
    if (!reply.ok()) co_return reply;
    co_return answer();
  }
  tr::Task nests(tr::Call call) {
    const std::string input(call.input());
    const tr::Reply inner = co_await call.tool("swapped.waits", input);
    if (!inner.ok()) co_return inner;
    co_return answer(",\"inner\":" + std::string(inner.body()));
  }
};

TOOLRACK_PLUGIN(Swapped)
