/// Reading lists: the repository itself, commits, workflow runs.
#include "api.hpp"
#include "skills/skills.hpp"

namespace toolrack::github {
namespace {

constexpr PickList kRepo = {{"full_name", "/full_name"},
                            {"description", "/description"},
                            {"private", "/private"},
                            {"default_branch", "/default_branch"},
                            {"language", "/language"},
                            {"topics", "/topics"},
                            {"stars", "/stargazers_count"},
                            {"forks", "/forks_count"},
                            {"open_issues", "/open_issues_count"},
                            {"archived", "/archived"},
                            {"license", "/license/spdx_id"},
                            {"pushed_at", "/pushed_at"},
                            {"html_url", "/html_url"}};
constexpr PickList kCommit = {{"sha", "/sha"},
                              {"message", "/commit/message"},
                              {"author", "/commit/author/name"},
                              {"login", "/author/login"},
                              {"date", "/commit/author/date"},
                              {"html_url", "/html_url"}};
constexpr PickList kRun = {{"id", "/id"},
                           {"name", "/name"},
                           {"title", "/display_title"},
                           {"status", "/status"},
                           {"conclusion", "/conclusion"},
                           {"event", "/event"},
                           {"branch", "/head_branch"},
                           {"head_sha", "/head_sha"},
                           {"run_number", "/run_number"},
                           {"created_at", "/created_at"},
                           {"updated_at", "/updated_at"},
                           {"html_url", "/html_url"}};

void add(HttpRequest& request, const Input& input, const char* name, const char* parameter) {
  if (input.has(name)) request.query(parameter, input.text(name));
}

}  // namespace

Task get_repo(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const HttpRequest request = api_request("GET", repo);
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  Reply why;
  const auto document = read_json(answer, why);
  if (!document) co_return why;
  co_return Reply::json(pick(*document, kRepo));
}

Task list_commits(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  HttpRequest request("GET", repo + "/commits");
  add(request, input, "branch", "sha");
  for (const char* name : {"path", "author", "since", "until"}) add(request, input, name, name);
  ListQuery query;
  query.path = request.url();
  query.name = "commits";
  query.limit = input.number("limit", 30);
  Reply reply = co_await list(call, query, &kCommit);
  co_return reply;
}

Task list_workflow_runs(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  HttpRequest request("GET", repo + "/actions/runs");
  for (const char* name : {"branch", "status", "event", "actor", "head_sha"}) add(request, input, name, name);
  ListQuery query;
  query.path = request.url();
  query.name = "workflow_runs";
  query.array = "/workflow_runs";
  query.limit = input.number("limit", 30);
  Reply reply = co_await list(call, query, &kRun);
  co_return reply;
}

}  // namespace toolrack::github
