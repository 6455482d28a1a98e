#include "sources/native/http_operation.hpp"

#include <boost/asio/post.hpp>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "services/upstream/retry.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/plugin_frame.hpp"

namespace toolrack::sources::native {
namespace {

namespace http = services::http;

/// Of a Retry-After header, or 0.
std::int64_t retry_after_ns(const http::Response& response) {
  const auto wait = services::upstream::retry_after(response, base::system_clock().unix_ns());
  return wait ? std::chrono::nanoseconds(*wait).count() : 0;
}

}  // namespace

OperationResult to_result(const http::Response& response) {
  OperationResult out;
  out.number = response.status;
  out.flags = response.cut ? TR_RESULT_CUT : 0U;
  out.fields.reserve(response.headers.size());
  for (const auto& header : response.headers) out.fields.emplace_back(header.name, header.value);
  out.retry_after_ns = retry_after_ns(response);
  out.meta_json = "{\"url\":" + base::json::quote(response.url) +
                  ",\"bytes_received\":" + std::to_string(response.bytes_received) + "}";
  return out;
}

void HttpOperation::begin() {
  if (call().loop().is_current()) return send();
  boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] { self->send(); });
}

void HttpOperation::send() {
  if (has_ended()) return;
  if (!is_repeatable_) call().note_act();
  id_ = client_.send(std::move(request_), sink_ == nullptr ? nullptr : this,
                     [self = boost::intrusive_ptr(this)](http::Outcome outcome) { self->on_done(std::move(outcome)); });
}

HttpOperation::Next HttpOperation::head(const http::Response& response) {
  base::Lock lock(mutex_);
  if (is_stopped_) return Next::kStop;
  head_ = to_result(response);
  status_ = response.status;
  push_give();
  return Next::kMore;
}

HttpOperation::Next HttpOperation::body(std::string_view bytes) {
  base::Lock lock(mutex_);
  if (is_stopped_) return Next::kStop;
  pieces_.emplace_back(bytes);
  waiting_bytes_ += bytes.size();
  push_give();
  is_held_ = waiting_bytes_ > kSinkPauseBytes;
  return is_held_ ? Next::kPause : Next::kMore;
}

void HttpOperation::on_done(http::Outcome outcome) {
  if (!is_repeatable_ && !outcome && outcome.error().sent == http::Sent::kNo) call().withdraw_act();
  OperationResult result;
  if (outcome) {
    result = to_result(*outcome);
    if (sink_ == nullptr) result.body = std::make_unique<std::string>(std::move(outcome->body));
  } else {
    result = OperationResult::from(outcome.error().error);
    result.flags = outcome.error().sent == http::Sent::kNo ? TR_RESULT_NOT_SENT : TR_RESULT_MAYBE_SENT;
  }
  if (sink_ == nullptr) {
    end(std::move(result));
    return;
  }
  base::Lock lock(mutex_);
  result_ = std::move(result);
  push_give();
}

void HttpOperation::on_cancel() {
  if (id_ != 0) {
    {
      base::Lock lock(mutex_);
      if (std::exchange(is_paused_, false)) push_give();  // Nobody will resume it any more.
    }
    client_.cancel(id_);  // Unless it was done already, on_done follows, and knows what was sent.
    return;
  }
  auto result = OperationResult::cancelled("the request was cancelled");
  result.flags = TR_RESULT_NOT_SENT;
  end(std::move(result));
}

void HttpOperation::on_resume() {
  base::Lock lock(mutex_);
  if (!std::exchange(is_paused_, false)) return;
  push_give();
}

void HttpOperation::push_give() {
  if (is_giving_ || is_paused_) return;
  is_giving_ = true;
  intrusive_ptr_add_ref(this);  // Of the frame.
  call().add_activity();
  call().push(give_frame_);
}

void HttpOperation::give() {
  const boost::intrusive_ptr<HttpOperation> self(this, false);
  for (;;) {
    std::optional<OperationResult> head;
    std::string piece;
    bool resumes = false;
    {
      base::Lock lock(mutex_);
      if (is_stopped_) {
        pieces_.clear();
        head_.reset();
      }
      if (head_) {
        head.swap(head_);
      } else if (!pieces_.empty() && !is_paused_) {
        piece.swap(pieces_.front());
        pieces_.pop_front();
        waiting_bytes_ -= piece.size();
        resumes = is_held_ && waiting_bytes_ <= kSinkPauseBytes / 2;
        if (resumes) is_held_ = false;
      } else {
        is_giving_ = false;
        if (result_ && pieces_.empty()) break;
        call().drop_activity();
        return;
      }
    }
    if (resumes) {
      boost::asio::post(call().loop().context(), [self] { self->client_.resume(self->id_); });
    }
    std::int32_t next = TR_CHUNK_MORE;
    try {
      if (head) {
        if (TR_CAN(tr_http_sink, sink_, head)) next = deliver_head(*head);
      } else if (TR_CAN(tr_http_sink, sink_, chunk)) {
        next = may_throw(sink_->chunk)(sink_->user, to_abi(piece));
      }
    } catch (...) {
      call().note_thrown("sink");
      next = TR_CHUNK_STOP;
    }
    if (next == TR_CHUNK_STOP) {
      stop_early();
    } else if (next == TR_CHUNK_PAUSE) {
      base::Lock lock(mutex_);
      is_paused_ = true;
    }
  }
  finish();
  call().drop_activity();
}

std::int32_t HttpOperation::deliver_head(const OperationResult& head) {
  std::vector<tr_field> fields;
  fields.reserve(head.fields.size());
  for (const auto& [name, value] : head.fields) fields.push_back({to_abi(name), to_abi(value)});
  tr_result view{};
  view.struct_size = sizeof view;
  view.flags = head.flags;
  view.number = head.number;
  view.fields = fields.data();
  view.field_count = fields.size();
  view.meta_json = to_abi(head.meta_json);
  view.retry_after_ns = head.retry_after_ns;
  return may_throw(sink_->head)(sink_->user, &view);
}

void HttpOperation::stop_early() {
  {
    base::Lock lock(mutex_);
    is_stopped_ = true;
    is_paused_ = false;
  }
  boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] { self->client_.cancel(self->id_); });
}

void HttpOperation::finish() {
  OperationResult result;
  {
    base::Lock lock(mutex_);
    result = std::move(*result_);
    if (is_stopped_) {  // The plugin has what it wanted: that is a success with less than all.
      result.status = TR_OK;
      result.flags = TR_RESULT_CUT;
      result.number = status_;
      result.code.clear();
      result.message.clear();
      result.hint.clear();
    }
  }
  end(std::move(result));
}

}  // namespace toolrack::sources::native
