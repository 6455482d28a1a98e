/// What a tool brings to read: Markdown for knowledge search (docs/knowledge.md).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::registry {

struct Tool;

/// More documents, or more bytes of text, no tool brings.
inline constexpr std::size_t kMaxDocuments = 1'024;
inline constexpr std::size_t kMaxDocumentBytes = 8 << 20;

struct Document {
  std::string id;     ///< Unique in the tool, of [A-Za-z0-9_.-].
  std::string title;  ///< Empty: the text says it itself, or the id serves.
  std::string text;   ///< Markdown, UTF-8, perhaps with front matter.
  std::vector<std::string> tags = {};
};

/// Files of this name are documents; what stands before it is the document's id.
inline constexpr std::string_view kDocumentSuffix = ".md";

/// Adds a file's text to the tool's documents, a byte order mark left out; an empty file is nothing to add.
/// kInvalidManifest, naming the document: the name is no id with ".md", the id is taken, the text is not UTF-8 or holds
/// characters that people do not see (hidden_text.hpp), or the tool has too much.
base::Result<void> add_document(Tool& tool, std::string_view file_name, std::string_view text);

}  // namespace toolrack::registry
