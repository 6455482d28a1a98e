#include "registry/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "registry/hidden_text.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {
namespace {

constexpr std::size_t kLongestId = 128;

bool is_id(std::string_view id) noexcept {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, is_allowed);
}

}  // namespace

base::Result<void> add_document(Tool& tool, std::string_view file_name, std::string_view text) {
  const auto refuse = [&](std::string_view why, std::string_view hint) {
    const auto name = base::is_utf8(file_name) ? base::json::quote(base::truncate_utf8(file_name, kLongestId + 8))
                                               : std::string("(not UTF-8)");
    return base::fail(base::ErrorCode::kInvalidManifest, fmt::format("the document {} {}", name, why),
                      std::string(hint));
  };
  auto id = file_name;
  if (id.ends_with(kDocumentSuffix)) id.remove_suffix(kDocumentSuffix.size());
  if (id.size() == file_name.size() || !is_id(id))
    return refuse("has a name that is not up to 128 of A-Z, a-z, 0-9, '_', '.', '-' and then .md", "Rename the file.");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.empty()) return {};
  if (const auto bad = base::find_invalid_utf8(text); bad != text.size())
    return refuse(fmt::format("is not UTF-8 at byte {}", bad), "Save it as UTF-8.");
  if (const auto hidden = find_hidden(text))
    return refuse(fmt::format("holds U+{:04X}, which people do not see", static_cast<unsigned>(*hidden)),
                  "Remove the character.");
  if (std::ranges::any_of(tool.knowledge, [&](const Document& one) { return one.id == id; }))
    return refuse("is there twice", "Rename one of the two.");
  std::size_t bytes = text.size();
  for (const auto& one : tool.knowledge) bytes += one.text.size();
  if (tool.knowledge.size() >= kMaxDocuments || bytes > kMaxDocumentBytes)
    return refuse(fmt::format("is too much: a tool brings at most {} documents, {} bytes in all", kMaxDocuments,
                              kMaxDocumentBytes),
                  "Leave out what does not help to use the tool.");
  tool.knowledge.push_back({.id = std::string(id), .title = {}, .text = std::string(text)});
  return {};
}

}  // namespace toolrack::registry
