/// A `request` block, an input and a reply (a line each) -> what is sent and what comes of the answer.
#include <algorithm>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "registry/manifest.hpp"
#include "sources/declarative/program.hpp"
#include "sources/declarative/reply.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;
using namespace sources::declarative;

/// The block in a manifest whose skill lists every member of `input`; nullopt when it is refused.
std::optional<Program> compile(std::string_view request, const json::Value& input) {
  std::string properties, required;
  for (const auto& [name, value] : input.GetObject()) {
    const auto quoted = json::quote(json::view(name));
    properties += (properties.empty() ? "" : ",") + quoted + ":{}";
    required += (required.empty() ? "" : ",") + quoted;
  }
  const auto manifest = R"({"manifest":"1.0","owner":"fuzz","name":"fuzz","version":"1.0.0","description":"d",)"
                        R"("providers":{"p":{"base_url":"https://api.example.com"}},)"
                        R"("skills":[{"name":"run","description":"d","input":{"type":"object","properties":{)" +
                        properties + "},\"required\":[" + required + "]},\"request\":" + std::string(request) + "}]}";
  const auto tool = registry::load_manifest(manifest);
  if (!tool) return std::nullopt;
  auto programs = compile_programs(**tool);
  if (!programs) {
    require(programs.error().code() == base::ErrorCode::kInvalidManifest, "a block fails as one");
    require(programs.error().message().starts_with("manifest at /skills/0/request"), "a failure has its place",
            programs.error().message());
    return std::nullopt;
  }
  return std::move((*programs)[0]);
}

void check_sent(const Program& program, const Template::Find& find) {
  if (const auto path = program.path.expand(Place::kPath, find)) {
    for (const unsigned char c : *path)
      require(c > 0x20 && c < 0x7f && c != '?' && c != '#' && c != '\\', "a path stays one", *path);
    const auto slashes = [](const std::string& text) { return std::count(text.begin(), text.end(), '/'); };
    require(slashes(*path) == slashes(program.path.literal()), "a value stays in its segment", *path);
    const auto framed = *path + "/";
    require(framed.find("/./") == std::string::npos && framed.find("/../") == std::string::npos, "no path goes up",
            *path);
  }
  if (const auto query = encode_query(program.query, find)) {
    require(query->find_first_of("#\r\n \"") == std::string::npos, "a query stays one", *query);
  }
  for (const auto& field : program.headers) {
    const auto value = field.value.expand(Place::kHeader, find);
    if (!value) continue;
    for (const unsigned char c : *value) require(c >= 0x20 || c == '\t', "a header stays one line", *value);
  }
  if (program.body == Program::Body::kJson) {
    if (const auto body = program.json.expand(find)) require(json::parse(*body).has_value(), "a body is JSON", *body);
  }
}

void check_reply(const Program& program, std::string_view body) {
  services::http::Response response;
  response.status = 200;
  response.url = "https://api.example.com/v1/items?page=1";
  response.headers = {{"link", std::string(body)}, {"retry-after", std::string(body)}};
  response.body = body;
  const auto reply = Reply::read(std::move(response), program.result.is_text);
  if (const auto failure = find_failure(program, reply, "p", 1'000'000'000)) {
    require(base::is_utf8(failure->message()), "messages are UTF-8", failure->message());
    require(json::parse(failure->details_json().empty() ? "{}" : failure->details_json()).has_value(),
            "details are JSON", failure->details_json());
  } else if (program.page) {
    if (const auto items = list_items(program, reply))
      for (const auto& item : *items) require(json::parse(item).has_value(), "an item is JSON", item);
  } else if (const auto output = make_output(program, reply)) {
    require(json::parse(*output).has_value(), "an output is JSON", *output);
  }
  if (const auto wait = find_wait(program, reply, 1'000'000'000))
    require(wait->count() >= 0 && *wait <= std::chrono::hours(24), "a wait is at most a day", body);
  if (program.cost) {
    const auto cost = find_cost(*program.cost, reply, [](std::string_view) { return nullptr; });
    require(cost >= base::Money(), "nobody is paid for a call", body);
  }
  if (const auto next = next_link(reply); next && !next->empty())
    require(next->starts_with("https://api.example.com/"), "a link stays with its origin", *next);
}

}  // namespace

void check(std::string_view text) {
  const auto request = take_until(text, "\n");
  const auto input = json::parse(take_until(text, "\n"));
  if (!json::parse(request) || !input || !input->IsObject()) return;
  const auto program = compile(request, *input);
  if (!program) return;
  check_sent(*program, [&](std::string_view name) { return json::find(*input, name); });
  check_reply(*program, text);
}

}  // namespace toolrack::fuzz
