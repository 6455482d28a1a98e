/// The logs of a workflow run: a ZIP behind a redirect to another host, which must not see the token.
#include "api.hpp"
#include "base64.hpp"
#include "skills/skills.hpp"
#include "zip.hpp"

#include <toolrack/json_text.hpp>

#include <algorithm>
#include <utility>

namespace toolrack::github {
namespace {

constexpr std::uint64_t kMaxArchive = 64 << 20;
constexpr std::uint64_t kMaxFile = 512 << 20;

/// Text for a model: what is no UTF-8 becomes '?', and a begin in the middle of a character is dropped.
std::string to_text(std::string bytes) {
  while (!bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0xc0) == 0x80) bytes.erase(0, 1);
  if (is_text(bytes)) return bytes;
  for (char& c : bytes)
    if (static_cast<unsigned char>(c) >= 0x80 || c == 0) c = '?';
  return bytes;
}

Reply damaged(const char* what) {
  return Reply::error(TR_UNAVAILABLE, "github.garbage", std::string("GitHub sent logs that are ") + what,
                      "Try again later, or read the logs in the browser.");
}

/// The wanted files, each with its last lines; each gets an equal share of what is left.
Reply logs_json(std::string_view archive, const std::string& filter, std::size_t most) {
  const auto all = read_zip(archive);
  if (!all) return damaged("no ZIP archive");
  std::vector<ZipEntry> wanted;
  for (const ZipEntry& entry : *all)
    if (filter.empty() || entry.name.find(filter) != std::string::npos) wanted.push_back(entry);
  std::string files;
  bool is_cut = false;
  std::size_t left = most;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto tail = unpack_tail(wanted[i], left / (wanted.size() - i), kMaxFile);
    if (!tail) return damaged("damaged");
    left -= tail->bytes.size();
    const bool truncated = tail->bytes.size() < tail->size;
    is_cut = is_cut || truncated;
    files += (i > 0 ? ",{\"name\":" : "{\"name\":") + json_quote(to_text(wanted[i].name)) +
             ",\"size\":" + std::to_string(tail->size) + ",\"text\":" + json_quote(to_text(tail->bytes)) +
             ",\"truncated\":" + (truncated ? "true}" : "false}");
  }
  return Reply::json("{\"files\":[" + files + "],\"count\":" + std::to_string(wanted.size()) +
                     ",\"truncated\":" + (is_cut ? "true}" : "false}"));
}

}  // namespace

Task get_workflow_logs(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  HttpRequest request =
      api_request("GET", repo + "/actions/runs/" + std::to_string(input.number("run_id", 0)) + "/logs");
  request.no_redirect();
  const Reply answer = co_await call.http(request);
  if (answer.status() != TR_OK || answer.number() != 302) co_return failure(answer, call.unix_time());
  const std::string where = answer.header("location").str();
  HttpRequest download("GET", where);
  download.no_credential().header("user-agent", "toolrack-github/1.0").max_bytes(kMaxArchive);
  const Reply archive = co_await call.http(download);
  if (!archive.ok()) co_return Reply::provider(archive);
  if ((archive.result_flags() & TR_RESULT_CUT) != 0) co_return damaged("longer than 64 MiB");
  const std::string filter = input.text("file");
  const auto most = static_cast<std::size_t>(input.number("max_bytes", 60'000));
  auto work = [&archive, &filter, most] { return logs_json(archive.body(), filter, most); };
  Reply reply = co_await call.blocking(work);
  co_return reply;
}

}  // namespace toolrack::github
