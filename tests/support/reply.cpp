#include <zlib.h>

#include <cstdio>

#include "support/scripted_http_server.hpp"

namespace toolrack::test {
namespace {

std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// What `deflate` makes of `in`, without a header; the last block of a stream only with Z_FINISH.
std::string deflate_raw(std::string_view in, int flush) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, in.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

unsigned long crc_of(std::string_view bytes) {
  return crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

std::string little_endian(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

std::string gzip_file(std::string deflated, unsigned long crc, std::uint64_t size) {
  constexpr std::string_view kHead("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  return std::string(kHead).append(deflated) + little_endian(crc) + little_endian(size);
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
  return text(gzip_file(deflate_raw(body, Z_FINISH), crc_of(body), body.size())).header("Content-Encoding", "gzip");
}

Reply Reply::gzip_bomb(std::uint64_t decoded_bytes) {
  // One block that refers to nothing before it, as often as needed: made in no time, whatever the size.
  const std::string zeros(1 << 20, '\0');
  const std::string rest(decoded_bytes % zeros.size(), '\0');
  const auto block = deflate_raw(zeros, Z_FULL_FLUSH);
  const auto zeros_crc = crc_of(zeros);
  auto crc = crc_of({});
  std::string deflated;
  for (std::uint64_t i = 0; i < decoded_bytes / zeros.size(); ++i) {
    deflated += block;
    crc = crc32_combine(crc, zeros_crc, static_cast<long>(zeros.size()));
  }
  deflated += deflate_raw(rest, Z_FINISH);
  crc = crc32_combine(crc, crc_of(rest), static_cast<long>(rest.size()));
  return text(gzip_file(std::move(deflated), crc, decoded_bytes)).header("Content-Encoding", "gzip");
}

Reply Reply::chunked(std::vector<std::string> chunks, int status) {
  auto reply = with_head(status, {{"Transfer-Encoding", "chunked"}});
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

Reply Reply::raw_then_held(std::string bytes) {
  Reply reply;
  reply.steps_ = {std::move(bytes), Hold{}, Close{}};
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
