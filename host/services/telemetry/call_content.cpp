#include "services/telemetry/call_content.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace toolrack::services::telemetry {
namespace {

namespace json = base::json;
using json::Value;

constexpr std::string_view kHidden = "REDACTED", kCut = "…";

/// Names are compared without capitals, '-' and '_': "apiKey" and "api_key" are one name.
constexpr std::array<std::string_view, 12> kSecretParts{"password",   "passwd",    "passphrase",    "secret",
                                                        "apikey",     "accesskey", "privatekey",    "credential",
                                                        "signingkey", "cookie",    "authorization", "bearer"};
constexpr std::array<std::string_view, 4> kSecretNames{"auth", "otp", "pin", "jwt"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_word_character(char c) noexcept {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_secret_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_') plain += lower(c);
  return std::ranges::any_of(kSecretParts, [&](auto part) { return plain.find(part) != std::string::npos; }) ||
         std::ranges::find(kSecretNames, plain) != kSecretNames.end() || plain.ends_with("token");
}

bool is_secret_schema(const Value* schema) {
  return schema != nullptr &&
         (json::find_bool(*schema, "writeOnly").value_or(false) || json::find_string(*schema, "format") == "password");
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::ranges::equal(text.substr(0, word.size()), word, [](char a, char b) { return lower(a) == b; });
}

/// How much of `text` is a URL that begins there.
std::size_t url_size(std::string_view text) {
  if (!starts_with_word(text, "http://") && !starts_with_word(text, "https://")) return 0;
  const auto end = std::ranges::find_if(
      text, [](unsigned char c) { return c <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == ')'; });
  return static_cast<std::size_t>(end - text.begin());
}

/// Without who may come in: "https://REDACTED@host/path?REDACTED".
void append_url(std::string& out, std::string_view url) {
  const auto host = url.find("://") + 3;
  const auto path = std::min(url.find_first_of("/?#", host), url.size());
  const auto at = url.substr(0, path).rfind('@');
  out += url.substr(0, host);
  if (at != std::string_view::npos && at >= host) out.append(kHidden).append("@");
  const auto from = at != std::string_view::npos && at >= host ? at + 1 : host;
  const auto query = std::min(url.find_first_of("?#", from), url.size());
  out += url.substr(from, query - from);
  if (query != url.size()) out.append(url.substr(query, 1)).append(kHidden);
}

/// How much of `text` could be a secret that is one word.
std::size_t secret_size(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, [](char c) {
    return is_word_character(c) || std::string_view("+/=.~-").find(c) != std::string_view::npos;
  });
  return static_cast<std::size_t>(end - text.begin());
}

/// What stands in front of a secret that begins `text`; 0: it begins with none.
std::size_t lead_of_secret(std::string_view text) {
  constexpr std::string_view kOurs = "tr_live_";
  constexpr std::size_t kShortest = 8;
  if (text.starts_with(kOurs)) return kOurs.size();
  for (const std::string_view scheme : {"bearer ", "basic "}) {
    if (!starts_with_word(text, scheme)) continue;
    const auto word = text.substr(scheme.size(), secret_size(text.substr(scheme.size())));
    // "basic understanding" is none.
    if (word.size() >= kShortest && std::ranges::any_of(word, [](char c) { return c < 'a' || c > 'z'; }))
      return scheme.size();
  }
  return 0;
}

/// What is secret in a text, whatever it is called.
std::string cleaned(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) return std::string(kHidden);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    const bool begins_word = at == 0 || !is_word_character(text[at - 1]);
    if (const auto size = begins_word ? url_size(rest) : 0; size != 0) {
      append_url(out, rest.substr(0, size));
      at += size;
      continue;
    }
    const auto lead = begins_word ? lead_of_secret(rest) : 0;
    if (lead == 0) {
      out += text[at++];
      continue;
    }
    out.append(rest.substr(0, lead)).append(kHidden);
    at += lead + secret_size(rest.substr(lead));
  }
  return out;
}

class Cleaner {
 public:
  explicit Cleaner(json::Document& document) : memory_(document.GetAllocator()) {}

  void clean(Value& value, const Value* schema) {
    if (is_secret_schema(schema)) return hide(value);
    if (value.IsObject()) {
      const auto* known = schema == nullptr ? nullptr : json::find(*schema, "properties");
      const auto* others = schema == nullptr ? nullptr : json::find(*schema, "additionalProperties");
      for (auto& member : value.GetObject()) {
        const auto name = json::view(member.name);
        const auto* own = known == nullptr ? nullptr : json::find(*known, name);
        is_secret_name(name) ? hide(member.value) : clean(member.value, own == nullptr ? others : own);
      }
    } else if (value.IsArray()) {
      const auto* items = schema == nullptr ? nullptr : json::find(*schema, "items");
      for (auto& item : value.GetArray()) clean(item, items);
    } else if (value.IsString()) {
      if (auto text = cleaned(json::view(value)); text != json::view(value)) set(value, text);
    }
  }

 private:
  void hide(Value& value) {
    if (!value.IsNull()) set(value, kHidden);
  }
  void set(Value& value, std::string_view text) {
    value.SetString(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory_);
  }
  json::Document::AllocatorType& memory_;
};

}  // namespace

std::string told_content(std::string_view json_text, std::string_view schema, std::size_t most_bytes) {
  auto document = json::parse(json_text);
  if (!document) return {};
  std::optional<json::Document> shape;
  if (!schema.empty())
    if (auto parsed = json::parse(schema)) shape = *std::move(parsed);
  Cleaner(*document).clean(*document, shape ? &*shape : nullptr);
  auto text = json::dump(*document);
  if (text.size() <= most_bytes) return text;
  text.resize(base::truncate_utf8(text, most_bytes - std::min(most_bytes, kCut.size())).size());
  return text.append(kCut);
}

}  // namespace toolrack::services::telemetry
