// Skills that keep how far they have come.
#include <toolrack/plugin.hpp>

#include <rapidjson/document.h>

#include <cstdlib>
#include <string>

namespace tr = toolrack;

namespace {

struct Work {
  std::string name;
  int steps = 1;
  bool has_gate = false;

  explicit Work(std::string_view text) {
    rapidjson::Document given;
    given.Parse(text.data(), text.size());
    if (given.HasMember("name")) name = given["name"].GetString();
    if (given.HasMember("steps")) steps = given["steps"].GetInt();
    if (given.HasMember("gate")) has_gate = given["gate"].GetBool();
  }
};

std::string number(const char* name, std::int64_t value) {
  return "\"" + std::string(name) + "\":" + std::to_string(value);
}

tr::Reply told(const tr::Call& call, const tr::Reply& kept) {
  const bool is_job = call.is_job();
  return tr::Reply::json("{" + number("status", kept.status()) + ",\"code\":\"" + kept.code().str() + "\"," +
                         number("job", is_job ? 1 : 0) + "," + number("run", call.run()) + ",\"was\":\"" +
                         call.checkpoint().str() + "\"}");
}

}  // namespace

class Resumes final : public tr::Plugin {
 public:
  explicit Resumes(const tr::Host& host) : Plugin(host) {
    skill<&Resumes::steps>("steps");
    skill<&Resumes::keeps>("keeps");
    skill<&Resumes::keeps_much>("keeps_much");
    skill<&Resumes::leaves>("leaves");
  }

 private:
  tr::Task steps(tr::Call call) {
    const Work work(call.input());
    const int first = std::atoi(call.checkpoint().str().c_str());
    for (int step = first; step < work.steps; ++step) {
      const std::string place = work.name + "/" + std::to_string(step);
      const tr::HttpRequest request("POST", "/step/" + place);
      const tr::Reply done = co_await call.http(request);
      if (!done.ok()) co_return tr::Reply::provider(done);
      call.meter("usd", 1'000);
      call.emit(tr::Part::text(place));
      call.progress(step + 1, work.steps, "stepping");
      const std::string state = std::to_string(step + 1);
      const tr::Reply kept = co_await call.save_checkpoint(state);
      if (!kept.ok() && call.is_job()) co_return kept;
      if (!work.has_gate) continue;
      const tr::HttpRequest gate("GET", "/gate/" + place);
      const tr::Reply opened = co_await call.http(gate);
      if (!opened.ok()) co_return tr::Reply::provider(opened);
    }
    co_return tr::Reply::json("{" + number("steps", work.steps) + "," + number("from", first) + "," +
                              number("run", call.run()) + "}");
  }
  tr::Task keeps(tr::Call call) {
    call.meter("usd", 5);
    call.meter("page", 2'000'000);
    call.emit(tr::Part::text("before"));
    tr::Op saving = call.save_checkpoint("halfway");
    call.emit(tr::Part::text("after"));
    call.meter("page", 1'000'000);
    const tr::Reply kept = co_await saving;
    co_return told(call, kept);
  }
  tr::Task keeps_much(tr::Call call) {
    const Work work(call.input());
    const std::string state(static_cast<std::size_t>(work.steps), 'x');
    const tr::Reply kept = co_await call.save_checkpoint(state);
    co_return told(call, kept);
  }
  tr::Reply leaves(tr::Call& call) {
    tr::Op saving = call.save_checkpoint("never awaited");
    return tr::Reply::json("{\"left\":true}");
  }
};

TOOLRACK_PLUGIN(Resumes)
