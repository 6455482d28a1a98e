// Skills that ask, between things they do, as their input says: {"steps": [{"form": key}, {"call": skill, "times": n},
// {"random": bytes}, ...]}. Each step leaves what it was told in the output's "said".
#include <toolrack/plugin.hpp>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace tr = toolrack;

namespace {

constexpr std::string_view kSchema = R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";
constexpr std::string_view kSampling =
    R"({"messages":[{"role":"user","content":{"type":"text","text":"Capital of France?"}}],"maxTokens":100})";

struct Step {
  std::string what, text, schema;
  int number = 0, times = 1;
};

std::string text_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

std::vector<Step> steps_of(std::string_view input) {
  rapidjson::Document given;
  given.Parse(input.data(), input.size());
  std::vector<Step> out;
  if (!given.HasMember("steps")) return out;
  for (const auto& each : given["steps"].GetArray()) {
    Step step;
    for (const auto& [name, value] : each.GetObject()) {
      const std::string_view key(name.GetString(), name.GetStringLength());
      if (key == "times") {
        step.times = value.GetInt();
      } else if (key == "schema") {
        step.schema = text_of(value);
      } else {
        step.what = key;
        if (value.IsString()) step.text = value.GetString();
        if (value.IsInt()) step.number = value.GetInt();
      }
    }
    out.push_back(step);
  }
  return out;
}

std::string said_by(const tr::Reply& reply) {
  if (reply.status() == TR_OK) return std::string(reply.body());
  return std::to_string(reply.status()) + " " + std::string(reply.code()) + " " + std::string(reply.message());
}

tr::Reply answer(const std::vector<std::string>& said) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("said");
  writer.StartArray();
  for (const auto& text : said) writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  writer.EndArray();
  writer.EndObject();
  return tr::Reply::json(std::string(buffer.GetString(), buffer.GetSize()));
}

}  // namespace

class Asks final : public tr::Plugin {
 public:
  explicit Asks(const tr::Host& host) : Plugin(host) {
    for (const char* name : {"run", "run_inline", "run_priced", "run_again", "inner"}) skill<&Asks::run>(name);
    skill<&Asks::run_blocking>("run_blocking");
  }

 private:
  tr::Task run(tr::Call call) {
    const std::vector<Step> steps = steps_of(call.input());
    std::vector<std::string> said;
    for (const Step& step : steps) {
      if (step.what == "form") {
        const std::string schema = step.schema.empty() ? std::string(kSchema) : step.schema;
        tr::Op op = call.ask_form(step.text, "What is your name?", schema);
        tr::Reply reply = co_await op;
        if (reply.status() == TR_CANCELLED) co_return reply;
        said.push_back(said_by(reply));
      } else if (step.what == "url") {
        tr::Op op = call.ask_url("url", "Please agree.", step.text);
        const tr::Reply reply = co_await op;
        said.push_back(reply.ok() ? "agreed" : said_by(reply));
      } else if (step.what == "sample") {
        tr::Op op = call.ask_sample(step.text, kSampling);
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "roots") {
        tr::Op op = call.ask_roots(step.text);
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "together") {
        tr::Op form = call.ask_form("a", "What is your name?", kSchema);
        tr::Op sample = call.ask_sample("b", kSampling);
        tr::Op roots = call.ask_roots("c");
        const tr::Reply first = co_await form;
        said.push_back(said_by(first));
        const tr::Reply second = co_await sample;
        said.push_back(said_by(second));
        const tr::Reply third = co_await roots;
        said.push_back(said_by(third));
      } else if (step.what == "beside") {  // A question while a request is on its way.
        tr::HttpRequest request("POST", step.text);
        request.provider("far");
        tr::Op http = call.http(request);
        tr::Op form = call.ask_form("beside", "What is your name?", kSchema);
        const tr::Reply person = co_await form;
        const tr::Reply far = co_await http;
        said.push_back(said_by(person));
        said.push_back(said_by(far));
      } else if (step.what == "http") {
        tr::HttpRequest request("POST", step.text);
        request.provider("far");
        tr::Op op = call.http(request);
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "call") {
        for (int i = 0; i < step.times; ++i) {
          tr::Op op = call.tool(step.text, R"({"message":"hello"})");
          const tr::Reply reply = co_await op;
          said.push_back(said_by(reply));
        }
      } else if (step.what == "ask_below") {
        tr::Op op = call.tool("asks.inner", R"({"steps":[{"form":"who"}]})");
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "random" || step.what == "random_by_run") {
        const std::size_t size = step.what == "random" ? 8 : 8 + call.run();
        std::string bytes(size, '\0');
        call.random(bytes.data(), bytes.size());
        std::string hex;
        for (const unsigned char c : bytes) {
          char digits[3];
          std::snprintf(digits, sizeof digits, "%02x", c);
          hex += digits;
        }
        said.push_back(hex);
      } else if (step.what == "time") {
        said.push_back(std::to_string(call.unix_time().count()));
      } else if (step.what == "sleep") {
        tr::Op op = call.after(std::chrono::milliseconds(step.number));
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "asset") {
        tr::Op op = call.asset_put("note.txt", "text/plain", step.text);
        const tr::Reply reply = co_await op;
        said.push_back(said_by(reply));
      } else if (step.what == "large") {
        tr::HttpRequest request("GET", step.text);
        request.provider("far");
        tr::Op op = call.http(request);
        const tr::Reply reply = co_await op;
        said.push_back(std::to_string(reply.body().size()));
      } else if (step.what == "once") {
        tr::Op begin = call.once_begin(step.text);
        const tr::Reply begun = co_await begin;
        if (begun.ok() && (begun.result_flags() & TR_RESULT_STORED) == 0) {
          const tr::Reply done = tr::Reply::json("\"run " + std::to_string(call.run()) + "\"");
          tr::Op end = call.once_end(step.text, done);
          const tr::Reply ended = co_await end;
          said.push_back(ended.ok() ? "did it in run " + std::to_string(call.run()) : said_by(ended));
        } else {
          said.push_back("found: " + said_by(begun));
        }
      } else if (step.what == "begin_only") {
        tr::Op begin = call.once_begin(step.text);
        const tr::Reply begun = co_await begin;
        said.push_back(begun.ok() ? "began" : said_by(begun));
      } else if (step.what == "meter") {
        call.meter("usd", step.number);
      } else if (step.what == "run") {
        said.push_back("run " + std::to_string(call.run()));
      } else if (step.what == "give_up") {
        tr::Op op = call.ask_sample("model", kSampling);
        tr::Reply reply = co_await op;
        if (!reply.ok()) co_return reply;
        said.push_back(said_by(reply));
      }
    }
    co_return answer(said);
  }

  tr::Reply run_blocking(tr::Call call) {
    tr::Op random = call.after(std::chrono::milliseconds(1));
    random.wait();
    tr::Op op = call.ask_form("who", "What is your name?", kSchema);
    const tr::Reply reply = op.wait();
    if (reply.status() == TR_SUSPENDED) return tr::Reply::error(TR_SUSPENDED, {}, {});
    return answer({said_by(reply)});
  }
};

TOOLRACK_PLUGIN(Asks)
