/// The service tables of a FakeHost. Each function finds its FakeRack through tr_host.impl.
#pragma once

#include <toolrack/draft/knowledge.h>
#include <toolrack/testing/fake_clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// The tables, and the services that touch calls and the outside.
class FakeRack : public FakeClock {
 public:
  using FakeClock::FakeClock;

  const void* service(std::string_view id) {
    if (!is_asking_allowed) core.blame("get_service() before start()");
    if (missing.contains(std::string(id))) return nullptr;
    static constexpr tr_call_api kCall = {sizeof(kCall), complete,   info,      is_cancelled, progress, emit, writable,
                                          meter,         checkpoint, cancel_op, resume_op,    keep,     wait};
    static constexpr tr_ask_api kAsk = {sizeof(kAsk), ask};
    static constexpr tr_once_api kOnce = {sizeof(kOnce), once_begin, once_end};
    static constexpr tr_log_api kLog = {sizeof(kLog), log, log_enabled};
    static constexpr tr_clock_api kClock = {sizeof(kClock), unix_ns, monotonic_ns, random, after};
    static constexpr tr_executor_api kExecutor = {sizeof(kExecutor), post, post_blocking};
    static constexpr tr_http_api kHttp = {sizeof(kHttp), send};
    static constexpr tr_tools_api kTools = {sizeof(kTools), call_tool, list_tools};
    static constexpr tr_catalog_api kCatalog = {sizeof(kCatalog), changed, resource_updated};
    static constexpr tr_assets_api kAssets = {sizeof(kAssets), asset_put,  asset_open, asset_append,
                                              asset_close,     asset_stat, asset_read};
    static constexpr tr_kv_api kKv = {sizeof(kKv), kv_get, kv_put, kv_replace, kv_remove, kv_scan};
    static constexpr tr_x_knowledge_api kKnowledge = {sizeof(kKnowledge), search_knowledge, nullptr};
    if (id == TR_SERVICE_CALL) return &kCall;
    if (id == TR_SERVICE_ASK) return &kAsk;
    if (id == TR_SERVICE_ONCE) return &kOnce;
    if (id == TR_SERVICE_LOG) return &kLog;
    if (id == TR_SERVICE_CLOCK) return &kClock;
    if (id == TR_SERVICE_EXECUTOR) return &kExecutor;
    if (id == TR_SERVICE_HTTP) return &kHttp;
    if (id == TR_SERVICE_TOOLS) return &kTools;
    if (id == TR_SERVICE_CATALOG) return &kCatalog;
    if (id == TR_SERVICE_ASSETS) return &kAssets;
    if (id == TR_SERVICE_KV) return &kKv;
    if (id == TR_SERVICE_X_KNOWLEDGE) return &kKnowledge;
    return nullptr;
  }

 private:
  static FakeRack& rack(const tr_host* host) noexcept {
    return static_cast<FakeRack&>(*static_cast<FakeState*>(host->impl));
  }
  static FakeCore& of(const tr_host* host) noexcept { return rack(host).core; }

  // toolrack.call/1

  static void complete(const tr_host* host, tr_call call, const tr_outcome* outcome) noexcept {
    FakeCore& core = of(host);
    const std::string output = FakeCore::take(outcome->output_json);
    std::vector<SeenPart> parts;
    for (std::size_t i = 0; i < outcome->part_count; ++i) parts.push_back(core.take(outcome->parts[i]));
    if (call == 0) return core.blame("complete() for call 0");
    FakeCall* const owner = core.find(call, "complete");
    if (owner == nullptr) return;
    const bool is_suspended = outcome->status == TR_SUSPENDED;
    if (is_suspended != owner->is_told_to_unwind) {
      core.blame(is_suspended ? "complete(TR_SUSPENDED) although no question was left open"
                              : "an operation said TR_SUSPENDED, but the call went on and completed");
    }
    Outcome& seen = owner->outcome;
    seen.status = outcome->status;
    seen.flags = outcome->flags;
    seen.output = core.json(output, "the output");
    seen.parts = std::move(parts);
    seen.code = core.text(outcome->code, "the code");
    seen.message = core.text(outcome->message, "the message");
    seen.hint = core.text(outcome->hint, "the hint");
    seen.details_json = core.json(view(outcome->details_json), "details_json");
    seen.meta_json = core.json(view(outcome->meta_json), "meta_json");
    seen.retry_after = std::chrono::nanoseconds(outcome->retry_after_ns);
    seen.ttl = std::chrono::nanoseconds(outcome->ttl_ns);
    for (auto& [key, step] : owner->once) {
      if (step.step != FakeCall::Step::kBegun) continue;
      step.step = FakeCall::Step::kLost;
      if (outcome->status == TR_OK) core.blame("the call succeeded with the step \"" + key + "\" begun and not ended");
    }
    owner->is_finished = !is_suspended;
    core.active.erase(call);
    core.cancel_ops_of(call, "the call has completed");
    owner->end_run();
  }
  static tr_str info(const tr_host* host, tr_call call, std::uint32_t what) noexcept {
    FakeCall* const owner = of(host).find(call, "info");
    return owner == nullptr ? tr_str{} : owner->info(what);
  }
  static std::int32_t is_cancelled(const tr_host* host, tr_call call) noexcept {
    FakeCore& core = of(host);
    const auto found = core.active.find(call);
    return call != 0 && (found == core.active.end() || found->second->is_cancelled) ? 1 : 0;
  }
  static void progress(const tr_host* host, tr_call call, double done, double total, tr_str note) noexcept {
    FakeCall* const owner = of(host).find(call, "progress");
    if (owner != nullptr) owner->outcome.progress.push_back({done, total, of(host).text(note, "a progress note")});
  }
  static std::int32_t emit(const tr_host* host, tr_call call, const tr_part* part) noexcept {
    SeenPart seen = of(host).take(*part);
    FakeCall* const owner = of(host).find(call, "emit");
    if (owner == nullptr || (owner->flags() & TR_CALL_PARTIALS) == 0) return 2;
    owner->outcome.partials.push_back(std::move(seen));
    return owner->outcome.partials.size() % 4 == 0 ? 1 : 0;  // A reader that falls behind now and then.
  }
  static tr_op writable(const tr_host* host, tr_call call, tr_done done, void* user) noexcept {
    return of(host).begin(
        call, "writable", {}, [] { return FakeReply(); }, done, user);
  }
  static void meter(const tr_host* host, tr_call call, tr_str unit, std::int64_t millionths) noexcept {
    FakeCall* const owner = of(host).find(call, "meter");
    if (owner == nullptr) return;
    if (millionths < 0) of(host).blame("meter() with a negative count");
    // What an earlier run reported is not counted again.
    const std::string what = "meter " + view(unit) + ' ' + std::to_string(millionths);
    if (owner->replay(what) != nullptr) return;
    owner->remember(what, FakeReply());
    owner->outcome.meters[view(unit).str()] += millionths;
  }
  static constexpr std::size_t kMostCheckpointBytes = 1 << 20;
  static tr_op checkpoint(const tr_host* host, tr_call call, tr_str state, tr_done done, void* user) noexcept {
    const std::string copy = view(state).str();
    const auto keep_state = [&] {
      FakeCall* const owner = of(host).find(call, "checkpoint");
      if (owner == nullptr || (owner->flags() & TR_CALL_JOB) == 0)
        return FakeReply::failure(TR_FAILED_PRECONDITION, "not_a_job", "the call is no job: nothing is kept of it");
      if (copy.size() > kMostCheckpointBytes)
        return FakeReply::failure(TR_INVALID_ARGUMENT, "checkpoint_too_large", "more than 1 MiB of state");
      owner->outcome.checkpoint = copy;
      return FakeReply();
    };
    return of(host).begin(call, "checkpoint", copy, keep_state, done, user);
  }
  static void cancel_op(const tr_host* host, tr_op op) noexcept { of(host).cancel_op(op, "the plugin cancelled it"); }
  static void resume_op(const tr_host* host, tr_op op) noexcept { of(host).resume_op(op); }
  static void keep(const tr_host* host, const tr_result* result, tr_buffer* body) noexcept {
    of(host).keep(result, body);
  }
  static void wait(const tr_host* host, tr_call call, tr_op op) noexcept {
    FakeCore& core = of(host);
    FakeCall* const owner = core.find(call, "wait");
    if (owner == nullptr || !owner->is_blocking() || !core.is_in_frame_of(call)) {
      return core.blame("wait() outside the invoke() of a blocking skill");
    }
    while (core.ops.contains(op)) {
      if (!core.loop.step(call)) return core.blame("wait() for an operation that never ends");
    }
  }

  // toolrack.ask/1

  static tr_op ask(const tr_host* host, tr_call call, const tr_question* question, tr_done done, void* user) noexcept {
    FakeRack& me = rack(host);
    FakeCall* const owner = me.core.find(call, "ask");
    const std::string key = me.core.text(question->key, "a question's key");
    if (!me.core.is_in_frame_of(call)) me.core.blame("ask() outside the call's own frames");
    if (key.empty()) me.core.blame("a question without a key");
    const auto answer = [&]() -> FakeReply {
      if (owner == nullptr) return FakeReply::failure(TR_UNIMPLEMENTED, "ask", "nobody to ask");
      for (const std::string& other : owner->keys_asked) {
        if (other == key) me.core.blame("the question \"" + key + "\" was asked twice in one run");
      }
      owner->keys_asked.push_back(key);
      SeenQuestion seen{question->type, key, me.core.text(question->message, "a question"),
                        me.core.json(view(question->params_json), "a question's schema"),
                        me.core.text(question->url, "a question's URL")};
      bool is_known = false;
      for (const SeenQuestion& other : owner->outcome.questions) is_known = is_known || other.key == key;
      if (!is_known) owner->outcome.questions.push_back(std::move(seen));
      const std::uint32_t needs[] = {0, TR_CALL_ASK_FORM, TR_CALL_ASK_URL, TR_CALL_SAMPLE, TR_CALL_ROOTS};
      if (question->type < 1 || question->type > 4 || (owner->flags() & needs[question->type]) == 0) {
        return FakeReply::failure(TR_UNIMPLEMENTED, "cannot_ask", "the client cannot be asked this");
      }
      const auto given = me.answers.find(key);
      if (given != me.answers.end() && (is_known || !me.is_stateless)) {
        switch (given->second.person) {
          case Person::kAnswers:
            return FakeReply(0, given->second.body);
          case Person::kDeclines:
            return FakeReply::failure(TR_USER_DECLINED, "declined", "the person said no");
          case Person::kDismisses:
            return FakeReply::failure(TR_USER_DISMISSED, "dismissed", "the question was closed");
        }
      }
      owner->keys_awaited.push_back(key);
      return FakeReply::failure(TR_SUSPENDED, "suspended", "the answer comes with the next run");
    };
    return me.core.begin(call, "ask", key, answer, done, user);
  }

  // toolrack.once/1

  static tr_op once_begin(const tr_host* host, tr_call call, tr_str key, tr_done done, void* user) noexcept {
    const std::string name = view(key).str();
    const auto answer = [&]() -> FakeReply {
      FakeCall* const owner = of(host).find(call, "once.begin");
      if (owner == nullptr) return FakeReply::failure(TR_INVALID_ARGUMENT, "once", "once needs a call");
      const auto step = owner->once.find(name);
      if (step == owner->once.end()) {
        owner->once[name] = {FakeCall::Step::kBegun, {}};
        return FakeReply();
      }
      if (step->second.step == FakeCall::Step::kStored) return FakeReply(0, step->second.value).flags(TR_RESULT_STORED);
      return FakeReply::failure(TR_ABORTED, "step_lost", "it began before and was never ended");
    };
    // Not part of the recording: a later run is to see that the step is done.
    return unrecorded(host, call, "once.begin", answer, done, user);
  }
  static tr_op once_end(const tr_host* host, tr_call call, tr_str key, tr_status status, tr_str value, tr_done done,
                        void* user) noexcept {
    const std::string name = view(key).str();
    const auto answer = [&]() -> FakeReply {
      FakeCall* const owner = of(host).find(call, "once.end");
      if (owner == nullptr) return FakeReply::failure(TR_INVALID_ARGUMENT, "once", "once needs a call");
      const auto step = owner->once.find(name);
      if (step == owner->once.end() || step->second.step != FakeCall::Step::kBegun) {
        of(host).blame("once.end(\"" + name + "\") without a begin");
        return FakeReply::failure(TR_FAILED_PRECONDITION, "once", "not begun");
      }
      if (status == TR_OK) {
        step->second = {FakeCall::Step::kStored, view(value).str()};
      } else if (status == TR_UNKNOWN) {
        step->second.step = FakeCall::Step::kLost;
      } else {
        owner->once.erase(step);
      }
      return FakeReply();
    };
    return unrecorded(host, call, "once.end", answer, done, user);
  }
  template <class Answer>
  static tr_op unrecorded(const tr_host* host, tr_call call, const char* function, Answer answer, tr_done done,
                          void* user) {
    const tr_op op = of(host).begin(call, function, std::to_string(of(host).last_op), answer, done, user);
    of(host).ops.at(op).recorded_as.clear();
    return op;
  }

  // toolrack.log/1, toolrack.executor/1

  static void log(const tr_host* host, tr_call behalf, std::int32_t level, tr_str text, tr_str fields_json) noexcept {
    FakeCore& core = of(host);
    core.find(behalf, "log");
    if (level < TR_LOG_DEBUG || level > TR_LOG_EMERGENCY) core.blame("unknown log level " + std::to_string(level));
    rack(host).logs.push_back({level, core.text(text, "a log line"), core.json(view(fields_json), "log fields")});
  }
  static std::int32_t log_enabled(const tr_host*, tr_call, std::int32_t level) noexcept {
    return level > TR_LOG_DEBUG ? 1 : 0;
  }
  static void post(const tr_host* host, tr_call call, tr_task task, void* user) noexcept {
    FakeCore& core = of(host);
    core.find(call, "post");
    core.loop.at(0, call, 0, [&core, call, task, user] { core.frame(call, [&] { task(user); }); });
  }
  static void post_blocking(const tr_host* host, tr_call behalf, tr_task task, void* user) noexcept {
    FakeCore& core = of(host);
    core.find(behalf, "post_blocking");
    core.loop.at(0, FakeLoop::kPool, 0, [&core, task, user] { core.frame(FakeLoop::kPool, [&] { task(user); }); });
  }

  // toolrack.http/1, toolrack.tools/1, toolrack.catalog/1

  static tr_op send(const tr_host* host, tr_call behalf, const tr_http_request* request, tr_done done,
                    void* user) noexcept {
    FakeRack& me = rack(host);
    SentRequest sent = copy_request(me.core, *request);
    sent.whole_body = me.whole_body(*request);
    const auto answer = [&] { return me.serve(sent, behalf); };
    const std::string what = sent.method + ' ' + sent.url + '\n' + sent.body;
    return me.core.begin(behalf, "http.send", what, answer, done, user, request->sink);
  }
  std::string whole_body(const tr_http_request& request) {
    std::string all;
    for (std::size_t i = 0; i < request.body_count; ++i) {
      const Asset* const source = asset(request.body[i].asset);
      all += source == nullptr ? view(request.body[i].bytes).str() : source->bytes;
    }
    return all;
  }
  FakeReply serve(const SentRequest& sent, tr_call behalf) {
    const std::string why = refusal(sent);
    if (!why.empty()) return FakeReply::failure(TR_INVALID_ARGUMENT, "bad_request", why, TR_RESULT_NOT_SENT);
    requests.push_back(sent);
    FakeReply reply = behalf != 0 && replay != nullptr
                          ? replay->send(sent, base_url_of(sent, behalf), core.loop.now_ns())
                          : scripted(sent);
    const bool is_good = reply.status() == TR_OK && reply.number() >= 200 && reply.number() < 300;
    if (is_good && (sent.flags & TR_HTTP_TO_ASSET) != 0) {
      assets.push_back({"", "", reply.body(), false});
      return reply.body_for(description(assets.size())).flags(TR_RESULT_ASSET);
    }
    if (sent.max_bytes != 0 && reply.body().size() > sent.max_bytes) {
      return reply.body_for(reply.body().substr(0, static_cast<std::size_t>(sent.max_bytes))).flags(TR_RESULT_CUT);
    }
    return reply;
  }
  FakeReply scripted(const SentRequest& sent) {
    const std::string key = sent.method + ' ' + sent.url;
    if (const std::optional<FakeReply> reply = http_script.take(key)) return *reply;
    core.blame("no reply is scripted for \"" + key + "\"; scripted: " + http_script.keys());
    return FakeReply::failure(TR_UNAVAILABLE, "not_scripted", "no reply is scripted for " + key, TR_RESULT_NOT_SENT);
  }
  /// Where the paths of a request lead: as the manifest says of its provider, or as the call's backend has it.
  std::string base_url_of(const SentRequest& sent, tr_call behalf) const {
    const std::optional<JsonValue> manifest = read_json(manifest_json);
    const JsonValue* const providers = manifest ? manifest->find("providers") : nullptr;
    const JsonValue* const provider = providers == nullptr ? nullptr : providers->find(sent.provider);
    if (provider != nullptr) return provider->string_at("base_url");
    const auto owner = core.active.find(behalf);
    return owner == core.active.end() ? std::string() : owner->second->base_url();
  }
  static tr_op call_tool(const tr_host* host, tr_call behalf, const tr_tool_request* request, tr_done done,
                         void* user) noexcept {
    FakeRack& me = rack(host);
    const std::string skill = me.core.text(request->skill, "a skill's name");
    const std::string input = me.core.json(view(request->args_json), "a skill's input");
    const std::string options = me.core.json(view(request->options_json), "a call's options");
    const auto answer = [&]() -> FakeReply {
      me.tool_calls.emplace_back(skill, input);
      me.tool_options.push_back(options);
      if (std::optional<FakeReply> reply = me.tool_script.take(skill)) return *reply;
      me.core.blame("no reply is scripted for the skill \"" + skill + "\"; scripted: " + me.tool_script.keys());
      return FakeReply::failure(TR_NOT_FOUND, "not_scripted", "no reply is scripted for " + skill, TR_RESULT_NOT_SENT);
    };
    return me.core.begin(behalf, "tools.call", skill + '\n' + input, answer, done, user);
  }
  static tr_op list_tools(const tr_host* host, tr_call behalf, tr_str pattern, tr_str, tr_done done,
                          void* user) noexcept {
    FakeRack& me = rack(host);
    const auto answer = [&] {
      return me.tool_script.take("list " + view(pattern)).value_or(FakeReply(0, "{\"items\":[]}"));
    };
    return me.core.begin(behalf, "tools.list", view(pattern).str(), answer, done, user);
  }
  static tr_op search_knowledge(const tr_host* host, tr_call behalf, tr_str query_json, tr_done done,
                                void* user) noexcept {
    FakeRack& me = rack(host);
    const std::string request = me.core.json(view(query_json), "a query");
    const auto answer = [&]() -> FakeReply {
      // {"query":"...","limit":N}, as Call::knowledge() writes it: scripts name the words alone.
      std::string_view query = request;
      query.remove_prefix(std::min(query.size(), std::string_view("{\"query\":\"").size()));
      query = query.substr(0, query.rfind("\",\"limit\""));
      if (std::optional<FakeReply> reply = me.knowledge_script.take(query)) return *reply;
      return FakeReply(0, "{\"results\":[],\"method\":\"words\"}");
    };
    return me.core.begin(behalf, "knowledge.search", request, answer, done, user);
  }
  static void changed(const tr_host* host, tr_call behalf, std::uint32_t kind) noexcept {
    of(host).find(behalf, "changed");
    rack(host).changed_lists.push_back(kind);
  }
  static void resource_updated(const tr_host* host, tr_call behalf, tr_str uri) noexcept {
    of(host).find(behalf, "resource_updated");
    rack(host).updated_resources.push_back(of(host).text(uri, "a URI"));
  }
};

}  // namespace toolrack::testing
