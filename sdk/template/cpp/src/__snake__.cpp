/// @TITLE@: one class, one function for each skill of manifest.json.
#include <toolrack/plugin.hpp>

#include <rapidjson/document.h>

#include <string>
#include <string_view>

namespace tr = toolrack;

class @CLASS@ final : public tr::Plugin {
 public:
  explicit @CLASS@(const tr::Host& host) : tr::Plugin(host) { skill<&@CLASS@::count_text>("count_text"); }

 private:
  /// A coroutine: while it waits for the page it holds no thread.
  tr::Task count_text(tr::Call call) {
    // The host has checked the input against the manifest: both members are there and are strings.
    rapidjson::Document input;
    input.Parse(call.input().data(), call.input().size());

    tr::HttpRequest request("GET", input["url"].GetString());
    request.header("accept", "text/html, text/plain").max_bytes(5'000'000);
    const tr::Reply page = co_await call.http(request);
    if (!page.ok()) co_return tr::Reply::provider(page);  // Status, hint and retry time, told as every tool tells them.
    if (!page.header("content-type").starts_with("text/"))
      co_return tr::Reply::error(TR_TOOL_ERROR, "@SNAKE@.no_text",
                                 "The page is \"" + page.header("content-type") + "\", not text.",
                                 "Give the address of an HTML or plain text page.");
    const auto count = count_in(page.body(), input["text"].GetString());
    co_return tr::Reply::json("{\"count\":" + std::to_string(count) +
                              ",\"bytes\":" + std::to_string(page.body().size()) + "}");
  }

  static std::size_t count_in(std::string_view page, std::string_view text) {
    std::size_t count = 0;
    for (auto at = page.find(text); at != std::string_view::npos; at = page.find(text, at + text.size())) ++count;
    return count;
  }
};

TOOLRACK_PLUGIN(@CLASS@)
