#include <zlib.h>

#include <array>

#include "support/scripted_http_server.hpp"

namespace toolrack::test {
namespace {

std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Feeds `write` the gzip form of what `read` gives, block after block, until it gives nothing.
template <typename Read>
std::string compress(Read read) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out;
  std::array<char, 64 << 10> buffer;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    const std::string_view in = read();
    stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<unsigned>(in.size());
    do {
      stream.next_out = reinterpret_cast<unsigned char*>(buffer.data());
      stream.avail_out = buffer.size();
      result = deflate(&stream, in.empty() ? Z_FINISH : Z_NO_FLUSH);
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return out;
}

}  // namespace

Reply Reply::with_head(int status, std::vector<std::pair<std::string, std::string>> headers) {
  Reply reply;
  reply.head_ = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : headers) reply.header(name, value);
  return reply;
}

Reply Reply::text(std::string body, int status, std::string content_type) {
  auto reply =
      with_head(status, {{"Content-Type", std::move(content_type)}, {"Content-Length", std::to_string(body.size())}});
  reply.body_ = std::move(body);
  return reply;
}

Reply Reply::json(std::string body, int status) { return text(std::move(body), status, "application/json"); }

Reply Reply::redirect(std::string location, int status) {
  return with_head(status, {{"Location", std::move(location)}, {"Content-Length", "0"}});
}

Reply Reply::gzip(std::string body) {
  bool is_read = false;
  return text(compress([&]() -> std::string_view { return std::exchange(is_read, true) ? std::string_view() : body; }))
      .header("Content-Encoding", "gzip");
}

Reply Reply::gzip_bomb(std::uint64_t decoded_bytes) {
  const std::string zeros(1 << 20, '\0');
  std::uint64_t left = decoded_bytes;
  return text(compress([&] {
           const auto size = std::min<std::uint64_t>(left, zeros.size());
           left -= size;
           return std::string_view(zeros).substr(0, size);
         }))
      .header("Content-Encoding", "gzip");
}

Reply Reply::chunked(std::vector<std::string> chunks) {
  auto reply = with_head(200, {{"Transfer-Encoding", "chunked"}});
  for (const auto& bytes : chunks) reply.steps_.push_back(chunk(bytes));
  reply.steps_.push_back(std::string(kLastChunk));
  return reply;
}

Reply Reply::held_between(std::vector<std::string> chunks) {
  auto reply = with_head(200, {{"Transfer-Encoding", "chunked"}});
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i != 0) reply.steps_.push_back(Hold{});
    reply.steps_.push_back(chunk(chunks[i]));
  }
  reply.steps_.push_back(std::string(kLastChunk));
  return reply;
}

Reply Reply::dripping(std::vector<std::string> chunks, std::chrono::milliseconds pause) {
  auto reply = with_head(200, {{"Transfer-Encoding", "chunked"}});
  for (const auto& bytes : chunks) {
    reply.steps_.push_back(chunk(bytes));
    reply.steps_.push_back(Wait{pause});
  }
  reply.steps_.push_back(std::string(kLastChunk));
  return reply;
}

Reply Reply::held(Reply next) {
  Reply reply;
  reply.steps_.push_back(Hold{});
  if (!next.head_.empty()) reply.steps_.push_back(next.head_ + "\r\n" + next.body_);
  reply.steps_.insert(reply.steps_.end(), next.steps_.begin(), next.steps_.end());
  return reply;
}

Reply Reply::slow_head() {
  Reply reply;
  reply.steps_ = {std::string("HTTP/1.1 200 OK\r\nContent-"), Hold{}, std::string("Length: 2\r\n\r\nok")};
  return reply;
}

Reply Reply::cut_off(std::string body, std::size_t promised) {
  auto reply = with_head(200, {{"Content-Length", std::to_string(promised)}});
  reply.steps_ = {std::move(body), Close{}};
  return reply;
}

Reply Reply::endless(std::string bytes) {
  auto reply = with_head(200, {{"Transfer-Encoding", "chunked"}});
  reply.steps_.push_back(Repeat{chunk(bytes)});
  return reply;
}

Reply Reply::hang_up() {
  Reply reply;
  reply.steps_.push_back(Close{});
  return reply;
}

Reply Reply::reset() {
  Reply reply;
  reply.steps_.push_back(Reset{});
  return reply;
}

Reply Reply::raw(std::string bytes) {
  Reply reply;
  reply.steps_ = {std::move(bytes), Close{}};
  return reply;
}

Reply& Reply::header(std::string_view name, std::string_view value) & {
  head_.append(name).append(": ").append(value).append("\r\n");
  return *this;
}

Reply&& Reply::then_close() && {
  steps_.push_back(Close{});
  return std::move(*this);
}

}  // namespace toolrack::test
