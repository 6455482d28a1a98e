/// Pull requests.
#include "api.hpp"
#include "skills/skills.hpp"

#include <toolrack/json_text.hpp>

namespace toolrack::github {
namespace {

constexpr PickList kPull = {{"number", "/number"},       {"title", "/title"},       {"state", "/state"},
                            {"draft", "/draft"},         {"author", "/user/login"}, {"head", "/head/ref"},
                            {"head_sha", "/head/sha"},   {"base", "/base/ref"},     {"created_at", "/created_at"},
                            {"merged_at", "/merged_at"}, {"html_url", "/html_url"}};
constexpr PickList kWholePull = {{"number", "/number"},
                                 {"title", "/title"},
                                 {"state", "/state"},
                                 {"draft", "/draft"},
                                 {"author", "/user/login"},
                                 {"head", "/head/ref"},
                                 {"head_sha", "/head/sha"},
                                 {"base", "/base/ref"},
                                 {"created_at", "/created_at"},
                                 {"merged_at", "/merged_at"},
                                 {"html_url", "/html_url"},
                                 {"body", "/body"},
                                 {"merged", "/merged"},
                                 {"mergeable", "/mergeable"},
                                 {"mergeable_state", "/mergeable_state"},
                                 {"commits", "/commits"},
                                 {"additions", "/additions"},
                                 {"deletions", "/deletions"},
                                 {"changed_files", "/changed_files"}};

}  // namespace

Task list_prs(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  HttpRequest request("GET", repo + "/pulls");
  request.query("state", input.text("state", "open"));
  for (const char* name : {"head", "base", "sort", "direction"})
    if (input.has(name)) request.query(name, input.text(name));
  ListQuery query;
  query.path = request.url();
  query.name = "pull_requests";
  query.limit = input.number("limit", 30);
  Reply reply = co_await list(call, query, &kPull);
  co_return reply;
}

Task get_pr(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const HttpRequest request = api_request("GET", repo + "/pulls/" + std::to_string(input.number("number", 0)));
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  Reply why;
  const auto document = read_json(answer, why);
  if (!document) co_return why;
  co_return Reply::json(pick(*document, kWholePull));
}

Task create_pr(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  std::string base = input.text("base");
  if (base.empty()) {
    const HttpRequest look = api_request("GET", repo);
    const Reply found = co_await call.http(look);
    if (!found.ok()) co_return failure(found, call.unix_time());
    Reply why;
    const auto about = read_json(found, why);
    if (!about) co_return why;
    base = text_at(*about, "/default_branch");
  }
  std::string body = "{\"title\":" + json_quote(input.text("title")) + ",\"head\":" + json_quote(input.text("head")) +
                     ",\"base\":" + json_quote(base);
  if (input.has("body")) body += ",\"body\":" + json_quote(input.text("body"));
  body += input.flag("draft", false) ? ",\"draft\":true}" : "}";
  HttpRequest request = api_request("POST", repo + "/pulls");
  request.json(std::move(body)).no_retry();
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  Reply why;
  const auto document = read_json(answer, why);
  if (!document) co_return why;
  co_return Reply::json(pick(*document, kPull));
}

}  // namespace toolrack::github
