// Resources, prompts and completions through the C++ face: one of each kind of content, and what may go wrong.
#include <toolrack/plugin.hpp>

#include <chrono>
#include <string>

namespace tr = toolrack;

class Offers final : public tr::Plugin {
 public:
  explicit Offers(const tr::Host& host) : Plugin(host) {
    skill<&Offers::show>("show");
    on<&Offers::read>(TR_RESOURCE);
    on<&Offers::prompt>(TR_PROMPT);
    on<&Offers::complete>(TR_COMPLETION);
    on<&Offers::subscribe>(TR_SUBSCRIBE);
  }

 private:
  tr::Reply show(tr::Call&) { return tr::Reply::text("Shown."); }

  tr::Task read(tr::Call call) {
    const std::string uri = call.name().str();
    tr::Reply reply;
    if (uri == "test://text") {
      reply.part(tr::Part::resource_text(uri, "Some text", "text/plain")).ttl(std::chrono::minutes(2));
      reply.add_flags(TR_OUT_CACHE_PUBLIC);
    } else if (uri == "test://bytes") {
      reply.part(tr::Part::resource_bytes(uri, tr::Bytes(std::string("\x89PNG\0\xff", 6)), ""));
    } else if (uri == "test://both") {
      reply.part(tr::Part::resource_text("test://both/a", "a", "text/plain"));
      reply.part(tr::Part::resource_text("test://both/b", "b", "text/plain"));
    } else if (uri == "test://slow") {
      const tr::Reply slept = co_await call.after(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
      reply.part(tr::Part::resource_text(uri, "slept", ""));
    } else if (uri == "test://gone") {
      co_return tr::Reply::error(TR_NOT_FOUND, "offers.gone", "it was here yesterday");
    } else if (uri == "ui://offers/view") {
      tr::Part view = tr::Part::resource_text(uri, "<html></html>", "");
      view.extra("{\"_meta\":{\"ui\":{\"prefersBorder\":true}}}");
      reply.part(std::move(view));
    } else if (uri != "test://nothing") {
      // One of a template's family: the values come as JSON.
      reply.part(tr::Part::resource_text(uri, call.input().str(), ""));
    }
    co_return reply;
  }

  tr::Reply prompt(tr::Call& call) {
    const std::string name = call.name().str();
    if (name == "broken")
      return tr::Reply::json("{\"messages\":[{\"role\":\"system\",\"content\":{\"type\":\"text\"}}]}");
    if (name == "rich")
      return tr::Reply::json(
          "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"image\",\"data\":\"iVBORw==\",\"mimeType\":"
          "\"image/png\"}},"
          "{\"role\":\"user\",\"content\":{\"type\":\"audio\",\"data\":\"UklGRg==\",\"mimeType\":\"audio/wav\"}},"
          "{\"role\":\"assistant\",\"content\":{\"type\":\"resource_link\",\"uri\":\"test://text\",\"name\":\"text\"}},"
          "{\"role\":\"user\",\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"test://text\",\"text\":\"Some "
          "text\"}}}]}");
    return tr::Reply::json("{\"description\":\"From " + name + "\",\"messages\":[{\"role\":\"user\",\"content\":" +
                           "{\"type\":\"text\",\"text\":" + tr::json_quote(call.input().str()) + "}}]}");
  }

  tr::Reply subscribe(tr::Call& call) {
    if (call.name() == "test://bytes") return tr::Reply::error(TR_PERMISSION_DENIED, "offers.private", "not this one");
    return tr::Reply();
  }

  /// Tells what it was asked; for the argument `tone` there are more values than one answer may have.
  tr::Reply complete(tr::Call& call) {
    const std::string asked = call.input().str();
    if (asked.find("\"name\":\"tone\"") == std::string::npos)
      return tr::Reply::json("{\"values\":[" + tr::json_quote(call.name().str()) + "," + tr::json_quote(asked) + "]}");
    std::string values;
    for (int i = 0; i < 101; ++i) values += (i == 0 ? "\"tone " : ",\"tone ") + std::to_string(i) + "\"";
    return tr::Reply::json("{\"values\":[" + values + "]}");
  }
};

TOOLRACK_PLUGIN(Offers)
