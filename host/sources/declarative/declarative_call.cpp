#include "sources/declarative/declarative_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/recorder/recording.hpp"

namespace toolrack::sources::declarative {

namespace http = services::http;
namespace upstream = services::upstream;
namespace json = base::json;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kMaxReplyBytes = 16 << 20;
constexpr std::size_t kMaxItemBytes = 16 << 20;  // Of all pages.
constexpr std::uint32_t kMostFailedPolls = 3;

bool has_header(const std::vector<http::Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const http::Header& header) {
    return std::equal(header.name.begin(), header.name.end(), name.begin(), name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  });
}

bool is_state(const std::vector<std::string>& states, const json::Value& value) {
  return std::find(states.begin(), states.end(), json::canonical(value)) != states.end();
}

}  // namespace

DeclarativeCall::DeclarativeCall(std::shared_ptr<DeclarativeTool> owner, std::shared_ptr<const registry::Tool> tool,
                                 const Program& program, const registry::Invocation& invocation,
                                 registry::Completion& completion, std::uint64_t ticket)
    : owner_(std::move(owner)),
      tool_(std::move(tool)),
      program_(program),
      invocation_(invocation),
      completion_(completion),
      loop_(*invocation.loop),
      ticket_(ticket),
      timer_(loop_.context()) {}

void DeclarativeCall::start() {
  auto input = json::parse(invocation_.input_json, {.max_bytes = 64 << 20, .max_values = 10'000'000});
  if (!input) return finish(std::move(input).error());
  input_ = std::move(*input);
  if (auto begun = begin(); !begun) return finish(std::move(begun).error());
  auto request = make_first();
  if (!request) return finish(std::move(request).error());
  send(std::move(*request));
}

Result<void> DeclarativeCall::begin() {
  if (owner_->services().http.empty())
    return fail(ErrorCode::kUnavailable, fmt::format("{} cannot send requests on this host", tool_->id()));
  const auto moved = owner_->services().base_urls->load();
  const auto target = TRY(find_target({*tool_, owner_->targets(), *moved}));
  provider_ = target.provider;
  base_url_ = target.base_url;
  return {};
}

Result<ProviderTarget> DeclarativeCall::find_target(const ToolTargets& tool) const {
  std::string_view slug = program_.provider;
  if (slug.empty() && invocation_.backend == nullptr) slug = tool_->providers.front().slug;
  return find_provider_target(tool, slug, invocation_.backend);
}

/// The credential is looked for anew for every request: it is the host's for as long as one request needs it.
Result<upstream::Request> DeclarativeCall::make_upstream(http::Request request) const {
  const auto& services = owner_->services();
  const auto moved = services.base_urls->load();
  const ToolTargets tool{*tool_, owner_->targets(), *moved};
  const auto target = TRY(find_target(tool));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time_left());
  if (left.count() == 0) return fail(ErrorCode::kTimeout, "the call's deadline has passed");
  request.timeout = std::min(target.timeout, left);
  request.connect_timeout = std::min(request.connect_timeout, request.timeout);
  request.max_bytes = kMaxReplyBytes;
  request.granted_hosts = owner_->targets().granted_hosts(*moved);
  request.trace = base::parse_traceparent(invocation_.traceparent);

  upstream::Request out;
  const auto* keys = invocation_.provider_keys;
  out.recording = invocation_.recording;
  if (out.recording != nullptr) out.credential = target.credential;
  // A replay sends nothing, so it needs nobody's secret.
  if (!is_replay()) {
    auto signing = find_signing(tool, target, target.credential, request.url, services.credentials,
                                keys == nullptr ? nullptr : keys->get());
    if (!signing && out.recording == nullptr) return tl::unexpected(std::move(signing).error());
    if (!signing) {
      out.refusal = std::move(signing).error();
    } else if (*signing) {
      out.signing.emplace(std::move(**signing));
    }
  }
  out.places = find_places(services.places, target, request.url);
  out.concurrency = target.concurrency;
  out.is_idempotent = invocation_.skill->is_repeatable();
  out.find_retry_after = [&program = program_, clock = services.clock](const http::Response& response) {
    return find_wait(program, Reply::read(response, false), clock->unix_ns());
  };
  out.http = std::move(request);
  return out;
}

bool DeclarativeCall::is_replay() const {
  return invocation_.recording != nullptr && invocation_.recording->is_replay();
}

const json::Value* DeclarativeCall::find_input(std::string_view name) const { return json::find(input_, name); }

Result<http::Request> DeclarativeCall::make_first() {
  const auto find = [this](std::string_view name) { return find_input(name); };
  http::Request out;
  out.method = program_.method;
  first_url_ = base_url_ + TRY(program_.path.expand(Place::kPath, find));
  if (const auto query = TRY(encode_query(program_.query, find)); !query.empty()) first_url_ += '?' + query;
  out.url = first_url_;
  if (program_.page && program_.page->by == PageRule::By::kNumber)
    out.url = page_url(std::to_string(program_.page->first));
  for (const auto& field : program_.headers) {
    if (field.value.lacks(find)) continue;
    headers_.push_back({field.name, TRY(field.value.expand(Place::kHeader, find))});
  }
  if (!has_header(headers_, "accept") && !program_.result.is_text) headers_.push_back({"Accept", "application/json"});
  out.headers = headers_;
  TRY(put_body(out));
  return out;
}

Result<void> DeclarativeCall::put_body(http::Request& request) {
  const auto find = [this](std::string_view name) { return find_input(name); };
  Encoded body;
  switch (program_.body) {
    case Program::Body::kNone:
      return {};
    case Program::Body::kInput:
      body = {"application/json", std::string(invocation_.input_json)};
      break;
    case Program::Body::kJson:
      body = {"application/json", TRY(program_.json.expand(find))};
      break;
    case Program::Body::kForm:
      body = {"application/x-www-form-urlencoded", TRY(encode_query(program_.fields, find))};
      break;
    case Program::Body::kMultipart:
      body = TRY(encode_multipart(program_.fields, find));
      break;
  }
  request.body = std::move(body.bytes);
  const bool is_named = has_header(request.headers, "content-type");
  if (!is_named || program_.body == Program::Body::kMultipart) {
    std::erase_if(request.headers, [](const http::Header& header) { return has_header({header}, "content-type"); });
    request.headers.push_back({"Content-Type", std::move(body.media_type)});
  }
  return {};
}

std::string DeclarativeCall::page_url(std::string_view value) const {
  return fmt::format("{}{}{}={}", first_url_, first_url_.find('?') == std::string::npos ? '?' : '&',
                     percent_encode(program_.page->parameter), percent_encode(value));
}

std::chrono::nanoseconds DeclarativeCall::time_left() const {
  if (invocation_.deadline_ns == 0) return std::chrono::hours(1);
  return std::chrono::nanoseconds(
      std::max<std::int64_t>(invocation_.deadline_ns - owner_->services().clock->monotonic_ns(), 0));
}

void DeclarativeCall::send(http::Request request) {
  const bool is_harmless = request.method == "GET" || request.method == "HEAD";
  auto made = make_upstream(std::move(request));
  if (!made) return finish(std::move(made).error());
  const bool had_acted = std::exchange(has_acted_, has_acted_ || !is_harmless);
  request_ = owner_->services().http[loop_.index()]->send(
      std::move(*made), nullptr, [self = shared_from_this(), had_acted](http::Outcome outcome) {
        self->request_ = 0;
        if (!outcome && outcome.error().sent == http::Sent::kNo) self->has_acted_ = had_acted;
        self->on_done(std::move(outcome));
      });
}

void DeclarativeCall::on_done(http::Outcome outcome) {
  if (is_complete_) return;
  if (!outcome) {
    auto error = std::move(outcome.error().error);
    const bool may_ask_again = stage_ == Stage::kPoll && !is_cancelled_ && ++failed_polls_ < kMostFailedPolls;
    if (may_ask_again && error.code() != ErrorCode::kEgressRefused) return wait_and_ask(program_.poll->interval);
    if (is_cancelled_ && time_left().count() == 0) error = {ErrorCode::kTimeout, "the call ran out of time"};
    return finish(std::move(error));
  }
  if (is_cancelled_) return finish({ErrorCode::kCancelled, "the call was cancelled"});
  on_reply(Reply::read(std::move(*outcome), program_.result.is_text && !program_.poll));
}

void DeclarativeCall::on_reply(Reply reply) {
  if (auto failure = find_failure(program_, reply, provider_, owner_->services().clock->unix_ns())) {
    const bool may_pass = failure->code() == ErrorCode::kProviderUnavailable || reply.response().status == 408;
    if (stage_ == Stage::kPoll && may_pass && ++failed_polls_ < kMostFailedPolls)
      return wait_and_ask(failure->retry_after().value_or(program_.poll->interval));
    return finish(std::move(*failure));
  }
  failed_polls_ = 0;
  if (program_.page) return on_page(reply);
  if (program_.poll) return on_state(std::move(reply));
  succeed(reply);
}

void DeclarativeCall::on_page(const Reply& reply) {
  stage_ = Stage::kPages;
  const auto items = list_items(program_, reply);
  if (!items) return finish(items.error());
  for (const auto& item : *items) {
    if (!items_.empty()) items_ += ',';
    items_ += item;
  }
  ++pages_;
  auto next = next_page(reply, items->size());
  if (!next) return finish(std::move(next).error());
  const bool has_more = !next->empty();
  if (!has_more || pages_ >= program_.page->max_pages || items_.size() > kMaxItemBytes)
    return succeed_with(fmt::format("{{{}:[{}]}}", json::quote(program_.page->into), items_), has_more);
  if (invocation_.wants_progress) completion_.progress(pages_, 0, "pages");
  http::Request request;
  request.url = std::move(*next);
  request.headers = headers_;
  send(std::move(request));
}

Result<std::string> DeclarativeCall::next_page(const Reply& reply, std::size_t count) {
  const auto& rule = *program_.page;
  switch (rule.by) {
    case PageRule::By::kLink:
      return next_link(reply);
    case PageRule::By::kNumber:
      if (count == 0 || static_cast<std::int64_t>(count) < rule.size) return std::string();
      return page_url(std::to_string(rule.first + pages_));
    case PageRule::By::kCursor:
      break;
  }
  const auto* value = reply.at(rule.cursor);
  if (value == nullptr || !(value->IsString() || value->IsNumber())) return std::string();  // null, false: the last.
  auto cursor = TRY(to_text(*value, rule.cursor));
  if (cursor.empty()) return cursor;
  if (cursor == last_cursor_)
    return fail(ErrorCode::kProviderError, "The provider's reply names the page that was just read as the next one");
  last_cursor_ = cursor;
  return page_url(cursor);
}

void DeclarativeCall::on_state(Reply reply) {
  const auto& rule = *program_.poll;
  if (stage_ == Stage::kFirst) {
    const auto find = [&](std::string_view name) { return name.starts_with('/') ? reply.at(name) : find_input(name); };
    auto path = rule.path.expand(Place::kPath, find);
    const auto* state = reply.at(rule.pointer);
    const bool is_over = state != nullptr && (is_state(rule.done, *state) || is_state(rule.failed, *state));
    if (!path && !is_over)
      return finish(
          {ErrorCode::kProviderError, "The provider's reply does not say where to ask: " + path.error().message()});
    if (path) poll_url_ = base_url_ + *path;
    stage_ = Stage::kPoll;
  }
  const auto* state = reply.at(rule.pointer);
  if (state != nullptr && is_state(rule.failed, *state)) {
    return finish(
        Error(ErrorCode::kToolError, fmt::format("{} says that the work has failed: {}", provider_, json::dump(*state)))
            .with_name("work_failed"));
  }
  if (state != nullptr && is_state(rule.done, *state)) return succeed(reply);
  if (invocation_.wants_progress)
    completion_.progress(polls_, 0, state != nullptr && state->IsString() ? json::view(*state) : "working");
  wait_and_ask(rule.interval);
}

void DeclarativeCall::wait_and_ask(std::chrono::nanoseconds delay) {
  if (is_replay()) delay = std::chrono::nanoseconds(0);  // The answer is there already.
  timer_.expires_after(std::min(delay, time_left()));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->ask(); });
}

void DeclarativeCall::ask() {
  if (is_complete_) return;
  if (time_left().count() == 0)
    return finish(Error(ErrorCode::kTimeout, fmt::format("{} was still at work after {} questions", provider_, polls_),
                        "Ask for the result later, or give the call more time."));
  if (is_cancelled_) return finish({ErrorCode::kCancelled, "the call was cancelled"});
  ++polls_;
  http::Request request;
  request.url = poll_url_;
  request.headers = headers_;
  send(std::move(request));
}

void DeclarativeCall::cancel() {
  if (std::exchange(is_cancelled_, true)) return;
  if (request_ != 0)
    owner_->services().http[loop_.index()]->cancel(request_);
  else
    timer_.cancel();
}

void DeclarativeCall::succeed(const Reply& reply) {
  auto output = make_output(program_, reply);
  if (!output) return finish(std::move(output).error());
  registry::Outcome outcome;
  outcome.output_json = base::LentBytes::own(std::move(*output));
  if (program_.cost)
    outcome.raw_cost = find_cost(*program_.cost, reply, [this](std::string_view name) { return find_input(name); });
  complete(std::move(outcome));
}

void DeclarativeCall::succeed_with(std::string output, bool is_truncated) {
  registry::Outcome outcome;
  outcome.output_json = base::LentBytes::own(std::move(output));
  outcome.truncated = is_truncated;
  complete(std::move(outcome));
}

void DeclarativeCall::finish(Error error) {
  registry::Outcome outcome;
  outcome.error = std::move(error);
  complete(std::move(outcome));
}

void DeclarativeCall::complete(registry::Outcome outcome) {
  const auto self = shared_from_this();
  is_complete_ = true;
  outcome.untouched = !has_acted_;
  owner_->leave(loop_, ticket_);
  completion_.complete(std::move(outcome));  // The invocation is gone afterwards.
}

}  // namespace toolrack::sources::declarative
