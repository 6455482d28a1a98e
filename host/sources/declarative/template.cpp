#include "sources/declarative/template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace toolrack::sources::declarative {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_unreserved(unsigned char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// Segments that a value took part in; libcurl and servers would take dots for steps and nothing for no segment.
Result<void> check_segment(std::string_view segment, std::string_view name) {
  if (!segment.empty() && segment != "." && segment != "..") return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("\"{}\" is {}, and would leave its place in the path", name,
                          segment.empty() ? std::string("empty") : json::quote(segment)),
              "Give a value that names one thing.");
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const unsigned char c : text) {
    if (is_unreserved(c))
      out += static_cast<char>(c);
    else
      out += fmt::format("%{:02X}", c);
  }
  return out;
}

Result<std::string> to_text(const json::Value& value, std::string_view name) {
  if (value.IsString()) return std::string(json::view(value));
  if (value.IsNumber() || value.IsBool()) return json::dump(value);
  return fail(ErrorCode::kInvalidInput,
              fmt::format("\"{}\" must be text, a number or a boolean to stand in a request's text", name));
}

Result<Template> Template::parse(std::string_view text) {
  Template out;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.pieces_.push_back({std::exchange(literal, {}), false});
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_doubled = at + 1 < text.size() && text[at + 1] == c;
    if ((c == '{' || c == '}') && is_doubled) {
      literal += c;
      ++at;
    } else if (c == '}') {
      return fail(ErrorCode::kInvalidManifest,
                  fmt::format("{} has a }} without its {{; write }}}} for the character", json::quote(text)));
    } else if (c == '{') {
      const auto end = text.find_first_of("{}", at + 1);
      if (end == std::string_view::npos || text[end] != '}' || end == at + 1) {
        return fail(
            ErrorCode::kInvalidManifest,
            fmt::format("{} has a {{ without a name and its }}; write {{{{ for the character", json::quote(text)));
      }
      flush();
      out.pieces_.push_back({std::string(text.substr(at + 1, end - at - 1)), true});
      at = end;
    } else {
      literal += c;
    }
  }
  flush();
  return out;
}

std::vector<std::string_view> Template::names() const {
  std::vector<std::string_view> out;
  for (const auto& piece : pieces_)
    if (piece.is_name) out.emplace_back(piece.text);
  return out;
}

std::string_view Template::only_name() const noexcept {
  return pieces_.size() == 1 && pieces_.front().is_name ? std::string_view(pieces_.front().text) : std::string_view();
}

std::string Template::literal() const {
  std::string out;
  for (const auto& piece : pieces_)
    if (!piece.is_name) out += piece.text;
  return out;
}

bool Template::lacks(const Find& find) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
    if (!piece.is_name) return false;
    const auto* value = find(piece.text);
    return value == nullptr || value->IsNull();
  });
}

Result<std::string> Template::expand(Place place, const Find& find) const {
  std::string out;
  std::string_view last_name;  // That stands in the path's present segment.
  const auto segment = [&] { return std::string_view(out).substr(out.rfind('/') + 1); };
  for (const auto& piece : pieces_) {
    if (!piece.is_name) {
      for (const char c : piece.text) {
        if (c == '/' && place == Place::kPath && !last_name.empty()) {
          TRY(check_segment(segment(), last_name));
          last_name = {};
        }
        out += c;
      }
      continue;
    }
    const auto* value = find(piece.text);
    if (value == nullptr || value->IsNull())
      return fail(ErrorCode::kInvalidInput, fmt::format("\"{}\" is missing, and the request needs it", piece.text));
    const auto text = TRY(to_text(*value, piece.text));
    if (place == Place::kHeader &&
        std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("\"{}\" has a control character, which a header cannot carry", piece.text));
    }
    if (place == Place::kPath) last_name = piece.text;
    out += place == Place::kPath ? percent_encode(text) : text;
  }
  if (!last_name.empty()) TRY(check_segment(segment(), last_name));
  return out;
}

}  // namespace toolrack::sources::declarative
