/// What changes a repository: a commit of one file, a branch.
#include "api.hpp"
#include "base64.hpp"
#include "skills/skills.hpp"

#include <toolrack/json_text.hpp>

#include <algorithm>
#include <array>

namespace toolrack::github {
namespace {

/// Branches that people deploy from. Compared without case: a "Main" is one as well.
bool is_protected_name(std::string name) {
  constexpr std::array<std::string_view, 4> kNames = {"main", "master", "production", "prod"};
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string branch_name(std::string name) {
  constexpr std::string_view kPrefix = "refs/heads/";
  return name.rfind(kPrefix, 0) == 0 ? name.substr(kPrefix.size()) : name;
}

Reply refuse_branch(const std::string& branch, const char* why) {
  return Reply::error(
      TR_FAILED_PRECONDITION, "github.protected_branch",
      "the branch \"" + branch + "\" is " + why + ", and nothing was committed",
      "Make a branch with create_branch, commit there and open a pull request; or set allow_main when the "
      "person has asked for a commit to this branch.");
}

Async<Reply> get(Call call, std::string path) {
  const HttpRequest request = api_request("GET", std::move(path));
  Reply answer = co_await call.http(request);
  co_return answer;
}

}  // namespace

Task commit_file(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const auto path = escape_path(input.text("path"));
  if (!path) co_return bad_name("path", input.text("path"));
  if (input.has("content") == input.has("content_base64"))
    co_return Reply::error(TR_INVALID_ARGUMENT, "github.content",
                           "content and content_base64 are both there, or both missing",
                           "Send one of them: text in content, other bytes in content_base64.");
  const bool allow_main = input.flag("allow_main", false);
  std::string branch = branch_name(input.text("branch"));
  if (!allow_main && is_protected_name(branch)) co_return refuse_branch(branch, "one that people deploy from");
  Reply why;
  if (!allow_main) {
    const Reply answer = co_await get(call, repo);
    if (!answer.ok()) co_return failure(answer, call.unix_time());
    const auto about = read_json(answer, why);
    if (!about) co_return why;
    const std::string standard = text_at(*about, "/default_branch");
    if (branch.empty() || branch == standard) co_return refuse_branch(standard, "the repository's default branch");
  }

  std::string sha = input.text("sha");
  if (sha.empty()) {  // GitHub wants the blob that is replaced.
    std::string url = repo + "/contents/" + *path;
    if (!branch.empty()) url += "?ref=" + HttpRequest::percent_encode(branch);
    const Reply answer = co_await get(call, std::move(url));
    if (!answer.ok() && answer.number() != 404) co_return failure(answer, call.unix_time());
    if (answer.ok()) {
      const auto there = read_json(answer, why);
      if (!there) co_return why;
      if (there->IsArray())
        co_return Reply::error(TR_INVALID_ARGUMENT, "github.no_file", "\"" + input.text("path") + "\" is a directory",
                               "Name a file in it.");
      sha = text_at(*there, "/sha");
    }
  }

  std::string body = "{\"message\":" + json_quote(input.text("message")) + ",\"content\":";
  body += json_quote(input.has("content") ? to_base64(input.text("content")) : input.text("content_base64"));
  if (!branch.empty()) body += ",\"branch\":" + json_quote(branch);
  if (!sha.empty()) body += ",\"sha\":" + json_quote(sha);
  HttpRequest request = api_request("PUT", repo + "/contents/" + *path);
  request.json(body + "}").no_retry();  // A second one would meet the first one's commit.
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) {
    Reply reply = failure(answer, call.unix_time());
    reply.add_flags(TR_OUT_FINAL);
    co_return reply;
  }
  const auto done = read_json(answer, why);
  if (!done) co_return why;
  static constexpr PickList kDone = {{"path", "/content/path"},
                                     {"sha", "/content/sha"},
                                     {"commit_sha", "/commit/sha"},
                                     {"commit_url", "/commit/html_url"},
                                     {"html_url", "/content/html_url"}};
  std::string out = pick(*done, kDone);
  out.pop_back();
  co_return Reply::json(out + ",\"created\":" + (answer.number() == 201 ? "true}" : "false}"));
}

Task create_branch(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const std::string branch = branch_name(input.text("branch"));
  if (!escape_path(branch)) co_return bad_name("branch", branch);
  std::string from = branch_name(input.text("from"));
  Reply why;
  if (from.empty()) {
    const Reply answer = co_await get(call, repo);
    if (!answer.ok()) co_return failure(answer, call.unix_time());
    const auto about = read_json(answer, why);
    if (!about) co_return why;
    from = text_at(*about, "/default_branch");
  }
  const auto source = escape_path(from);
  if (!source) co_return bad_name("branch", from);
  const Reply found = co_await get(call, repo + "/git/ref/heads/" + *source);
  if (!found.ok()) co_return failure(found, call.unix_time());
  const auto ref = read_json(found, why);
  if (!ref) co_return why;
  const std::string sha = text_at(*ref, "/object/sha");
  HttpRequest request = api_request("POST", repo + "/git/refs");
  request.json("{\"ref\":" + json_quote("refs/heads/" + branch) + ",\"sha\":" + json_quote(sha) + "}").no_retry();
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  co_return Reply::json("{\"branch\":" + json_quote(branch) + ",\"from\":" + json_quote(from) +
                        ",\"sha\":" + json_quote(sha) + "}");
}

}  // namespace toolrack::github
