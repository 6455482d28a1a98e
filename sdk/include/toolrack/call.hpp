/// One call of one skill: its input, its caller, and everything the host does for it.
#pragma once

#include <toolrack/blocking.hpp>
#include <toolrack/http_request.hpp>
#include <toolrack/json_text.hpp>
#include <toolrack/op.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace toolrack {

/// A handle, cheap to copy; valid until its skill has answered. Functions that return an Op start the operation at
/// once, so their arguments may be temporaries; `co_await` the Op for the Reply. They and co_await belong to the call's
/// own coroutine; what returns no Op may also be used from Call::blocking().
class Call {
 public:
  /// \cond
  Call(const Host& host, tr_call id, const tr_invocation& in) noexcept : host_(&host), id_(id), in_(&in) {}
  /// \endcond

  // What is asked.

  /// The input: a JSON document that the host has checked against the skill's input schema.
  View input() const noexcept { return view(in_->args_json); }
  /// The skill's name; a resource's URI, a prompt's name.
  View name() const noexcept { return view(in_->name); }
  /// TR_SKILL, TR_RESOURCE, TR_PROMPT, ...
  std::uint32_t kind() const noexcept { return in_->kind; }
  /// Of the skill in the manifest, UINT32_MAX when it is not there.
  std::uint32_t index() const noexcept { return in_->index; }
  /// 0, then 1, 2, ... when run again after a question or a restart.
  std::uint32_t run() const noexcept { return in_->run; }
  bool has_flag(std::uint32_t tr_call_flag) const noexcept { return (in_->flags & tr_call_flag) != 0; }
  bool is_job() const noexcept { return has_flag(TR_CALL_JOB); }
  bool wants_partials() const noexcept { return has_flag(TR_CALL_PARTIALS); }
  bool wants_progress() const noexcept { return has_flag(TR_CALL_PROGRESS); }
  /// The provider that serves this attempt; all empty when the skill has no providers.
  const tr_backend& backend() const noexcept {
    static constexpr tr_backend kNone{};
    return in_->backend == nullptr ? kNone : *in_->backend;
  }
  /// What checkpoint() kept in the run before, else empty.
  View checkpoint() const noexcept { return view(in_->checkpoint); }
  /// Facts about the call (TR_INFO_*); empty when not known.
  View info(std::uint32_t what) const noexcept { return view(host_->calls->info(host_->raw(), id_, what)); }
  tr_call id() const noexcept { return id_; }
  const Host& host() const noexcept { return *host_; }

  // Time and chance: recorded, and replayed in a run after a question.

  std::chrono::nanoseconds unix_time() const noexcept { return std::chrono::nanoseconds(host_->unix_ns(id_)); }
  std::chrono::nanoseconds monotonic() const noexcept { return std::chrono::nanoseconds(host_->monotonic_ns(id_)); }
  /// On the clock of monotonic(); operations inherit it.
  std::optional<std::chrono::nanoseconds> deadline() const noexcept {
    if (in_->deadline_ns == 0) return std::nullopt;
    return std::chrono::nanoseconds(in_->deadline_ns);
  }
  /// Time until the deadline, at least 0; nanoseconds::max() without one.
  std::chrono::nanoseconds remaining() const noexcept {
    if (in_->deadline_ns == 0) return std::chrono::nanoseconds::max();
    const std::chrono::nanoseconds left = *deadline() - monotonic();
    return left.count() > 0 ? left : std::chrono::nanoseconds(0);
  }
  void random(void* out, std::size_t size) const noexcept { host_->random(out, size, id_); }
  std::uint64_t random() const noexcept {
    std::uint64_t value = 0;
    random(&value, sizeof(value));
    return value;
  }
  /// The caller has left or the deadline has passed; whatever is pending ends with TR_CANCELLED.
  bool cancelled() const noexcept { return host_->calls->is_cancelled(host_->raw(), id_) != 0; }
  /// Ends `delay` later.
  Op after(std::chrono::nanoseconds delay) const {
    return start(TR_SERVICE_CLOCK, host_->clock, &tr_clock_api::after, std::int64_t{delay.count()});
  }

  // What the caller hears meanwhile.

  /// `total` 0: not known.
  void progress(double done, double total, std::string_view note = {}) const noexcept {
    if (wants_progress()) host_->calls->progress(host_->raw(), id_, done, total, lend(note));
  }
  enum class Flow : std::int32_t { kGoOn = 0, kPause = 1, kStop = 2 };
  /// A partial result. kPause: await writable() before the next one; kStop: nobody listens. After the first one no
  /// other backend is tried.
  Flow emit(Part part) const {
    const tr_part raw = part.to_c();
    return static_cast<Flow>(host_->calls->emit(host_->raw(), id_, &raw));
  }
  Op writable() const { return start(TR_SERVICE_CALL, host_->calls, &tr_call_api::writable); }
  /// Adds to what the call used, in millionths of `unit`; "usd" is raw cost, so its millionths are micro-dollars.
  void meter(std::string_view unit, std::int64_t millionths) const noexcept {
    host_->calls->meter(host_->raw(), id_, lend(unit), millionths);
  }
  /// `level`: TR_LOG_*; `fields_json`: a JSON object or empty. Never a secret.
  void log(std::int32_t level, std::string_view text, std::string_view fields_json = {}) const noexcept {
    host_->log(level, text, fields_json, id_);
  }

  // The world.

  Op http(const HttpRequest& request) const {
    const Reply::Origin origin{true, request.is_repeatable()};
    return request.to_c([&](const tr_http_request& raw) {
      return start_from(origin, TR_SERVICE_HTTP, host_->http, &tr_http_api::send, &raw);
    });
  }
  /// As http(), the body going to `sink` piece by piece; `sink` outlives the Op.
  Op stream(const HttpRequest& request, HttpSink& sink) const {
    const Reply::Origin origin{true, request.is_repeatable()};
    return request.to_c([&](tr_http_request& raw) {
      auto* state = new detail::OpState(*host_, origin);
      raw.sink = detail::OpState::sink_of(state, sink);
      return start_with(state, TR_SERVICE_HTTP, host_->http, &tr_http_api::send, &raw);
    });
  }
  /// Another tool's skill ("tool.skill", "owner/tool@1.skill"), on behalf of the same caller and within its time and
  /// price; the manifest's grants.tools must name it. body() = its output, meta() = the rest of its reply: status,
  /// error, cost, ... `options_json`: {backend, cache, confirm, dry_run, max_price, timeout_ms}, as in POST
  /// /v1/tools/call.
  Op tool(std::string_view skill, std::string_view input, std::string_view options_json = {},
          std::string_view idempotency_key = {}) const {
    tr_tool_request request{};
    request.struct_size = sizeof(request);
    request.skill = lend(skill);
    request.args_json = lend(input);
    request.options_json = lend(options_json);
    request.idempotency_key = lend(idempotency_key);
    return start(TR_SERVICE_TOOLS, host_->tools, &tr_tools_api::call, &request);
  }
  /// body() = {"items": [{"name", "owner", "version", "skill"}], "next"?}: what is granted and `pattern` names;
  /// `cursor` is `next` of the page before.
  Op list_tools(std::string_view pattern, std::string_view cursor = {}) const {
    return start(TR_SERVICE_TOOLS, host_->tools, &tr_tools_api::list, lend(pattern), lend(cursor));
  }
  /// Runs `work()` where blocking is allowed; `co_await` gives what it returns or throws. For g++-12 name the lambda
  /// first: `auto work = [path] {...}; co_await call.blocking(work)`.
  template <class F>
  Blocking<std::decay_t<F>> blocking(F&& work) const {
    return Blocking<std::decay_t<F>>(*host_, id_, std::forward<F>(work));
  }

  // The person or model behind the call. `key`: unique in the call, the same in every run. The coroutine may be unwound
  // here and run again from its start when the answer has come, so effects go before it into once_begin()/once_end().

  /// `schema_json`: what the form asks for; body = the content filled in.
  Op ask_form(std::string_view key, std::string_view message, std::string_view schema_json) const {
    return ask(TR_ASK_FORM, key, message, schema_json, {});
  }
  /// ok() = agreed to open it, not "done".
  Op ask_url(std::string_view key, std::string_view message, std::string_view url) const {
    return ask(TR_ASK_URL, key, message, {}, url);
  }
  /// Asks the caller's model; body = the result.
  Op ask_sample(std::string_view key, std::string_view request_json) const {
    return ask(TR_ASK_SAMPLE, key, {}, request_json, {});
  }
  Op ask_roots(std::string_view key) const { return ask(TR_ASK_ROOTS, key, {}, {}, {}); }

  // Steps that must not happen twice, and jobs that outlive a restart.

  /// ok() and stored(): done in an earlier run, body = its value. ok() alone: do it now, then once_end(). TR_ABORTED:
  /// an earlier run began it and never ended it; whether it happened is not known.
  Op once_begin(std::string_view key) const {
    return start(TR_SERVICE_ONCE, host_->once, &tr_once_api::begin, lend(key));
  }
  /// Keeps `outcome.body()` when ok(). A step that may have happened is never tried again; any other failure may be.
  Op once_end(std::string_view key, const Reply& outcome) const {
    tr_status status = outcome.status();
    if ((outcome.result_flags() & TR_RESULT_MAYBE_SENT) != 0) status = TR_UNKNOWN;
    if (status == TR_OK && !outcome.ok()) status = TR_ABORTED;
    return start(TR_SERVICE_ONCE, host_->once, &tr_once_api::end, lend(key), status, lend(outcome.body()));
  }
  /// Jobs of skills that the manifest calls resumable: once it is ok, `state` (any bytes, at most 1 MiB) and the
  /// partials so far are on the disk, and a run after a restart begins with checkpoint() showing it. Elsewhere
  /// `not_a_job` (see is_job()) or `checkpoint_not_kept`, and the call goes on as before.
  Op save_checkpoint(std::string_view state) const {
    return start(TR_SERVICE_CALL, host_->calls, &tr_call_api::checkpoint, lend(state));
  }

  // Key-value store of this tool. `scope`: TR_KV_ACCOUNT or TR_KV_PLUGIN. Absent: TR_NOT_FOUND.

  Op kv_get(std::uint32_t scope, std::string_view key) const {
    return start(TR_SERVICE_KV, host_->kv, &tr_kv_api::get, scope, lend(key));
  }
  /// `ttl` 0: for ever.
  Op kv_put(std::uint32_t scope, std::string_view key, std::string_view value,
            std::chrono::nanoseconds ttl = {}) const {
    return start(TR_SERVICE_KV, host_->kv, &tr_kv_api::put, scope, lend(key), lend(value), std::int64_t{ttl.count()});
  }
  /// Only if the value is `*expected` (nullptr: absent); lost race: TR_ABORTED, body = the value there.
  Op kv_replace(std::uint32_t scope, std::string_view key, const std::string_view* expected, std::string_view value,
                std::chrono::nanoseconds ttl = {}) const {
    const tr_str was = expected == nullptr ? tr_str{} : lend(*expected);
    const tr_str* const was_ptr = expected == nullptr ? nullptr : &was;
    return start(TR_SERVICE_KV, host_->kv, &tr_kv_api::replace, scope, lend(key), was_ptr, lend(value),
                 std::int64_t{ttl.count()});
  }
  Op kv_remove(std::uint32_t scope, std::string_view key) const {
    return start(TR_SERVICE_KV, host_->kv, &tr_kv_api::remove, scope, lend(key));
  }
  /// fields() = rows in key order, body = next cursor or empty.
  Op kv_scan(std::uint32_t scope, std::string_view prefix, std::string_view cursor, std::uint32_t limit) const {
    return start(TR_SERVICE_KV, host_->kv, &tr_kv_api::scan, scope, lend(prefix), lend(cursor), limit);
  }

  // Assets: big bytes travel by id. body = {id, media_type, bytes, sha256, expires}.

  Op asset_put(std::string_view name, std::string_view media_type, std::string_view bytes) const {
    const tr_piece piece{lend(bytes), tr_str{}};
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::put, lend(name), lend(media_type), &piece,
                 std::size_t{1});
  }
  /// number() = a writer for asset_append() and asset_close(); discarded unless closed before the call ends.
  Op asset_open(std::string_view name, std::string_view media_type) const {
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::open, lend(name), lend(media_type));
  }
  Op asset_append(std::int64_t writer, std::string_view bytes) const {
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::append, writer, lend(bytes));
  }
  Op asset_close(std::int64_t writer) const {
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::close, writer);
  }
  Op asset_stat(std::string_view id) const {
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::stat, lend(id));
  }
  Op asset_read(std::string_view id, std::uint64_t offset, std::uint64_t size) const {
    return start(TR_SERVICE_ASSETS, host_->assets, &tr_assets_api::read, lend(id), offset, size);
  }

  /// Searches the documents that this tool brings; body = {results: [{tool, document, title, headings, text, score}],
  /// method}, the best first, number() = how many. A draft: its shape may change in any release. `query`: UTF-8, as a
  /// person asks.
  Op knowledge(std::string_view query, std::uint32_t limit = 5) const {
    const std::string request = "{\"query\":" + json_quote(query) + ",\"limit\":" + std::to_string(limit) + "}";
    return start(TR_SERVICE_X_KNOWLEDGE, host_->knowledge, &tr_x_knowledge_api::search, lend(request));
  }

  /// Any other host function of the shape `tr_op f(host, call, arguments..., done, user)`: drafts and newer services.
  /// A missing table or function ends in TR_UNIMPLEMENTED, naming `service`.
  template <class Api, class Function, class... Args>
  Op start(const char* service, const Api* api, Function Api::*slot, Args... args) const {
    return start_from(Reply::Origin{}, service, api, slot, args...);
  }

 private:
  template <class Api, class Function, class... Args>
  Op start_from(Reply::Origin origin, const char* service, const Api* api, Function Api::*slot, Args... args) const {
    return start_with(new detail::OpState(*host_, origin), service, api, slot, args...);
  }
  template <class Api, class Function, class... Args>
  Op start_with(detail::OpState* state, const char* service, const Api* api, Function Api::*slot, Args... args) const {
    Op op(state, id_);
    if (!has(api, slot)) {
      state->fail(Reply::error(TR_UNIMPLEMENTED, "service_missing",
                               std::string("The host does not offer ") + service + " to this tool.",
                               "Ask for it in the manifest's grants, or run the tool on a host that has it."));
    } else {
      state->begin((api->*slot)(host_->raw(), id_, args..., &detail::OpState::done, state));
    }
    return op;
  }
  template <class Api, class Function>
  static bool has(const Api* api, Function Api::*slot) noexcept {
    if (api == nullptr) return false;
    const auto end =
        reinterpret_cast<const char*>(&(api->*slot)) - reinterpret_cast<const char*>(api) + sizeof(Function);
    return api->struct_size >= static_cast<std::size_t>(end) && api->*slot != nullptr;
  }
  Op ask(std::uint32_t type, std::string_view key, std::string_view message, std::string_view params_json,
         std::string_view url) const {
    tr_question question{};
    question.struct_size = sizeof(question);
    question.type = type;
    question.key = lend(key);
    question.message = lend(message);
    question.params_json = lend(params_json);
    question.url = lend(url);
    return start(TR_SERVICE_ASK, host_->asks, &tr_ask_api::ask, &question);
  }

  const Host* host_;
  tr_call id_;
  const tr_invocation* in_;
};

static_assert(!std::is_aggregate_v<Call> && !std::is_aggregate_v<Reply> && !std::is_aggregate_v<HttpRequest> &&
                  !std::is_aggregate_v<Part> && !std::is_aggregate_v<View> && !std::is_aggregate_v<Op>,
              "g++-12 destroys aggregate arguments inside co_await twice");

}  // namespace toolrack
