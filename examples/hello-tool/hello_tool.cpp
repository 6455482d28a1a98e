/// The tool's one skill. It waits for the page without holding a thread.
#include "words.hpp"

#include <toolrack/plugin.hpp>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace tr = toolrack;

class HelloTool final : public tr::Plugin {
 public:
  explicit HelloTool(const tr::Host& host) : Plugin(host) { skill<&HelloTool::count_words>("count_words"); }

 private:
  tr::Task count_words(tr::Call call) {
    // The host has checked the input against the manifest: `url` is there and is a string.
    rapidjson::Document input;
    input.Parse(call.input().data(), call.input().size());
    const std::size_t top = input.HasMember("top") ? input["top"].GetUint() : 10;

    call.progress(0, 2, "fetching");
    tr::HttpRequest request("GET", input["url"].GetString());
    request.header("accept", "text/html, text/plain").max_bytes(5'000'000);
    const tr::Reply page = co_await call.http(request);
    if (!page.ok()) co_return tr::Reply::provider(page);  // Status, hint and retry time, told as every tool tells them.
    if (!page.header("content-type").starts_with("text/")) {
      co_return tr::Reply::error(TR_TOOL_ERROR, "hello.no_text",
                                 "The page is \"" + page.header("content-type") + "\", not text.",
                                 "Give the address of an HTML or plain text page.");
    }

    call.progress(1, 2, "counting");
    co_return tr::Reply::json(to_json(hello::Words(page.body()), top));
  }

  static std::string to_json(const hello::Words& words, std::size_t top) {
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer(text);
    writer.StartObject();
    writer.Key("words");
    writer.Int(words.total());
    writer.Key("different");
    writer.Int(words.different());
    writer.Key("top");
    writer.StartArray();
    for (const auto& [word, count] : words.top(top)) {
      writer.StartObject();
      writer.Key("word");
      writer.String(word.data(), static_cast<rapidjson::SizeType>(word.size()));
      writer.Key("count");
      writer.Int(count);
      writer.EndObject();
    }
    writer.EndArray();
    writer.EndObject();
    return std::string(text.GetString(), text.GetSize());
  }
};

TOOLRACK_PLUGIN(HelloTool)
