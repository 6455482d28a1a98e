#include "analysis/charset.hpp"
#include "analysis/text.hpp"

#include <algorithm>

namespace toolrack::seo {
namespace {

constexpr bool ends_tag_name(char c) noexcept { return is_space(c) || c == '/' || c == '>'; }

/// HTML standard, "algorithm for extracting a character encoding from a meta element", also fit for Content-Type.
std::string charset_in(std::string_view text) {
  const std::string lower = to_lower(text);
  for (std::size_t at = lower.find("charset"); at != std::string::npos; at = lower.find("charset", at)) {
    at += 7;
    std::size_t i = at;
    while (i < text.size() && is_space(text[i])) ++i;
    if (i == text.size() || text[i] != '=') continue;
    ++i;
    while (i < text.size() && is_space(text[i])) ++i;
    if (i == text.size()) return {};
    if (text[i] == '"' || text[i] == '\'') {
      const std::size_t end = text.find(text[i], i + 1);
      const std::string_view quoted =
          end == std::string_view::npos ? text.substr(i + 1) : text.substr(i + 1, end - i - 1);
      return std::string(trim(quoted));
    }
    std::size_t end = i;
    while (end < text.size() && !is_space(text[end]) && text[end] != ';' && text[end] != ',') ++end;
    return std::string(text.substr(i, end - i));
  }
  return {};
}

/// Reads the attributes of one tag; stands behind the tag name.
class Attributes {
 public:
  Attributes(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) {}

  /// False at the end of the tag or the text.
  bool next(std::string& name, std::string& value) {
    name.clear();
    value.clear();
    while (at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == '/')) ++at_;
    if (at_ >= text_.size() || text_[at_] == '>') return false;
    while (at_ < text_.size() && text_[at_] != '=' && !ends_tag_name(text_[at_])) name += to_lower(text_[at_++]);
    if (name.empty()) name += text_[at_++];  // A stray "=": skip it.
    std::size_t i = at_;
    while (i < text_.size() && is_space(text_[i])) ++i;
    if (i >= text_.size() || text_[i] != '=') return true;
    ++i;
    while (i < text_.size() && is_space(text_[i])) ++i;
    if (i < text_.size() && (text_[i] == '"' || text_[i] == '\'')) {
      const std::size_t end = text_.find(text_[i], i + 1);
      value = text_.substr(i + 1, end == std::string_view::npos ? end : end - i - 1);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else {
      const std::size_t begin = i;
      while (i < text_.size() && !is_space(text_[i]) && text_[i] != '>') ++i;
      value = text_.substr(begin, i - begin);
      at_ = i;
    }
    return true;
  }
  std::size_t at() const noexcept { return at_; }

 private:
  std::string_view text_;
  std::size_t at_;
};

}  // namespace

std::string charset_of_content_type(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  return semicolon == std::string_view::npos ? std::string() : charset_in(content_type.substr(semicolon));
}

std::string charset_of_meta(std::string_view head) {
  std::size_t i = 0;
  while ((i = head.find('<', i)) != std::string_view::npos) {
    const std::string_view rest = head.substr(i);
    if (rest.starts_with("<!--")) {
      const std::size_t end = head.find("-->", i + 2);
      if (end == std::string_view::npos) return {};
      i = end + 3;
    } else if (starts_with_ignoring_case(rest, "<meta") && rest.size() > 5 && (is_space(rest[5]) || rest[5] == '/')) {
      Attributes attributes(head, i + 5);
      std::string name, value, label;
      bool has_pragma = false;
      bool needs_pragma = false;
      while (attributes.next(name, value)) {
        if (name == "http-equiv") has_pragma = has_pragma || equals_ignoring_case(value, "content-type");
        if (name == "charset") {
          label = value;
          needs_pragma = false;
        } else if (name == "content" && label.empty()) {
          label = charset_in(value);
          needs_pragma = true;
        }
      }
      if (!label.empty() && (has_pragma || !needs_pragma)) return label;
      i = attributes.at();
    } else if (rest.size() > 1 && (is_alpha(rest[1]) || (rest[1] == '/' && rest.size() > 2 && is_alpha(rest[2])))) {
      std::size_t end = i + 1;
      while (end < head.size() && !ends_tag_name(head[end])) ++end;
      if (head[i + 1] == '/') {
        end = i + 2;
        while (end < head.size() && !ends_tag_name(head[end])) ++end;
      }
      Attributes attributes(head, end);
      std::string name, value;
      while (attributes.next(name, value)) {
      }
      i = std::max(attributes.at(), i + 1);
    } else if (rest.size() > 1 && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?')) {
      const std::size_t end = head.find('>', i);
      if (end == std::string_view::npos) return {};
      i = end + 1;
    } else {
      ++i;
    }
  }
  return {};
}

}  // namespace toolrack::seo
