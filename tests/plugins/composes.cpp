// Skills that call others, as their input says: {"call", "input"?, "options"?, "times"?, "then"?}. Each name is the
// same work in another place: inline, in the pool, blocking. Two wait, so that there is something to call that takes
// time.
#include <toolrack/plugin.hpp>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <string>
#include <vector>

namespace tr = toolrack;

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string text_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

/// What the input asks for.
struct Wishes {
  std::string call, input = "{}", options, pattern, cursor, then;
  int times = 1, milliseconds = 60'000;

  explicit Wishes(std::string_view text) {
    rapidjson::Document given;
    given.Parse(text.data(), text.size());
    for (const auto& [name, value] : given.GetObject()) {
      const std::string_view key(name.GetString(), name.GetStringLength());
      if (key == "call") call = value.GetString();
      if (key == "input") input = text_of(value);
      if (key == "options") options = text_of(value);
      if (key == "pattern") pattern = value.GetString();
      if (key == "cursor") cursor = value.GetString();
      if (key == "then") then = value.GetString();
      if (key == "times") times = value.GetInt();
      if (key == "milliseconds") milliseconds = value.GetInt();
    }
  }
};

void write_reply(Writer& writer, const tr::Reply& reply) {
  const auto put = [&](const char* name, std::string_view text) {
    writer.Key(name);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  const auto raw = [&](const char* name, std::string_view text) {
    writer.Key(name);
    if (text.empty())
      writer.Null();
    else
      writer.RawValue(text.data(), text.size(), rapidjson::kObjectType);
  };
  writer.StartObject();
  writer.Key("status");
  writer.Int(reply.status());
  writer.Key("flags");
  writer.Uint(reply.result_flags());
  put("code", reply.code());
  put("message", reply.message());
  raw("body", reply.body());
  raw("rest", reply.meta());
  writer.EndObject();
}

tr::Reply answer(const std::vector<tr::Reply>& replies) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("replies");
  writer.StartArray();
  for (const auto& reply : replies) write_reply(writer, reply);
  writer.EndArray();
  writer.EndObject();
  return tr::Reply::json(std::string(buffer.GetString(), buffer.GetSize()));
}

}  // namespace

class Composes final : public tr::Plugin {
 public:
  explicit Composes(const tr::Host& host) : Plugin(host) {
    skill<&Composes::calls>("calls");
    skill<&Composes::calls>("pools");
    skill<&Composes::calls>("priced");
    skill<&Composes::calls>("keeps");
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) skill<&Composes::calls>(name);
    skill<&Composes::blocks>("blocks");
    skill<&Composes::blocks>("blocks_below");
    skill<&Composes::holds>("holds");
    skill<&Composes::sleeps>("sleeps");
    skill<&Composes::lists>("lists");
  }

 private:
  tr::Task calls(tr::Call call) {
    const Wishes wishes(call.input());
    std::vector<tr::Op> running;
    for (int i = 0; i < wishes.times; ++i) running.push_back(call.tool(wishes.call, wishes.input, wishes.options));
    if (wishes.then == "leave") co_return tr::Reply::json("{\"replies\":[]}");
    if (wishes.then == "cancel") running.front().cancel();
    std::vector<tr::Reply> replies;
    for (auto& one : running) {
      tr::Reply reply = co_await one;
      replies.push_back(std::move(reply));
    }
    if (wishes.then == "pass_on") co_return std::move(replies.front());
    if (wishes.then == "fail") co_return tr::Reply::error(TR_TOOL_ERROR, "composes.failed", "It did not work out.");
    co_return answer(replies);
  }
  tr::Reply blocks(tr::Call& call) {
    const Wishes wishes(call.input());
    std::vector<tr::Reply> replies;
    for (int i = 0; i < wishes.times; ++i) {
      tr::Op one = call.tool(wishes.call, wishes.input, wishes.options);
      replies.push_back(one.wait());
    }
    return answer(replies);
  }
  /// Until it is told to end, or the time is over.
  tr::Task holds(tr::Call call) {
    const Wishes wishes(call.input());
    const tr::Reply slept = co_await call.after(std::chrono::milliseconds(wishes.milliseconds));
    if (!slept.ok()) co_return slept;
    co_return tr::Reply::json("{\"held\":true}");
  }
  tr::Reply sleeps(tr::Call& call) {
    const Wishes wishes(call.input());
    tr::Op timer = call.after(std::chrono::milliseconds(wishes.milliseconds));
    const tr::Reply slept = timer.wait();
    if (!slept.ok()) return slept;
    return tr::Reply::json("{\"slept\":true}");
  }
  tr::Task lists(tr::Call call) {
    const Wishes wishes(call.input());
    const tr::Reply list = co_await call.list_tools(wishes.pattern, wishes.cursor);
    co_return list;
  }
};

TOOLRACK_PLUGIN(Composes)
