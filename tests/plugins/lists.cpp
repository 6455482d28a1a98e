// Lists that a plugin gives itself: two pages of notes, templates of a narrower kind, and prompts that no manifest
// names.
#include <toolrack/plugin.hpp>

#include <string>

namespace tr = toolrack;

class Lists final : public tr::Plugin {
 public:
  explicit Lists(const tr::Host& host) : Plugin(host) {
    on<&Lists::read>(TR_RESOURCE);
    on<&Lists::prompt>(TR_PROMPT);
    on<&Lists::complete>(TR_COMPLETION);
    on<&Lists::notes>(TR_LIST_RESOURCES);
    on<&Lists::templates>(TR_LIST_TEMPLATES);
    on<&Lists::prompts>(TR_LIST_PROMPTS);
  }

 private:
  tr::Reply read(tr::Call& call) {
    if (call.name() == "notes://9") return tr::Reply::error(TR_NOT_FOUND, "lists.no_note", "there is no note 9");
    tr::Reply reply;
    reply.part(tr::Part::resource_text(call.name(), "note " + call.input(), ""));
    return reply;
  }

  tr::Reply prompt(tr::Call& call) {
    if (call.name() != "fixed" && call.name() != "made")
      return tr::Reply::error(TR_NOT_FOUND, "lists.no_prompt", "it was never made");
    return tr::Reply::json("{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":" +
                           tr::json_quote(call.name() + " " + call.input()) + "}}]}");
  }

  /// Here name() is the cursor. The second page names what is not ours, and what the manifest names already.
  tr::Task notes(tr::Call call) {
    const bool is_first = call.name().empty();
    const tr::Reply slept = co_await call.after(std::chrono::milliseconds(1));
    if (!slept.ok()) co_return slept;
    if (is_first)
      co_return tr::Reply::json(
          "{\"items\":[{\"uri\":\"notes://1\",\"name\":\"one\",\"media_type\":\"text/plain\",\"meta\":{\"a.example/"
          "n\":1}},"
          "{\"uri\":\"notes://2\",\"name\":\"two\"}],\"next\":\"2\"}");
    co_return tr::Reply::json(
        "{\"items\":[{\"uri\":\"notes://3\",\"name\":\"three\"},{\"uri\":\"notes://index\",\"name\":\"index\"},"
        "{\"uri\":\"elsewhere://1\",\"name\":\"not ours\"},{\"uri\":\"notes://4\",\"name\":\"hid\\u202eden\"}]}");
  }
  tr::Reply templates(tr::Call&) {
    return tr::Reply::json(
        "{\"items\":[{\"uri_template\":\"notes://{year}-{month}\",\"name\":\"by month\"},"
        "{\"uri_template\":\"notes://{+path}\",\"name\":\"wider than ours\"},"
        "{\"uri_template\":\"elsewhere://{id}\",\"name\":\"not ours\"}]}");
  }
  tr::Reply complete(tr::Call& call) { return tr::Reply::json("{\"values\":[" + tr::json_quote(call.name()) + "]}"); }
  tr::Reply prompts(tr::Call&) {
    return tr::Reply::json(
        "{\"items\":[{\"name\":\"made\",\"description\":\"Made "
        "up.\",\"arguments\":[{\"name\":\"q\",\"required\":true}]},"
        "{\"name\":\"fixed\",\"description\":\"in the manifest already\"}]}");
  }
};

TOOLRACK_PLUGIN(Lists)
