#include "transports/mcp/answer.hpp"

namespace toolrack::mcp {
namespace {

constexpr std::string_view kEvent = "message";

}  // namespace

void Answer::message(int status, std::string_view json, std::span<const net::HeaderField> headers) {
  if (batch_) return batch_->add(json);
  if (stream_) return stream_->finish(kEvent, json);
  exchange_->respond(status, "application/json", net::ReplyBody::borrowed(json), headers);
}

void Answer::accept() {
  if (batch_) return batch_->add({});
  exchange_->respond(202, "", net::ReplyBody());
}

void Answer::event(std::string_view json) {
  if (batch_) return;
  if (!stream_) stream_.emplace(*exchange_);
  // Progress is a courtesy: what a slow reader does not take is left out.
  static_cast<void>(stream_->send(kEvent, json));
}

void Answer::on_disconnect(std::function<void()> gone) {
  if (!batch_) exchange_->on_disconnect(std::move(gone));
}

void BatchAnswer::add(std::string_view json) {
  if (!json.empty()) messages_.append(messages_.empty() ? "[" : ",").append(json);
  if (--missing_ > 0) return;
  if (messages_.empty()) return whole_.accept();
  messages_ += ']';
  whole_.message(200, messages_);
}

}  // namespace toolrack::mcp
