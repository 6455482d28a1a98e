/// Reading files and directories.
#include "api.hpp"
#include "base64.hpp"
#include "skills/skills.hpp"

#include <toolrack/json_text.hpp>

#include <rapidjson/pointer.h>

namespace toolrack::github {
namespace {

constexpr PickList kEntry = {
    {"name", "/name"}, {"path", "/path"}, {"type", "/type"}, {"size", "/size"}, {"sha", "/sha"}};
constexpr PickList kTreeEntry = {{"path", "/path"}, {"type", "/type"}, {"size", "/size"}, {"sha", "/sha"}};

std::int64_t size_of(const rapidjson::Value& file) {
  const rapidjson::Value* const size = rapidjson::Pointer("/size").Get(file);
  return size != nullptr && size->IsInt64() ? size->GetInt64() : 0;
}

/// {path, sha, size, encoding, content, truncated, html_url}: text where it is text, else base64.
std::string file_json(const rapidjson::Value& file, const std::string& bytes, std::size_t most) {
  const bool text = is_text(bytes);
  const std::size_t kept = text ? cut_at(bytes, most) : std::min(bytes.size(), most);
  const std::string_view shown = std::string_view(bytes).substr(0, kept);
  std::string out = "{\"path\":" + json_quote(text_at(file, "/path")) +
                    ",\"sha\":" + json_quote(text_at(file, "/sha")) + ",\"size\":" + std::to_string(size_of(file)) +
                    ",\"encoding\":" + (text ? "\"utf-8\"" : "\"base64\"") +
                    ",\"content\":" + (text ? json_quote(shown) : json_quote(to_base64(shown))) +
                    ",\"truncated\":" + (kept < bytes.size() ? "true" : "false") +
                    ",\"html_url\":" + json_quote(text_at(file, "/html_url")) + "}";
  return out;
}

Reply no_file(const std::string& path, const char* what) {
  return Reply::error(TR_INVALID_ARGUMENT, "github.no_file", "\"" + path + "\" is " + what,
                      "Use list_files for directories, and the path of a file here.");
}

}  // namespace

Task get_file(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const std::string name = input.text("path");
  const auto path = escape_path(name);
  if (!path) co_return bad_name("path", name);
  HttpRequest request = api_request("GET", repo + "/contents/" + *path);
  if (input.has("ref")) request.query("ref", input.text("ref"));
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  Reply why;
  const auto file = read_json(answer, why);
  if (!file) co_return why;
  if (file->IsArray()) co_return no_file(name, "a directory");
  if (text_at(*file, "/type") != "file") co_return no_file(name, "no regular file");
  const auto most = static_cast<std::size_t>(input.number("max_bytes", 200'000));
  if (text_at(*file, "/encoding") == "base64") {
    const auto bytes = from_base64(text_at(*file, "/content"));
    if (bytes) co_return Reply::json(file_json(*file, *bytes, most));
  }
  // Above 1 MB the contents come as a blob only.
  HttpRequest blob_request =
      api_request("GET", repo + "/git/blobs/" + HttpRequest::percent_encode(text_at(*file, "/sha")));
  blob_request.max_bytes(64 << 20);
  const Reply blob_answer = co_await call.http(blob_request);
  if (!blob_answer.ok()) co_return failure(blob_answer, call.unix_time());
  const auto blob = read_json(blob_answer, why);
  if (!blob) co_return why;
  const auto bytes = from_base64(text_at(*blob, "/content"));
  if (!bytes)
    co_return Reply::error(TR_UNAVAILABLE, "github.garbage",
                           "GitHub sent contents of \"" + name + "\" that are no base64", "Try again later.");
  co_return Reply::json(file_json(*file, *bytes, most));
}

Task list_files(Call call) {
  const Input input(call.input());
  const std::string repo = repo_path(input);
  if (repo.empty()) co_return bad_name("repository", input.text("owner") + "/" + input.text("repo"));
  const std::string name = input.text("path");
  const auto path = name.empty() ? std::optional<std::string>("") : escape_path(name);
  if (!path) co_return bad_name("path", name);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1000));
  const bool whole_tree = input.flag("recursive", false);
  std::string url = repo + "/contents/" + *path;
  if (path->empty()) url = repo + "/contents";
  if (whole_tree) url = repo + "/git/trees/" + HttpRequest::percent_encode(input.text("ref", "HEAD"));
  HttpRequest request = api_request("GET", std::move(url));
  if (whole_tree) request.query("recursive", "1");
  if (!whole_tree && input.has("ref")) request.query("ref", input.text("ref"));
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(answer, call.unix_time());
  Reply why;
  const auto document = read_json(answer, why);
  if (!document) co_return why;
  const rapidjson::Value* const rows = rapidjson::Pointer(whole_tree ? "/tree" : "").Get(*document);
  if (rows == nullptr || !rows->IsArray()) co_return no_file(name, "a file, not a directory");
  const std::string below = name.empty() ? std::string() : name + "/";
  std::string items;
  std::size_t count = 0;
  bool truncated = false;
  if (const auto* cut = rapidjson::Pointer("/truncated").Get(*document)) truncated = cut->IsBool() && cut->GetBool();
  for (const rapidjson::Value& row : rows->GetArray()) {
    if (whole_tree && text_at(row, "/path").rfind(below, 0) != 0) continue;
    if (count == limit) {
      truncated = true;
      break;
    }
    if (count++ > 0) items += ',';
    items += pick(row, whole_tree ? kTreeEntry : kEntry);
  }
  co_return Reply::json("{\"files\":[" + items + "],\"count\":" + std::to_string(count) +
                        ",\"truncated\":" + (truncated ? "true" : "false") + "}");
}

}  // namespace toolrack::github
