// What is no skill: resources, prompts, and the completion of their arguments.
#include "conformance_tool.hpp"
#include "media.hpp"
#include "person.hpp"

#include <string>
#include <string_view>

namespace {

using toolrack::Bytes;
using toolrack::json_quote;
using toolrack::Part;

constexpr std::string_view kTemplateStart = "test://template/";
constexpr std::string_view kTemplateEnd = "/data";

std::string user_text(std::string_view text) {
  return R"({"role":"user","content":{"type":"text","text":)" + json_quote(text) + "}}";
}

std::string messages(std::string_view list) { return R"({"messages":[)" + std::string(list) + "]}"; }

}  // namespace

toolrack::Reply ConformanceTool::read_resource(Call& call) {
  const std::string uri = call.name().str();
  Reply reply;
  if (uri == "test://static-text") {
    reply.part(Part::resource_text(uri, "This is the content of the static text resource.", "text/plain"));
  } else if (uri == "test://static-binary") {
    reply.part(Part::resource_bytes(uri, Bytes(std::string(media::kImage)), "image/png"));
  } else if (uri == "test://watched-resource") {
    reply.part(Part::resource_text(uri, "This is the content of the watched resource.", "text/plain"));
  } else if (uri.size() > kTemplateStart.size() + kTemplateEnd.size() && uri.starts_with(kTemplateStart) &&
             uri.ends_with(kTemplateEnd)) {
    const std::string id = uri.substr(kTemplateStart.size(), uri.size() - kTemplateStart.size() - kTemplateEnd.size());
    reply.part(Part::resource_text(
        uri, R"({"id":)" + json_quote(id) + R"(,"templateTest":true,"data":)" + json_quote("Data for ID: " + id) + "}",
        "application/json"));
  } else {
    return Reply::error(TR_NOT_FOUND, "conformance.no_resource", "There is no resource " + uri + ".");
  }
  return reply;
}

toolrack::Task ConformanceTool::get_prompt(Call call) {
  const std::string_view name = call.name();
  if (name == "test_simple_prompt") co_return Reply::json(messages(user_text("This is a simple prompt for testing.")));
  if (name == "test_prompt_with_arguments") {
    co_return Reply::json(messages(user_text("Prompt with arguments: arg1='" + member(call.input(), "arg1") +
                                             "', arg2='" + member(call.input(), "arg2") + "'")));
  }
  if (name == "test_prompt_with_embedded_resource") {
    const std::string resource = R"({"role":"user","content":{"type":"resource","resource":{"uri":)" +
                                 json_quote(member(call.input(), "resourceUri")) +
                                 R"(,"mimeType":"text/plain","text":"Embedded resource content for testing."}}})";
    co_return Reply::json(messages(resource + "," + user_text("Please process the embedded resource above.")));
  }
  if (name == "test_prompt_with_image") {
    const std::string image = R"({"role":"user","content":{"type":"image","data":")" +
                              std::string(media::kImageBase64) + R"(","mimeType":"image/png"}})";
    co_return Reply::json(messages(image + "," + user_text("Please analyze the image above.")));
  }
  if (name == "test_input_required_result_prompt") {
    const std::string_view schema =
        R"({"type":"object","properties":{"context":{"type":"string"}},"required":["context"]})";
    const Reply answer = co_await call.ask_form("user_context", "What is it about?", schema);
    if (!answer.ok()) co_return answer;
    co_return Reply::json(messages(user_text("It is about: " + member(answer.body(), "context"))));
  }
  co_return Reply::error(TR_NOT_FOUND, "conformance.no_prompt", "There is no prompt " + std::string(name) + ".");
}

toolrack::Reply ConformanceTool::complete_argument(Call& call) {
  const std::string typed = member(member(call.input(), "argument"), "value");
  std::string values;
  for (const std::string_view one : {"paris", "park", "party", "test value 1", "test value 2"}) {
    if (one.starts_with(typed)) values += (values.empty() ? "" : ",") + json_quote(one);
  }
  return Reply::json(R"({"values":[)" + values + R"(],"hasMore":false})");
}

toolrack::Reply ConformanceTool::subscribe(Call&) { return Reply(); }
