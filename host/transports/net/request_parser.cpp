#include "transports/net/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <string>

#include "transports/net/characters.hpp"
#include "transports/net/target.hpp"

namespace toolrack::net {
namespace {

namespace http = boost::beast::http;
using base::ErrorCode;

tl::unexpected<base::Error> bad(std::string message) { return base::fail(ErrorCode::kBadHttp, std::move(message)); }

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

Method method_of(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::put:
      return Method::kPut;
    case http::verb::patch:
      return Method::kPatch;
    case http::verb::delete_:
      return Method::kDelete;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

/// Hands Beast's findings to a Request. Only heads go in, whole ones, so no callback of a body is ever called.
class HeadParser final : public http::basic_parser<true> {
 public:
  HeadParser(Request& request, std::size_t size) : request_(request) {
    header_limit(static_cast<std::uint32_t>(size));
    body_limit(boost::none);
  }

 private:
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(http::verb verb, Text method, Text target, int version, Code&) override {
    request_.method = method_of(verb);
    request_.method_text = view(method);
    request_.target = view(target);
    request_.version = version;
  }
  void on_field_impl(http::field, Text name, Text value, Code&) override {
    request_.headers.add(view(name), view(value));
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  Request& request_;
};

}  // namespace

void RequestParser::reset() noexcept {
  start_ = line_ = scanned_ = lines_ = end_ = 0;
  content_length_ = 0;
  is_chunked_ = expects_continue_ = keeps_alive_ = false;
}

base::Result<bool> RequestParser::parse(std::string_view bytes, Request& request) {
  if (!TRY(find_end(bytes))) return false;
  TRY(split(bytes.substr(start_, end_ - start_), request));
  TRY(check_framing(request));
  TRY(read_target(request));
  TRY(check_expectation(request));
  return true;
}

base::Result<bool> RequestParser::find_end(std::string_view bytes) {
  const auto too_large = [&] {
    return base::fail(ErrorCode::kHeadersTooLarge,
                      "The request's header is larger than " + std::to_string(limits_.header_bytes) + " bytes.");
  };
  const auto line_too_long = [&] {
    return base::fail(ErrorCode::kUriTooLong,
                      "The request line is longer than " + std::to_string(limits_.request_line_bytes) + " bytes.");
  };
  for (;;) {
    const auto* feed = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    const auto at = feed == nullptr ? bytes.size() : static_cast<std::size_t>(feed - bytes.data());
    const bool is_request_line = lines_ == 0;
    if (is_request_line && at - start_ > limits_.request_line_bytes) return line_too_long();
    if (at - start_ >= limits_.header_bytes) return too_large();
    // What cannot become a request (a TLS hello, say) is told so at once instead of at the deadline.
    if (is_request_line && at != start_ && !is_token(bytes[start_]) && bytes[start_] != '\r')
      return bad("The connection does not begin with an HTTP request; is it TLS to a plain port?");
    if (feed == nullptr) {
      scanned_ = bytes.size();
      return false;
    }
    if (at == line_ || bytes[at - 1] != '\r') return bad("A line ends with a bare line feed.");
    const auto line = bytes.substr(line_, at - 1 - line_);
    line_ = scanned_ = at + 1;
    if (is_request_line && line.empty()) {
      // RFC 9112, 2.2: old clients send an empty line after a body.
      if (start_ != 0) return bad("More than one empty line stands before the request line.");
      start_ = at + 1;
      continue;
    }
    if (line.empty()) {
      end_ = at + 1;
      return true;
    }
    if (!is_request_line) {
      if (line.front() == ' ' || line.front() == '\t') return bad("A header field is folded over several lines.");
      if (lines_ > limits_.header_fields)
        return base::fail(ErrorCode::kHeadersTooLarge,
                          "The request has more than " + std::to_string(limits_.header_fields) + " header fields.");
    }
    ++lines_;
  }
}

base::Result<void> RequestParser::split(std::string_view head, Request& request) {
  request.headers.clear();
  HeadParser parser(request, head.size());
  boost::beast::error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error) return bad("The request's header is malformed: " + error.message() + ".");
  if (!parser.is_header_done()) return bad("The request's header is malformed.");
  keeps_alive_ = parser.keep_alive();
  const auto& method = request.method_text;
  if (method == "TRACE" || method == "CONNECT")
    return base::fail(ErrorCode::kMethodNotAllowed, "The method " + std::string(method) + " is not served here.");
  return {};
}

base::Result<void> RequestParser::check_framing(const Request& request) {
  const auto& headers = request.headers;
  const bool has_length = headers.has(HeaderName::kContentLength);
  if (headers.has(HeaderName::kTransferEncoding)) {
    if (has_length) return bad("Content-Length and Transfer-Encoding stand together.");
    if (request.version < 11) return bad("Transfer-Encoding does not exist in HTTP/1.0.");
    if (headers.is_repeated(HeaderName::kTransferEncoding)) return bad("Transfer-Encoding is there more than once.");
    const auto coding = headers.get(HeaderName::kTransferEncoding);
    if (!equal_ignoring_case(coding, "chunked"))
      return bad("The transfer coding \"" + std::string(coding) + "\" is not known; use chunked.");
    is_chunked_ = true;
    return {};
  }
  if (!has_length) return {};
  if (headers.is_repeated(HeaderName::kContentLength)) return bad("Content-Length is there more than once.");
  const auto length = headers.get(HeaderName::kContentLength);
  if (length.empty() || length.size() > 18 || !std::ranges::all_of(length, is_digit))
    return bad("Content-Length \"" + std::string(length) + "\" is no number of bytes.");
  for (const char c : length) content_length_ = content_length_ * 10 + static_cast<unsigned>(c - '0');
  return {};
}

base::Result<void> RequestParser::check_expectation(const Request& request) {
  if (request.version < 11 || !request.headers.has(HeaderName::kExpect)) return {};
  const auto value = request.headers.get(HeaderName::kExpect);
  if (request.headers.is_repeated(HeaderName::kExpect) || !equal_ignoring_case(value, "100-continue"))
    return bad("The expectation \"" + std::string(value) + "\" cannot be met; 100-continue can.");
  expects_continue_ = true;
  return {};
}

}  // namespace toolrack::net
